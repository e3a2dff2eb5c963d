"""How far a run is, as one line: on a terminal it is drawn anew, elsewhere it is written now and then."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Thread

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from filter.batch.outcomes import outcome_of_status
from filter.document import Status

#: What is no failure: the record could be read, and what it holds is said.
FINE = frozenset(map(outcome_of_status, Status))
#: Seconds between two lines where nobody watches.
_EVERY = 30.0


def failures(outcomes: Counter[str]) -> int:
    """Return how many records have an outcome that is a failure."""
    return sum(count for outcome, count in outcomes.items() if outcome not in FINE)


@dataclass(slots=True)
class Tally:
    """What a run has done; the run changes it, the display reads it.

    Attributes
    ----------
    records, failed : int
        Of this start and of those before.
    size, total : int
        Bytes of input done, and all; 0 while nobody knows.
    before_records, before_size : int
        What earlier starts had done.
    since : float
        On the monotonic clock.
    watched : bool
        Whether it is worth a second look at the input to learn `total`.
    """

    records: int = 0
    failed: int = 0
    size: int = 0
    total: int = 0
    before_records: int = 0
    before_size: int = 0
    since: float = field(default_factory=time.monotonic)
    watched: bool = True

    @property
    def rate(self) -> float:
        """Records a second, of this start."""
        return (self.records - self.before_records) / max(time.monotonic() - self.since, 1e-9)

    @property
    def left(self) -> float | None:
        """Seconds that the rest will take, if it goes on like this; None where that cannot be told."""
        done = self.size - self.before_size
        if not self.total or done <= 0:
            return None
        return (time.monotonic() - self.since) * max(self.total - self.size, 0) / done

    def __str__(self) -> str:
        left = "?" if self.left is None else timedelta(seconds=round(self.left))
        return f"{self.records:,} records, {self.rate:.1f}/s, {self.failed:,} failed, time left {left}"


@contextmanager
def displayed(tally: Tally, console: Console, say: Callable[[str], None]) -> Iterator[None]:
    """Show `tally` while the block runs.

    Parameters
    ----------
    tally : Tally
    console : Console
        Drawn on where it is a terminal.
    say : callable
        Takes a line every 30 s where it is none.
    """
    if console.is_terminal:
        with Live(get_renderable=lambda: _bar(tally), console=console, transient=True):
            yield
        return
    over = Event()
    thread = Thread(target=_repeat, args=(tally, say, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _repeat(tally: Tally, say: Callable[[str], None], over: Event) -> None:
    while not over.wait(_EVERY):
        say(str(tally))


def _bar(tally: Tally) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_row(ProgressBar(total=tally.total or None, completed=tally.size, width=30), str(tally))
    return grid


def table(outcomes: Counter[str], labels: Counter[str]) -> str:
    """Return the counts of records by outcome and of lines by label, the most frequent first."""
    parts = [_column("records by outcome", outcomes), _column("lines by label", labels)]
    return "\n\n".join(part for part in parts if part)


def _column(title: str, counts: Counter[str]) -> str:
    rows = [(title, ""), *((name, f"{count:,}") for name, count in counts.most_common())]
    return "\n".join(f"{name:<20}{count:>12}".rstrip() for name, count in rows) if counts else ""
