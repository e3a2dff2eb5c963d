"""Character classes and folding as lookup tables, and strings as code points.

The tables are made once, when a model is trained, and travel inside it: features then do not depend
on the Unicode version of the Python that runs the model, and no start-up time goes into building them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

Entry = TypeVar("Entry", np.uint8, np.uint32)
#: Code points from here on share the last entry (rare Han, private use).
SIZE = 0x1FB00


class CharClass(IntEnum):
    """What features tell apart in a text."""

    LOWER = 0
    UPPER = 1
    DIGIT = 2
    SPACE = 3
    STOP = 4  # ends a sentence
    COMMA = 5
    QUOTE = 6
    PUNCT = 7
    CURRENCY = 8
    SYMBOL = 9  # emoji, arrows, boxes
    UNSPACED = 10  # letters of scripts written without spaces
    UNCASED = 11  # Arabic, Hebrew, Devanagari, Hangul, ...
    FORMAT = 12  # zero-width and control characters
    DASH = 13
    SEPARATOR = 14  # bullets, bars and angle quotes between items


N_CLASSES = len(CharClass)

_STOPS = frozenset(".!?…。！？｡．।॥؟۔።")
_COMMAS = frozenset(",;:、，；：،؛")
_SEPARATORS = frozenset("|•·›»▸►→‹«●■▪★☆")
_UNSPACED = ((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3041, 0x30FF), (0x31F0, 0x31FF),
             (0x3400, 0x9FFF), (0xF900, 0xFAFF))  # fmt: skip


class CharTables(NamedTuple):
    """Lookup tables, each of shape (SIZE,).

    Attributes
    ----------
    classes : ndarray of uint8
        `CharClass` of each code point.
    folded : ndarray of uint32
        Compatibility-normalised lower-case form where that is one character; digits become ``0``.
    """

    classes: NDArray[np.uint8]
    folded: NDArray[np.uint32]


def build_tables() -> CharTables:
    """Return the tables for the Unicode version of this Python."""
    classes = np.empty(SIZE, np.uint8)
    folded = np.arange(SIZE, dtype=np.uint32)
    for point in range(SIZE):
        character = chr(point)
        classes[point] = _class_of(character, point)
        if classes[point] == CharClass.DIGIT:
            folded[point] = ord("0")
        else:
            plain = unicodedata.normalize("NFKC", character).lower()
            if len(plain) == 1 and ord(plain) < SIZE:
                folded[point] = ord(plain)
    return CharTables(classes, folded)


def _class_of(character: str, point: int) -> CharClass:
    if character.isspace():
        return CharClass.SPACE
    for members, char_class in ((_STOPS, CharClass.STOP), (_COMMAS, CharClass.COMMA),
                                (_SEPARATORS, CharClass.SEPARATOR)):  # fmt: skip
        if character in members:
            return char_class
    category = unicodedata.category(character)
    if category[0] == "L" or category[0] == "M":
        if any(low <= point <= high for low, high in _UNSPACED):
            return CharClass.UNSPACED
        return {"Lu": CharClass.UPPER, "Lt": CharClass.UPPER, "Ll": CharClass.LOWER, "Mn": CharClass.LOWER}.get(
            category, CharClass.UNCASED
        )
    by_category = {
        "Nd": CharClass.DIGIT, "Pi": CharClass.QUOTE, "Pf": CharClass.QUOTE, "Pd": CharClass.DASH,
        "Sc": CharClass.CURRENCY, "Cf": CharClass.FORMAT, "Cc": CharClass.FORMAT,
    }  # fmt: skip
    if category in by_category:
        return by_category[category]
    if character in "\"'":
        return CharClass.QUOTE
    return CharClass.PUNCT if category[0] == "P" else CharClass.SYMBOL


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of `text`, shape (len(text),); lone surrogates pass."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def look_up(table: NDArray[Entry], points: NDArray[np.uint32]) -> NDArray[Entry]:
    """Return the entry of each code point; shape of `points`. Points past the table share its last entry."""
    return table.take(points, mode="clip")


def starts_of(texts: Sequence[str], *, padding: int) -> NDArray[np.int64]:
    """Return where each text starts when all are joined with `padding` more characters each; one end more."""
    lengths = np.fromiter(map(len, texts), np.int64, len(texts)) + padding
    return np.concatenate(([0], np.cumsum(lengths)))
