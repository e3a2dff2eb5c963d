"""A `Document` as text, Markdown, JSON or HTML; pure functions, no file is opened."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from html import escape
from itertools import groupby
from typing import NamedTuple
from urllib.parse import urljoin

from filter.document import Document, Line
from filter.labels import DEFAULT_KEEP, Label

Keep = Iterable[str] | str

_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_ITEM_SOURCE = re.compile(r"(.*/(ul|ol)\[\d+\])/li\[\d+\].*")
#: The groups are the cell, its row and its table.
_CELL_SOURCE = re.compile(r"(((.*/table\[\d+\])/(?:.*/)?tr\[\d+\])/t[dh]\[\d+\]).*")
_MARKDOWN_SPECIAL = re.compile(r"[\\`*_\[\]<>~|]|&(?=#?\w+;)")
#: What starts a heading, a list, a rule or a fence where it stands first in a paragraph.
_MARKDOWN_START = re.compile(r"\A(\d{0,9})([#+=.)-])(?=[\s#=-]|\Z)")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_SAFE_SCHEMES = frozenset(("http:", "https:", "mailto:"))
#: Browsers drop these from an address before they read its scheme.
_DROPPED_IN_ADDRESS = dict.fromkeys((*range(32), 127))
_MARKDOWN_ADDRESS = str.maketrans({" ": "%20", "(": "%28", ")": "%29", "<": "%3C", ">": "%3E", "\\": "%5C"})


class Format(StrEnum):
    """What a document can be written as."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"


class _Piece(NamedTuple):
    """A stretch of a line's text, with the address it links to, if any."""

    text: str
    href: str | None


class _Group(NamedTuple):
    """What neighbouring lines form together: ``kind`` is "", "ul", "ol", "quote", "pre" or "table"."""

    kind: str
    place: str


_PARAGRAPHS = _Group("", "")


def render(document: Document, form: Format, keep: Keep = DEFAULT_KEEP) -> str:
    """Return `document` in the form asked for.

    Parameters
    ----------
    document : Document
    form : Format
    keep : iterable of str, or str with commas
        Labels to keep. JSON lists the other lines too.

    Returns
    -------
    str
        Without a newline at the end.

    Raises
    ------
    KeepError
        `keep` names a label that does not exist.
    """
    writers: dict[Format, Callable[[Document, Keep], str]] = {
        Format.TEXT: to_text,
        Format.MARKDOWN: to_markdown,
        Format.JSON: to_json,
        Format.HTML: to_html,
    }
    return writers[form](document, keep)


def to_text(document: Document, keep: Keep = DEFAULT_KEEP) -> str:
    """Return the kept lines, one a line."""
    return document.text(keep)


def to_json(document: Document, keep: Keep = DEFAULT_KEEP) -> str:
    """Return one JSON object: url, status, confidence, kept text, and every line with its label, kept or not."""
    return json.dumps(
        {
            "url": document.url,
            "status": document.status,
            "confidence": _rounded(document.confidence),
            "text": document.text(keep),
            "lines": [line_record(line) for line in document.lines],
        },
        ensure_ascii=False,
    )


def jsonl_lines(document: Document, *, name: str) -> Iterator[str]:
    """Yield one JSON object for each line of `document`, in page order; each tells status and confidence of the page.

    Parameters
    ----------
    document : Document
    name : str
        What the document is called: its file name or address; stands in each object as ``document``.
    """
    page = {"document": name, "status": document.status, "confidence": _rounded(document.confidence)}
    for line in document.lines:
        yield json.dumps({**page, **line_record(line)}, ensure_ascii=False)


def to_markdown(document: Document, keep: Keep = DEFAULT_KEEP) -> str:
    """Return the kept lines as Markdown (CommonMark, with tables): headings, lists, quotes, code, links.

    A title that the page does not mark as a heading becomes one of level 1.
    """
    groups = groupby(document.kept(keep), key=_group)
    return "\n\n".join(_markdown_group(group, list(lines), document.url) for group, lines in groups)


def to_html(document: Document, keep: Keep = DEFAULT_KEEP) -> str:
    """Return the kept lines as an ``article`` element without classes, styles or scripts.

    Links keep their address where it is relative, http, https or mailto.
    """
    groups = groupby(document.kept(keep), key=_group)
    parts = [_html_group(group, list(lines), document.url) for group, lines in groups]
    return "\n".join(("<article>", *parts, "</article>"))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def line_record(line: Line) -> dict[str, str | float]:
    """Return a line as plain data: text, label, both probabilities to four digits, and place."""
    return {
        "text": line.text,
        "label": line.label.value,
        "probability": round(float(line.probability), 4),
        "keep_probability": round(float(line.keep_probability), 4),
        "source": line.source,
    }


def _group(line: Line) -> _Group:
    """Return what `line` belongs to together with its neighbours."""
    if _heading_level(line):
        return _PARAGRAPHS
    if line.tag == "pre":
        return _Group("pre", line.source)
    if line.tag in ("td", "th"):
        cell = _CELL_SOURCE.fullmatch(line.source)
        return _Group("table", cell[3]) if cell else _PARAGRAPHS
    if line.tag == "li":
        item = _ITEM_SOURCE.fullmatch(line.source)
        return _Group(item[2], item[1]) if item else _Group("ul", "")
    return _Group("quote", "") if line.tag == "blockquote" else _PARAGRAPHS


