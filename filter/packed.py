"""Weights of hashed n-grams as small integers, those of nine labels in one number of 64 bits.

A block has some hundred n-grams, each of which looks for its weights in another place of a table. That the table is a
fifth of one of plain numbers, and that one look finds all labels, is what makes the sums fast; they are exact, so that
no order of adding changes them. What rounding takes from single weights cancels out in the sum of many.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from filter.labels import LABELS
from filter.ngrams import Hashed

Floats = NDArray[np.float32]
#: Bits of one weight; nine of them fit into 64.
_BITS = 7
#: A weight is stored as a whole number of steps, from -63 to 63, plus this.
_ZERO = 1 << (_BITS - 1)
#: Added up, a field needs more bits: only every third is looked at at a time. A row may have 16,512 n-grams.
_APART = 3
_WIDTH = _APART * _BITS
_FIELD = np.uint64((1 << _BITS) - 1)
_SHIFTS = np.arange(len(LABELS), dtype=np.uint64) * np.uint64(_BITS)
_FIELDS = np.uint64(sum(int(_FIELD) << field * _WIDTH for field in range(len(LABELS) // _APART)))
_FIRST_STARTS = np.arange(0, _WIDTH, _BITS, dtype=np.uint64)[:, None]
_FIELD_STARTS = np.arange(0, len(LABELS) * _BITS, _WIDTH, dtype=np.uint64)[:, None, None]
_WHOLE_FIELD = np.uint64((1 << _WIDTH) - 1)


@dataclass(frozen=True)
class Packed:
    """Weights of one or more linear models that share their buckets.

    Attributes
    ----------
    words : ndarray of shape (n_models, n_buckets), uint64
        The weights of the nine labels of a bucket, 7 bits each, the first label's lowest.
    steps : ndarray of shape (n_models, 9), float32
        What one step of a weight is worth.
    """

    words: NDArray[np.uint64]
    steps: Floats

    def sums(self, hashed: Hashed) -> Floats:
        """Return the sum of each row's weights, shape (n_rows, 9 * n_models); a row has at most 16,512 n-grams."""
        n_models, (n_kinds, n_rows) = len(self.words), hashed.counts.shape
        counts = hashed.counts.ravel()
        filled = np.flatnonzero(counts)
        starts = (np.cumsum(counts) - counts)[filled]
        hits = self.words.take(hashed.buckets, axis=1, mode="clip")
        apart = hits[:, None] >> _FIRST_STARTS
        apart &= _FIELDS
        sums = np.zeros((n_models, _APART, len(counts)), np.uint64)
        sums[..., filled] = np.add.reduceat(apart, starts, axis=2)
        rows = sums.reshape(n_models, 1, _APART, n_kinds, n_rows).sum(axis=3)
        n_steps = (rows >> _FIELD_STARTS & _WHOLE_FIELD).reshape(n_models * len(LABELS), n_rows).astype(np.float32)
        n_steps -= _ZERO * hashed.counts.sum(axis=0).astype(np.float32)
        n_steps *= self.steps.reshape(-1, 1)
        sums_of_rows: Floats = n_steps.T
        return sums_of_rows

    def means(self, hashed: Hashed) -> Floats:
        """Return the sum of each row's weights over the root of their number, shape (n_rows, 9 * n_models).

        0 where a row has none.
        """
        means = self.sums(hashed)
        means /= np.sqrt(np.maximum(hashed.counts.sum(axis=0), 1), dtype=np.float32)[:, None]
        return means

    @cached_property
    def weights(self) -> Floats:
        """The weights as plain numbers, shape (n_buckets, 9 * n_models)."""
        fields = self.words.T[..., None] >> _SHIFTS & _FIELD
        weights = (fields.astype(np.float32) - _ZERO) * self.steps
        return weights.reshape(len(weights), -1)


def pack(weights: Floats) -> Packed:
    """Return weights, shape (n_buckets, 9 * n_models), rounded to 127 steps of each column."""
    columns = weights.reshape(len(weights), -1, len(LABELS))
    most = np.abs(columns).max(axis=0)
    steps = np.where(most > 0, most / (_ZERO - 1), 1).astype(np.float32)
    fields = np.rint(columns / steps) + _ZERO
    words = np.bitwise_or.reduce(fields.astype(np.uint64) << _SHIFTS, axis=2)
    return Packed(np.ascontiguousarray(words.T), steps)
