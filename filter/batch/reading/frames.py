"""Where the records of a WARC archive start and end, also behind a damaged one."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from filter.batch.reading.streams import StreamError
from filter.batch.records import Outcome

_TAKEN, _GIVEN = 16_384, 65_536
_GZIP = b"\x1f\x8b\x08"
_GZIP_FORMAT = 16 + zlib.MAX_WBITS
_BLANK_LINE = b"\r\n\r\n"
_MARK = b"WARC/"
_HEAD = re.compile(rb"WARC/\d\.\d+\r\n")
_PLAIN_START = re.compile(rb"(?<=\n)WARC/\d\.\d+\r\n[A-Z][A-Za-z-]+:")
_PACKED_START = re.compile(re.escape(_GZIP))
#: Longer than what `_PLAIN_START` matches.
_OVERLAP = 64
_LENGTH = re.compile(rb"^Content-Length:[ \t]*(\d{1,18})[ \t]*\r$", re.IGNORECASE | re.MULTILINE)
_MOST_HEAD = 1 << 16
#: Bytes of gzip data that hold the first line of a record.
_LOOK = 512
#: A record that is longer than this many limits is not read to its end, so that no bomb costs more than seconds.
_MOST_LIMITS = 1000


class Frame(NamedTuple):
    """A record as it stands in the archive.

    Attributes
    ----------
    start : int
        Byte of the archive.
    head : bytes
        The fields of WARC, with the blank line; empty where they could not be had.
    block : bytes
        What follows them, up to its declared length; empty where `outcome` is not ``OK``.
    outcome : Outcome
    reason : str
    """

    start: int
    head: bytes
    block: bytes = b""
    outcome: Outcome = Outcome.OK
    reason: str = ""


def is_packed(stream: BinaryIO) -> bool:
    """Return whether the archive is gzip data."""
    stream.seek(0)
    return stream.read(len(_GZIP)) == _GZIP


def next_start(stream: BinaryIO, start: int, *, packed: bool) -> int | None:
    """Return the first byte from `start` on where a record starts; None where there is none.

    Packed: gzip data that holds the head of a record. Else: the head, behind the end of a line.
    """
    pattern = _PACKED_START if packed else _PLAIN_START
    # The pattern for plain archives looks at the byte before.
    place = max(0, start - 1)
    stream.seek(place)
    data = stream.read(_GIVEN)
    while data:
        for found in pattern.finditer(data):
            candidate = place + found.start()
            if candidate >= start and (not packed or _holds_head(stream, candidate)):
                return candidate
        stream.seek(place + len(data))
        more = stream.read(_GIVEN)
        if not more:
            return None
        kept = data[-_OVERLAP:]
        place += len(data) - len(kept)
        data = kept + more
    return None


def frames(stream: BinaryIO, start: int, end: int, limit: int) -> Iterator[Frame]:
    """Yield the records that start in [start, end); of those longer than `limit` the head alone.

    Parameters
    ----------
    stream : binary file, seekable
    start : int
        Where a record starts.
    end, limit : int
    """
    packed = is_packed(stream)
    place: int | None = start
    while place is not None and place < end:
        tape = _Tape(stream, place, packed=packed)
        sound = True
        while sound and tape.here < end:
            frame, sound = _frame(tape, limit)
            if frame is None:
                break
            yield frame
        place = tape.here if sound else next_start(stream, tape.record + 1, packed=packed)


class _Tape:
    """The bytes of an archive from a place on: of a packed one the gzip member there, else all."""

    def __init__(self, stream: BinaryIO, start: int, *, packed: bool) -> None:
        stream.seek(start)
        self._stream = stream
        self._start = start
        self._packed = packed
        self._blocks = self._member() if packed else iter(lambda: stream.read(_GIVEN), b"")
        self._held = bytearray()
        self._passed = 0
        self._end = 0
        #: Where the record starts that is being read.
        self.record = start

    @property
    def here(self) -> int:
        """Byte of the archive; inside a gzip member, its start."""
        if not self._packed:
            return self._start + self._passed
        return self._end if self._end and not self._held else self._start

    def _member(self) -> Iterator[bytes]:
        engine = zlib.decompressobj(_GZIP_FORMAT)
        while not engine.eof:
            data = engine.unconsumed_tail or self._stream.read(_TAKEN)
            if not data:
                raise StreamError(Outcome.TRUNCATED, "the archive ends early")
            try:
                yield engine.decompress(data, _GIVEN)
            except zlib.error as error:
                raise StreamError(Outcome.DAMAGED, f"the compressed data is damaged: {error}") from None
        self._end = self._stream.tell() - len(engine.unused_data)

    def has(self, size: int) -> bool:
        """Return whether there are `size` bytes more; they are held then."""
        while len(self._held) < size:
            block = next(self._blocks, None)
            if block is None:
                return False
            self._held += block
        return True

    def starts_record(self) -> bool:
        """Return whether there is anything more; a record starts here then."""
        self.record = self.here
        return self.has(1)

    def starts_head(self) -> bool:
        """Return whether the next bytes are the mark of WARC, as far as there are any."""
        self.has(len(_MARK))
        return _MARK.startswith(bytes(self._held[: len(_MARK)]))

    def head(self) -> bytes:
        """Return the fields of WARC with the blank line behind them; nothing where there are none."""
        while (size := self._held.find(_BLANK_LINE) + len(_BLANK_LINE)) < len(_BLANK_LINE):
            if len(self._held) > _MOST_HEAD or not self.has(len(self._held) + 1):
                return b""
        return self.take(size) if _HEAD.match(self._held) else b""

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer where there are not so many."""
        self.has(size)
        taken = bytes(self._held[:size])
        del self._held[:size]
        self._passed += len(taken)
        return taken

    def skip(self, size: int) -> int:
        """Pass over `size` bytes; return how many there were."""
        left = size
        while left and self.has(1):
            left -= len(self.take(min(left, len(self._held))))
        return size - left

    def ends_record(self) -> bool:
        """Pass over the line ends behind a record; return whether nothing else stands there."""
        count = 0
        while self.has(1) and self._held[0] in b"\r\n":
            count += len(self.take(1))
        return not self.has(1) or (count > 0 and self.starts_head())


