"""What became of a source, as an outcome."""

from __future__ import annotations

from filter.batch.records import Outcome
from filter.document import Document, Status
from filter.errors import DeadlineError, DecodeError, FilterError, ParseError, TooLargeError

_OF_ERRORS: dict[type[FilterError], Outcome] = {
    TooLargeError: Outcome.TOO_LARGE,
    DeadlineError: Outcome.DEADLINE,
    DecodeError: Outcome.UNDECODABLE,
    ParseError: Outcome.MALFORMED,
}


def outcome_of(result: Document | FilterError) -> Outcome:
    """Return what a document, or the error that took its place, counts as."""
    if isinstance(result, FilterError):
        return _OF_ERRORS.get(type(result), Outcome.CRASHED)
    return outcome_of_status(result.status)


def outcome_of_status(status: Status) -> Outcome:
    """Return what a document of that status counts as."""
    return Outcome.OK if status is Status.ARTICLE else Outcome(status.value)
