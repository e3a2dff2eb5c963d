"""What the lines right before and after a block look like, beside its own columns (Kohlschütter et al. 2010)."""

from __future__ import annotations

import numpy as np

from filter.features import Floats, Ints


def shifts(reach: int) -> tuple[int, ...]:
    """Return how far away the neighbours are that `around` gives, in its order."""
    return (*range(-reach, 0), *range(1, reach + 1))


def around(rows: Floats, reach: int, chosen: Ints | None = None) -> Floats:
    """Return the `reach` rows before and after each row, side by side, from the first before to the last after.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns), float32
        Of one page.
    reach : int
    chosen : ndarray of shape (n_chosen,), int64, optional
        The rows that are asked for, in any order; all of them if not given.

    Returns
    -------
    ndarray of shape (n_chosen, 2 * reach * n_columns), float32
        Zeros beyond the ends, but NaN in a column that is missing on this page.
    """
    n_rows, n_columns = rows.shape
    padded = np.empty((n_rows + 2 * reach, n_columns), np.float32)
    padded[:reach] = padded[reach + n_rows :] = rows[:1].sum(axis=0) * 0
    padded[reach : reach + n_rows] = rows
    index = np.arange(n_rows) if chosen is None else chosen
    near = padded[index[:, None] + (reach + np.array(shifts(reach)))]
    columns: Floats = near.reshape(len(index), 2 * reach * n_columns)
    return columns
