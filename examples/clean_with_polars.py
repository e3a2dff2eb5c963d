"""Clean a Parquet file with Polars: python clean_with_polars.py PAGES.parquet CLEANED.parquet."""

import sys

import polars as pl

from filter.arrow import clean_arrow


def clean_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the frame with the columns ``text`` and ``status``."""
    return pl.DataFrame(clean_arrow(frame.to_arrow()))


def main(pages: str, cleaned: str) -> None:
    """Read the column ``html``, write it with ``text`` and ``status``."""
    frame = pl.read_parquet(pages)
    frame = pl.concat(clean_frame(rows) for rows in frame.iter_slices(1000))
    frame.write_parquet(cleaned)


if __name__ == "__main__":
    main(*sys.argv[1:])
