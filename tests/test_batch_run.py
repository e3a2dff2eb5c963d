"""Runs of the command: nothing is lost, whoever is killed, and what is done is not done again."""

import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

pytest.importorskip("fastwarc")
pytest.importorskip("pyarrow")

from pyarrow import parquet

from filter import clean
from filter.batch.backends import Workers
from filter.batch.manifest import NAME, opened
from filter.batch.progress import Tally
from filter.batch.reading.streams import Stream
from filter.batch.records import Reading
from filter.batch.run import run
from filter.batch.settings import Settings
from filter.batch.writing import Form
from filter.errors import FilterError, InputError
from filter.labels import DEFAULT_KEEP
from filter.pipeline import Options

ROOT = Path(__file__).parent.parent
TOWNS = ("Lindau", "Harwick", "Osaka", "Brno", "Tartu", "Cadiz", "Porto", "Galway", "Split", "Turku")
ONE = Workers(jobs=1)


def page(number: int) -> str:
    town = TOWNS[number % len(TOWNS)]
    return (
        f"<html><body><nav><a href='/'>Home</a> <a href='/sport'>Sport</a></nav><article><h1>{town} reopens bridge "
        f"{number}</h1><p>The bridge at {town} was opened to traffic again on Monday, {number} days after the flood, "
        f"the council said.</p><p>Work on the northern pier will go on until the autumn, and lorries must still "
        f"take the motorway.</p></article><p>Share this story</p></body></html>"
    )


def line(number: int, **fields) -> bytes:
    record = {"id": f"r{number:04d}", "url": f"https://news.example/{number}", "html": page(number)} | fields
    return json.dumps(record).encode() + b"\n"


def write_lines(path: Path, numbers) -> Path:
    path.write_bytes(b"".join(map(line, numbers)))
    return path


def small(form: Form = Form.JSONL, **settings) -> Settings:
    return Settings(reading=Reading(shard_records=10), form=form, **settings)


def rows_of(out: Path) -> list[dict]:
    """Return the rows in the order of the input: parts are called after it."""
    paths = sorted((out / "parts").iterdir())
    if paths[0].suffix == ".parquet":
        return [row for path in paths for row in parquet.read_table(path).to_pylist()]
    return [json.loads(row) for path in paths for row in unpacked(path).splitlines()]


def unpacked(path: Path) -> bytes:
    with path.open("rb") as raw:
        return b"".join(Stream(raw))


def start(*arguments, **streams) -> subprocess.Popen:
    command = [sys.executable, "-c", "from filter.cli import main; main()", "batch", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **streams
    )


