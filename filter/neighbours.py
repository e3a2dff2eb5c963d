"""What stands right before and after a block, beside its own columns (Kohlschütter et al. 2010)."""

from __future__ import annotations

import numpy as np

from filter.features import Floats


def shifts(reach: int) -> tuple[int, ...]:
    """Return how far away the neighbours are that `around` gives, in its order."""
    return (*range(-reach, 0), *range(1, reach + 1))


def around(rows: Floats, reach: int, out: Floats | None = None) -> Floats:
    """Return the `reach` rows before and after each row, side by side, from the first before to the last after.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns), float32
        Of one page.
    reach : int
    out : ndarray of shape (2 * reach * n_columns, n_rows), float32, optional
        To be filled with the columns.

    Returns
    -------
    ndarray of shape (n_rows, 2 * reach * n_columns), float32
        Zeros beyond the ends. Columns are contiguous, not rows: a neighbour's column is the own one, moved.
    """
    n_rows, n_columns = rows.shape
    moved = np.empty((2 * reach * n_columns, n_rows), np.float32) if out is None else out
    for part, shift in zip(moved.reshape(2 * reach, n_columns, n_rows), shifts(reach), strict=True):
        if shift < 0:
            part[:, :-shift] = 0
            part[:, -shift:] = rows.T[:, :shift]
        else:
            part[:, -shift:] = 0
            part[:, :-shift] = rows.T[:, shift:]
    return moved.T
