"""Clean what a query gives with DuckDB: python clean_with_duckdb.py PAGES.parquet CLEANED.parquet."""

import sys

import duckdb
import pyarrow as pa

from filter.arrow import clean_arrow


def main(pages: str, cleaned: str) -> None:
    """Read ``url`` and ``html``, write them with ``text`` and ``status``."""
    with duckdb.connect() as source, duckdb.connect() as target:
        rows = source.read_parquet(pages).query("pages", "SELECT url, html FROM pages").to_arrow_reader(1000)
        first = clean_arrow(rows.read_next_batch())
        later = (clean_arrow(batch) for batch in rows)
        batches = pa.RecordBatchReader.from_batches(
            first.schema, (batch for some in ([first], later) for batch in some)
        )
        target.from_arrow(batches).write_parquet(cleaned)


if __name__ == "__main__":
    main(*sys.argv[1:])
