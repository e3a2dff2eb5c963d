"""Bytes out of a file, decompressed by steps of bounded size: what a bomb would become is never held."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import chain
from typing import Any, BinaryIO

from filter.batch.records import Outcome
from filter.errors import FilterError, InputError

#: Read at once, and given out at once at most; what stands right before damage and is lost with it is shorter.
_TAKEN, _GIVEN = 16_384, 65_536
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_GZIP_FORMAT = 16 + zlib.MAX_WBITS


class StreamError(InputError):
    """A stream ends early or is damaged; `outcome` says which.

    Parameters
    ----------
    outcome : Outcome
    reason : str
    """

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome = outcome


def why(error: OSError) -> str:
    """Return what the system said, without its number and without the name of the file."""
    return (error.strerror or str(error)).lower()


class Stream:
    """The blocks of a file, of 64 kB at most, decompressed where it starts as gzip or zstd data.

    Parameters
    ----------
    raw : binary file
        Only read; need not be seekable.

    Attributes
    ----------
    taken : int
        Bytes read of `raw` so far.
    packed : bool
        Whether the file is compressed.
    """

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.taken = 0
        self._head = self._take(4)
        self.packed = self._head.startswith((_GZIP, _ZSTD))

    def __iter__(self) -> Iterator[bytes]:
        """Yield the blocks.

        Raises
        ------
        StreamError
            After all blocks that could be had.
        """
        if self._head.startswith(_GZIP):
            return gunzip(self._source())
        return _unzstd(self._source()) if self._head == _ZSTD else self._source()

    def _take(self, size: int) -> bytes:
        try:
            block = self._raw.read(size)
        except OSError as error:
            raise StreamError(Outcome.UNREADABLE, why(error)) from None
        self.taken += len(block)
        return block

    def _source(self) -> Iterator[bytes]:
        yield self._head
        while block := self._take(_TAKEN if self.packed else _GIVEN):
            yield block


def gunzip(source: Iterator[bytes], form: int = _GZIP_FORMAT) -> Iterator[bytes]:
    """Return what the gzip members in `source` hold, in blocks of bounded size.

    Parameters
    ----------
    source : iterator of bytes
    form : int
        ``wbits`` of zlib: another format than gzip.

    Raises
    ------
    StreamError
        ``TRUNCATED`` or ``DAMAGED``, after all that could be had.
    """
    return _unpacked(source, lambda: zlib.decompressobj(form), zlib.error)


def _unzstd(source: Iterator[bytes]) -> Iterator[bytes]:
    zstd = zstd_library()
    return _unpacked(source, zstd.ZstdDecompressor, zstd.ZstdError)


def _unpacked(source: Iterator[bytes], engines: Callable[[], Any], damage: type[Exception]) -> Iterator[bytes]:
    """Yield what the members in `source` hold; each has an engine of its own."""
    data = next(source, b"")
    while data:
        engine = engines()
        while not engine.eof:
            try:
                block = engine.decompress(data, _GIVEN)
            except damage as error:
                raise StreamError(Outcome.DAMAGED, f"the compressed data is damaged: {error}") from None
            yield block
            # zstd holds what it has not used up itself, zlib the last bits of it: a full block may have more behind it.
            data = getattr(engine, "unconsumed_tail", b"")
            if len(block) < _GIVEN and not engine.eof:
                data = next(source, b"")
                if not data:
                    raise StreamError(Outcome.TRUNCATED, "the compressed data ends early")
        data = _next_member(source, engine.unused_data)


def _next_member(source: Iterator[bytes], data: bytes) -> bytes:
    """Return `data` from the next member on, else the next block with one: some writers fill disk blocks with zeros."""
    return next((found for block in chain([data], source) if (found := block.lstrip(b"\0"))), b"")


def zstd_library() -> Any:
    """Return the zstd module of the standard library, which before Python 3.14 is a package.

    Raises
    ------
    FilterError
        It is not installed.
    """
    for name in ("compression.zstd", "backports.zstd"):
        with suppress(ModuleNotFoundError):
            return import_module(name)
    raise FilterError("zstd data needs a library: pip install 'newsfilter[batch]'")


def whole(blocks: Iterator[bytes], limit: int) -> bytes:
    """Return all of `blocks`.

    Raises
    ------
    StreamError
        ``TOO_LARGE`` as soon as there is more than `limit`.
    """
    held = bytearray()
    for block in blocks:
        held += block
        if len(held) > limit:
            raise StreamError(Outcome.TOO_LARGE, f"over the limit of {limit:,} bytes")
    return bytes(held)
