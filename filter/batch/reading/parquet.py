"""Parquet: a shard has row groups; one that is too long for a shard is read in the main process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pyarrow as pa
from pyarrow import parquet as pq

from filter.batch.reading.fields import CONTENT_FIELDS, chosen, failed, record_from
from filter.batch.reading.places import Place, open_place
from filter.batch.reading.streams import why
from filter.batch.records import Outcome, Piece, Reading, Ready, Record
from filter.errors import InputError

#: Rows decoded at once.
_ROWS = 32
#: A row group that is longer than this many shards is cut: reading its last rows costs reading all before them.
_MOST_SHARDS = 4
_ERRORS = (pa.ArrowException, OSError)


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Some rows of a row group; all of them, unless it was split."""

    path: str
    stamp: str
    group: int
    number: int
    start: int
    records: int
    size: int

    @property
    def place(self) -> str:
        """Where its first row stands."""
        return f"{self.path}#{self.number}"

    def read(self, reading: Reading) -> Iterator[Record]:
        """Yield its records; each row of a damaged page is one that says so, with its id where that can be had."""
        done = 0
        try:
            for record in self._records(reading, with_content=True):
                yield record
                done += 1
        except _ERRORS as error:
            yield from self._lost(reading, done, error)
        except InputError as error:
            yield from (failed(self._place(row), Outcome.MALFORMED, error.reason) for row in range(self.records))

    def split(self) -> Sequence[Piece]:
        """Return a piece for each row."""
        size = self.size // self.records
        return [
            replace(self, number=self.number + row, start=self.start + row, records=1, size=size)
            for row in range(self.records)
        ]

    def _place(self, row: int) -> str:
        return f"{self.path}#{self.number + row}"

    def _records(self, reading: Reading, *, with_content: bool) -> Iterator[Record]:
        with _opened(self.path) as file:
            rows = _rows(file, self.group, reading, with_content=with_content)
            for row, fields in enumerate(islice(rows, self.start, self.start + self.records)):
                try:
                    yield record_from(_decoded(fields), self._place(row), reading)
                except UnicodeDecodeError as error:
                    yield failed(self._place(row), Outcome.UNDECODABLE, f"not UTF-8 at byte {error.start}")

    def _lost(self, reading: Reading, done: int, error: Exception) -> Iterator[Record]:
        """Yield what stands for the rows from `done` on."""
        outcome, said = _failure(error)
        reason = f"row group {self.group}: {said}"
        # Without the content each record is a failed one, but has id and address, which are columns of their own.
        known = islice(self._records(replace(reading, content_field=None), with_content=False), done, None)
        for row in range(done, self.records):
            try:
                record = next(known, None)
            except (*_ERRORS, InputError):
                record = None
            lost = record or failed(self._place(row), outcome, reason)
            yield replace(lost, outcome=outcome, reason=reason)


def pieces(place: Place, reading: Reading) -> Iterator[Piece]:
    """Yield the row groups of the file at `place`; of a long one, its rows."""
    try:
        with _opened(place.path) as file:
            groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    except _ERRORS as error:
        yield Ready(failed(place.path, *_failure(error)), place.stamp)
        return
    number = 1
    for index, group in enumerate(groups):
        rows = RowGroup(place.path, place.stamp, index, number, 0, group.num_rows, group.total_byte_size)
        number += group.num_rows
        if group.num_rows > _MOST_SHARDS * reading.shard_records:
            yield from (Ready(record, place.stamp) for record in rows.read(reading))
        elif group.num_rows:
            yield rows


@contextmanager
def _opened(path: str) -> Iterator[pq.ParquetFile]:
    with (
        open_place(path) as raw,
        pq.ParquetFile(raw, page_checksum_verification=True, pre_buffer=False, buffer_size=1 << 20) as file,
    ):
        yield file


def _rows(file: pq.ParquetFile, group: int, reading: Reading, *, with_content: bool) -> Iterator[dict[str, Any]]:
    """Yield the rows of a group, with the columns that make a record."""
    names = dict.fromkeys(file.schema_arrow.names)
    wanted = [
        chosen(names, reading.id_field, ("id",)),
        chosen(names, reading.url_field, ("url",)),
        chosen(names, reading.content_field, CONTENT_FIELDS) if with_content else None,
    ]
    columns = [name for name in dict.fromkeys(wanted) if name]
    if with_content and wanted[2] is None:
        # Says which columns there are.
        record_from(names, "", reading)
    for batch in file.iter_batches(batch_size=_ROWS, row_groups=[group], columns=columns, use_threads=False):
        values = [_column(batch.column(name)) for name in columns]
        yield from (dict(zip(columns, row, strict=True)) for row in zip(*values, strict=True))


def _column(column: pa.Array) -> list[Any]:
    """Return the values; text as `_Text`, since one that is not UTF-8 would take the others along."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type) or pa.types.is_string_view(column.type):
        return [None if value is None else _Text(value) for value in column.cast(pa.large_binary()).to_pylist()]
    return list(column.to_pylist())


class _Text(bytes):
    """Bytes that are said to be UTF-8."""


def _decoded(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value.decode() if isinstance(value, _Text) else value for name, value in fields.items()}


def _failure(error: Exception) -> tuple[Outcome, str]:
    """Return what the error says of the file; errors of the system have a number, those of pyarrow have none."""
    if isinstance(error, OSError) and error.errno:
        return Outcome.UNREADABLE, why(error)
    return Outcome.DAMAGED, str(error).partition("\n")[0] or type(error).__name__
