"""Where the shipped model is, and the digest that its file must have."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
#: In a wheel the model is inside the package; in a checkout it is beside it.
MODEL_FILE = next(
    (folder / "newsfilter.npz" for folder in (_PACKAGE / "models",) if folder.is_dir()),
    _PACKAGE.parent / "models" / "newsfilter.npz",
)
MODEL_SHA256 = "0b0834d57d2aebd26de0cb8e4476903bba6cf2ca7a3d74a5686f7aaaa9841889"
