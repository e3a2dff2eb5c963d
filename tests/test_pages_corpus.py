"""Page corpora as Parquet files."""

import hashlib
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from filter.corpora.pages import PageRecord, corpus_digest, read_pages, registrable_domain, write_pages
from filter.errors import CorpusError

PAGE = PageRecord(
    id="hp-1",
    source="harbour",
    url="https://harbour.example/1",
    domain="harbour.example",
    kind="article",
    lang="en",
    title="Ferry late",
    html="<p>The ferry was late.</p>",
    text="The ferry was late.",
    must_have=("ferry",),
    must_not_have=("menu", "share"),
    licence="CC0",
)
BARE = replace(PAGE, id="hp-2", url=None, lang=None, title=None, text=None, must_have=(), must_not_have=())


def table_of(*records: PageRecord, **columns: pa.Array) -> pa.Table:
    rows = [{name: getattr(record, name) for name in PageRecord.__slots__} for record in records]
    table = pa.Table.from_pylist(rows)
    for name, values in columns.items():
        table = table.set_column(table.schema.get_field_index(name), name, values)
    return table


def test_what_is_written_is_read_back(tmp_path):
    path = tmp_path / "a.parquet"
    records = [replace(PAGE, id=f"hp-{number}") for number in range(150)] + [BARE]
    assert write_pages(iter(records), path) == 151
    assert list(read_pages([path])) == records
    assert list(tmp_path.iterdir()) == [path]


def test_files_are_read_one_after_the_other_and_only_as_far_as_asked(tmp_path):
    write_pages([PAGE], tmp_path / "a.parquet")
    pages = read_pages([tmp_path / "a.parquet", tmp_path / "missing.parquet"])
    assert next(pages) == PAGE
    with pytest.raises(CorpusError, match=r"missing\.parquet"):
        next(pages)


def test_columns_without_any_value_have_no_type_of_their_own(tmp_path):
    parquet.write_table(table_of(BARE), tmp_path / "a.parquet")
    assert parquet.read_schema(tmp_path / "a.parquet").field("title").type == pa.null()
    assert list(read_pages([tmp_path / "a.parquet"])) == [BARE]


def test_further_columns_are_ignored(tmp_path):
    parquet.write_table(table_of(PAGE).append_column("note", pa.array(["x"])), tmp_path / "a.parquet")
    assert list(read_pages([tmp_path / "a.parquet"])) == [PAGE]


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("kind", pa.array([7]), "'kind' is int64, not string"),
        ("title", pa.array([["a"]]), "'title' is list<.*, not string"),
        ("must_have", pa.array(["ferry"]), "'must_have' is string, not list"),
        ("must_have", pa.array([[1]]), "'must_have' is list<.*int64.*, not list"),
        ("html", pa.array([None], pa.string()), "'html' has no value in row 'hp-1'"),
        ("must_have", pa.array([None], pa.list_(pa.string())), "'must_have' has no value in row 'hp-1'"),
        ("must_not_have", pa.array([["a", None]]), "'must_not_have' has no value in row 'hp-1'"),
        ("domain", pa.nulls(1), "'domain' is null, not string"),
    ],
)
def test_a_breach_of_the_schema_names_file_and_column(tmp_path, column, values, message):
    path = tmp_path / "broken.parquet"
    parquet.write_table(table_of(PAGE, **{column: values}), path)
    with pytest.raises(CorpusError, match=message) as caught:
        list(read_pages([path]))
    assert caught.value.source == str(path)


def test_a_missing_column_is_named(tmp_path):
    parquet.write_table(table_of(PAGE).drop_columns("licence"), tmp_path / "a.parquet")
    with pytest.raises(CorpusError, match="has no column 'licence'"):
        list(read_pages([tmp_path / "a.parquet"]))


def test_a_file_that_is_no_parquet_is_refused(tmp_path):
    (tmp_path / "a.parquet").write_text("no")
    with pytest.raises(CorpusError, match="cannot be read as Parquet"):
        list(read_pages([tmp_path / "a.parquet"]))


def test_a_failed_run_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.parquet"
    write_pages([PAGE], path)

    def broken():
        yield BARE
        raise CorpusError("stop")

    with pytest.raises(CorpusError, match="stop"):
        write_pages(broken(), path)
    assert list(tmp_path.iterdir()) == [path]
    assert list(read_pages([path])) == [PAGE]


def test_the_extra_is_named_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CorpusError, match=r"pip install 'newsfilter\[corpora\]'"):
        list(read_pages([tmp_path / "a.parquet"]))
    with pytest.raises(CorpusError, match=r"pip install 'newsfilter\[corpora\]'"):
        write_pages([PAGE], Path("a.parquet"))


def test_digest_is_sha256_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"ferry" * 100_000)
    assert corpus_digest(tmp_path / "a") == hashlib.sha256(b"ferry" * 100_000).hexdigest()


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://news.harbour.co.uk/story?id=1", "harbour.co.uk"),
        ("https://WWW.Harbour.COM:8080/", "harbour.com"),
        ("//blog.harbour.com/a", "harbour.com"),
        ("https://one.wordpress.com/", "wordpress.com"),
        ("http://", None),
        ("hard::harbour.html", None),
        ("http://localhost/a", None),
        ("http://192.0.2.1/a", None),
    ],
)
def test_registrable_domain(url, domain):
    assert registrable_domain(url) == domain
