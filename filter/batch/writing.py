"""Rows of output, and part files that are whole or not there."""

from __future__ import annotations

import gzip
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, cast

from filter.batch.reading.streams import why, zstd_library
from filter.batch.records import Outcome
from filter.document import Line
from filter.errors import FilterError
from filter.output import line_record

#: Rows of a Parquet part that are held at once.
_ROWS = 256
#: Longest name of a file or folder, in bytes, that every file system takes, less what is put behind it.
_MOST_NAME = 200
#: Most characters of a path below the folder.
_MOST_PATH = 1000
_UNSAFE = re.compile(r"[^\w.\-~+=@,%]")
_SCHEME = re.compile(r"\A[a-z][a-z0-9+.-]*://|\A/+", re.IGNORECASE)


class Form(StrEnum):
    """What a part is written as; its name ends so."""

    JSONL = "jsonl"
    JSONL_GZ = "jsonl.gz"
    JSONL_ZST = "jsonl.zst"
    PARQUET = "parquet"
    TEXT = "txt"
    MARKDOWN = "md"


@dataclass(frozen=True, slots=True)
class Row:
    """What is written for a record.

    Attributes
    ----------
    id : str
    url : str or None
    status : Outcome
    reason : str
        Why there is no text; empty otherwise.
    text : str
        In the form asked for: plain, or Markdown.
    confidence : float or None
    lines : tuple of Line or None
        All lines with their labels; None where they were not asked for.
    """

    id: str
    url: str | None
    status: Outcome
    reason: str = ""
    text: str = ""
    confidence: float | None = None
    lines: tuple[Line, ...] | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that was dropped from the record `id`."""

    id: str
    line: Line


@contextmanager
def part(folder: Path, key: str, form: Form) -> Iterator[Callable[[Row], None]]:
    """Give a function that writes a row to the part `key` in `folder`.

    The part appears, whole and on the disk, when the block ends; not at all, where it ends with an error. ``TEXT`` and
    ``MARKDOWN`` write a file for each row that has text, below ``folder/text``, and the part holds where it is.

    Raises
    ------
    FilterError
        The part cannot be written: disk full, no permission.
    """
    path = part_path(folder, key, form)
    with _writing(path) as raw:
        if form is Form.PARQUET:
            with _parquet(raw) as write_row:
                yield write_row
        else:
            mirror = _Mirror(folder / "text", form) if form in (Form.TEXT, Form.MARKDOWN) else None
            with _packed(raw, form) as file:
                yield lambda row: _write_json(file, mirror.place(row) if mirror else _fields(row))


@contextmanager
def rejects(path: Path) -> Iterator[Callable[[Reject], None]]:
    """Give a function that writes a dropped line to `path`, as JSON Lines; packed where its name ends so.

    Raises
    ------
    FilterError
        See `part`.
    """
    forms = (Form.JSONL_GZ, Form.JSONL_ZST)
    form = next((form for form in forms if path.name.endswith(form)), Form.JSONL)
    with _writing(path) as raw, _packed(raw, form) as file:
        yield lambda reject: _write_json(file, {"id": reject.id} | _line(reject.line))


def part_path(folder: Path, key: str, form: Form) -> Path:
    """Return where `part` writes: a file in ``folder/parts``."""
    suffix = Form.JSONL if form in (Form.TEXT, Form.MARKDOWN) else form
    return folder / "parts" / f"{key}.{suffix}"


class _Mirror:
    """A folder with a file for each text, at a path like its record's id."""

    def __init__(self, folder: Path, form: Form) -> None:
        self._folder = folder
        self._suffix = f".{form}"

    def place(self, row: Row) -> dict[str, object]:
        """Write the text of `row`; return its other fields, and where the text is."""
        fields = _fields(row)
        text = row.text
        if row.status is not Outcome.OK:
            return fields
        path = self._folder / mirrored(row.id, self._suffix)
        with _writing(path) as raw:
            raw.write(text.encode() + b"\n")
        return fields | {"file": path.relative_to(self._folder).as_posix()}


def mirrored(name: str, suffix: str) -> Path:
    """Return a relative path for the id `name`; no two ids have the same, and none leads out of the folder.

    Parameters
    ----------
    name : str
        A path, an address, anything.
    suffix : str
        With its dot.

    Examples
    --------
    >>> mirrored("pages/2026/rain.html", ".txt").as_posix()
    'pages/2026/rain.html.txt'
    >>> mirrored("https://news.example/rain?page=2", ".txt").as_posix()
    'news.example/rain_page=2-ef7971bb9634.txt'
    """
    parts = [_file_name(part, suffix) for part in _SCHEME.sub("", name).split("/")]
    if sum(map(len, parts)) > _MOST_PATH:
        parts = parts[:1]
    path = "/".join(parts)
    return Path(path + ("" if path == name else _digest(name)) + suffix)


def _file_name(part: str, suffix: str) -> str:
    """Return a name without signs that a file system or a shell takes for something else."""
    safe = _UNSAFE.sub("_", part).encode()[:_MOST_NAME].decode("utf-8", "ignore")
    # A folder must not have the name of a file beside it; dots alone lead upwards.
    return f"{safe}_" if not safe.strip(".") or safe.lower().endswith(suffix) else safe


def _digest(name: str) -> str:
    return "-" + blake2b(name.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


@contextmanager
def _writing(path: Path) -> Iterator[BinaryIO]:
    """Give a file that is renamed to `path` when the block ends well, and removed otherwise."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with unfinished.open("wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        finally:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise FilterError(f"cannot be written: {why(error)}", source=str(path)) from error


@contextmanager
def _packed(raw: BinaryIO, form: Form) -> Iterator[BinaryIO]:
    """Give a file that compresses into `raw`; the same rows give the same bytes."""
    if form is Form.JSONL_GZ:
        with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0) as file:
            yield cast("BinaryIO", file)
    elif form is Form.JSONL_ZST:
        with zstd_library().ZstdFile(raw, "wb") as file:
            yield file
    else:
        yield raw


def _write_json(file: BinaryIO, fields: dict[str, object]) -> None:
    file.write(json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace") + b"\n")


def _fields(row: Row) -> dict[str, object]:
    fields: dict[str, object] = {"id": row.id, "url": row.url, "status": row.status.value, "reason": row.reason}
    fields["text"] = row.text
    if row.confidence is not None:
        fields["confidence"] = round(row.confidence, 4)
    if row.lines is not None:
        fields["lines"] = [_line(line) for line in row.lines]
    return fields


def _line(line: Line) -> dict[str, object]:
    return {name: value for name, value in line_record(line).items() if name != "keep_probability"}


@contextmanager
def _parquet(raw: BinaryIO) -> Iterator[Callable[[Row], None]]:
    """Give a function that adds a row to a Parquet file in `raw`."""
    pa, parquet = _pyarrow()
    line = pa.struct([("text", pa.string()), ("label", pa.string()), ("probability", pa.float64())])
    line = pa.struct([*line, ("source", pa.string())])
    names = {name: pa.string() for name in ("id", "url", "status", "reason", "text")}
    schema = pa.schema({**names, "confidence": pa.float64(), "lines": pa.list_(line)})
    held: list[dict[str, object]] = []
    with parquet.ParquetWriter(raw, schema, compression="zstd") as writer:

        def flush() -> None:
            if held:
                writer.write_table(pa.Table.from_pylist(held, schema))
                held.clear()

        def write(row: Row) -> None:
            held.append(_fields(row))
            if len(held) >= _ROWS:
                flush()

        yield write
        flush()


def _pyarrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError:
        raise FilterError("Parquet needs pyarrow: pip install 'newsfilter[batch]'") from None
