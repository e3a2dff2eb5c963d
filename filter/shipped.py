"""Where the shipped model is, and the digest that its file must have."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
#: In a wheel the model is inside the package; in a checkout it is beside it.
MODEL_FILE = next(
    (folder / "newsfilter.npz" for folder in (_PACKAGE / "models",) if folder.is_dir()),
    _PACKAGE.parent / "models" / "newsfilter.npz",
)
MODEL_SHA256 = "3a7ae5cdf4362de4fa411be83fab137287fa7933a1a53c3f6ffb3e0b46c66757"
