"""Shards that kill their worker cost only the record that does it."""

import os
import signal
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

pytest.importorskip("fastwarc")

from filter.batch import engine
from filter.batch.backends import Backend, Workers, backend
from filter.batch.engine import execute
from filter.batch.reading import split
from filter.batch.records import Outcome, Reading, Record, Shard
from filter.batch.settings import Settings
from filter.batch.worker import Done, Failed, Task, work
from filter.batch.writing import Form
from filter.errors import FilterError, InputError
from filter.pipeline import Options

PAGE = (
    "<article><h1>Ferry reopens</h1><p>The ferry across the river opened again on Monday, the council said, after "
    "repairs to the northern pier that took most of the winter and cost twice as much as had been planned.</p>"
    "<p>Tickets will cost two euros, and children will travel for free until the end of the summer. Lorries must "
    "still take the motorway, because the ramp on the other side is not yet strong enough for them, the mayor told "
    "reporters after a meeting with the builders.</p></article>"
)


class DeadlyText(str):
    """Text over which a worker dies as soon as it looks at it."""

    __slots__ = ()

    def __len__(self) -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0


class EndlessText(str):
    """Text that holds the interpreter for longer than any deadline, where no check can be asked."""

    __slots__ = ()

    def __len__(self) -> int:
        while True:
            pass


class FaultyText(str):
    """Text over which something raises what nobody foresaw."""

    __slots__ = ()

    def __len__(self) -> int:
        raise LookupError("no such thing")


@dataclass(frozen=True)
class Fake:
    """A piece of input that does its worst when it is read, or when its content is looked at."""

    name: str
    kind: str = "fine"
    stamp: str = ""
    records: int = 1
    size: int = 1

    @property
    def place(self) -> str:
        return f"place of {self.name}"

    def read(self, reading: Reading):
        if self.kind == "deadly to read":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "faulty to read":
            raise LookupError("no such piece")
        content = {"deadly": DeadlyText, "endless": EndlessText, "faulty": FaultyText}.get(self.kind, str)(PAGE)
        yield Record(self.name, content, place=self.place)

    def split(self):
        return (self,)


def shards_of(pieces, size):
    groups = [tuple(pieces[start : start + size]) for start in range(0, len(pieces), size)]
    return [Shard(f"{number:06d}", "", group) for number, group in enumerate(groups)]


def tasks_of(shards, folder, pool):
    settings = Settings(options=Options(deadline=0.2), form=Form.JSONL)
    return (Task(number, shard, settings, folder, pool.parent) for number, shard in enumerate(shards))


def rows_of(folder: Path) -> dict[str, tuple[str, str]]:
    import json

    lines = [line for path in (folder / "parts").glob("[0-9]*") for line in path.read_text("utf-8").splitlines()]
    rows = [json.loads(line) for line in lines]
    assert len({row["id"] for row in rows}) == len(rows)
    return {row["id"]: (row["status"], row["reason"]) for row in rows}


@pytest.mark.parametrize("jobs", [1, 2])
def test_only_the_records_that_kill_workers_are_lost(tmp_path, jobs):
    kinds = {3: "deadly", 7: "faulty", 9: "deadly to read", 14: "faulty to read"}
    pieces = [Fake(f"r{number:02d}", kinds.get(number, "fine")) for number in range(16)]
    with backend(Workers(jobs)) as pool:
        finished = list(execute(tasks_of(shards_of(pieces, 4), tmp_path, pool), pool))
    rows = rows_of(tmp_path)
    kept = {part.key for each in finished for part in each.parts}
    assert sorted(each.task.number for each in finished) == [0, 1, 2, 3]
    assert {path.name for path in (tmp_path / "parts").glob("[0-9]*")} == {f"{key}.jsonl" for key in kept}
    expected = {piece.name: Outcome.OK for piece in pieces if piece.kind == "fine"}
    # What cannot be read has no id but its place.
    expected |= dict.fromkeys(("r03", "r07", "place of r09", "place of r14"), Outcome.CRASHED)
    assert {name: status for name, (status, _) in rows.items()} == expected
    assert rows["r03"][1].startswith("the worker died")
    assert rows["r07"][1] == "LookupError: no such thing"


def test_a_record_that_no_check_can_end_is_ended(tmp_path):
    pieces = [Fake("r0"), Fake("r1", "endless"), Fake("r2")]
    with backend(Workers(1)) as pool:
        list(execute(tasks_of(shards_of(pieces, 3), tmp_path, pool), pool))
    assert {name: status for name, (status, _) in rows_of(tmp_path).items()} == {
        "r0": Outcome.OK,
        "r1": Outcome.CRASHED,
        "r2": Outcome.OK,
    }


def test_workers_that_die_over_nothing_end_the_run(tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "_BREAKS", 1)
    with backend(Workers(1)) as pool:
        monkeypatch.setattr(engine, "_nothing", die)
        with pytest.raises(FilterError, match="workers die as soon as they start"):
            list(execute(tasks_of(shards_of([Fake("r0", "deadly")], 1), tmp_path, pool), pool))


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_an_error_of_the_plan_reaches_the_caller_after_what_was_done(tmp_path):
    def tasks(pool):
        yield from tasks_of(shards_of([Fake(f"r{number}") for number in range(6)], 1), tmp_path, pool)
        raise InputError("the disk with the input is gone")

    with backend(Workers(2)) as pool:
        results = execute(tasks(pool), pool)
        assert len([next(results) for _ in range(6)]) == 6
        with pytest.raises(InputError, match="the input is gone"):
            next(results)


def test_joblib_has_no_advice_for_who_stops(tmp_path, recwarn):
    pieces = [Fake(f"r{number}") for number in range(12)]
    with backend(Workers(2)) as pool:
        results = execute(tasks_of(shards_of(pieces, 1), tmp_path, pool), pool)
        next(results)
        results.close()
    assert [str(each.message) for each in recwarn] == []


def test_a_part_that_cannot_be_written_ends_the_run(tmp_path):
    (tmp_path / "parts").write_text("no folder")
    with backend(Workers(1)) as pool, pytest.raises(FilterError, match="parts"):
        list(execute(tasks_of(shards_of([Fake("r0")], 1), tmp_path, pool), pool))


def test_work_says_what_failed(tmp_path):
    task = Task(0, Shard("000000", "", (Fake("r0", "faulty to read"),)), Settings(), tmp_path)
    assert work(task) == Failed("000000", "LookupError: no such piece")
    done = work(replace(task, shard=Shard("000000", "", (Fake("r0"), Fake("r1")))))
    assert isinstance(done, Done)
    assert done.outcomes == {"ok": 2}
    assert done.labels.total() == 6
    assert [place for _, place in done.ids] == ["place of r0", "place of r1"]


def test_halves_keep_the_order_of_their_names():
    def leaves(shard):
        halves = split(shard, 2)
        return [shard] if len(halves) == 1 else [leaf for half in halves for leaf in leaves(half)]

    found = leaves(Shard("000012", "", tuple(Fake(f"r{number}") for number in range(23))))
    assert [shard.pieces[0].name for shard in found] == [f"r{number}" for number in range(23)]
    assert sorted(shard.key for shard in found) == [shard.key for shard in found]


@pytest.mark.parametrize(
    ("workers", "message"),
    [
        (Workers(backend=Backend.DASK), "needs --scheduler"),
        (Workers(backend=Backend.DASK, scheduler="nowhere"), "nowhere"),
    ],
)
def test_a_cluster_that_is_not_there(workers, message):
    pytest.importorskip("distributed")
    with pytest.raises(FilterError, match=message), backend(workers):
        pass
