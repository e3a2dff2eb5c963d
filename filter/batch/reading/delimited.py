"""CSV: rows are parsed in the main process, since only parsing tells where one ends."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator

from filter.batch.reading.fields import failed, record_from
from filter.batch.reading.lines import Line, lines
from filter.batch.reading.places import Place, open_place
from filter.batch.reading.streams import Stream, StreamError
from filter.batch.records import Outcome, Piece, Reading, Ready, Record


class _Feed:
    """Lines as the csv module takes them; those of a row that went wrong can be read again, but for the first."""

    def __init__(self, source: Iterator[Line], limit: int) -> None:
        self._source = source
        self._limit = limit
        self._again: deque[Line] = deque()
        self.row: list[Line] = []
        self._size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._source)
        self.row.append(line)
        self._size += len(line.data)
        if line.outcome is not Outcome.OK:
            raise StreamError(line.outcome, line.reason)
        if self._size > self._limit:
            raise csv.Error("a row over the limit, or a quote that is never closed")
        return line.data.decode("utf-8-sig" if line.number == 1 else "utf-8", "surrogateescape") + "\n"

    def start_row(self) -> None:
        """Forget the lines of the row before."""
        self.row.clear()
        self._size = 0

    def retry(self) -> None:
        """Give out the lines of this row again, all but the first."""
        self._again.extendleft(reversed(self.row[1:]))


def pieces(place: Place, reading: Reading) -> Iterator[Piece]:
    """Yield the rows of the file at `place`, parsed; its first row names the columns.

    After a wrong quote reading goes on with the next line, since nobody can tell where the row ends: the rows that the
    quote would have swallowed are had, and each line that is none is told.
    """
    with open_place(place.path) as raw:
        feed = _Feed(lines(Stream(raw), reading.max_bytes), reading.max_bytes)
        for record in _records(feed, place.path, reading):
            yield Ready(record, place.stamp)


def _records(feed: _Feed, path: str, reading: Reading) -> Iterator[Record]:
    # The only way to raise it is for the whole process; `_Feed` has the limit that counts.
    csv.field_size_limit(max(csv.field_size_limit(), reading.max_bytes))
    delimiter = "\t" if ".tsv" in path.lower() else reading.delimiter
    names: list[str] = []
    while True:
        feed.start_row()
        try:
            # A reader holds a row that it did not finish: each row has its own.
            row = next(csv.reader(feed, delimiter=delimiter, strict=True), None)
        except csv.Error as error:
            yield failed(f"{path}#{feed.row[0].number}", Outcome.MALFORMED, f"no CSV row: {error}")
            feed.retry()
            continue
        except StreamError as error:
            yield failed(f"{path}#{feed.row[0].number}", error.outcome, error.reason)
            feed.retry()
            continue
        if row is None:
            return
        if not row:
            continue
        if not names:
            names = row
            continue
        place = f"{path}#{feed.row[0].number}"
        if len(row) != len(names):
            reason = f"a row of {len(row)} fields under {len(names)} columns"
            yield failed(place, Outcome.MALFORMED, reason)
        else:
            yield record_from({name: _value(text) for name, text in zip(names, row, strict=True)}, place, reading)


def _value(text: str) -> str | bytes:
    """Return the field; its bytes where they are not UTF-8, whose encoding is told later as for any page."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text
