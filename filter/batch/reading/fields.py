"""A record out of named fields: of a JSON object, a CSV row, a row of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from filter.batch.records import Outcome, Reading, Record
from filter.errors import InputError

#: The first that is there holds the content, where `Reading` names none.
CONTENT_FIELDS = ("html", "text", "content")


def failed(place: str, outcome: Outcome, reason: str) -> Record:
    """Return the record that stands for what could not be read at `place`."""
    return Record(place, None, outcome=outcome, reason=reason, place=place)


def record_from(fields: Mapping[str, object], place: str, reading: Reading) -> Record:
    """Return the record that `fields` hold; one that says why, where they hold none."""
    record = failed(place, Outcome.OK, "")
    try:
        record = replace(record, url=_string(fields, reading.url_field, ("url",)))
        record = replace(record, id=_string(fields, reading.id_field, ("id",)) or record.url or place)
        content = _content(fields, reading)
    except InputError as error:
        return replace(record, outcome=Outcome.MALFORMED, reason=error.reason)
    if content is None:
        return replace(record, outcome=Outcome.EMPTY, reason="the content is null")
    if len(content) > reading.max_bytes:
        return replace(record, outcome=Outcome.TOO_LARGE, reason=f"over the limit of {reading.max_bytes:,} bytes")
    return replace(record, content=content, input=reading.input or "auto")


def chosen(names: Mapping[str, object], wanted: str | None, usual: tuple[str, ...]) -> str | None:
    """Return the field that is `wanted`, else the first of the usual ones that is there.

    Raises
    ------
    InputError
        `wanted` is not there.
    """
    if wanted is not None and wanted not in names:
        raise InputError(f"no field {wanted!r}; there are {', '.join(map(str, names))}"[:500])
    return wanted or next((name for name in usual if name in names), None)


def _string(fields: Mapping[str, object], wanted: str | None, usual: tuple[str, ...]) -> str | None:
    """Return the id or address; None where the field has none."""
    name = chosen(fields, wanted, usual)
    value = fields[name] if name else None
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    if value is None or value == "":
        if wanted is not None:
            raise InputError(f"the field {name!r} is empty")
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise InputError(f"the field {name!r} is neither text nor a whole number")
    return whole_characters(str(value))


def _content(fields: Mapping[str, object], reading: Reading) -> str | bytes | None:
    name = chosen(fields, reading.content_field, CONTENT_FIELDS)
    if name is None:
        there = ", ".join(map(str, fields)) or "no fields"
        raise InputError(f"no field {', '.join(map(repr, CONTENT_FIELDS))}; there are {there}"[:500])
    value = fields[name]
    if value is not None and not isinstance(value, str | bytes):
        raise InputError(f"the field {name!r} is not text")
    return whole_characters(value) if isinstance(value, str) else value


def whole_characters(text: str) -> str:
    r"""Return `text` with halves of characters joined, or U+FFFD where the other half is missing.

    JSON can write them (``\ud83d``), and no file can hold them.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