def finish(process: subprocess.Popen) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def workers_of(pid: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"popen_loky" in (path / "cmdline").read_bytes():
                found.append(int(path.name))
    return found


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


# ------------------------------------------------------------------------------------------------- bad records


BOMB = gzip.compress(b'{"id": "bomb", "html": "' + b" " * 30_000_000 + b'"}\n')


def salted(folder: Path) -> dict[str, tuple[str, str]]:
    """Write 940 good records and 60 bad ones of 15 kinds; return status and reason of the bad ones by id."""
    folder.mkdir()
    lines = [line(number) for number in range(800)]
    expected: dict[str, tuple[str, str]] = {}
    for number in range(4):
        broken = {
            "no JSON": (b'{"id": "x", "html": \n', "malformed", "no JSON: "),
            "no object": (b"[1, 2]\n", "malformed", "no JSON object"),
            "no UTF-8": (b'{"id": "x", "html": "caf\xe9"}\n', "undecodable", "not UTF-8 at byte "),
            "too long": (line(0, html="x" * 300_000), "too-large", "over the limit of 200,000 bytes"),
        }
        fielded = {
            "no-field": ({"html": None, "body": "x"}, "empty", "the content is null"),
            "empty": ({"html": ""}, "empty", "no text"),
            "binary": ({"html": 7}, "malformed", "the field 'html' is not text"),
            "odd-id": ({"id": ["a"]}, "malformed", "the field 'id' is neither text nor a whole number"),
        }
        for data, status, reason in broken.values():
            lines.insert(100 * number, data)
            expected[data.decode("latin-1") + str(number)] = (status, reason)
        for name, (fields, status, reason) in fielded.items():
            lines.append(line(0, **{"id": f"{name}-{number}"} | fields))
            expected[f"{name}-{number}"] = (status, reason)
        lines.append(line(number))
        expected[f"again-{number}"] = ("duplicate-id", "has the id of ")
    (folder / "many.jsonl").write_bytes(b"".join(lines))
    write_files(folder, expected)
    return expected


def write_files(folder: Path, expected: dict[str, tuple[str, str]]) -> None:
    pages = folder / "pages"
    pages.mkdir()
    for number in range(132):
        (pages / f"page-{number:03d}.html").write_text(page(number), "utf-8")
    for number in range(4):
        packed = gzip.compress(page(number).encode())
        (pages / f"cut-{number}.html.gz").write_bytes(packed[:-20])
        expected[f"cut-{number}"] = ("truncated", "the compressed data ends early")
        (pages / f"damaged-{number}.html.gz").write_bytes(packed[:-8] + b"\0\0\0\0" + packed[-4:])
        expected[f"damaged-{number}"] = ("damaged", "the compressed data is damaged")
        (pages / f"report-{number}.html").write_bytes(b"%PDF-1.7\n\x00\x01\x02")
        expected[f"report-{number}"] = ("undecodable", "is a PDF")
        (pages / f"link-{number}.html").symlink_to("nowhere.html")
        expected[f"link-{number}"] = ("unreadable", "a link to nothing")
        os.mkfifo(pages / f"pipe-{number}.html")
        expected[f"pipe-{number}"] = ("unreadable", "no regular file")
        around = (gzip.compress(line(5000 + 2 * number)), gzip.compress(line(5001 + 2 * number)))
        (folder / f"bomb-{number}.jsonl.gz").write_bytes(around[0] + BOMB + around[1])
        expected[f"bomb-{number}"] = ("bomb", "become 30,000,0")


def test_of_1000_records_the_60_bad_ones_are_told(tmp_path):
    expected = salted(tmp_path / "in")
    process = start(tmp_path / "in", "--out", tmp_path / "out", "--max-bytes", 200_000, "--jobs", 2)
    code, table, errors = finish(process)
    rows = rows_of(tmp_path / "out")
    good = [row for row in rows if row["status"] == "ok"]
    bad = [row for row in rows if row["status"] != "ok"]
    assert (len(rows), len(good), len(bad)) == (1000, 940, 60)
    assert Counter(row["status"] for row in bad) == Counter(status for status, _ in expected.values())
    for status, reason in expected.values():
        found = next(row for row in bad if row["status"] == status and reason in row["reason"])
        bad.remove(found)
    for row in good[::50]:
        number = int(row["id"].rpartition("page-")[2].removesuffix(".html") if "page-" in row["id"] else row["id"][1:])
        assert row["text"] == clean(page(number))
    assert code == 1
    assert errors == "newsfilter: 52 of 1,000 records failed; their rows say why\n"
    assert "ok                           940\n" in table


# --------------------------------------------------------------------------------------------- going on


def test_a_second_run_does_nothing(tmp_path):
    path = write_lines(tmp_path / "in.jsonl", range(35))
    first = run([str(path)], tmp_path / "out", small(), workers=ONE)
    before = {part: part.stat().st_mtime_ns for part in (tmp_path / "out" / "parts").iterdir()}
    tally = Tally()
    assert run([str(path)], tmp_path / "out", small(), workers=ONE, tally=tally) == first
    assert first.outcomes == {"ok": 35}
    assert first.failed == 0
    assert {part: part.stat().st_mtime_ns for part in (tmp_path / "out" / "parts").iterdir()} == before
    assert (tally.records, tally.before_records) == (35, 35)


def test_what_is_missing_is_done(tmp_path):
    path = write_lines(tmp_path / "in.jsonl", range(35))
    out = tmp_path / "out"
    run([str(path)], out, small(), workers=ONE)
    expected = rows_of(out)
    with sqlite3.connect(out / NAME) as manifest:
        manifest.execute("DELETE FROM shards WHERE number = 1")
        manifest.execute("DELETE FROM parts WHERE number = 1")
        manifest.execute("DELETE FROM run WHERE name = 'finished'")
    manifest.close()
    (out / "parts" / "000001.jsonl").write_text("half a")
    (out / "parts" / "000001.1.jsonl").write_text("a part that a split left behind")
    (out / "parts" / ".000002.jsonl.77.unfinished").write_text("")
    assert run([str(path)], out, small(), workers=ONE).outcomes == {"ok": 35}
    assert rows_of(out) == expected
    assert sorted(part.name for part in (out / "parts").iterdir()) == [f"00000{number}.jsonl" for number in range(4)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda path: write_lines(path, range(20)), "the input has changed"),
        (lambda path: write_lines(path, range(36)), "the input has changed"),
        (lambda path: os.utime(path, (1, 1)), "the input has changed"),
    ],
)
def test_changed_input_is_refused(tmp_path, change, told):
    path = write_lines(tmp_path / "in.jsonl", range(35))
    run([str(path)], tmp_path / "out", small(), workers=ONE)
    change(path)
    with pytest.raises(InputError, match=told):
        run([str(path)], tmp_path / "out", small(), workers=ONE)


