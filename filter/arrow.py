"""A column of pages in, columns of text, status and confidence out, for engines that hand over data as Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar, cast

import pyarrow as pa

from filter.batch.outcomes import outcome_of
from filter.batch.records import Outcome
from filter.document import Document
from filter.errors import InputError
from filter.labels import DEFAULT_KEEP, Label, parse_keep
from filter.pipeline import Classifier, Input, Options, Source

Data = TypeVar("Data", pa.RecordBatch, pa.Table)


def clean_arrow(
    batch: Data,
    *,
    column: str = "html",
    keep: Iterable[str] | str = DEFAULT_KEEP,
    prefix: str = "",
    input: Input = "auto",  # noqa: A002 - the word users know
    options: Options | None = None,
) -> Data:
    """Return `batch` with three more columns: ``text``, the article, ``status`` and ``confidence``.

    Rows and their order are those of `batch`. A row that cannot be classified takes no other along: its text is null,
    and its status says why.

    Parameters
    ----------
    batch : pyarrow.RecordBatch or pyarrow.Table
    column : str
        Pages or texts; strings or bytes. Null is an empty one.
    keep : iterable of str, or str with commas
        Labels to keep.
    prefix : str
        Put before the names of the new columns, where there are such names already.
    input : {"auto", "html", "text"}
    options : Options, optional

    Returns
    -------
    pyarrow.RecordBatch or pyarrow.Table
        As `batch`. The status is one of `filter.batch.records.Outcome`, the confidence that of `Document`, float64.

    Raises
    ------
    InputError
        There is no such column, it is neither text nor bytes, or a new one would have the name of another.
    KeepError
        `keep` names a label that does not exist.

    Examples
    --------
    >>> import pyarrow as pa
    >>> clean_arrow(pa.record_batch({"html": [None]}, pa.schema({"html": pa.string()})))["status"].to_pylist()
    ['empty']
    """
    wanted = parse_keep(keep)
    new: dict[str, pa.DataType] = {
        f"{prefix}text": pa.string(),
        f"{prefix}status": pa.string(),
        f"{prefix}confidence": pa.float64(),
    }
    _check(batch.schema, column, new)
    sources = (Source(value or "", input=input) for value in _values(batch.column(column)))
    rows = [_row(result, wanted) for result in Classifier(options=options).classify_each(sources)]
    added: list[pa.Array] = [pa.array([row[number] for row in rows], kind) for number, kind in enumerate(new.values())]
    schema = pa.schema([*batch.schema, *map(pa.field, new, new.values())], batch.schema.metadata)
    return cast("Data", type(batch).from_arrays([*batch.columns, *added], schema=schema))


def _row(result: Document | InputError, keep: frozenset[Label]) -> tuple[str | None, Outcome, float | None]:
    """Return the text, status and confidence of a document, or of the error in its place."""
    if isinstance(result, InputError):
        return None, outcome_of(result), None
    return result.text(keep), outcome_of(result), result.confidence


def _check(schema: pa.Schema, column: str, names: Iterable[str]) -> None:
    if column not in schema.names:
        raise InputError(f"no column {column!r}; there are {', '.join(schema.names)}")
    kind = schema.field(column).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (_is_text(kind) or _is_bytes(kind) or pa.types.is_null(kind)):
        raise InputError(f"the column {column!r} is neither text nor bytes, but {kind}")
    for name in names:
        if name in schema.names:
            raise InputError(f"there is a column {name!r} already; prefix= gives the new ones another name")


def _values(column: pa.Array | pa.ChunkedArray) -> Iterator[str | bytes | None]:
    for chunk in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
        array = chunk.dictionary_decode() if pa.types.is_dictionary(chunk.type) else chunk
        if _is_text(array.type):
            yield from map(_text, array.cast(pa.large_binary()).to_pylist())
        else:
            yield from array.to_pylist()


def _text(value: bytes | None) -> str | bytes | None:
    """Return the text; the bytes where they are not UTF-8, which Arrow does not look at."""
    try:
        return value.decode() if value is not None else None
    except UnicodeDecodeError:
        return value


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind))
