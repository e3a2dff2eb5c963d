"""JSON Lines: the main process cuts, the worker parses."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

from filter.batch.reading.fields import failed, record_from
from filter.batch.reading.lines import Line, lines
from filter.batch.reading.places import Place, open_place
from filter.batch.reading.streams import Stream
from filter.batch.records import Outcome, Piece, Reading, Ready, Record


@dataclass(frozen=True, slots=True)
class JsonLine:
    """A line of JSON, not yet parsed."""

    place: str
    data: bytes
    stamp: str
    records: int = 1

    @property
    def size(self) -> int:
        """Length of the line."""
        return len(self.data)

    def read(self, reading: Reading) -> Iterator[Record]:
        """Yield its record."""
        yield _parsed(self.data, self.place, reading)

    def split(self) -> Sequence[Piece]:
        """Return the piece itself."""
        return (self,)


def pieces(place: Place, reading: Reading) -> Iterator[Piece]:
    """Yield the lines of the file at `place`; it is read once, from its start to its end."""
    with open_place(place.path) as raw:
        yield from line_pieces(lines(Stream(raw), reading.max_bytes), place.path, place.stamp)


def line_pieces(numbered: Iterable[Line], path: str, stamp: str | None) -> Iterator[Piece]:
    """Yield the pieces of the lines that are not blank; without a `stamp`, each has the digest of its bytes."""
    for line in numbered:
        at = f"{path}#{line.number}"
        data = line.data.removeprefix(BOM_UTF8) if line.number == 1 else line.data
        if line.outcome is not Outcome.OK:
            yield Ready(failed(at, line.outcome, line.reason), stamp or line.reason)
        elif data and not data.isspace():
            yield JsonLine(at, data, stamp or blake2b(data, digest_size=16).hexdigest())


def _parsed(data: bytes, place: str, reading: Reading) -> Record:
    try:
        fields = json.loads(data.decode())
    except UnicodeDecodeError as error:
        return failed(place, Outcome.UNDECODABLE, f"not UTF-8 at byte {error.start} of the line")
    except (ValueError, RecursionError) as error:
        return failed(place, Outcome.MALFORMED, f"no JSON: {error}")
    if not isinstance(fields, dict):
        return failed(place, Outcome.MALFORMED, "no JSON object")
    return record_from(fields, place, reading)