def test_less_input_is_refused(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number:02d}.html").write_text(page(number), "utf-8")
    settings = Settings(reading=Reading(shard_records=5))
    run([str(folder)], tmp_path / "out", settings, workers=ONE)
    for number in (10, 11):
        (folder / f"{number:02d}.html").unlink()
    with pytest.raises(InputError, match=r"10\.html is gone"):
        run([str(folder)], tmp_path / "out", settings, workers=ONE)


def test_changed_settings_are_refused_unless_all_begins_anew(tmp_path):
    path = write_lines(tmp_path / "in.jsonl", range(12))
    out = tmp_path / "out"
    run([str(path)], out, small(rejects=True), workers=ONE)
    assert (out / "rejects").exists()
    with pytest.raises(InputError, match=r"keep .*rejects .*--restart"):
        run([str(path)], out, small(keep=frozenset({"body"})), workers=ONE)
    run([str(path)], out, small(), workers=ONE, restart=True)
    assert sorted(each.name for each in out.iterdir()) == [NAME, "parts"]


def test_a_folder_with_something_else_is_refused(tmp_path):
    path = write_lines(tmp_path / "in.jsonl", range(2))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.doc").write_text("years of work")
    for restart in (False, True):
        with pytest.raises(InputError, match=r"thesis\.doc"):
            run([str(path)], tmp_path / "out", small(), workers=ONE, restart=restart)
    assert [each.name for each in (tmp_path / "out").iterdir()] == ["thesis.doc"]


def test_two_runs_at_a_time_are_refused(tmp_path):
    path = write_lines(tmp_path / "in.jsonl", range(2))
    (tmp_path / "out").mkdir()
    with opened(tmp_path / "out"), pytest.raises(FilterError, match="another run is writing here"):
        run([str(path)], tmp_path / "out", small(), workers=ONE)


def test_a_damaged_manifest_is_told(tmp_path):
    path = write_lines(tmp_path / "in.jsonl", range(2))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(FilterError, match="not a database; --restart"):
        run([str(path)], tmp_path / "out", small(), workers=ONE)
    assert run([str(path)], tmp_path / "out", small(), workers=ONE, restart=True).outcomes == {"ok": 2}


