"""What a run has done so far, in one SQLite file: a kill leaves it whole, and only one run has it open."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from threading import RLock
from typing import NamedTuple

from filter.batch.worker import Done
from filter.errors import FilterError, InputError

NAME = "manifest.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS run (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS shards (number INTEGER PRIMARY KEY, digest TEXT NOT NULL, place TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS parts (
    key TEXT PRIMARY KEY, number INTEGER NOT NULL, outcomes TEXT NOT NULL, labels TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS ids (
    digest BLOB NOT NULL, number INTEGER NOT NULL, part TEXT NOT NULL, position INTEGER NOT NULL, place TEXT NOT NULL
);
"""
#: SQLite sorts outside memory, so a run may have more ids than fit into it. Parts of a split shard are called
#: ``7.0`` and ``7.1``, so that the order of their names is the order of their records.
_DUPLICATES = """
SELECT part, position, place, first, first_part FROM (
    SELECT part, position, place, number,
        first_value(part) OVER same AS first_part, first_value(place) OVER same AS first
    FROM ids WINDOW same AS (PARTITION BY digest ORDER BY number, part, position)
) WHERE part <> first_part ORDER BY number, part, position
"""


class Duplicate(NamedTuple):
    """A record whose id a record of another part had before.

    Attributes
    ----------
    part : str
    position : int
        Row in its part, from 0.
    place : str
    first, first_part : str
        Place and part of the record that had the id before all others.
    """

    part: str
    position: int
    place: str
    first: str
    first_part: str


class Manifest:
    """The manifest of an output folder; made by `opened`, may be used by several threads.

    Parameters
    ----------
    connection : sqlite3.Connection
    source : str
        What errors call it.
    """

    def __init__(self, connection: sqlite3.Connection, source: str) -> None:
        self._connection = connection
        self._source = source
        self._lock = RLock()

    def begin(self, described: Mapping[str, str]) -> None:
        """Take down what decides the output of this run, or compare it with that of the run that is gone on with.

        Raises
        ------
        InputError
            Something is not as it was.
        """
        before = {name: value for name, value in self._query("SELECT name, value FROM run WHERE name <> 'finished'")}  # noqa: C416
        changed = [name for name, value in described.items() if before and before.get(name) != value]
        if changed:
            told = ", ".join(f"{name} ({before.get(name)}, now {described[name]})" for name in sorted(changed))
            raise InputError(f"was begun with other {told}; --restart begins anew", source=self._source)
        with self._changing() as connection:
            connection.executemany("INSERT OR REPLACE INTO run VALUES (?, ?)", described.items())

    def has(self, number: int, digest: str, place: str) -> bool:
        """Tell whether shard `number` is done.

        Raises
        ------
        InputError
            It is, but from other input.
        """
        rows = self._query("SELECT digest FROM shards WHERE number = ?", number)
        if rows and rows[0][0] != digest:
            raise InputError(f"the input has changed since this run was begun, at {place}; --restart begins anew")
        return bool(rows)

    def check_end(self, n_shards: int) -> None:
        """Compare the number of shards with what is done.

        Raises
        ------
        InputError
            There were more: the input has become less.
        """
        rows = self._query("SELECT place FROM shards WHERE number >= ? ORDER BY number LIMIT 1", n_shards)
        if rows:
            raise InputError(
                f"the input has changed since this run was begun: {rows[0][0]} is gone; --restart begins anew"
            )

    def add(self, number: int, digest: str, place: str, parts: Iterable[Done]) -> None:
        """Take down that a shard is done, in one part or, where it was split, in several."""
        with self._changing() as connection:
            connection.execute("INSERT INTO shards VALUES (?, ?, ?)", (number, digest, place))
            for done in parts:
                counts = json.dumps(done.outcomes), json.dumps(done.labels)
                connection.execute("INSERT INTO parts VALUES (?, ?, ?, ?)", (done.key, number, *counts))
                rows = ((name, number, done.key, at, where) for at, (name, where) in enumerate(done.ids))
                connection.executemany("INSERT INTO ids VALUES (?, ?, ?, ?, ?)", rows)

    def set_outcomes(self, part: str, outcomes: Counter[str]) -> None:
        """Replace the counts of a part, after some of its records turned out to be duplicates."""
        with self._changing() as connection:
            connection.execute("UPDATE parts SET outcomes = ? WHERE key = ?", (json.dumps(outcomes), part))

    def duplicates(self) -> Iterator[Duplicate]:
        """Yield the records whose id a record of another part had before, in the order of the input."""
        with self._reporting(), closing(self._connection.execute(_DUPLICATES)) as rows:
            yield from map(Duplicate._make, rows)

    def finish(self) -> None:
        """Take down that all is done; the ids are needed no more."""
        with self._changing() as connection:
            connection.execute("DELETE FROM ids")
            connection.execute("INSERT OR REPLACE INTO run VALUES ('finished', 'true')")

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        return bool(self._query("SELECT 1 FROM run WHERE name = 'finished'"))

    def has_part(self, key: str) -> bool:
        """Tell whether the part `key` belongs to a shard that is done."""
        return bool(self._query("SELECT 1 FROM parts WHERE key = ?", key))

    def counts(self) -> tuple[Counter[str], Counter[str]]:
        """Return all records by outcome and all lines by label."""
        outcomes: Counter[str] = Counter()
        labels: Counter[str] = Counter()
        with self._reporting():
            for by_outcome, by_label in self._connection.execute("SELECT outcomes, labels FROM parts"):
                outcomes.update(json.loads(by_outcome))
                labels.update(json.loads(by_label))
        return outcomes, labels

    def _query(self, query: str, *values: object) -> list[tuple[str, ...]]:
        with self._lock, self._reporting():
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._reporting(), self._connection:
            yield self._connection

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise FilterError(str(error), source=self._source) from error


@contextmanager
def opened(folder: Path) -> Iterator[Manifest]:
    """Give the manifest of `folder`, which is made if there is none; nobody else can open it meanwhile.

    Raises
    ------
    FilterError
        Another run has it open, or it is damaged.
    """
    path = folder / NAME
    try:
        connection = sqlite3.connect(path, timeout=0, check_same_thread=False)
    except sqlite3.Error as error:
        raise FilterError(str(error), source=str(path)) from error
    with closing(connection):
        try:
            # The lock is held from the first change to the end, and a process that is killed lets go of it.
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.commit()
            connection.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            locked = "another run is writing here" if "locked" in str(error) else str(error)
            raise FilterError(locked, source=str(path)) from error
        except sqlite3.DatabaseError as error:
            raise FilterError(f"{error}; --restart begins anew", source=str(path)) from error
        yield Manifest(connection, str(path))