def _heading_level(line: Line) -> int:
    """Return 1 to 6 for a heading, 0 for any other line."""
    if line.tag in _HEADINGS:
        return int(line.tag[1])
    return 1 if line.label is Label.TITLE else 0


def _rows(lines: list[Line]) -> list[list[list[Line]]]:
    """Return the cells of each row, each cell as its lines; no rows for a table that only lays out the page."""
    rows = [
        [list(cell) for _, cell in groupby(row, key=lambda line: _CELL_SOURCE.sub(r"\1", line.source))]
        for _, row in groupby(lines, key=lambda line: _CELL_SOURCE.sub(r"\2", line.source))
    ]
    return rows if any(len(row) > 1 for row in rows) else []


def _pieces(line: Line, base: str | None) -> Iterator[_Piece]:
    """Yield the text of `line` cut at its links; a link whose text is not found, or not safe, is plain text."""
    position = 0
    for link in line.links:
        start = line.text.find(link.text, position) if link.text else -1
        href = _safe_address(link.href, base)
        if start < 0 or not href:
            continue
        yield _Piece(line.text[position:start], None)
        yield _Piece(link.text, href)
        position = start + len(link.text)
    yield _Piece(line.text[position:], None)


def _safe_address(href: str, base: str | None) -> str | None:
    """Return the address, made absolute where `base` is known, or None where it could run a script."""
    address = href.translate(_DROPPED_IN_ADDRESS).strip()
    try:
        address = urljoin(base, address) if base else address
    except ValueError:
        return None
    scheme = _SCHEME.match(address)
    return address if address and (scheme is None or scheme[0].lower() in _SAFE_SCHEMES) else None


def _markdown_group(group: _Group, lines: list[Line], base: str | None) -> str:
    texts = [_markdown_line(line, base) for line in lines]
    if group.kind == "ul":
        return "\n".join(f"- {text}" for text in texts)
    if group.kind == "ol":
        return "\n".join(f"{number}. {text}" for number, text in enumerate(texts, 1))
    if group.kind == "quote":
        return "\n>\n".join(f"> {text}" for text in texts)
    if group.kind == "pre":
        return _markdown_code("\n".join(line.text for line in lines))
    rows = _rows(lines) if group.kind == "table" else []
    return _markdown_table(rows, base) if rows else "\n\n".join(texts)


def _markdown_line(line: Line, base: str | None) -> str:
    parts = []
    for text, href in _pieces(line, base):
        plain = _MARKDOWN_SPECIAL.sub(r"\\\g<0>", text)
        parts.append(f"[{plain}]({href.translate(_MARKDOWN_ADDRESS)})" if href else plain)
    # Leading spaces would make code of it, and a line break a second paragraph.
    text = " ".join("".join(parts).splitlines()).strip()
    level = _heading_level(line)
    return f"{'#' * level} {text}" if level else _MARKDOWN_START.sub(r"\1\\\2", text, count=1)


def _markdown_code(code: str) -> str:
    longest = max(map(len, re.findall("`+", code)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{code}\n{fence}"


def _markdown_table(rows: list[list[list[Line]]], base: str | None) -> str:
    width = max(map(len, rows))
    texts = [[" ".join(_markdown_line(line, base) for line in cell) for cell in row] for row in rows]
    first, *rest = (f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in texts)
    return "\n".join((first, "|" + " --- |" * width, *rest))


def _html_group(group: _Group, lines: list[Line], base: str | None) -> str:
    rows = _rows(lines) if group.kind == "table" else []
    if rows:
        return "\n".join(("<table>", *(_html_row(row, base) for row in rows), "</table>"))
    if group.kind in ("ul", "ol"):
        return "\n".join((f"<{group.kind}>", *(_html_line(line, "li", base) for line in lines), f"</{group.kind}>"))
    if group.kind == "quote":
        return "\n".join(("<blockquote>", *(_html_line(line, "p", base) for line in lines), "</blockquote>"))
    return "\n".join(_html_line(line, _html_tag(line, group), base) for line in lines)


def _html_row(cells: list[list[Line]], base: str | None) -> str:
    parts = []
    for cell in cells:
        tag = cell[0].tag
        parts.append(f"<{tag}>{'<br>'.join(_html_content(line, base) for line in cell)}</{tag}>")
    return f"<tr>{''.join(parts)}</tr>"


def _html_tag(line: Line, group: _Group) -> str:
    level = _heading_level(line)
    if level:
        return f"h{level}"
    return "pre" if group.kind == "pre" else "p"


def _html_line(line: Line, tag: str, base: str | None) -> str:
    return f"<{tag}>{_html_content(line, base)}</{tag}>"


def _html_content(line: Line, base: str | None) -> str:
    return "".join(
        f'<a href="{escape(href)}">{escape(text)}</a>' if href else escape(text, quote=False)
        for text, href in _pieces(line, base)
    )
