"""newsfilter: the core article of scraped news, apart from everything wrapped around it.

A name is loaded with its module when it is first asked for: the version costs no numpy.

>>> from filter import clean
>>> clean("")
''
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filter.contributions import Evidence
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
        RulesError,
        TooLargeError,
    )
    from filter.explanation import Explained, Explanation, explain
    from filter.explanation_html import explanation_page
    from filter.labels import DEFAULT_KEEP, Label
    from filter.model import Model
    from filter.pipeline import Classifier, Options, classify, classify_many, clean
    from filter.reasons import Reason
    from filter.rules import Rules, read_rules
    from filter.soup import Removed, strip

__version__ = "0.1.0"

__all__ = [
    "DEFAULT_KEEP",
    "Classifier",
    "CorpusError",
    "DeadlineError",
    "DecodeError",
    "Document",
    "Evidence",
    "Explained",
    "Explanation",
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
    "Reason",
    "Removed",
    "Rules",
    "RulesError",
    "Status",
    "TooLargeError",
    "classify",
    "classify_many",
    "clean",
    "explain",
    "explanation_page",
    "read_rules",
    "strip",
]

#: Where the names are; all others are in ``filter.errors``.
_MODULES = {
    "DEFAULT_KEEP": "labels",
    "Classifier": "pipeline",
    "Document": "document",
    "Evidence": "contributions",
    "Explained": "explanation",
    "Explanation": "explanation",
    "Label": "labels",
    "Line": "document",
    "Link": "document",
    "Model": "model",
    "Options": "pipeline",
    "Reason": "reasons",
    "Removed": "soup",
    "Rules": "rules",
    "Status": "document",
    "classify": "pipeline",
    "classify_many": "pipeline",
    "clean": "pipeline",
    "explain": "explanation",
    "explanation_page": "explanation_html",
    "read_rules": "rules",
    "strip": "soup",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES.get(name, 'errors')}"), name)
    globals()[name] = value  # asked for once
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
