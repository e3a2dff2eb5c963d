"""What batch reads: records, the pieces of input that they stand in, and shards, which a worker takes.

A `Piece` says how to read itself, by its place or from the bytes that it carries. A `Shard` is a run of pieces. All
can be pickled, and none holds an open file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, Protocol


class Outcome(StrEnum):
    """What became of a record: its text, or why it has none."""

    OK = "ok"
    NO_ARTICLE = "no-article"
    EMPTY = "empty"
    CONSENT = "consent"
    LISTING = "listing"
    PAYWALL = "paywall"
    TOO_SHORT = "too-short"
    UNDECODABLE = "undecodable"
    MALFORMED = "malformed"
    TOO_LARGE = "too-large"
    BOMB = "bomb"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    NOT_HTML = "not-html"
    HTTP_STATUS = "http-status"
    DUPLICATE_ID = "duplicate-id"
    DEADLINE = "deadline"
    CRASHED = "crashed"


@dataclass(frozen=True, slots=True)
class Record:
    """One page or text of the input, or why there is none.

    Attributes
    ----------
    id : str
        Unique and stable: a field, the address, or `place`.
    content : str, bytes or None
        None where it could not be read; then `outcome` is not ``OK``.
    url : str or None
    input : {"auto", "html", "text"}
    encoding : str or None
        What the server declared.
    outcome : Outcome
        ``OK`` where there is content to classify.
    reason : str
        One line; empty for ``OK``.
    place : str
        Where it stands: a path, or path#number with the number of a line or a row, from 1, or of a byte, from 0.
    """

    id: str
    content: str | bytes | None
    url: str | None = None
    input: Literal["auto", "html", "text"] = "auto"
    encoding: str | None = None
    outcome: Outcome = Outcome.OK
    reason: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """How input is read and cut into shards.

    Attributes
    ----------
    id_field, url_field, content_field : str or None
        Names of fields or columns. A field that is named must be there. Not named, they are ``id``, else the
        address, else the place; ``url``; the first there is of ``html``, ``text`` and ``content``. Files and archives
        have no fields: a page file's id is its path, a WARC record's its ``WARC-Record-ID``, since archives have
        addresses more than once.
    input : {"auto", "html", "text"} or None
        What the content is. None goes by the name of the file, by what the server declared, and by the look.
    delimiter : str
        Of CSV; files called ``.tsv`` have tabs.
    pattern : str
        Which files of a folder are read, as a shell pattern for their names.
    max_bytes : int
        Longest record after decompression: a line, a row, a page.
    shard_records, shard_bytes : int
        A shard is full when it reaches one of them.
    """

    id_field: str | None = None
    url_field: str | None = None
    content_field: str | None = None
    input: Literal["auto", "html", "text"] | None = None
    delimiter: str = ","
    pattern: str = "*"
    max_bytes: int = 16_000_000
    shard_records: int = 500
    shard_bytes: int = 16_000_000


class Piece(Protocol):
    """A piece of input with one record, or a few that stand together."""

    @property
    def place(self) -> str:
        """Where it stands, unique in a run."""

    @property
    def stamp(self) -> str:
        """What changes when the input does."""

    @property
    def records(self) -> int:
        """How many records it has; 0 where that is not known before it is read."""

    @property
    def size(self) -> int:
        """Its length in bytes, as far as that is known without reading it."""

    def read(self, reading: Reading) -> Iterator[Record]:
        """Yield its records; what cannot be read is a record with the reason."""

    def split(self) -> Sequence[Piece]:
        """Return its records as pieces of their own; itself alone where it is one record."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A piece that is read already: what was parsed on the way, and what could not be read."""

    record: Record
    stamp: str
    records: int = 1

    @property
    def place(self) -> str:
        """Where the record stands."""
        return self.record.place

    @property
    def size(self) -> int:
        """Length of the content."""
        return len(self.record.content or "")

    def read(self, reading: Reading) -> Iterator[Record]:
        """Yield the record."""
        yield self.record

    def split(self) -> Sequence[Piece]:
        """Return the piece itself."""
        return (self,)


@dataclass(frozen=True, slots=True)
class Shard:
    """A run of pieces, for one worker.

    Attributes
    ----------
    key : str
        Its number in the run, fit for a file name; ``000012.0`` is the first part of ``000012``.
    digest : str
        Of the places and stamps of its pieces: another one means that the input changed.
    pieces : tuple of Piece
    """

    key: str
    digest: str
    pieces: tuple[Piece, ...]

    @property
    def place(self) -> str:
        """Where its first piece stands."""
        return self.pieces[0].place

    @property
    def size(self) -> int:
        """Bytes of input, as far as known."""
        return sum(piece.size for piece in self.pieces)


def mark_duplicates(records: Iterable[Record]) -> Iterator[Record]:
    """Yield `records`; one whose id came before has no content and the outcome ``DUPLICATE_ID``."""
    places: dict[str, str] = {}
    for record in records:
        first = places.setdefault(record.id, record.place)
        yield record if first is record.place else duplicate_of(record, first)


def duplicate_of(record: Record, first: str) -> Record:
    """Return `record` as a duplicate of the one at the place `first`."""
    reason = f"{record.place} has the id of {first}"
    return replace(record, content=None, outcome=Outcome.DUPLICATE_ID, reason=reason)
