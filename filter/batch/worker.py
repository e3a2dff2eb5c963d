"""One shard from reading to its part; the only code that runs in worker processes."""

from __future__ import annotations

import faulthandler
import hashlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cache
from itertools import islice
from pathlib import Path

from filter.batch.outcomes import outcome_of
from filter.batch.reading import read
from filter.batch.records import Outcome, Record, Shard, mark_duplicates
from filter.batch.settings import Settings
from filter.batch.writing import Form, Reject, Row, part, rejects
from filter.document import Document
from filter.errors import FilterError
from filter.model import load
from filter.output import Format, render
from filter.pipeline import BATCH, Classifier, Options, Source

#: How often a worker looks whether the program that started it still runs.
_WATCH_SECONDS = 1.0
_REASONS = {
    Outcome.NO_ARTICLE: "no line is body text",
    Outcome.EMPTY: "no text",
    Outcome.CONSENT: "asks for consent, JavaScript or a human reader",
    Outcome.LISTING: "mainly links to stories",
    Outcome.PAYWALL: "ends at a request to subscribe",
    Outcome.TOO_SHORT: "hardly any body text",
}
_PROBE = "<p>Rain is due in the hills tonight, the weather office said.</p>"
_CRASH = "the worker died or failed each time that it had this record in hand: memory, time or a defect"


class Effort(IntEnum):
    """How far a worker goes with a shard; each step is for one record that the step before did not survive."""

    CLASSIFY = 0
    CLASSIFY_AGAIN = 1
    READ = 2
    NAME = 3


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker gets.

    Attributes
    ----------
    number : int
        Of the shard in the run.
    shard : Shard
    settings : Settings
    folder : Path
        Where parts go.
    parent : int or None
        Process without which the worker is to end; None on a cluster, whose workers are not ours.
    effort : Effort
    """

    number: int
    shard: Shard
    settings: Settings
    folder: Path
    parent: int | None = None
    effort: Effort = Effort.CLASSIFY


@dataclass(frozen=True, slots=True)
class Done:
    """What a worker says of the part that it wrote.

    Attributes
    ----------
    key : str
        Of the shard.
    outcomes, labels : Counter
        Records by outcome, lines by label.
    ids : list of (bytes, str)
        Digest of the id, and place, of each record in order.
    """

    key: str
    outcomes: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    ids: list[tuple[bytes, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Failed:
    """A shard that a worker gave up: an error that nobody foresaw."""

    key: str
    reason: str


def work(task: Task) -> Done | Failed:
    """Write the part of a shard and return what is in it.

    Raises
    ------
    FilterError
        The part cannot be written, or the model cannot be read: no other shard would fare better.
    """
    if task.parent is not None:
        _live_with(task.parent)
    try:
        return _work(task)
    except FilterError:
        raise
    except Exception as error:
        return Failed(task.shard.key, f"{type(error).__name__}: {error}")


def _work(task: Task) -> Done:
    settings, done = task.settings, Done(task.shard.key)
    dropped = rejects(rejects_path(task.folder, done.key)) if settings.rejects else nullcontext(_forget)
    # Rejects first: a part that is there has its rejects beside it.
    with part(task.folder, done.key, settings.form) as write, dropped as reject:
        for record, result in _results(task):
            row = _row(record, result, settings)
            write(row)
            done.outcomes[row.status] += 1
            done.ids.append((id_digest(record.id), record.place))
            for line in result.lines if isinstance(result, Document) else ():
                done.labels[line.label] += 1
                if line.label not in settings.keep:
                    reject(Reject(record.id, line))
    return done


def rejects_path(folder: Path, key: str) -> Path:
    """Return where the dropped lines of the part `key` are written."""
    return folder / "rejects" / f"{key}.jsonl"


def _forget(reject: Reject) -> None:
    pass


def id_digest(name: str) -> bytes:
    """Return 16 bytes that stand for an id."""
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _results(task: Task) -> Iterator[tuple[Record, Document | FilterError | None]]:
    """Yield each record of the shard with what became of it; None where the reader has said that already."""
    if task.effort is Effort.NAME:
        place = task.shard.place
        yield Record(place, None, place=place), FilterError(_CRASH)
        return
    records = mark_duplicates(read(task.shard, task.settings.reading))
    if task.effort is Effort.READ:
        for record in records:
            yield record, FilterError(_CRASH) if record.outcome is Outcome.OK else None
        return
    classifier = _classifier(task.settings.model, task.settings.options)
    while batch := list(islice(records, BATCH)):
        sources = [_source(record) for record in batch if record.outcome is Outcome.OK]
        results = iter(_classified(classifier, sources))
        for record in batch:
            yield record, next(results) if record.outcome is Outcome.OK else None


def _source(record: Record) -> Source:
    return Source("" if record.content is None else record.content, record.url, record.input, record.encoding)


def _classified(classifier: Classifier, sources: Sequence[Source]) -> list[Document | FilterError]:
    with _limited(classifier.options.deadline, len(sources)):
        try:
            return list(classifier.classify_each(sources))
        except Exception:  # a defect, or no memory: find out over which of them
            return [_alone(classifier, source) for source in sources]


def _alone(classifier: Classifier, source: Source) -> Document | FilterError:
    try:
        return next(classifier.classify_each([source]))
    except Exception as error:  # what one record does must not end the others
        return FilterError(f"{type(error).__name__}: {error}")


def _row(record: Record, result: Document | FilterError | None, settings: Settings) -> Row:
    if result is None:
        return Row(record.id, record.url, record.outcome, record.reason)
    outcome = outcome_of(result)
    if isinstance(result, FilterError):
        return Row(record.id, record.url, outcome, result.reason)
    form = Format.MARKDOWN if settings.form is Form.MARKDOWN else Format.TEXT
    return Row(
        record.id,
        record.url,
        outcome,
        _REASONS.get(outcome, ""),
        render(result, form, settings.keep),
        confidence=result.confidence,
        lines=result.lines if settings.lines else None,
    )


# ----------------------------------------------------------------------------------------------------- the process


@cache
def _classifier(model: Path | None, options: Options) -> Classifier:
    """Return the classifier of this process; it is loaded once.

    Raises
    ------
    FilterError
        It cannot classify at all; without this, every record would be blamed for it.
    """
    classifier = Classifier(load(model) if model else None, options)
    try:
        classifier.classify(_PROBE)
    except Exception as error:
        raise FilterError(f"nothing can be classified here: {type(error).__name__}: {error}") from error
    return classifier


@contextmanager
def _limited(deadline: float | None, n_sources: int) -> Iterator[None]:
    """End the process where the block takes far too long: the deadline is asked between steps, a stuck step never asks.

    It is a timer in C, which also ends a process that is stuck in C code.
    """
    if deadline is None:
        yield
        return
    with Path(os.devnull).open("w") as nowhere:
        faulthandler.dump_traceback_later((n_sources + 1) * deadline, exit=True, file=nowhere)
        try:
            yield
        finally:
            faulthandler.cancel_dump_traceback_later()


@cache
def _live_with(parent: int) -> None:
    """Leave Ctrl-C to the parent, and see to it that this process ends when the parent does, however that ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_WATCH_SECONDS)
    os._exit(1)
