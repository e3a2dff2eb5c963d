"""Files that are one page or one text each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filter.batch.reading.fields import failed
from filter.batch.reading.places import Place, open_place, printable
from filter.batch.reading.streams import Stream, StreamError, whole, why
from filter.batch.records import Outcome, Piece, Reading, Record

_KINDS: dict[str, Literal["html", "text"]] = {".html": "html", ".htm": "html", ".xhtml": "html", ".txt": "text"}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file with one page."""

    path: str
    stamp: str
    size: int
    records: int = 1

    @property
    def place(self) -> str:
        """The path."""
        return printable(Path(self.path)) if "://" not in self.path else self.path

    def read(self, reading: Reading) -> Iterator[Record]:
        """Yield its record."""
        place = self.place
        try:
            with open_place(self.path) as raw:
                content = whole(iter(Stream(raw)), reading.max_bytes)
        except OSError as error:
            yield failed(place, Outcome.UNREADABLE, why(error))
        except StreamError as error:
            yield failed(place, error.outcome, error.reason)
        else:
            suffixes = [suffix.lower() for suffix in Path(self.path).suffixes]
            kind = next((_KINDS[suffix] for suffix in reversed(suffixes) if suffix in _KINDS), None)
            yield Record(place, content, input=reading.input or kind or "auto", place=place)

    def split(self) -> Sequence[Piece]:
        """Return the piece itself."""
        return (self,)


def pieces(place: Place, reading: Reading) -> Iterator[Piece]:
    """Yield the file at `place`."""
    yield PageFile(place.path, place.stamp, place.size)
