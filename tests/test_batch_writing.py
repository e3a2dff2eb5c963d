"""A part is whole or not there, and holds what was put in."""

from __future__ import annotations

import errno
import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pa = pytest.importorskip("pyarrow")

from pyarrow import parquet as pq  # noqa: E402

from filter.batch.reading.streams import zstd_library  # noqa: E402
from filter.batch.records import Outcome  # noqa: E402
from filter.batch.writing import Form, Reject, Row, mirrored, part, part_path, rejects  # noqa: E402
from filter.document import Line  # noqa: E402
from filter.errors import FilterError  # noqa: E402
from filter.labels import Label  # noqa: E402

LINE = Line("Share this story", Label.PROMO, 0.91234, 0.02, "/html/body/p[3]")
ROWS = [
    Row("pages/a.html", "https://news.example/a", Outcome.OK, text="Storm\nFerries stayed in port.", lines=(LINE,)),
    Row("pages/b.html", None, Outcome.TRUNCATED, "the compressed data ends early"),
    Row("pages/ü.html", None, Outcome.OK, text="Zürich – 東京 \U0001f600", confidence=0.87654, lines=()),
]
LISTED = [
    {
        "id": "pages/a.html",
        "url": "https://news.example/a",
        "status": "ok",
        "reason": "",
        "text": "Storm\nFerries stayed in port.",
        "lines": [{"text": "Share this story", "label": "promo", "probability": 0.9123, "source": "/html/body/p[3]"}],
    },
    {
        "id": "pages/b.html",
        "url": None,
        "status": "truncated",
        "reason": "the compressed data ends early",
        "text": "",
    },
    {
        "id": "pages/ü.html",
        "url": None,
        "status": "ok",
        "reason": "",
        "text": "Zürich – 東京 \U0001f600",
        "confidence": 0.8765,
        "lines": [],
    },
]


def write_part(folder: Path, form: Form) -> Path:
    with part(folder, "000007", form) as write:
        for row in ROWS:
            write(row)
    return part_path(folder, "000007", form)


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("form", "unpack"),
    [
        (Form.JSONL, bytes),
        (Form.JSONL_GZ, gzip.decompress),
        (Form.JSONL_ZST, lambda data: zstd_library().decompress(data)),
    ],
)
def test_json_lines(tmp_path, form, unpack):
    path = write_part(tmp_path, form)
    assert files(tmp_path) == [f"parts/000007.{form}"]
    assert [json.loads(line) for line in unpack(path.read_bytes()).decode().splitlines()] == LISTED


@pytest.mark.parametrize("form", [Form.JSONL, Form.JSONL_GZ, Form.JSONL_ZST, Form.PARQUET])
def test_the_same_rows_give_the_same_bytes(tmp_path, form):
    assert write_part(tmp_path / "a", form).read_bytes() == write_part(tmp_path / "b", form).read_bytes()


def test_parquet(tmp_path):
    rows = pq.read_table(write_part(tmp_path, Form.PARQUET)).to_pylist()
    assert rows == [{"confidence": None, "lines": None} | row for row in LISTED]


def test_parquet_of_many_rows_keeps_their_order(tmp_path):
    with part(tmp_path, "0", Form.PARQUET) as write:
        for number in range(1000):
            write(Row(str(number), None, Outcome.OK))
    path = part_path(tmp_path, "0", Form.PARQUET)
    assert pq.read_table(path)["id"].to_pylist() == [str(number) for number in range(1000)]
    assert pq.ParquetFile(path).metadata.num_row_groups > 1


@pytest.mark.parametrize("form", list(Form))
def test_a_part_without_rows_can_be_read(tmp_path, form):
    with part(tmp_path, "0", form):
        pass
    path = part_path(tmp_path, "0", form)
    assert pq.read_table(path).num_rows == 0 if form is Form.PARQUET else path.exists()


