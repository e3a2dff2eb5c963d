"""newsfilter: the core article of scraped news, apart from everything wrapped around it.

>>> from filter import clean
>>> clean("")
''
"""

from filter.document import Document, Line, Link, Status
from filter.errors import (
    CorpusError,
    DeadlineError,
    DecodeError,
    FilterError,
    InputError,
    KeepError,
    ModelCompatibilityError,
    ModelError,
    ModelIntegrityError,
    ModelNotFoundError,
    ParseError,
    TooLargeError,
)
from filter.labels import DEFAULT_KEEP, Label
from filter.model import Model
from filter.pipeline import Classifier, Options, classify, classify_many, clean

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_KEEP",
    "Classifier",
    "CorpusError",
    "DeadlineError",
    "DecodeError",
    "Document",
    "FilterError",
    "InputError",
    "KeepError",
    "Label",
    "Line",
    "Link",
    "Model",
    "ModelCompatibilityError",
    "ModelError",
    "ModelIntegrityError",
    "ModelNotFoundError",
    "Options",
    "ParseError",
    "Status",
    "TooLargeError",
    "classify",
    "classify_many",
    "clean",
]
