"""A run from input to output: begun, broken off, gone on with, finished."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from filter.batch.backends import Pool, Workers, backend
from filter.batch.duplicates import mark_duplicates
from filter.batch.engine import Finished, execute
from filter.batch.leftovers import prepare, sweep
from filter.batch.manifest import Manifest, opened
from filter.batch.progress import Tally, failures
from filter.batch.reading import plan
from filter.batch.reading.places import STDIN, is_remote
from filter.batch.records import Shard
from filter.batch.settings import Settings
from filter.batch.worker import Task


@dataclass(frozen=True, slots=True)
class Summary:
    """What a finished run has done, over all its starts.

    Attributes
    ----------
    outcomes : Counter
        Records by outcome.
    labels : Counter
        Lines by label, of all records that were classified.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)

    @property
    def failed(self) -> int:
        """Number of records without a result."""
        return failures(self.outcomes)


def run(
    inputs: Sequence[str],
    folder: Path,
    settings: Settings,
    *,
    workers: Workers | None = None,
    restart: bool = False,
    tally: Tally | None = None,
) -> Summary:
    """Clean all records of `inputs` into `folder`; what an earlier run has done there is not done again.

    Parameters
    ----------
    inputs : sequence of str
        See `filter.batch.reading.plan`.
    folder : Path
        Made if it is not there.
    settings : Settings
    workers : Workers, optional
    restart : bool
        Throw away what an earlier run has written.
    tally : Tally, optional
        Told how far the run is.

    Raises
    ------
    InputError
        Nothing to read; an earlier run had other input, settings or another model; `folder` holds something else.
    FilterError
        The run cannot go on: disk full, no permission, cluster gone. What is done is kept.
    """
    workers, tally = workers or Workers(), tally or Tally(watched=False)
    described = {"inputs": json.dumps(list(inputs)), **settings.described()}
    shards = plan(inputs, settings.reading)  # refuses what is not there before anything is made
    prepare(folder, restart=restart)
    with opened(folder) as manifest:
        manifest.begin(described)
        sweep(folder, manifest.has_part)
        _start(manifest, tally)
        if tally.watched and not any(name == STDIN or is_remote(name) for name in inputs):
            _count(inputs, settings, tally)
        with backend(workers) as pool:
            tasks = _Tasks(shards, settings, folder, manifest, pool, tally)
            for finished in execute(tasks, pool):
                _note(finished, manifest, tally)
        manifest.check_end(tasks.number)
        sweep(folder, manifest.has_part)  # what workers that were killed had begun
        if not manifest.finished:
            mark_duplicates(folder, settings.form, manifest)
            manifest.finish()
        return Summary(*manifest.counts())


@dataclass(slots=True)
class _Tasks:
    """What is left of the plan. Threads of joblib draw from it, one at a time."""

    shards: Iterator[Shard]
    settings: Settings
    folder: Path
    manifest: Manifest
    pool: Pool
    tally: Tally
    number: int = 0

    def __iter__(self) -> Iterator[Task]:
        for shard in self.shards:
            number, self.number = self.number, self.number + 1
            if not self.manifest.has(number, shard.digest, shard.place):
                yield Task(number, shard, self.settings, self.folder, self.pool.parent)
                continue
            self.tally.before_size += shard.size
            self.tally.size += shard.size


def _start(manifest: Manifest, tally: Tally) -> None:
    outcomes, _ = manifest.counts()
    tally.records = tally.before_records = outcomes.total()
    tally.failed = failures(outcomes)


def _note(finished: Finished, manifest: Manifest, tally: Tally) -> None:
    task, parts = finished.task, finished.parts
    manifest.add(task.number, task.shard.digest, task.shard.place, parts)
    for part in parts:
        tally.records += part.outcomes.total()
        tally.failed += failures(part.outcomes)
    tally.size += task.shard.size


def _count(inputs: Sequence[str], settings: Settings, tally: Tally) -> None:
    """Learn the size of the whole input beside the work, for the time that is left; this cuts it a second time."""

    def count() -> None:
        with suppress(Exception):  # whatever it is, the run itself meets it too
            tally.total = sum(shard.size for shard in plan(inputs, settings.reading))

    Thread(target=count, daemon=True).start()
