"""Input cut into shards, and shards read into records.

The main process looks for files, and cuts: it opens only what has no places in it that a worker could start at
(JSON Lines, CSV, a long Parquet row group), reads it once and sends the records along. Everything else a worker opens.
"""

from __future__ import annotations

import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from importlib import import_module
from itertools import chain, pairwise
from typing import BinaryIO, cast

from filter.batch.reading.fields import failed
from filter.batch.reading.jsonl import line_pieces
from filter.batch.reading.lines import Line, lines
from filter.batch.reading.places import STDIN, Place, check, find
from filter.batch.reading.streams import Stream, StreamError, whole, why
from filter.batch.records import Outcome, Piece, Reading, Ready, Record, Shard
from filter.errors import FilterError

#: Which module reads files with a suffix, a ``.gz`` or ``.zst`` after it aside; all other files are pages.
_FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "delimited",
    ".tsv": "delimited",
    ".parquet": "parquet",
    ".warc": "warc",
}
_PACKED = (".gz", ".zst")


def plan(inputs: Sequence[str], reading: Reading) -> Iterator[Shard]:
    """Return the shards of `inputs`, cut lazily; the same input gives the same shards.

    Parameters
    ----------
    inputs : sequence of str
        Files, folders, patterns, addresses; ``-`` is stdin, JSON Lines or one page.
    reading : Reading

    Raises
    ------
    InputError
        At once: nothing has that name, or no name fits the pattern.
    FilterError
        A format needs a library that is not there.
    """
    check(inputs)
    return _cut(chain.from_iterable(_pieces(name, reading) for name in inputs), reading)


def read(shard: Shard, reading: Reading) -> Iterator[Record]:
    """Yield the records of `shard`; what the input holds makes a record, never an error."""
    for piece in shard.pieces:
        yield from piece.read(reading)


def split(shard: Shard, parts: int) -> list[Shard]:
    """Return `shard` cut in at most `parts`; itself alone where it is one record."""
    pieces: Sequence[Piece] = shard.pieces
    if len(pieces) == 1:
        pieces = pieces[0].split()
    if len(pieces) < 2:
        return [shard]
    bounds = [len(pieces) * part // parts for part in range(parts + 1)]
    groups = [tuple(pieces[start:end]) for start, end in pairwise(bounds) if start < end]
    return [_shard(f"{shard.key}.{number}", group) for number, group in enumerate(groups)]


def _cut(pieces: Iterable[Piece], reading: Reading) -> Iterator[Shard]:
    held: list[Piece] = []
    number = records = size = 0
    for piece in pieces:
        held.append(piece)
        records += piece.records
        size += piece.size
        if records >= reading.shard_records or size >= reading.shard_bytes:
            yield _shard(f"{number:06d}", tuple(held))
            held.clear()
            number, records, size = number + 1, 0, 0
    if held:
        yield _shard(f"{number:06d}", tuple(held))


def _shard(key: str, pieces: tuple[Piece, ...]) -> Shard:
    digest = blake2b(digest_size=16)
    for piece in pieces:
        digest.update(f"{piece.place}\n{piece.records}\n{piece.stamp}\n".encode())
    return Shard(key, digest.hexdigest(), pieces)


def _pieces(name: str, reading: Reading) -> Iterator[Piece]:
    if name == STDIN:
        yield from _stdin_pieces(sys.stdin.buffer, reading)
        return
    for found in find(name, reading.pattern):
        if isinstance(found, Ready):
            yield found
        else:
            yield from _file_pieces(found, reading)


def _file_pieces(place: Place, reading: Reading) -> Iterator[Piece]:
    try:
        yield from _reader(place.path)(place, reading)
    except OSError as error:
        yield Ready(failed(place.path, Outcome.UNREADABLE, why(error)), place.stamp)
    except StreamError as error:
        yield Ready(failed(place.path, error.outcome, error.reason), place.stamp)


def _reader(path: str) -> Callable[[Place, Reading], Iterator[Piece]]:
    """Return the function that cuts files of this kind; its module is loaded only for them."""
    name = path.lower()
    for suffix in _PACKED:
        name = name.removesuffix(suffix)
    module = next((module for suffix, module in _FORMATS.items() if name.endswith(suffix)), "pages")
    try:
        loaded = import_module(f"filter.batch.reading.{module}")
    except ModuleNotFoundError as error:
        raise FilterError(f"needs {error.name}: pip install 'newsfilter[batch]'", source=path) from None
    return cast("Callable[[Place, Reading], Iterator[Piece]]", loaded.pieces)


def _stdin_pieces(raw: BinaryIO, reading: Reading) -> Iterator[Piece]:
    """Yield the lines of JSON, or the one page, that come on stdin; their stamps are digests of what came."""
    numbered = lines(Stream(raw), reading.max_bytes)
    first = next(numbered, Line(1, b""))
    numbered = chain([first], numbered)
    if first.outcome is not Outcome.OK or first.data.removeprefix(BOM_UTF8).startswith(b"{"):
        yield from line_pieces(numbered, STDIN, None)
        return
    content = b""
    try:
        content = whole(map(_bytes_of, numbered), reading.max_bytes)
        record = Record(STDIN, content, input=reading.input or "auto", place=STDIN)
    except StreamError as error:
        record = failed(STDIN, error.outcome, error.reason)
    yield Ready(record, blake2b(content, digest_size=16).hexdigest())


def _bytes_of(line: Line) -> bytes:
    if line.outcome is not Outcome.OK:
        raise StreamError(line.outcome, line.reason)
    return line.data + b"\n"
