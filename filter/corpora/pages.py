"""Whole pages with gold text: one Parquet file a source, one row a page.

``pip install 'newsfilter[corpora]'`` brings what this needs (pyarrow, tldextract).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from functools import cache
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from filter.errors import CorpusError

if TYPE_CHECKING:
    import pyarrow as pa
    from tldextract import TLDExtract

#: Pages held in memory at a time; the largest are some megabytes.
_BATCH = 64
_NULLABLE = frozenset(("url", "lang", "title", "text"))
_LISTS = frozenset(("must_have", "must_not_have"))


@dataclass(frozen=True, slots=True)
class PageRecord:
    """A page and what a right extraction of it holds.

    Attributes
    ----------
    id : str
        Unique over all sources.
    source : str
    url : str or None
    domain : str
        Registrable domain, ``unknown-{id}`` where no address is known. Folds are split by it.
    kind : str
        Page type: ``article``, ``forum``, ``product``, …
    lang : str or None
        From the page's own ``lang``.
    title : str or None
    html : str
        Decoded, otherwise as served.
    text : str or None
        Gold text; None where a source has only snippets.
    must_have, must_not_have : tuple of str
        Snippets that a right extraction contains, and does not contain.
    licence : str
        Of the labels; rights in the page stay with its publisher.
    """

    id: str
    source: str
    url: str | None
    domain: str
    kind: str
    lang: str | None
    title: str | None
    html: str
    text: str | None
    must_have: tuple[str, ...]
    must_not_have: tuple[str, ...]
    licence: str


def read_pages(paths: Iterable[Path]) -> Iterator[PageRecord]:
    """Yield the pages of the Parquet files `paths`, in order, a few at a time.

    Raises
    ------
    CorpusError
        A file is missing, is no Parquet, or breaks the schema; pyarrow is not installed.
    """
    for path in paths:
        yield from _read_file(path)


def write_pages(records: Iterable[PageRecord], path: Path) -> int:
    """Write `records` to the Parquet file `path` and return how many they were.

    Raises
    ------
    CorpusError
        pyarrow is not installed.
    """
    arrow, parquet = _pyarrow()
    schema = _schema(arrow)
    rows = map(asdict, records)
    written = 0
    part = path.with_name(f"{path.name}.part")  # a run that fails leaves no half of a corpus behind
    try:
        with parquet.ParquetWriter(part, schema, compression="zstd") as writer:
            while batch := list(islice(rows, _BATCH)):
                writer.write_table(arrow.Table.from_pylist(batch, schema=schema))
                written += len(batch)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return written


def corpus_digest(path: Path) -> str:
    """Return the SHA-256 of the file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def registrable_domain(url: str) -> str | None:
    """Return the domain that somebody registered, lower-case, or None where `url` names none.

    Notes
    -----
    The list of public suffixes is the one that tldextract brings along; the network is never asked.

    Examples
    --------
    >>> registrable_domain("https://news.example.co.uk/story?id=1")
    'example.co.uk'
    """
    parts = _extractor()(url)
    return f"{parts.domain}.{parts.suffix}".lower() if parts.domain and parts.suffix else None


def _read_file(path: Path) -> Iterator[PageRecord]:
    arrow, parquet = _pyarrow()
    try:
        file = parquet.ParquetFile(path)
    except (OSError, arrow.ArrowInvalid) as error:
        raise CorpusError(f"cannot be read as Parquet: {error}", source=str(path)) from error
    with file:
        _check_schema(arrow, file.schema_arrow, path)
        for batch in file.iter_batches(batch_size=_BATCH, columns=[field.name for field in fields(PageRecord)]):
            for row in batch.to_pylist():
                yield _record(row, path)


def _check_schema(arrow: ModuleType, schema: pa.Schema, path: Path) -> None:
    for wanted in _schema(arrow):
        if wanted.name not in schema.names:
            raise CorpusError(f"has no column {wanted.name!r}", source=str(path))
        found = schema.field(wanted.name).type
        inner = found.value_type if arrow.types.is_list(found) and wanted.name in _LISTS else found
        # A column without any value has no type of its own.
        empty = arrow.types.is_null(inner) and wanted.name in _NULLABLE | _LISTS
        if not (empty or (arrow.types.is_string(inner) and (inner is found) is (wanted.name not in _LISTS))):
            raise CorpusError(f"column {wanted.name!r} is {found}, not {wanted.type}", source=str(path))


def _record(row: dict[str, Any], path: Path) -> PageRecord:
    for name, value in row.items():
        missing = value is None or (name in _LISTS and None in value)
        if missing and name not in _NULLABLE:
            raise CorpusError(f"column {name!r} has no value in row {row['id']!r}", source=str(path))
    return PageRecord(**row | {name: tuple(row[name]) for name in _LISTS})


def _schema(arrow: ModuleType) -> pa.Schema:
    text, texts = arrow.string(), arrow.list_(arrow.string())
    return arrow.schema([(field.name, texts if field.name in _LISTS else text) for field in fields(PageRecord)])


def _pyarrow() -> tuple[ModuleType, ModuleType]:
    try:
        import pyarrow  # noqa: PLC0415 - an extra
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError as error:
        raise CorpusError("page corpora need pyarrow: pip install 'newsfilter[corpora]'") from error
    return pyarrow, parquet


@cache
def _extractor() -> TLDExtract:
    try:
        from tldextract import TLDExtract  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise CorpusError("page corpora need tldextract: pip install 'newsfilter[corpora]'") from error
    return TLDExtract(suffix_list_urls=(), cache_dir=None)
