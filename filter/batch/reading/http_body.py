"""The body of an HTTP response as an archive holds it: chunks joined, compression undone within a limit."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from io import BytesIO

from fastwarc.stream_io import BrotliReader

from filter.batch.reading.streams import Stream, StreamError, gunzip, whole
from filter.batch.records import Outcome

_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[^\r\n]{0,256}\r?\n")
_STEP = 65_536


def body_of(data: bytes, *, transfer: str, encoding: str, limit: int) -> bytes:
    """Return the body as the server meant it.

    Archives differ in what they undo, and most leave the headers as they were: a body that is not chunked or not
    compressed, though its header says so, is taken as it is.

    Parameters
    ----------
    data : bytes
    transfer, encoding : str
        The headers ``Transfer-Encoding`` and ``Content-Encoding``; empty where there is none.
    limit : int
        Most bytes.

    Raises
    ------
    StreamError
        ``BOMB`` over the limit; ``TRUNCATED`` or ``DAMAGED``.
    """
    if "chunked" in transfer.lower():
        data = _joined(data)
    for name in reversed([part.strip().lower() for part in encoding.split(",")]):
        try:
            data = whole(_unpacked(data, name), limit)
        except StreamError as error:
            bomb = error.outcome is Outcome.TOO_LARGE
            reason = f"{len(data):,} bytes become more than {limit:,}" if bomb else error.reason
            raise StreamError(Outcome.BOMB if bomb else error.outcome, reason) from None
    return data


def _joined(data: bytes) -> bytes:
    """Return the chunks joined; `data` itself where it does not start with one."""
    parts: list[bytes] = []
    place = 0
    while chunk := _CHUNK.match(data, place):
        size = int(chunk[1], 16)
        if not size:
            return b"".join(parts)
        parts.append(data[chunk.end() : chunk.end() + size])
        place = chunk.end() + size
        place += 2 if data.startswith(b"\r\n", place) else 1
    if parts and place < len(data):
        raise StreamError(Outcome.DAMAGED, "a chunk of the body has no length")
    if parts:
        raise StreamError(Outcome.TRUNCATED, "the last chunk of the body is missing")
    return data


def _unpacked(data: bytes, name: str) -> Iterator[bytes]:
    if name in ("gzip", "x-gzip", "zstd"):
        return iter(Stream(BytesIO(data)))
    if name == "deflate":
        # By the standard with a header of zlib; some servers leave it away.
        is_zlib = len(data) > 1 and data[0] & 15 == zlib.DEFLATED and int.from_bytes(data[:2]) % 31 == 0
        return gunzip(iter([data]), zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
    return _brotli(data) if name == "br" else iter([data])


def _brotli(data: bytes) -> Iterator[bytes]:
    """Yield what brotli data holds; it has no mark to know it by, so what is none is taken as it is."""
    reader = BrotliReader(BytesIO(data))
    given = False
    try:
        while block := reader.read(_STEP):
            given = True
            yield block
    except OSError as error:
        if given:
            raise StreamError(Outcome.DAMAGED, f"the compressed data is damaged: {error}") from None
        yield data
