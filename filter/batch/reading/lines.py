"""The lines of a stream; one that is too long is told and passed over, never held."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from filter.batch.reading.streams import Stream, StreamError
from filter.batch.records import Outcome

#: Text is packed to a third or a tenth, a bomb to a thousandth and less.
_BOMB_RATIO = 100
#: A line that is longer than this many limits is not read to its end, so that no bomb costs more than seconds.
_MOST_LIMITS = 1000


class Line(NamedTuple):
    """A line of bytes without its end, or why it could not be had."""

    number: int
    data: bytes
    outcome: Outcome = Outcome.OK
    reason: str = ""


class _Growing:
    """A line as far as it was read: at most `limit` bytes of it are held."""

    def __init__(self, stream: Stream, number: int, limit: int) -> None:
        self.number = number
        self.size = 0
        self._stream = stream
        self._taken = stream.taken
        self._limit = limit
        self._held: list[bytes] = []

    def add(self, data: bytes) -> None:
        """Make the line longer by `data`."""
        self.size += len(data)
        if self.size <= self._limit:
            self._held.append(data)
        else:
            self._held.clear()
        if self.size > self._limit * _MOST_LIMITS:
            raise StreamError(Outcome.BOMB, f"a line of more than {self.size:,} bytes; what follows is not read")

    def finished(self) -> Line:
        """Return the line."""
        if self.size <= self._limit:
            return Line(self.number, b"".join(self._held))
        packed = self._stream.taken - self._taken
        if self._stream.packed and self.size > _BOMB_RATIO * packed:
            return Line(self.number, b"", Outcome.BOMB, f"{packed:,} bytes become {self.size:,}")
        return _too_large(self.number, self._limit)


def lines(stream: Stream, limit: int) -> Iterator[Line]:
    """Yield the lines of `stream`, numbered from 1.

    The last one says what went wrong, where the stream ends early or is damaged.

    Parameters
    ----------
    stream : Stream
    limit : int
        Longest line, in bytes.
    """
    line = _Growing(stream, 1, limit)
    try:
        for block in stream:
            first, *others = block.split(b"\n")
            line.add(first)
            if not others:
                continue
            yield line.finished()
            *inside, last = others
            for number, data in enumerate(inside, line.number + 1):
                yield Line(number, data) if len(data) <= limit else _too_large(number, limit)
            line = _Growing(stream, line.number + len(others), limit)
            line.add(last)
    except StreamError as error:
        yield Line(line.number, b"", error.outcome, error.reason)
        return
    if line.size:
        yield line.finished()


def _too_large(number: int, limit: int) -> Line:
    return Line(number, b"", Outcome.TOO_LARGE, f"over the limit of {limit:,} bytes")
