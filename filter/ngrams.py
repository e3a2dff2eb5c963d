"""Character and word n-grams of many strings, hashed in one go.

The hashing trick (Weinberger et al. 2009, https://arxiv.org/abs/0902.2206) without a loop over
characters: polynomial hashes of all windows of the joined strings are computed as whole arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from filter.characters import CharClass, CharTables, code_points, look_up, starts_of

#: Characters that join their neighbours in a word.
_JOINING = np.array([CharClass.LOWER, CharClass.UPPER, CharClass.DIGIT, CharClass.UNCASED], np.uint8)
#: Boilerplate shows at the ends of a block; the middle of a long paragraph adds only cost.
HEAD_CHARS, TAIL_CHARS = 90, 50
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_BASE = np.uint64(1_000_003)
_INVERSE = np.uint64(pow(int(_BASE), -1, 2**64))
#: Nearly all pages have fewer characters; powers up to this one are computed once.
_KEPT = 1 << 16


class Hashed(NamedTuple):
    """Rows of bucket numbers in compressed form, as scipy's CSR has them.

    Attributes
    ----------
    buckets : ndarray of int64, shape (n_hits,)
    offsets : ndarray of int64, shape (n_rows + 1,)
        Row ``i`` is ``buckets[offsets[i]:offsets[i + 1]]``.
    """

    buckets: NDArray[np.int64]
    offsets: NDArray[np.int64]


def clip(text: str) -> str:
    """Return the head and tail of a long text, the whole of a short one."""
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return f"{text[:HEAD_CHARS]}\n{text[-TAIL_CHARS:]}"


def hash_ngrams(texts: Sequence[str], tables: CharTables, *, bits: int, sizes: Sequence[int] = (2, 3, 4, 5)) -> Hashed:
    """Return the hashed character `sizes`-grams, words and word pairs of each text.

    Parameters
    ----------
    texts : sequence of str, length n_rows
    tables : CharTables
    bits : int
        There are ``2 ** bits`` buckets.
    sizes : sequence of int
        Lengths of the character n-grams. A text is padded with one boundary mark on either side.

    Returns
    -------
    Hashed
        n_rows rows; a text of no characters still has its boundary marks.
    """
    joined = "".join([f"\n{text}\n" for text in texts])
    points = code_points(joined)
    starts = starts_of(texts, padding=2)
    folded = look_up(tables.folded, points).astype(np.uint64)
    row = np.repeat(np.arange(len(texts)), np.diff(starts))
    buckets, rows = _char_grams(folded, row, sizes, bits)
    word_hashes, word_rows = word_hashes_of(folded, look_up(tables.classes, points), row)
    pairs = word_hashes[:-1] * np.uint64(31) + word_hashes[1:]
    same = word_rows[:-1] == word_rows[1:]
    buckets += [_mix(word_hashes, bits, 101), _mix(pairs[same], bits, 102)]
    rows += [word_rows, word_rows[:-1][same]]
    all_rows = np.concatenate(rows)
    # numpy sorts 16-bit integers by radix, in linear time.
    order = np.argsort(all_rows.astype(np.uint16) if len(texts) <= 1 << 16 else all_rows, kind="stable")
    counts = np.bincount(all_rows, minlength=len(texts))
    return Hashed(np.concatenate(buckets)[order], np.concatenate(([0], np.cumsum(counts))))


def _char_grams(
    folded: NDArray[np.uint64], row: NDArray[np.int64], sizes: Sequence[int], bits: int
) -> tuple[list[NDArray[np.int64]], list[NDArray[np.int64]]]:
    buckets, rows = [], []
    grams = folded.copy()
    for size in range(2, max(sizes) + 1):
        grams = grams[:-1] * _BASE + folded[size - 1 :]
        if size in sizes and len(grams):
            inside = row[: len(grams)] == row[size - 1 :]
            buckets.append(_mix(grams[inside], bits, size))
            rows.append(row[: len(grams)][inside])
    return buckets, rows


def word_hashes_of(
    folded: NDArray[np.uint64], classes: NDArray[np.uint8], row: NDArray[np.int64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Return a hash and the row of each word; a letter of an unspaced script is a word.

    Words are runs of letters and digits. The hash of a run is a difference of two prefix sums of
    ``code * base ** position``, shifted back by the inverse of the base (all modulo 2**64).
    """
    runs = classes == _JOINING[0]
    for member in _JOINING[1:]:
        runs |= classes == member
    # A word goes on from one character to the next; unspaced letters stand for themselves.
    goes_on = runs[1:] & runs[:-1]
    goes_on &= row[1:] == row[:-1]
    in_word = runs | (classes == np.uint8(CharClass.UNSPACED))
    begins = in_word.copy()
    begins[1:] &= ~goes_on
    in_word[:-1] &= ~goes_on
    first, last = np.flatnonzero(begins), np.flatnonzero(in_word)
    sums = np.zeros(len(folded) + 1, np.uint64)
    np.cumsum(folded * _powers(_BASE, len(folded)), out=sums[1:])
    hashes: NDArray[np.uint64] = (sums.take(last + 1) - sums.take(first)) * _powers(_INVERSE, len(folded)).take(first)
    return hashes, row.take(first)


def _powers(base: np.uint64, count: int) -> NDArray[np.uint64]:
    """Return the powers of `base` from the first on."""
    return _kept_powers(base)[:count] if count <= _KEPT else np.full(count, base).cumprod(dtype=np.uint64)


@cache
def _kept_powers(base: np.uint64) -> NDArray[np.uint64]:
    return np.full(_KEPT, base).cumprod(dtype=np.uint64)


def _mix(hashes: NDArray[np.uint64], bits: int, salt: int) -> NDArray[np.int64]:
    """Return bucket numbers: the high bits of a multiplicative hash."""
    mixed = (hashes + np.uint64(salt)) * _MULTIPLIER
    mixed ^= mixed >> np.uint64(29)
    mixed *= _MULTIPLIER
    return (mixed >> np.uint64(64 - bits)).astype(np.int64)
