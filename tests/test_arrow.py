"""Columns of pages in, columns of text and status out: rows, order and other columns as they were."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

pa = pytest.importorskip("pyarrow")

from pyarrow import parquet as pq  # noqa: E402

from filter import classify, clean  # noqa: E402
from filter.arrow import clean_arrow  # noqa: E402
from filter.errors import InputError, KeepError  # noqa: E402
from filter.pipeline import Options  # noqa: E402

EXAMPLES = Path(__file__).parent.parent / "examples"
PAGES = [path.read_text("utf-8") for path in sorted(EXAMPLES.glob("*.html"))]
URLS = [f"https://news.example/{number}" for number in range(len(PAGES))]
CLEANED = [clean(page) for page in PAGES]


def batch(kind: object = None) -> pa.RecordBatch:
    return pa.record_batch({"url": pa.array(URLS), "html": pa.array(PAGES, kind or pa.string())})


@pytest.mark.parametrize(
    "kind",
    [
        *(pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(), pa.binary_view()),
        pa.dictionary(pa.int32(), pa.string()),
    ],
)
def test_text_and_status_of_each_row(kind):
    data = batch(kind)
    cleaned = clean_arrow(data)
    assert cleaned.schema.names == ["url", "html", "text", "status", "confidence"]
    assert cleaned.select(["url", "html"]).equals(data)
    assert cleaned["text"].to_pylist() == CLEANED
    assert cleaned["status"].to_pylist() == ["ok"] * len(PAGES)
    assert cleaned["confidence"].to_pylist() == pytest.approx([classify(page).confidence for page in PAGES], abs=1e-6)


def test_a_table_of_several_chunks_stays_one():
    data = pa.Table.from_batches([batch(), batch()])
    cleaned = clean_arrow(data)
    assert cleaned["text"].to_pylist() == CLEANED * 2
    assert cleaned["html"].num_chunks == 2


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_addresses_count_as_they_do_for_classify(kind):
    page = "<p>Rain is due in the hills tonight, the weather office said on Monday.</p>"
    urls = ["https://news.example/weather/rain-is-due-in-the-hills-tonight", "https://news.example/", None]
    data = pa.record_batch({"from": pa.array(urls, kind), "html": [page] * 3})
    expected = [classify(page, url=url).confidence for url in urls]
    assert len(set(expected)) == 3
    assert clean_arrow(data, url_column="from")["confidence"].to_pylist() == pytest.approx(expected, abs=1e-6)
    assert clean_arrow(data)["confidence"].to_pylist() == pytest.approx(expected[2:] * 3, abs=1e-6)


def test_rows_that_cannot_be_classified_say_why_and_take_none_along():
    pages = [PAGES[0].encode(), None, b"%PDF-1.7", b"", b"x" * 40_000, b"<ul><li>Home<li>News</ul>", PAGES[0].encode()]
    cleaned = clean_arrow(pa.record_batch({"page": pages}), column="page", options=Options(max_bytes=30_000))
    assert cleaned["status"].to_pylist() == ["ok", "empty", "undecodable", "empty", "too-large", "no-article", "ok"]
    assert [text is None for text in cleaned["text"].to_pylist()] == [False, False, True, False, True, False, False]


def test_strings_that_are_not_utf8_are_read_as_bytes():
    text = "Über Köln fällt heute Regen, sagte der Wetterdienst am Montag in einer Mitteilung."
    column = pa.array([text.encode("latin-1")]).view(pa.string())
    cleaned = clean_arrow(pa.record_batch({"html": column}), input="text")
    assert cleaned["text"].to_pylist() == [clean(text)]


def test_no_rows_and_nothing_but_nulls():
    empty = clean_arrow(batch().slice(0, 0))
    assert (empty.num_rows, empty.schema) == (0, clean_arrow(batch()).schema)
    assert clean_arrow(pa.record_batch({"html": pa.nulls(2)}))["status"].to_pylist() == ["empty"] * 2


def test_a_slice_gives_its_own_rows():
    assert clean_arrow(batch().slice(2, 3))["text"].to_pylist() == CLEANED[2:5]


def test_options_are_those_of_clean():
    data = pa.record_batch({"text": [PAGES[0]]})
    cleaned = clean_arrow(data, column="text", prefix="clean_", keep="title")
    assert cleaned.schema.names == ["text", "clean_text", "clean_status", "clean_confidence"]
    assert cleaned["clean_text"].to_pylist() == [clean(PAGES[0], "title")]


@pytest.mark.parametrize(
    ("data", "more", "message"),
    [
        ({"page": ["x"]}, {}, "no column 'html'; there are page"),
        ({"html": [1]}, {}, "neither text nor bytes, but int64"),
        ({"text": ["x"]}, {"column": "text"}, "a column 'text' already"),
        ({"html": ["x"]}, {"url_column": "url"}, "no column 'url'; there are html"),
        ({"html": ["x"], "url": [b"x"]}, {"url_column": "url"}, "'url' is not text, but binary"),
    ],
)
def test_wrong_columns_are_errors(data, more, message):
    with pytest.raises(InputError, match=message):
        clean_arrow(pa.record_batch(data), **more)


def test_a_label_that_does_not_exist_is_an_error():
    with pytest.raises(KeepError):
        clean_arrow(batch(), keep="adverts")


def example(name: str) -> dict[str, object]:
    return runpy.run_path(str(EXAMPLES / name))


def check(path: Path) -> None:
    cleaned = pq.read_table(path)
    assert dict(zip(cleaned["url"].to_pylist(), cleaned["text"].to_pylist(), strict=True)) == dict(
        zip(URLS, CLEANED, strict=True)
    )
    assert cleaned["status"].to_pylist() == ["ok"] * len(PAGES)


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    path = tmp_path / "pages.parquet"
    pq.write_table(pa.Table.from_batches([batch()]), path)
    return path


def test_the_polars_example(pages, tmp_path):
    pytest.importorskip("polars")
    example("clean_with_polars.py")["main"](str(pages), str(tmp_path / "cleaned.parquet"))
    check(tmp_path / "cleaned.parquet")


def test_the_duckdb_example(pages, tmp_path):
    pytest.importorskip("duckdb")
    example("clean_with_duckdb.py")["main"](str(pages), str(tmp_path / "cleaned.parquet"))
    check(tmp_path / "cleaned.parquet")


@pytest.mark.filterwarnings("default")  # Ray's own
def test_the_ray_example(pages, tmp_path):
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=1, include_dashboard=False, logging_level="error", object_store_memory=100_000_000)
    try:
        example("clean_with_ray.py")["main"](str(pages), str(tmp_path / "cleaned"))
    finally:
        ray.shutdown()
    check(tmp_path / "cleaned")
