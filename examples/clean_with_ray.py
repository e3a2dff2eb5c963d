"""Clean a folder of Parquet files with Ray Data: python clean_with_ray.py PAGES CLEANED."""

import sys

import ray

from filter.arrow import clean_arrow


def main(pages: str, cleaned: str) -> None:
    """Read the column ``html``, write it with ``text`` and ``status``."""
    data = ray.data.read_parquet(pages)
    data.map_batches(clean_arrow, batch_format="pyarrow", batch_size=256).write_parquet(cleaned)


if __name__ == "__main__":
    main(*sys.argv[1:])
