"""WARC: a worker reads a stretch of the archive, from the start of one record to the start of another.

An archive is cut without reading it: at every so many bytes the next record is looked for, which is exact but where
the cut falls into a page that is itself an archive. `frames` finds where records start and end, since readers of whole
archives (fastwarc, warcio) stop without a word at some kinds of damage; fastwarc parses what is in a record.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from fastwarc.warc import WarcRecord, WarcRecordType

from filter.batch.reading.fields import failed
from filter.batch.reading.frames import Frame, frames, is_packed, next_start
from filter.batch.reading.http_body import body_of
from filter.batch.reading.places import Place, open_place
from filter.batch.reading.streams import StreamError, why
from filter.batch.records import Outcome, Piece, Reading, Record

#: Archives are packed to a quarter or a fifth: such stretches hold about as many records as other shards.
_PACKED_TO = 4
_PAGES = (WarcRecordType.response, WarcRecordType.resource, WarcRecordType.conversion)
_KINDS: dict[str, Literal["auto", "html", "text"]] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "text/plain": "text",
    "": "auto",
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """The records of an archive that start in [start, end)."""

    path: str
    stamp: str
    start: int
    end: int
    records: int = 0

    @property
    def place(self) -> str:
        """Where its first record starts."""
        return f"{self.path}#{self.start}"

    @property
    def size(self) -> int:
        """Its length, as if it were not packed."""
        return (self.end - self.start) * _PACKED_TO

    def read(self, reading: Reading) -> Iterator[Record]:
        """Yield its records; requests, and what an archive says of itself, are none."""
        try:
            with open_place(self.path) as stream:
                for frame in frames(stream, self.start, self.end, reading.max_bytes):
                    yield from _records(frame, f"{self.path}#{frame.start}", reading)
        except OSError as error:
            yield failed(self.place, Outcome.UNREADABLE, why(error))

    def split(self) -> Sequence[Piece]:
        """Return a piece for each record."""
        starts = [self.start]
        with suppress(OSError), open_place(self.path) as stream:
            found = frames(stream, self.start, self.end, Reading().max_bytes)
            starts = sorted({self.start, *(frame.start for frame in found)})
        return [replace(self, start=a, end=b) for a, b in zip(starts, [*starts[1:], self.end], strict=True)]


def pieces(place: Place, reading: Reading) -> Iterator[Piece]:
    """Yield the stretches of the archive at `place`."""
    with open_place(place.path) as stream:
        packed = is_packed(stream)
        size = stream.seek(0, 2)
        step = max(1, reading.shard_bytes // _PACKED_TO)
        start = 0
        while start < size:
            cut = next_start(stream, start + step, packed=packed) if start + step < size else None
            yield Stretch(place.path, place.stamp, start, cut or size)
            start = cut or size


def _records(frame: Frame, place: str, reading: Reading) -> Iterator[Record]:
    """Yield the record of `frame`; none where it never was a page."""
    record = failed(place, frame.outcome, frame.reason)
    if not frame.head:
        yield record
        return
    warc = WarcRecord.from_bytes(frame.head + frame.block)
    if warc.record_type not in (*_PAGES, WarcRecordType.revisit):
        return
    name = (warc.record_id or "").strip("<>")
    url = (warc.headers.get("WARC-Target-URI") or "").strip("<>")
    record = replace(record, id=name or place, url=url or None)
    try:
        yield record if record.outcome is not Outcome.OK else _page(record, warc, reading)
    except StreamError as error:
        yield replace(record, outcome=error.outcome, reason=error.reason)
    except OSError as error:
        yield replace(record, outcome=Outcome.DAMAGED, reason=str(error))


def _page(record: Record, warc: WarcRecord, reading: Reading) -> Record:
    """Return `record` with its page, or with the reason why there is none.

    Raises
    ------
    StreamError
        The body is damaged, or a bomb.
    OSError
        What fastwarc raises for heads of HTTP.
    """
    if warc.record_type is WarcRecordType.revisit:
        return replace(record, outcome=Outcome.NOT_HTML, reason="a revisit: the page stands elsewhere")
    status = None
    if warc.is_http:
        warc.parse_http(auto_decode="none", quirks_mode=True)
        status = warc.http_headers.status_code if warc.http_headers else None
    if status is not None and not 200 <= status < 300:
        return replace(record, outcome=Outcome.HTTP_STATUS, reason=f"HTTP status {status}")
    kind = _media_type(warc)
    if kind not in _KINDS:
        return replace(record, outcome=Outcome.NOT_HTML, reason=f"is {kind}")
    content = _body(warc, reading)
    charset = (warc.http_charset or "").strip("\"' ") or None
    return replace(record, content=content, encoding=charset, input=reading.input or _KINDS[kind])


def _media_type(warc: WarcRecord) -> str:
    declared = warc.http_content_type if warc.is_http else warc.headers.get("Content-Type")
    return (declared or "").partition(";")[0].strip().lower()


def _body(warc: WarcRecord, reading: Reading) -> bytes:
    data = warc.reader.read()
    if not warc.is_http or warc.http_headers is None:
        return data
    transfer = warc.http_headers.get("Transfer-Encoding") or ""
    encoding = warc.http_headers.get("Content-Encoding") or ""
    return body_of(data, transfer=transfer, encoding=encoding, limit=reading.max_bytes)
