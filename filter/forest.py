"""Boosted decision trees as arrays, walked for all blocks and trees at once.

Gradient boosting (Friedman 2001, https://doi.org/10.1214/aos/1013203451) fitted by scikit-learn; here only
its arithmetic. Every tree is laid out as a complete binary tree of one depth, so that one step down is a
handful of array operations for a whole page, without a loop over trees or blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from filter.features import Floats

#: Stands for a missing value: below every threshold, so that the trees can tell it from all others.
MISSING = np.float32(-1e9)
#: Blocks walked at a time: the working arrays stay in the cache.
_ROWS = 512


@dataclass(frozen=True)
class Forest:
    """Boosted trees that give one score, the log-odds of body.

    Attributes
    ----------
    features : ndarray of shape (n_trees, 2 ** depth - 1), int32
        Column that each inner node asks for; node ``i`` has the children ``2 i + 1`` and ``2 i + 2``.
    thresholds : ndarray of shape (n_trees, 2 ** depth - 1), float32
        A value up to the threshold goes left; infinity where the tree ended above.
    leaves : ndarray of shape (n_trees, 2 ** depth), float32
    baseline : float
    """

    features: NDArray[np.int32]
    thresholds: Floats
    leaves: Floats
    baseline: float

    def scores(self, rows: Floats) -> Floats:
        """Return the score of each row, shape (n_rows,), float32."""
        filled = np.where(np.isnan(rows), MISSING, rows)
        parts = [self._part(filled[start : start + _ROWS]) for start in range(0, len(rows), _ROWS)]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def _part(self, rows: Floats) -> Floats:
        values = rows.ravel()
        start = np.arange(len(rows))[:, None] * rows.shape[1]
        # Within a level, the children of node i are 2 i and 2 i + 1 whatever the tree.
        node = np.arange(len(self.features)) + np.zeros_like(start)
        for features, thresholds in self._levels:
            goes_right = values.take(features.take(node) + start) > thresholds.take(node)
            node *= 2
            node += goes_right
        total: Floats = self.leaves.ravel().take(node).sum(axis=1, dtype=np.float32) + np.float32(self.baseline)
        return total

    @cached_property
    def _levels(self) -> tuple[tuple[NDArray[np.intp], Floats], ...]:
        """Columns and thresholds of all trees' nodes, level by level."""
        depth = (self.features.shape[1] + 1).bit_length() - 1
        levels = [slice((1 << level) - 1, (2 << level) - 1) for level in range(depth)]
        return tuple(
            (self.features[:, level].ravel().astype(np.intp), self.thresholds[:, level].ravel()) for level in levels
        )