@pytest.mark.parametrize("form", [Form.TEXT, Form.MARKDOWN])
def test_a_mirrored_folder(tmp_path, form):
    path = write_part(tmp_path, form)
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [row.get("file") for row in rows] == [f"pages/a.html.{form}", None, f"pages/ü.html.{form}"]
    assert rows[1] == LISTED[1]
    assert (tmp_path / "text" / rows[2]["file"]).read_text("utf-8") == "Zürich – 東京 \U0001f600\n"
    assert files(tmp_path / "text") == [f"pages/a.html.{form}", f"pages/ü.html.{form}"]


@pytest.mark.parametrize(
    "names",
    [
        ("a/b", "a/b/c", "a/b.txt/c", "a/b.txt"),
        ("https://a.example/x", "http://a.example/x", "a.example/x", "/a.example/x", "//a.example/x"),
        ("a?b", "a_b", "a:b", "a*b"),
        ("../../etc/passwd", "..", "/etc/passwd", "a/../../b", ".", "", "/"),
        ("x" * 300, "x" * 301, "é" * 300, "/".join("y" * 3000), "/".join("y" * 3001)),
        ("nul\0", "line\nbreak", "back\\slash", "caf\\xe9"),
    ],
)
def test_each_id_has_a_file_of_its_own_inside_the_folder(tmp_path, names):
    with part(tmp_path, "0", Form.TEXT) as write:
        for name in names:
            write(Row(name, None, Outcome.OK, text=name))
    rows = [json.loads(line) for line in part_path(tmp_path, "0", Form.TEXT).read_text("utf-8").splitlines()]
    assert len({row["file"] for row in rows}) == len(names)
    for row, name in zip(rows, names, strict=True):
        path = (tmp_path / "text" / row["file"]).resolve()
        assert path.is_relative_to((tmp_path / "text").resolve())
        assert path.read_bytes() == name.encode() + b"\n"


@given(st.lists(st.text(alphabet="ab/._:?T\\", max_size=12), unique=True, max_size=30))
def test_no_two_ids_share_a_path_and_none_leads_out(names):
    paths = [mirrored(name, ".txt") for name in names]
    assert len(set(paths)) == len(names)
    assert all(".." not in path.parts and not path.is_absolute() for path in paths)
    assert not {parent for path in paths for parent in path.parents} & set(paths)


@pytest.mark.parametrize("form", list(Form))
def test_a_part_that_fails_leaves_nothing(tmp_path, form):
    def fail():
        with part(tmp_path, "0", form) as write:
            write(ROWS[1])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert files(tmp_path) == []


def test_a_part_takes_the_place_of_an_older_one(tmp_path):
    old = tmp_path / "parts" / "000007.jsonl"
    old.parent.mkdir()
    old.write_text("old")
    assert len(write_part(tmp_path, Form.JSONL).read_bytes().splitlines()) == 3


@pytest.mark.parametrize("form", list(Form))
def test_a_full_disk_is_an_error_that_says_so_and_leaves_nothing(tmp_path, form, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FilterError, match=r"^/.*: cannot be written: no space left on device"):
        write_part(tmp_path, form)
    assert files(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_told_while_rows_are_written(tmp_path, monkeypatch):
    opened = Path.open
    monkeypatch.setattr(Path, "open", lambda self, mode="r": opened(Path("/dev/full"), mode))

    def fill():
        with part(tmp_path, "0", Form.JSONL) as write:
            for _ in range(10_000):
                write(ROWS[0])

    with pytest.raises(FilterError, match="no space left on device"):
        fill()


def test_a_place_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "parts").write_text("a file, no folder")
    with pytest.raises(FilterError, match="cannot be written"):
        write_part(tmp_path, Form.JSONL)


@pytest.mark.parametrize(("name", "unpack"), [("r.jsonl", bytes), ("r.jsonl.gz", gzip.decompress)])
def test_rejects(tmp_path, name, unpack):
    with rejects(tmp_path / "rejects" / name) as write:
        write(Reject("r1", LINE))
        write(Reject("r2", LINE))
    lines = [json.loads(line) for line in unpack((tmp_path / "rejects" / name).read_bytes()).splitlines()]
    assert [line["id"] for line in lines] == ["r1", "r2"]
    assert lines[0] == {
        "id": "r1",
        "text": "Share this story",
        "label": "promo",
        "probability": 0.9123,
        "source": "/html/body/p[3]",
    }
