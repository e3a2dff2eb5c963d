"""A plain line as a reader reads it: without indentation and without the marks of Markdown.

Text that somebody already extracted is often indented or in Markdown (CommonMark, https://spec.commonmark.org, with
GitHub's tables). Neither tells what a line is for, and both would hide from the model what does.
"""

from __future__ import annotations

import re

from filter.text import squeeze

#: A longer line is long, whatever marks it has, and is not searched for them.
_LONGEST = 20_000
#: Only a line that has one of these has marks.
_MARKED = re.compile(r"[#>|*_]|\]\(")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+[\"'][^\"']*[\"'])?\)")
_OPENING = re.compile(r"^(?:>\s?)*(?:#{1,6}\s+)?")
#: Strong emphasis anywhere, plain emphasis around a whole line: a single mark inside one may be something else.
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.{1,400}?)(?<=\S)\1")
_EMPHASIS = re.compile(r"^([*_])(?=[^\s*_])(.+)(?<=[^\s*_])\1$")
_ROW = re.compile(r"^\|(.*)\|$")


def read_line(line: str) -> str:
    """Return what a reader reads of a line that is not blank: never blank, whitespace squeezed.

    A line of nothing but marks is left as it is. List bullets stay: they are as common in plain text.

    Examples
    --------
    >>> read_line("    ## **Rain** in the [hills](https://example.org/hills)")
    'Rain in the hills'
    >>> read_line("| Goals | 3 |")
    'Goals 3'
    """
    text = squeeze(line)
    if len(text) <= _LONGEST and _MARKED.search(text):
        return squeeze(_without_marks(text)) or text
    return text or line


def _without_marks(text: str) -> str:
    text = _OPENING.sub("", text)
    # A link may hold a picture.
    text = _LINK.sub(r"\1", _LINK.sub(r"\1", text))
    text = _EMPHASIS.sub(r"\2", _STRONG.sub(r"\2", text))
    row = _ROW.match(text)
    return row[1].replace("|", " ") if row else text
