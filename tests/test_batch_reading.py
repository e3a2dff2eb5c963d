"""Each kind of input, whole and spoilt: every record comes, with its content or with the reason why not."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import os
import pickle
import random
import sys
import tracemalloc
import zlib
from collections.abc import Iterable
from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow")
pytest.importorskip("fastwarc")

from pyarrow import parquet as pq  # noqa: E402

from filter.batch.reading import plan, read, split  # noqa: E402
from filter.batch.reading.http_body import body_of  # noqa: E402
from filter.batch.reading.streams import gunzip, zstd_library  # noqa: E402
from filter.batch.records import Outcome, Reading, Record, Shard, mark_duplicates  # noqa: E402
from filter.errors import FilterError, InputError  # noqa: E402

SMALL = Reading(max_bytes=10_000, shard_records=3, shard_bytes=20_000)
PAGE = "<html><body><h1>Storm closes the harbour</h1><p>Ferries stayed in port on {}, said the line.</p></body></html>"


def page(number: int) -> str:
    return PAGE.format(f"day {number}")


def records_of(inputs: str | Path | Iterable[str | Path], reading: Reading = SMALL) -> list[Record]:
    names = [inputs] if isinstance(inputs, str | Path) else inputs
    shards = list(plan([str(name) for name in names], reading))
    assert len({shard.key for shard in shards}) == len(shards)
    # What goes to a worker is pickled.
    return [record for shard in shards for record in read(pickle.loads(pickle.dumps(shard)), reading)]  # noqa: S301 - our own


def outcomes(records: Iterable[Record]) -> list[str]:
    assert all((record.outcome is Outcome.OK) == (record.content is not None) for record in records)
    assert all((record.outcome is Outcome.OK) == (not record.reason) for record in records)
    return [record.outcome.value for record in records]


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def json_lines(numbers: Iterable[int], **more: object) -> bytes:
    return b"".join(json.dumps({"id": f"r{n}", "html": page(n)} | more).encode() + b"\n" for n in numbers)


def packed(name: str, data: bytes) -> bytes:
    if name.endswith(".gz"):
        return gzip.compress(data)
    if not name.endswith(".zst"):
        return data
    # As the zstd program does; without it nobody can tell a changed letter.
    return zstd_library().compress(data, options={zstd_library().CompressionParameter.checksum_flag: 1})


# ------------------------------------------------------------------------------------------------ files and folders


def test_a_folder_is_read_in_order_with_what_stands_in_it(tmp_path):
    folder = tmp_path / "pages"
    for name in ("b.html", "a/2.html", "a/1.txt", "c"):
        write(folder / name, name.encode())
    found = records_of(folder)
    assert [Path(record.id).relative_to(folder).as_posix() for record in found] == [
        "a/1.txt",
        "a/2.html",
        "b.html",
        "c",
    ]
    assert [record.content for record in found] == [b"a/1.txt", b"a/2.html", b"b.html", b"c"]
    assert [record.input for record in found] == ["text", "html", "html", "auto"]


def test_a_pattern_chooses_files_of_a_folder_and_patterns_stand_for_files(tmp_path):
    for name in ("a.html", "b.png", "sub/c.html"):
        write(tmp_path / name, b"x")
    assert len(records_of(tmp_path, Reading(pattern="*.html"))) == 2
    assert len(records_of(tmp_path / "*.html")) == 1
    assert len(records_of(tmp_path / "**" / "*")) == 3


def test_a_name_with_signs_of_a_pattern_is_a_name(tmp_path):
    write(tmp_path / "rain[1].html", b"x")
    assert [record.content for record in records_of(tmp_path / "rain[1].html")] == [b"x"]


def test_what_is_no_readable_file_is_a_record_and_takes_none_along(tmp_path, monkeypatch):
    write(tmp_path / "a.html", b"first")
    (tmp_path / "b.html").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "c.html")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "up").symlink_to(tmp_path)
    write(tmp_path / "e.html", b"x" * 20_000)
    write(tmp_path / "locked" / "never.html", b"x")
    write(tmp_path / "z.html", b"last")
    listdir = os.listdir

    def refuse(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return listdir(path)

    monkeypatch.setattr(os, "listdir", refuse)
    found = records_of(tmp_path)
    assert outcomes(found) == ["ok", "unreadable", "unreadable", "unreadable", "too-large", "unreadable", "ok"]
    assert [record.reason for record in found] == [
        "",
        "a link to nothing",
        "no regular file",
        "a link to a folder that it is in",
        "over the limit of 10,000 bytes",
        "permission denied",
        "",
    ]


def test_a_file_that_vanishes_or_may_not_be_read_is_a_record(tmp_path, monkeypatch):
    for name in ("a.html", "b.html", "c.jsonl", "d.parquet", "e.warc", "f.html"):
        write(tmp_path / name, b"<p>x</p>")
    opened = Path.open

    def refuse(self, *arguments, **more):
        if self.name[0] in "bcde":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *arguments, **more)

    monkeypatch.setattr(Path, "open", refuse)
    found = records_of(tmp_path)
    assert outcomes(found) == ["ok", *["unreadable"] * 4, "ok"]
    assert {record.reason for record in found[1:5]} == {"permission denied"}


def test_a_file_name_that_is_no_text_gives_an_id_that_can_be_written(tmp_path):
    (tmp_path / "x").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path / "x") + b"/caf\xe9.html")).write_bytes(b"x")
    (found,) = records_of(tmp_path)
    assert found.id.endswith("caf\\xe9.html")
    assert found.content == b"x"


@pytest.mark.parametrize("name", ["missing.html", "missing/*.html"])
def test_input_that_is_not_there_is_told_at_once(tmp_path, name):
    with pytest.raises(InputError, match=r"missing"):
        plan([str(tmp_path / name)], SMALL)


def test_a_dangling_link_that_is_named_is_a_record(tmp_path):
    (tmp_path / "link.html").symlink_to(tmp_path / "nowhere")
    assert outcomes(records_of(tmp_path / "link.html")) == ["unreadable"]


# ------------------------------------------------------------------------------------------------------- JSON Lines


@pytest.mark.parametrize("name", ["news.jsonl", "news.jsonl.gz", "news.jsonl.zst", "news.ndjson"])
def test_json_lines(tmp_path, name):
    data = b"\xef\xbb\xbf" + json_lines(range(3), url="https://news.example/a") + b"\n  \r\n" + json_lines([3])[:-1]
    found = records_of(write(tmp_path / name, packed(name, data)))
    assert [record.id for record in found] == ["r0", "r1", "r2", "r3"]
    assert [record.content for record in found] == [page(n) for n in range(4)]
    assert found[0].url == "https://news.example/a"
    assert found[3].place == f"{tmp_path / name}#6"


def test_bad_json_lines_are_told_and_take_none_along(tmp_path):
    bad = {
        b'{"id": "r1", "html": "<p>cut off': "malformed",
        b'["a list"]': "malformed",
        b'{"id": "r3", "body": "no such field"}': "malformed",
        b'{"id": "r4", "html": ["x"]}': "malformed",
        b'{"id": "r5", "html": null}': "empty",
        b'{"id": "r6", "html": "caf\xe9"}': "undecodable",
        b'{"id": "r7", "html": "' + b"x" * 20_000 + b'"}': "too-large",
        b"[" * 9_000: "malformed",
        b'{"id": {}, "html": "x"}': "malformed",
        b'{"id": "r10", "html": ' + b"1" * 5_000 + b"}": "malformed",
    }
    good = json_lines([0])
    path = write(tmp_path / "a.jsonl", b"".join(line + b"\n" + good for line in bad))
    found = records_of(path)
    assert outcomes(found)[::2] == list(bad.values())
    assert outcomes(found)[1::2] == ["ok"] * len(bad)
    assert [record.id for record in found[4:12:2]] == ["r3", "r4", "r5", f"{path}#11"]
    assert "body" in found[4].reason
    assert found[0].id == f"{path}#1"


def test_halves_of_characters_become_ones_that_can_be_written(tmp_path):
    line = rb'{"id": "\udc00", "html": "joined \ud83d\ude00, alone \ud83d."}'
    (found,) = records_of(write(tmp_path / "a.jsonl", line))
    assert found.content == "joined \U0001f600, alone \ufffd."
    assert found.id == "\ufffd"


def test_fields_can_be_named_and_must_be_there_then(tmp_path):
    line = b'{"key": 7, "link": "https://a.example/", "page": "<p>x", "html": "no"}\n'
    path = write(tmp_path / "a.jsonl", line + b'{"key": 8, "link": "https://b.example/"}\n{"page": "x", "link": "y"}\n')
    found = records_of(path, Reading(id_field="key", url_field="link", content_field="page", input="html"))
    assert found[0] == Record("7", "<p>x", "https://a.example/", "html", place=f"{path}#1")
    assert [record.id for record in found[1:]] == ["8", f"{path}#3"]
    assert outcomes(found) == ["ok", "malformed", "malformed"]
    assert "'page'" in found[1].reason
    assert "'key'" in found[2].reason


def test_without_an_id_it_is_the_address_and_without_that_the_place(tmp_path):
    path = write(tmp_path / "a.jsonl", b'{"url": "https://a.example/", "text": "x"}\n{"text": "y", "id": ""}\n')
    assert [record.id for record in records_of(path)] == ["https://a.example/", f"{path}#2"]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_truncated_file_gives_what_it_has_and_says_so(tmp_path, suffix):
    noise = random.Random(7)
    rows = [json.dumps({"id": f"r{n}", "text": noise.randbytes(2000).hex()}).encode() + b"\n" for n in range(200)]
    data = packed(suffix, b"".join(rows))
    found = records_of(write(tmp_path / f"a.jsonl{suffix}", data[: len(data) // 2]))
    assert outcomes(found[:-1]) == ["ok"] * (len(found) - 1)
    assert [record.id for record in found[:-1]] == [f"r{n}" for n in range(len(found) - 1)]
    assert 30 < len(found) < 110
    assert (found[-1].outcome, found[-1].reason) == (Outcome.TRUNCATED, "the compressed data ends early")


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_damaged_file_gives_what_stands_before_the_damage(tmp_path, suffix):
    noise = random.Random(7)
    rows = [json.dumps({"id": f"r{n}", "text": noise.randbytes(2000).hex()}).encode() + b"\n" for n in range(200)]
    data = bytearray(packed(suffix, b"".join(rows)))
    middle = len(data) // 2
    data[middle : middle + 400] = noise.randbytes(400)
    found = records_of(write(tmp_path / f"a.jsonl{suffix}", bytes(data)))
    whole = [record for record in found if record.outcome is Outcome.OK]
    assert whole == found[: len(whole)]
    assert len(whole) >= 40
    assert found[-1].outcome in (Outcome.DAMAGED, Outcome.TRUNCATED)


def test_several_gzip_members_and_padding_are_one_file(tmp_path):
    members = [gzip.compress(json_lines([n])) for n in range(3)]
    data = members[0] + members[1] + b"\0" * 100_000 + members[2] + b"\0" * 512
    assert len(records_of(write(tmp_path / "a.jsonl.gz", data))) == 3


@pytest.mark.parametrize("form", [-zlib.MAX_WBITS, zlib.MAX_WBITS, 16 + zlib.MAX_WBITS])
@pytest.mark.parametrize("level", [0, 9])
def test_data_that_ends_where_a_block_does(form, level):
    for size in range(65_500, 66_000, 5):
        engine = zlib.compressobj(level, wbits=form)
        packed = engine.compress(b"0" * size) + engine.flush()
        assert b"".join(gunzip(iter([packed]), form)) == b"0" * size


def zeros_between(before: bytes, after: bytes, size: int) -> bytes:
    engine = zlib.compressobj(9, wbits=31)
    block = b"0" * 1_000_000
    parts = [engine.compress(before), *(engine.compress(block) for _ in range(size // len(block)))]
    return b"".join([*parts, engine.compress(after), engine.flush()])


def peak_of(path: Path, told: list[str]) -> int:
    """Return the most memory that reading `path` took, in bytes."""
    tracemalloc.start()
    try:
        assert outcomes(records_of(path, Reading(max_bytes=1_000_000))) == told
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_bomb_in_json_lines_is_passed_over_in_bounded_memory(tmp_path):
    data = zeros_between(json_lines([0]) + b'{"id": "bomb", "html": "', b'"}\n' + json_lines([1]), 300_000_000)
    assert len(data) < 400_000
    path = write(tmp_path / "a.jsonl.gz", data)
    assert peak_of(path, ["ok", "bomb", "ok"]) < 10_000_000


def test_a_line_without_end_is_given_up(tmp_path):
    data = zeros_between(b"", b"\n" + json_lines([0]), 20_000_000)
    (found,) = records_of(write(tmp_path / "a.jsonl.gz", data))
    assert found.outcome is Outcome.BOMB
    assert "not read" in found.reason


# -------------------------------------------------------------------------------------------------------------- CSV


def as_csv(rows: Iterable[Iterable[object]], **more: object) -> bytes:
    text = io.StringIO()
    csv.writer(text, **more).writerows(rows)
    return text.getvalue().encode()


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst", "a.tsv"])
def test_csv_with_line_breaks_quotes_and_delimiters_in_fields(tmp_path, name):
    html = '<p class="x">One,\ntwo;\r\n\tthree</p>\n\n<p>""</p>'
    more = {"delimiter": "\t"} if ".tsv" in name else {}
    data = b"\xef\xbb\xbf" + as_csv([["id", "html", "url"], ["1", html, "https://a.example/"], ["2", "x", ""]], **more)
    path = write(tmp_path / name, packed(name, data))
    first, second = records_of(path)
    assert (first.id, first.content, first.url) == ("1", html, "https://a.example/")
    assert (second.id, second.content, second.place) == ("2", "x", f"{path}#7")


def test_a_long_field_of_csv(tmp_path):
    data = as_csv([["id", "text"], ["1", "rain " * 60_000]])
    (found,) = records_of(write(tmp_path / "a.csv", data), Reading())
    assert len(found.content or "") == 300_000


def test_bad_rows_of_csv_are_told_and_take_none_along(tmp_path):
    lines = [
        "id,html",
        "1,a",
        "2",
        "3,b",
        '4,"c" d',
        "5,e",
        '6,"never closed',
        "7,f",
        f"8,{'x' * 20_000}",
        "9,g",
        "10,h",
    ]
    found = records_of(write(tmp_path / "a.csv", "\n".join(lines).encode()))
    assert [(record.id.rpartition("#")[2], record.outcome.value) for record in found] == [
        ("1", "ok"),
        ("3", "malformed"),
        ("3", "ok"),
        ("5", "malformed"),
        ("5", "ok"),
        ("7", "too-large"),
        ("7", "ok"),
        ("9", "too-large"),
        ("9", "ok"),
        ("10", "ok"),
    ]


def test_bytes_of_csv_that_are_not_utf8_stay_bytes(tmp_path):
    path = write(tmp_path / "a.csv", "id,html\n1,<p>Grüße aus Köln</p>\n".encode("latin-1"))
    (found,) = records_of(path)
    assert found.content == "<p>Grüße aus Köln</p>".encode("latin-1")


def test_a_truncated_csv_says_so(tmp_path):
    noise = random.Random(7)
    data = gzip.compress(as_csv([["id", "text"], *([n, noise.randbytes(1000).hex()] for n in range(50))]))
    found = records_of(write(tmp_path / "a.csv.gz", data[:-2000]))
    assert outcomes(found)[-1] == "truncated"
    assert set(outcomes(found)[:-1]) == {"ok"}
    assert len(found) > 40


# ---------------------------------------------------------------------------------------------------------- Parquet


def table(numbers: Iterable[int], kind: object = None) -> pa.Table:
    numbers = list(numbers)
    html = pa.array([page(n) for n in numbers], kind or pa.string())
    return pa.table({"id": pa.array([f"r{n}" for n in numbers]), "html": html, "other": pa.array(numbers)})


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.dictionary(pa.int32(), pa.string())]
)
@pytest.mark.parametrize("rows", [2, 100])
def test_parquet(tmp_path, kind, rows):
    path = tmp_path / "a.parquet"
    pq.write_table(table(range(20), kind), path, row_group_size=rows)
    found = records_of(path)
    assert [record.id for record in found] == [f"r{n}" for n in range(20)]
    texts = [record.content.decode() if isinstance(record.content, bytes) else record.content for record in found]
    assert texts == [page(n) for n in range(20)]
    assert [record.place for record in found] == [f"{path}#{n}" for n in range(1, 21)]


def test_a_row_of_parquet_that_cannot_be_read_takes_none_along(tmp_path):
    broken = pa.array([b"ok", b"caf\xe9", None, b"x" * 20_000, b"end"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"id": [1, 2, 3, 4, 5], "text": broken}), tmp_path / "a.parquet")
    found = records_of(tmp_path / "a.parquet")
    assert [record.id for record in found][2:] == ["3", "4", "5"]
    assert outcomes(found) == ["ok", "undecodable", "empty", "too-large", "ok"]


@pytest.mark.parametrize("rows", [2, 40])
def test_a_damaged_row_group_gives_a_record_for_each_row_with_its_id(tmp_path, rows):
    path = tmp_path / "a.parquet"
    noise = random.Random(7)
    texts = [noise.randbytes(900).hex() for _ in range(80)]
    pq.write_table(pa.table({"id": [f"r{n}" for n in range(80)], "text": texts}), path, row_group_size=rows)
    column = pq.ParquetFile(path).metadata.row_group(1).column(1)
    data = bytearray(path.read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    data[start : start + 60] = noise.randbytes(60)
    found = records_of(write(path, bytes(data)), SMALL)
    assert [record.id for record in found] == [f"r{n}" for n in range(80)]
    told = outcomes(found)
    assert told[rows : 2 * rows] == ["damaged"] * rows
    assert set(told[:rows] + told[2 * rows :]) == {"ok"}
    assert "row group 1" in found[rows].reason


def test_a_file_that_is_no_parquet_is_one_record(tmp_path):
    pq.write_table(table(range(3)), tmp_path / "a.parquet")
    data = (tmp_path / "a.parquet").read_bytes()
    write(tmp_path / "b.parquet", data[:-20])
    write(tmp_path / "c.parquet", b"")
    pq.write_table(table(range(3)).select(["id"]), tmp_path / "d.parquet")
    assert outcomes(records_of(tmp_path)) == ["ok"] * 3 + ["damaged", "damaged"] + ["malformed"] * 3


# ------------------------------------------------------------------------------------------------------------- WARC


def warc_record(name: object, body: bytes | None = None, http: str = "Content-Type: text/html", **fields: str) -> bytes:
    """Return one record; a field of WARC is given with _ for -."""
    content = page(name).encode() if body is None else body
    status = fields.pop("status", "HTTP/1.1 200 OK")
    block = f"{status}\r\n{http}\r\n\r\n".encode() + content if status else content
    head = {
        "WARC-Type": "response",
        "WARC-Record-ID": f"<urn:uuid:{name}>",
        "WARC-Target-URI": f"https://news.example/{name}",
        "WARC-Date": "2026-03-01T10:00:00Z",
        "Content-Type": "application/http; msgtype=response",
        "Content-Length": str(len(block)),
    } | {key.replace("_", "-"): value for key, value in fields.items()}
    lines = "".join(f"{key}: {value}\r\n" for key, value in head.items())
    return f"WARC/1.0\r\n{lines}\r\n".encode() + block + b"\r\n\r\n"


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x;x=1\r\n%s\r\n" % (len(part), part) for part in (*parts, b""))


def archive(path: Path, records: Iterable[bytes]) -> Path:
    return write(path, b"".join(gzip.compress(r, mtime=0) if path.suffix == ".gz" else r for r in records))


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
@pytest.mark.parametrize("size", [400, 4_000, 1_000_000])
def test_an_archive_however_it_is_cut(tmp_path, name, size):
    info = warc_record(
        "info", b"software: x\r\n", WARC_Type="warcinfo", Content_Type="application/warc-fields", status=""
    )
    request = warc_record("q", b"", status="GET / HTTP/1.1", http="Host: news.example", WARC_Type="request")
    pages = [part for n in range(30) for part in (request, warc_record(n))]
    path = archive(tmp_path / name, [info, *pages])
    found = records_of(path, Reading(shard_bytes=size))
    assert [record.id for record in found] == [f"urn:uuid:{n}" for n in range(30)]
    assert [record.content for record in found] == [page(n).encode() for n in range(30)]
    assert {record.input for record in found} == {"html"}
    assert found[3].url == "https://news.example/3"
    assert len(list(plan([str(path)], Reading(shard_bytes=size)))) > (1 if size < 10_000 else 0)


def test_an_archive_that_is_one_gzip_member(tmp_path):
    path = write(tmp_path / "a.warc.gz", gzip.compress(b"".join(warc_record(n) for n in range(5))))
    assert [record.id for record in records_of(path)] == [f"urn:uuid:{n}" for n in range(5)]


def test_pages_as_crawlers_store_them(tmp_path):
    html = page(1).encode()
    chunked, gzipped = "Transfer-Encoding: chunked", "Content-Encoding: gzip"
    bare = zlib.compress(html)[2:-4]
    bodies = [
        (chunks(html[:40], html[40:]), chunked),
        (gzip.compress(html), gzipped),
        (chunks(gzip.compress(html)), f"{chunked}\r\n{gzipped}"),
        (html, f"{chunked}\r\n{gzipped}"),  # both undone by the crawler, the headers kept
        (zlib.compress(html), "Content-Encoding: deflate"),
        (bare, "Content-Encoding: deflate"),
        (zstd_library().compress(html), "Content-Encoding: zstd"),
        (html, "Content-Encoding: br"),
        (html, "content-encoding: identity"),
        (html, "X-Crawler-Content-Encoding: gzip"),
    ]
    records = [
        warc_record(n, body, f'Content-Type: text/html; charset="x"\r\n{h}') for n, (body, h) in enumerate(bodies)
    ]
    found = records_of(archive(tmp_path / "a.warc.gz", records))
    assert [record.content for record in found] == [html] * len(bodies)
    assert {record.encoding for record in found} == {"x"}


def test_brotli():
    brotli = pytest.importorskip("brotli")
    html = page(1).encode() * 50
    assert body_of(brotli.compress(html), transfer="", encoding="br", limit=100_000) == html


def test_wget_writes_addresses_in_brackets(tmp_path):
    (found,) = records_of(archive(tmp_path / "a.warc", [warc_record(1, WARC_Target_URI="<https://a.example/>")]))
    assert found.url == "https://a.example/"


def test_what_is_no_page_is_told(tmp_path):
    html = page(1).encode()
    records = [
        warc_record(0, b"%PDF-1.7", "Content-Type: application/pdf"),
        warc_record(1, b"\xff\xd8\xff", "Content-Type: image/jpeg"),
        warc_record(2, html, status="HTTP/1.1 404 Not Found"),
        warc_record(3, b"", status="HTTP/1.1 301 Moved"),
        warc_record(4, b"", WARC_Type="revisit"),
        warc_record(5, b"Rain.", WARC_Type="conversion", Content_Type="text/plain", status=""),
        warc_record(6, html, WARC_Type="resource", Content_Type="text/html", status=""),
        warc_record(7, html, ""),
        warc_record(8, b"x" * 20_000),
        warc_record(9, gzip.compress(b"0" * 20_000), "Content-Type: text/html\r\nContent-Encoding: gzip"),
        warc_record(10, gzip.compress(html)[:-20], "Content-Type: text/html\r\nContent-Encoding: gzip"),
        warc_record(11, chunks(html)[:-9], "Content-Type: text/html\r\nTransfer-Encoding: chunked"),
        warc_record(12, html, "X-Long: " + "x" * 5_000),
        warc_record(13),
    ]
    for name in ("a.warc", "a.warc.gz"):
        found = records_of(archive(tmp_path / name, records))
        assert [record.id for record in found] == [f"urn:uuid:{n}" for n in range(14)]
        assert outcomes(found) == [
            *("not-html", "not-html", "http-status", "http-status", "not-html", "ok", "ok", "ok"),
            *("too-large", "bomb", "truncated", "truncated", "ok", "ok"),
        ]
        assert found[0].reason == "is application/pdf"
        assert [record.input for record in found[5:8]] == ["text", "html", "auto"]


def test_a_head_of_http_that_is_too_long_takes_none_along(tmp_path):
    records = [warc_record(0), warc_record(1, b"x", "X-Long: " + "x" * 200_000), warc_record(2)]
    found = records_of(archive(tmp_path / "a.warc.gz", records), Reading())
    assert [record.id for record in found] == [f"urn:uuid:{n}" for n in range(3)]
    assert outcomes(found) == ["ok", "damaged", "ok"]


def spoilt(kind: str, n: int) -> bytes:
    record = warc_record(n, page(n).encode() + random.Random(n).randbytes(400))
    member = gzip.compress(record, mtime=0)
    if kind == "bytes":
        return member[:150] + b"\xff" * 40 + member[190:]
    if kind == "checksum":
        return member[:-6] + b"\0\0" + member[-4:]
    if kind == "short":
        return member[:-60]
    if kind == "head":
        return b"\0" * 50 + member[50:]
    length = {"long": b"9999", "little": b"50", "none": b"x"}[kind]
    return gzip.compress(record.replace(b"Content-Length: ", b"Content-Length: " + length + b"\r\nX: "), mtime=0)


@pytest.mark.parametrize("kind", ["bytes", "checksum", "short", "head", "long", "little", "none"])
@pytest.mark.parametrize("size", [2_000, 1_000_000])
def test_a_damaged_record_of_an_archive_takes_none_along(tmp_path, kind, size):
    members = [spoilt(kind, n) if n in (2, 3, 6) else gzip.compress(warc_record(n)) for n in range(9)]
    found = records_of(write(tmp_path / "a.warc.gz", b"".join(members)), Reading(shard_bytes=size))
    good = [record.id for record in found if record.outcome is Outcome.OK]
    assert good == [f"urn:uuid:{n}" for n in (0, 1, 4, 5, 7, 8)]
    bad = {record.outcome for record in found} - {Outcome.OK}
    assert bad <= {Outcome.DAMAGED, Outcome.TRUNCATED}
    # Without a head nobody can tell how many records the damage holds.
    assert len(found) == 9 if kind != "head" else 8 <= len(found) <= 9


@pytest.mark.parametrize("length", [b"9999", b"50", b"999999999"])
def test_a_wrong_length_in_a_plain_archive_takes_none_along(tmp_path, length):
    records = [warc_record(n) for n in range(6)]
    records[2] = records[2].replace(b"Content-Length: ", b"Content-Length: " + length + b"\r\nX: ")
    found = records_of(write(tmp_path / "a.warc", b"".join(records)), Reading())
    assert [record.id for record in found] == [f"urn:uuid:{n}" for n in range(6)]
    assert [n for n, record in enumerate(found) if record.outcome is not Outcome.OK] == [2]


@pytest.mark.parametrize("name", ["a.warc", "a.warc.gz"])
def test_an_archive_that_ends_early_says_so_wherever_it_ends(tmp_path, name):
    whole = [r if name == "a.warc" else gzip.compress(r) for r in (warc_record(0), warc_record(1))]
    for left in range(1, len(whole[1]) - 4, 7):
        found = records_of(write(tmp_path / name, whole[0] + whole[1][:left]))
        assert [record.outcome is Outcome.OK for record in found] == [True, False], left
        assert found[1].outcome in (Outcome.TRUNCATED, Outcome.DAMAGED)


def test_a_bomb_in_an_archive_is_passed_over(tmp_path):
    size = 200_000_000
    head = warc_record("bomb", b"").replace(b"Content-Length: ", b"Content-Length: %d\r\nX: " % (size + 44))[:-4]
    member = zeros_between(head, b"\r\n\r\n", size)
    assert len(member) < 300_000
    data = gzip.compress(warc_record(0)) + member + gzip.compress(warc_record(1))
    assert peak_of(write(tmp_path / "a.warc.gz", data), ["ok", "too-large", "ok"]) < 10_000_000


def test_a_file_that_is_no_archive_is_one_record(tmp_path):
    assert outcomes(records_of(write(tmp_path / "a.warc.gz", bz2.compress(b"x")))) == ["damaged"]
    assert records_of(write(tmp_path / "b.warc", b"")) == []


# ------------------------------------------------------------------------------------------------------ the shards


@pytest.fixture
def everything(tmp_path: Path) -> Path:
    write(tmp_path / "a.jsonl", json_lines(range(5)))
    write(tmp_path / "b.csv", as_csv([["id", "text"], ["c1", "x"], ["c2", "y"]]))
    pq.write_table(table(range(10, 17)), tmp_path / "c.parquet", row_group_size=7)
    archive(tmp_path / "d.warc.gz", [warc_record(n) for n in range(6)])
    archive(tmp_path / "e.warc", [warc_record(n) for n in range(10, 16)])
    write(tmp_path / "f.html", b"<p>x</p>")
    (tmp_path / "g.html").symlink_to(tmp_path / "nowhere")
    return tmp_path


def test_the_same_input_is_cut_in_the_same_way(everything):
    once, again = (list(plan([str(everything)], SMALL)) for _ in range(2))
    assert [(shard.key, shard.digest) for shard in once] == [(shard.key, shard.digest) for shard in again]
    assert len(once) > 3


@pytest.mark.parametrize("name", ["a.jsonl", "b.csv", "c.parquet", "d.warc.gz", "e.warc", "f.html"])
def test_changed_input_changes_the_digest_of_its_shard(everything, name):
    before = {shard.digest for shard in plan([str(everything)], SMALL)}
    path = everything / name
    os.utime(path, ns=(1, 1))
    assert {shard.digest for shard in plan([str(everything)], SMALL)} != before


def leaves(shard: Shard) -> list[Shard]:
    parts = split(shard, 2)
    return [shard] if len(parts) == 1 else [leaf for part in parts for leaf in leaves(part)]


def test_shards_are_split_down_to_single_records(everything):
    reading = Reading(shard_records=1000)
    (shard,) = plan([str(everything)], reading)
    whole = list(read(shard, reading))
    parts = leaves(shard)
    assert [record for part in parts for record in read(part, reading)] == whole
    assert all(len(list(read(part, reading))) == 1 for part in parts)
    assert len({part.key for part in parts}) == len(parts) == len(whole)
    assert all(part.key.startswith(shard.key) and part.place for part in parts)


def test_a_shard_whose_file_is_gone_can_be_split_and_read(everything):
    shards = list(plan([str(everything)], Reading(shard_records=1)))
    records = sum(1 for shard in shards for _ in read(shard, SMALL))
    for path in everything.iterdir():
        path.unlink()
    found = [record for shard in shards for part in leaves(shard) for record in read(part, SMALL)]
    assert "unreadable" in outcomes(found)
    assert len(found) <= records


def test_cutting_is_lazy(tmp_path):
    path = write(tmp_path / "a.jsonl", json_lines(range(10)) + b"x" * 1_000_000)
    shards = plan([str(path), str(write(tmp_path / "b.csv", b"id\n"))], Reading(shard_records=2, max_bytes=100))
    assert next(shards).key == "000000"
    path.unlink()
    assert next(shards).key == "000001"


def test_duplicates_are_marked(tmp_path):
    path = write(tmp_path / "a.jsonl", json_lines([1, 2, 1, 1]))
    found = list(mark_duplicates(records_of(path)))
    assert outcomes(found) == ["ok", "ok", "duplicate-id", "duplicate-id"]
    assert found[2].reason == f"{path}#3 has the id of {path}#1"


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "filter.batch.reading.warc", None)
    with pytest.raises(FilterError, match=r"newsfilter\[batch\]"):
        list(plan([str(write(tmp_path / "a.warc", b"x"))], SMALL))


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    ("data", "contents"),
    [
        (json_lines([1, 2]), [page(1), page(2)]),
        (b"<p>One page.</p>\n<p>x", [b"<p>One page.</p>\n<p>x\n"]),
        (b"", [b"\n"]),
    ],
)
def test_stdin_is_json_lines_or_one_page(monkeypatch, data, contents, pack):
    def stdin(data: bytes) -> object:
        return type("Stdin", (), {"buffer": io.BytesIO(data)})

    monkeypatch.setattr(sys, "stdin", stdin(pack(data)))
    shards = list(plan(["-"], SMALL))
    assert [record.content for shard in shards for record in read(shard, SMALL)] == contents
    monkeypatch.setattr(sys, "stdin", stdin(pack(data + b"{")))
    assert [shard.digest for shard in plan(["-"], SMALL)] != [shard.digest for shard in shards]


# ------------------------------------------------------------------------------------------------------- addresses


def test_addresses_are_read_as_files_are(everything):
    fsspec = pytest.importorskip("fsspec")
    memory = fsspec.filesystem("memory")
    for path in everything.iterdir():
        if path.exists():
            memory.pipe(f"/crawl/{path.name}", path.read_bytes())
    memory.pipe("/crawl/sub/x.html", b"deep")
    try:
        found = records_of("memory://crawl")
        local = [record for record in records_of(everything) if record.outcome is Outcome.OK]
        assert [record.content for record in found] == [*(record.content for record in local), b"deep"]
        assert found[0].place == "memory:///crawl/a.jsonl#1"
        assert len(records_of("memory://crawl/*.html")) == 1
        assert outcomes(records_of("memory://crawl/nothing.html")) == ["unreadable"]
    finally:
        memory.rm("/crawl", recursive=True)


def test_an_unknown_kind_of_address_is_an_error():
    pytest.importorskip("fsspec")
    assert outcomes(records_of("nosuch://bucket/a.html")) == ["unreadable"]
