"""Where the shipped model is, and the digest that its file must have."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
#: In a wheel the model is inside the package; in a checkout it is beside it.
MODEL_FILE = next(
    (folder / "newsfilter.npz" for folder in (_PACKAGE / "models",) if folder.is_dir()),
    _PACKAGE.parent / "models" / "newsfilter.npz",
)
MODEL_SHA256 = "fecc22e11505f68a657a035d89695766146016b2f8f555892a6ee3bc3cef503a"
