"""Character and word n-grams of many strings, hashed in one go.

The hashing trick (Weinberger et al. 2009, https://arxiv.org/abs/0902.2206) without a loop over
characters: polynomial hashes of all windows of the joined strings are computed as whole arrays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from filter.characters import CharClass, CharTables, code_points, look_up, starts_of

#: Characters that join their neighbours in a word.
_JOINING = np.array([CharClass.LOWER, CharClass.UPPER, CharClass.DIGIT, CharClass.UNCASED], np.uint8)
#: Boilerplate shows at the ends of a block; the middle of a long paragraph adds only cost.
HEAD_CHARS, TAIL_CHARS = 60, 40
# 32 bits, because common processors multiply eight such numbers at a time, but 64-bit ones singly.
_MULTIPLIER, _PAIR_MULTIPLIER = np.uint32(0x9E3779B1), np.uint32(0x85EBCA6B)
_BASE = np.uint32(1_000_003)
_INVERSE = np.uint32(pow(int(_BASE), -1, 2**32))
#: Nearly all pages have fewer characters; powers up to this one are computed once.
_KEPT = 1 << 16


class Hashed(NamedTuple):
    """Bucket numbers of rows of text, one kind of n-gram after the other, each in the order of the rows.

    Attributes
    ----------
    buckets : ndarray of int64, shape (n_hits,)
    counts : ndarray of int64, shape (n_kinds, n_rows)
        How many of them belong to each kind and row.
    """

    buckets: NDArray[np.int64]
    counts: NDArray[np.int64]

    def by_row(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return buckets and offsets as scipy's CSR has them: row ``i`` is ``buckets[offsets[i]:offsets[i + 1]]``."""
        n_kinds, n_rows = self.counts.shape
        row = np.repeat(np.tile(np.arange(n_rows), n_kinds), self.counts.ravel())
        offsets = np.concatenate(([0], np.cumsum(self.counts.sum(axis=0))))
        return self.buckets[np.argsort(row, kind="stable")], offsets


def clip(text: str) -> str:
    """Return the head and tail of a long text or name, the whole of a short one."""
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return text
    return f"{text[:HEAD_CHARS]}\n{text[-TAIL_CHARS:]}"


def hash_ngrams(texts: Sequence[str], tables: CharTables, *, bits: int, sizes: Sequence[int] = ()) -> Hashed:
    """Return the hashed character `sizes`-grams, words and word pairs of each text.

    Parameters
    ----------
    texts : sequence of str, length n_rows
    tables : CharTables
    bits : int
        There are ``2 ** bits`` buckets.
    sizes : sequence of int
        Lengths of the character n-grams, none by default. A text is padded with one boundary mark on either side.

    Returns
    -------
    Hashed
        n_rows rows; a text of no characters still has the n-grams of its boundary marks.
    """
    points = code_points("\n" + "\n\n".join(texts) + "\n" if texts else "")
    lengths = np.diff(starts_of(texts, padding=2))
    row = np.repeat(np.arange(len(texts)), lengths)
    folded = look_up(tables.folded, points)
    words, rows = word_hashes_of(folded, look_up(tables.classes, points), row)
    pairs = pairs_of(words)
    same = rows[:-1] == rows[1:]
    hashes = [*_char_grams(folded, row, sizes), words + np.uint32(101), pairs[same] + np.uint32(102)]
    counts = [
        *(np.maximum(lengths - size + 1, 0) for size in sizes),
        np.bincount(rows, minlength=len(texts)),
        np.bincount(rows[:-1][same], minlength=len(texts)),
    ]
    return Hashed(_mix(np.concatenate(hashes), bits), np.array(counts))


def _char_grams(
    folded: NDArray[np.uint32], row: NDArray[np.int64], sizes: Sequence[int]
) -> Iterator[NDArray[np.uint32]]:
    """Yield the hashes of the n-grams of each size, which are in increasing order; each size has hashes of its own."""
    grams = folded
    for size in range(2, max(sizes, default=0) + 1):
        grams = grams[:-1] * _BASE + folded[size - 1 :]
        if size in sizes:
            yield grams[row[: len(grams)] == row[size - 1 :]] + np.uint32(size)


def word_hashes_of(
    folded: NDArray[np.uint32], classes: NDArray[np.uint8], row: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return a hash and the row of each word; a letter of an unspaced script is a word.

    Words are runs of letters and digits. The hash of a run is a difference of two prefix sums of
    ``code * base ** position``, shifted back by the inverse of the base (all modulo 2**32).
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
    sums = np.zeros(len(folded) + 1, np.uint32)
    np.cumsum(folded * _powers(_BASE, len(folded)), dtype=np.uint32, out=sums[1:])
    hashes: NDArray[np.uint32] = (sums.take(last + 1) - sums.take(first)) * _powers(_INVERSE, len(folded)).take(first)
    return hashes, row.take(first)


def _powers(base: np.uint32, count: int) -> NDArray[np.uint32]:
    """Return the powers of `base` from the first on."""
    return _kept_powers(base)[:count] if count <= _KEPT else np.full(count, base).cumprod(dtype=np.uint32)


@cache
def _kept_powers(base: np.uint32) -> NDArray[np.uint32]:
    return np.full(_KEPT, base).cumprod(dtype=np.uint32)


def pairs_of(words: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return a hash of each word and the next, shape (n_words - 1,)."""
    pairs: NDArray[np.uint32] = words[:-1] * _PAIR_MULTIPLIER + words[1:]
    return pairs


def slots_of(hashes: NDArray[np.uint32], bits: int) -> NDArray[np.int64]:
    """Return numbers below ``2 ** bits``: the high bits of a multiplicative hash."""
    return (hashes * _MULTIPLIER >> np.uint32(32 - bits)).astype(np.int64)


def _mix(hashes: NDArray[np.uint32], bits: int) -> NDArray[np.int64]:
    """Return bucket numbers, which hang on all bits of a hash."""
    mixed = hashes * _MULTIPLIER
    mixed ^= mixed >> np.uint32(15)
    return slots_of(mixed, bits)
