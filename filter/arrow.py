"""A column of pages in, columns of text, status and confidence out, for engines that hand over data as Arrow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from typing import TypeVar, cast

import pyarrow as pa

from filter.batch.outcomes import outcome_of
from filter.batch.records import Outcome
from filter.document import Document
from filter.errors import InputError
from filter.labels import DEFAULT_KEEP, Label, parse_keep
from filter.pipeline import Classifier, Input, Options, Source

Data = TypeVar("Data", pa.RecordBatch, pa.Table)


def clean_arrow(  # noqa: PLR0913 - options, by name
    batch: Data,
    *,
    column: str = "html",
    url_column: str | None = None,
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
    url_column : str, optional
        Where the pages came from, strings or null; see `filter.classify`.
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
        There is no such column, it holds something else than it should, or a new one would have the name of another.
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
    _check_names(batch.schema, new)
    _check_kind(batch.schema, column, "neither text nor bytes", _is_text, _is_bytes)
    sources = map(Source, _contents(batch.column(column)), _urls(batch, url_column), repeat(input))
    rows = [_row(result, wanted) for result in Classifier(options=options).classify_each(sources)]
    added: list[pa.Array] = [pa.array([row[number] for row in rows], kind) for number, kind in enumerate(new.values())]
    schema = pa.schema([*batch.schema, *map(pa.field, new, new.values())], batch.schema.metadata)
    return cast("Data", type(batch).from_arrays([*batch.columns, *added], schema=schema))


def _row(result: Document | InputError, keep: frozenset[Label]) -> tuple[str | None, Outcome, float | None]:
    """Return the text, status and confidence of a document, or of the error in its place."""
    if isinstance(result, InputError):
        return None, outcome_of(result), None
    return result.text(keep), outcome_of(result), result.confidence


def _check_kind(schema: pa.Schema, column: str, wrong: str, *wanted: Callable[[pa.DataType], bool]) -> None:
    if column not in schema.names:
        raise InputError(f"no column {column!r}; there are {', '.join(schema.names)}")
    kind = schema.field(column).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (pa.types.is_null(kind) or any(is_wanted(kind) for is_wanted in wanted)):
        raise InputError(f"the column {column!r} is {wrong}, but {kind}")


def _check_names(schema: pa.Schema, names: Iterable[str]) -> None:
    for name in names:
        if name in schema.names:
            raise InputError(f"there is a column {name!r} already; prefix= gives the new ones another name")


def _contents(column: pa.Array | pa.ChunkedArray) -> Iterator[str | bytes]:
    return (value or "" for value in _values(column))


def _urls(batch: pa.RecordBatch | pa.Table, column: str | None) -> Iterator[str | None]:
    """Return the address of each row; none where there is no column, or the bytes of a string are not UTF-8."""
    if column is None:
        return repeat(None)
    _check_kind(batch.schema, column, "not text", _is_text)
    return (value if isinstance(value, str) else None for value in _values(batch.column(column)))


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
