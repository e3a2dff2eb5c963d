"""Whitespace, words and their overlap; no HTML."""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORD = re.compile(
    # A letter of a script written without spaces (Han, kana, Thai, Lao, Khmer, Myanmar) is a word of its own.
    "[\u3400-\u9fff\uf900-\ufaff\u3041-\u30ff\u31f0-\u31ff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"
    "|[^\\W_\u3400-\u9fff\uf900-\ufaff\u3041-\u30ff\u31f0-\u31ff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]+"
)


def squeeze(text: str) -> str:
    """Return `text` with each run of whitespace as one space, none at the ends."""
    return " ".join(text.split())


def words(text: str) -> list[str]:
    """Return the lower-cased words of `text`; each letter of an unspaced script is one word."""
    return _WORD.findall(text.lower())


def lines(text: str) -> Iterator[tuple[int, str]]:
    r"""Yield ``(number, line)`` of the non-blank lines, numbered from 1; line ends are cut off.

    Only ``\n``, ``\r\n`` and ``\r`` end a line: form feeds and Unicode separators occur inside scraped lines.
    """
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    for number, line in enumerate(unified.split("\n"), 1):
        if line and not line.isspace():
            yield number, line
