"""Shards handed to workers through joblib, and what joblib leaves open: a worker that dies costs only its shard.

The death of a process breaks a pool as a whole, and nobody knows which shard did it. Those that were handed out are
handed out again. One that meets a second break is tried alone, then in halves, down to the one record that no worker
survives; that record gets a row that says so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from threading import Lock
from typing import Any
from warnings import catch_warnings, filterwarnings

from joblib import Parallel, delayed

from filter.batch.backends import Pool
from filter.batch.reading import split
from filter.batch.worker import Done, Effort, Failed, Task, work
from filter.errors import FilterError

#: A shard that was handed out when the pool broke this often is tried alone.
_BREAKS = 2
#: Workers that have to die over nothing, one after the other, before a run is given up.
_PROBES = 5


@dataclass(frozen=True, slots=True)
class Finished:
    """A shard that is done.

    Attributes
    ----------
    task : Task
    parts : list of Done
        Several where it was split.
    """

    task: Task
    parts: list[Done]


def execute(tasks: Iterable[Task], pool: Pool) -> Iterator[Finished]:
    """Yield the tasks as they are done, in any order; to be used inside the `backend` that gave `pool`.

    Raises
    ------
    FilterError
        What a worker or `tasks` raised, or no worker lives.
    """
    breaks: Counter[str] = Counter()
    fresh = _Fresh(iter(tasks))
    while True:
        hand = _Hand(fresh)
        yield from _round(hand, pool)
        left = hand.close()
        if not left and not hand.failed:
            return
        breaks.update(task.shard.key for task in left)
        alone = [*hand.failed, *(task for task in left if breaks[task.shard.key] >= _BREAKS)]
        for task in alone:
            yield Finished(task, list(_alone(task, pool)))
        fresh.put_back(task for task in left if breaks[task.shard.key] < _BREAKS)


def _round(hand: _Hand, pool: Pool) -> Iterator[Finished]:
    """Yield what is done until nothing is left or the pool breaks."""
    ahead = 1 if pool.jobs == 1 else 2 * pool.jobs
    try:
        for result in _parallel((delayed(work)(task) for task in hand), ahead):
            task = hand.take(result.key)
            if isinstance(result, Done):
                yield Finished(task, [result])
            else:
                hand.failed.append(task)
    except pool.deaths:
        return
    hand.check()


def _alone(task: Task, pool: Pool) -> Iterator[Done]:
    """Yield the part of a shard that nothing else runs beside, or the parts of its pieces."""
    result = _one(task, pool)
    if isinstance(result, Done):
        yield result
        return
    _check_alive(pool)
    pieces = split(task.shard, 2)
    if len(pieces) > 1:
        for piece in pieces:
            yield from _alone(replace(task, shard=piece), pool)
    elif task.effort < Effort.NAME:
        yield from _alone(replace(task, effort=Effort(task.effort + 1)), pool)
    else:
        raise FilterError(result.reason if result else "no worker survives it", source=task.shard.place)


def _one(task: Task, pool: Pool) -> Done | Failed | None:
    """Return what the worker says, None where it died."""
    try:
        (result,) = _parallel([delayed(work)(task)], 1)
    except pool.deaths:
        return None
    return result  # type: ignore[no-any-return]


def _check_alive(pool: Pool) -> None:
    """Raise where workers die over nothing at all, time and again: then no record is to blame."""
    for _ in range(_PROBES):
        try:
            list(_parallel([delayed(_nothing)()], 1))
        except pool.deaths:
            continue
        return
    raise FilterError("workers die as soon as they start; is there memory for them?")


def _nothing() -> None:
    pass


def _parallel(calls: Iterable[Any], ahead: int) -> Iterator[Any]:
    results = Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch=ahead)(calls)
    try:
        for result in results:  # noqa: UP028 - `yield from` would close them outside the block below
            yield result
    finally:
        with catch_warnings():
            filterwarnings("ignore", "(?s).*adjusting the input task")  # advice that a stopped run has no use for
            results.close()


@dataclass(slots=True)
class _Fresh:
    """The tasks that are still to be handed out."""

    tasks: Iterator[Task]

    def put_back(self, tasks: Iterable[Task]) -> None:
        self.tasks = chain(list(tasks), self.tasks)


@dataclass(slots=True)
class _Hand:
    """The tasks that one pool has in hand. joblib draws them from threads of its own, also while a pool breaks."""

    fresh: _Fresh
    failed: list[Task] = field(default_factory=list)
    _out: dict[str, Task] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _closed: bool = False
    _error: Exception | None = None

    def __iter__(self) -> Iterator[Task]:
        while True:
            with self._lock:
                if self._closed:
                    return
                try:
                    task = next(self.fresh.tasks)
                except StopIteration:
                    return
                except Exception as error:  # raised in joblib's thread, it would be heard by nobody
                    self._error, self._closed = error, True
                    return
                self._out[task.shard.key] = task
            yield task

    def take(self, key: str) -> Task:
        with self._lock:
            return self._out.pop(key)

    def close(self) -> list[Task]:
        """Hand out no more and return the tasks that are not done."""
        with self._lock:
            self._closed = True
            return list(self._out.values())

    def check(self) -> None:
        if self._error:
            raise self._error
