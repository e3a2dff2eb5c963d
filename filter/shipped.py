"""Where the shipped model is, and the digest that its file must have."""

from pathlib import Path

_PACKAGE = Path(__file__).parent
#: In a wheel the model is inside the package; in a checkout it is beside it.
MODEL_FILE = next(
    (folder / "newsfilter.npz" for folder in (_PACKAGE / "models",) if folder.is_dir()),
    _PACKAGE.parent / "models" / "newsfilter.npz",
)
MODEL_SHA256 = "2786e7f9483b1cea32e8e1600a571950ed316875890668e424fd540a1474d4e6"
