"""Failures that newsfilter reports, as one tree.

::

    FilterError
    ├── InputError
    │   ├── DecodeError        bytes that are no text (PDF, gzip, image, ...)
    │   ├── ParseError         markup that the parser refuses
    │   ├── TooLargeError      over a limit of Options
    │   └── DeadlineError      over the time that Options allows
    ├── KeepError              a label name that does not exist
    ├── RulesError             a site rule that cannot be used, or a file of them
    ├── ModelError
    │   ├── ModelNotFoundError
    │   ├── ModelIntegrityError      damaged, truncated or changed file
    │   └── ModelCompatibilityError  written for another feature schema
    └── CorpusError            training or evaluation data that breaks its schema

A page that is empty or has no article is no failure: it is a `Document` whose `status` says so.
"""

from __future__ import annotations


class FilterError(Exception):
    """Base of every error that newsfilter raises on purpose.

    Parameters
    ----------
    reason : str
        One line that says what is wrong.
    source : str, optional
        What it is wrong with: a path, an address, a record id.
    """

    def __init__(self, reason: str, *, source: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.source = source

    def __str__(self) -> str:
        return f"{self.source}: {self.reason}" if self.source else self.reason

    def at(self, source: str) -> FilterError:
        """Return this error with `source` filled in, if it had none."""
        self.source = self.source or source
        return self

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions cross process boundaries in batch runs; keyword arguments need help there.
        return _restore, (type(self), self.reason, self.source)


def _restore(kind: type[FilterError], reason: str, source: str | None) -> FilterError:
    return kind(reason, source=source)


class InputError(FilterError):
    """The input cannot be classified."""


class DecodeError(InputError):
    """The bytes are no text."""


class ParseError(InputError):
    """The parser refused the markup."""


class TooLargeError(InputError):
    """The input is over a limit of `Options`."""


class DeadlineError(InputError):
    """Classifying took longer than `Options.deadline`."""


class KeepError(FilterError):
    """A label name that does not exist."""


class RulesError(FilterError):
    """A site rule that cannot be used, or a file of them that cannot be read."""


class ModelError(FilterError):
    """The model cannot be used."""


class ModelNotFoundError(ModelError):
    """There is no model at that place."""


class ModelIntegrityError(ModelError):
    """The model file is damaged, truncated or not the one expected."""


class ModelCompatibilityError(ModelError):
    """The model was written for another feature schema or protocol."""


class CorpusError(FilterError):
    """Training or evaluation data breaks its schema."""