def test_nothing_is_made_where_there_is_nothing_to_read(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        run([str(tmp_path / "missing")], tmp_path / "out", small(), workers=ONE)
    assert not (tmp_path / "out").exists()


# ------------------------------------------------------------------------------------------------- duplicates


@pytest.mark.parametrize("form", list(Form))
def test_the_first_record_of_an_id_keeps_it(tmp_path, form):
    path = tmp_path / "in.jsonl"
    numbers = [*range(25), 3, 24, 99, *range(40, 44)]
    path.write_bytes(b"".join(line(number, html=page(100 + at)) for at, number in enumerate(numbers)))
    summary = run([str(path)], tmp_path / "out", small(form, lines=True), workers=ONE)
    rows = rows_of(tmp_path / "out")
    assert summary.outcomes == {"ok": 30, "duplicate-id": 2}
    assert [row["id"] for row in rows] == [f"r{number:04d}" for number in numbers]
    duplicates = [(row["id"], row["reason"], row["text"]) for row in rows if row["status"] == "duplicate-id"]
    assert duplicates == [
        ("r0003", f"{path}#26 has the id of {path}#4", ""),
        ("r0024", f"{path}#27 has the id of {path}#25", ""),
    ]
    if form is Form.TEXT:
        assert (tmp_path / "out/text/r0003.txt").read_text("utf-8") == clean(page(103)) + "\n"
    if form in (Form.JSONL, Form.PARQUET):
        assert rows[3]["text"] == clean(page(103))
        kept = [each["text"] for each in rows[3]["lines"] if each["label"] in DEFAULT_KEEP]
        assert "\n".join(kept) == rows[3]["text"]
        assert (len(kept), len(rows[3]["lines"])) == (3, 5)
        assert rows[25].get("lines") is None


def test_dropped_lines_are_not_beyond_recall(tmp_path):
    path = write_lines(tmp_path / "in.jsonl", range(3))
    run([str(path)], tmp_path / "out", small(rejects=True), workers=ONE)
    dropped = [json.loads(each) for each in (tmp_path / "out/rejects/000000.jsonl").read_text("utf-8").splitlines()]
    assert {each["id"] for each in dropped} == {"r0000", "r0001", "r0002"}
    assert [each["text"] for each in dropped if each["id"] == "r0001"][-1] == "Share this story"
    assert {"label", "probability", "source"} <= dropped[0].keys()


# ----------------------------------------------------------------------------------------------- killed and stopped


def test_the_output_is_the_same_when_processes_are_killed(tmp_path):
    path = write_lines(tmp_path / "in.jsonl", range(3000))
    undisturbed, out = tmp_path / "undisturbed", tmp_path / "out"
    assert finish(start(path, "--out", undisturbed))[0] == 0
    parts = out / "parts"
    process = start(path, "--out", out)
    wait_for(lambda: len(workers_of(process.pid)) == 2)
    os.kill(workers_of(process.pid)[0], signal.SIGKILL)
    wait_for(lambda: parts.exists() and any(parts.glob("[0-9]*")))
    orphans = workers_of(process.pid)
    process.kill()
    assert finish(process)[0] == -signal.SIGKILL
    wait_for(lambda: not any(map(alive, orphans)))
    assert finish(start(path, "--out", out))[0] == 0
    assert rows_of(out) == rows_of(undisturbed)
    assert {part.name for part in parts.iterdir()} == {part.name for part in (undisturbed / "parts").iterdir()}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_ctrl_c_says_how_to_go_on(tmp_path):
    path = write_lines(tmp_path / "in.jsonl", range(3000))
    process = start(path, "--out", tmp_path / "out", start_new_session=True)
    wait_for(lambda: any((tmp_path / "out").glob("parts/[0-9]*")))
    orphans = workers_of(process.pid)
    os.killpg(process.pid, signal.SIGINT)
    code, _, errors = finish(process)
    assert code == 130
    assert errors.startswith("newsfilter: stopped with ")
    assert errors.endswith("records done; the same command goes on from there\n")
    assert errors.count("\n") == 1
    wait_for(lambda: not any(map(alive, orphans)))
    assert finish(start(path, "--out", tmp_path / "out"))[0] == 0
    assert len(rows_of(tmp_path / "out")) == 3000


def test_a_model_that_cannot_classify_ends_the_run(tmp_path):
    path = write_lines(tmp_path / "in.jsonl", range(2))
    (tmp_path / "model.npz").write_bytes(b"no model")
    with pytest.raises(FilterError, match="no model file"):
        run([str(path)], tmp_path / "out", small(model=tmp_path / "model.npz"), workers=ONE)


def test_options_reach_the_workers(tmp_path):
    path = write_lines(tmp_path / "in.jsonl", range(2))
    settings = Settings(options=Options(max_blocks=1, deadline=5), keep=frozenset({"title"}))
    assert run([str(path)], tmp_path / "out", settings, workers=ONE).outcomes == {"too-large": 2}
