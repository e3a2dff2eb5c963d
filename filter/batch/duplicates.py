"""Ids that stand in more than one part: found when all parts are there, so that no order of workers changes them.

The first record of the input keeps its text. Parts that hold another one are written again.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import groupby
from pathlib import Path
from typing import Any

from filter.batch.manifest import Duplicate, Manifest
from filter.batch.reading.streams import Stream
from filter.batch.records import Outcome
from filter.batch.writing import Form, Row, part, part_path
from filter.document import Line
from filter.labels import Label


def mark_duplicates(folder: Path, form: Form, manifest: Manifest) -> None:
    """Give each record whose id came before, in another part, the outcome ``DUPLICATE_ID``.

    Raises
    ------
    FilterError
        A part cannot be read or written.
    """
    firsts: set[str] = set()
    for key, group in groupby(manifest.duplicates(), key=lambda duplicate: duplicate.part):
        duplicates = {duplicate.position: duplicate for duplicate in group}
        manifest.set_outcomes(key, _rewrite(folder, key, form, duplicates))
        firsts.update(duplicate.first_part for duplicate in duplicates.values())
    if form in (Form.TEXT, Form.MARKDOWN):
        # Files are called after ids: the duplicate may have been the last to write the one that both share.
        for key in sorted(firsts):
            _rewrite(folder, key, form, {})


def _rewrite(folder: Path, key: str, form: Form, duplicates: Mapping[int, Duplicate]) -> Counter[str]:
    """Write a part again, with the rows at these positions as duplicates; return its records by outcome."""
    outcomes: Counter[str] = Counter()
    rows = _rows(part_path(folder, key, form), form)
    with part(folder, key, form) as write:
        for position, row in enumerate(rows):
            if position in duplicates:
                _, _, place, first, _ = duplicates[position]
                row = Row(row.id, row.url, Outcome.DUPLICATE_ID, f"{place} has the id of {first}")
            outcomes[row.status] += 1
            write(row)
    return outcomes


def _rows(path: Path, form: Form) -> Iterator[Row]:
    """Yield the rows of a part as they were written."""
    return map(_row, _parquet_rows(path) if form is Form.PARQUET else _json_rows(path))


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as raw:
        rest = b""
        for block in Stream(raw):
            *lines, rest = (rest + block).split(b"\n")
            yield from map(json.loads, lines)


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    from pyarrow import parquet  # noqa: PLC0415 - an extra

    with closing(parquet.ParquetFile(path)) as file:
        for batch in file.iter_batches(batch_size=256):
            yield from batch.to_pylist()


def _row(fields: Mapping[str, Any]) -> Row:
    lines = fields.get("lines")
    return Row(
        fields["id"],
        fields["url"],
        Outcome(fields["status"]),
        fields["reason"],
        fields["text"],
        fields.get("confidence"),
        None if lines is None else tuple(map(_line, lines)),
    )


def _line(fields: Mapping[str, Any]) -> Line:
    return Line(fields["text"], Label(fields["label"]), fields["probability"], 0.0, fields["source"])