def _frame(tape: _Tape, limit: int) -> tuple[Frame | None, bool]:
    """Return the next record, None at the end, and whether another one starts where it ends."""
    head = b""
    try:
        if not tape.starts_record():
            return None, True
        head = tape.head()
        length = _LENGTH.search(head)
        if not length:
            outcome = Outcome.TRUNCATED if tape.starts_head() else Outcome.DAMAGED
            return Frame(tape.record, head, b"", outcome, "no whole head of a WARC record"), False
        size = int(length[1])
        frame = Frame(tape.record, head)
        if size > limit:
            frame = Frame(tape.record, head, b"", Outcome.TOO_LARGE, f"{size:,} bytes, the limit is {limit:,}")
            if size > limit * _MOST_LIMITS:
                return frame, False
            there = tape.skip(size)
        else:
            frame = Frame(tape.record, head, tape.take(size))
            there = len(frame.block)
        if there < size:
            return Frame(tape.record, head, b"", Outcome.TRUNCATED, "shorter than its Content-Length says"), False
        if not tape.ends_record():
            return Frame(tape.record, head, b"", Outcome.DAMAGED, "longer than its Content-Length says"), False
    except StreamError as error:
        return Frame(tape.record, head, b"", error.outcome, error.reason), False
    return frame, True


def _holds_head(stream: BinaryIO, start: int) -> bool:
    """Return whether the gzip data at `start` holds the head of a record."""
    stream.seek(start)
    try:
        return _HEAD.match(zlib.decompressobj(_GZIP_FORMAT).decompress(stream.read(_LOOK), _LOOK)) is not None
    except zlib.error:
        return False
