"""Where the shipped model is, and the digest that its file must have."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
#: In a wheel the model is inside the package; in a checkout it is beside it.
MODEL_FILE = next(
    (folder / "newsfilter.npz" for folder in (_PACKAGE / "models",) if folder.is_dir()),
    _PACKAGE.parent / "models" / "newsfilter.npz",
)
MODEL_SHA256 = "ea6e2c1bfd7255390feff4a902d4d8c1e76c98235f451c7f052a37f9838ac1b8"
