"""What the lines right before and after a block look like, beside its own columns (Kohlschütter et al. 2010)."""

from __future__ import annotations

import numpy as np

from filter.features import Floats


def shifts(reach: int) -> tuple[int, ...]:
    """Return how far away the neighbours are that `around` gives, in its order."""
    return (*range(-reach, 0), *range(1, reach + 1))


def around(rows: Floats, reach: int) -> Floats:
    """Return the `reach` rows before and after each row, side by side, nearest in the middle.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns), float32
        Of one page.
    reach : int

    Returns
    -------
    ndarray of shape (n_rows, 2 * reach * n_columns), float32
        Zeros beyond the ends, but NaN in a column that is missing on this page.
    """
    n_rows, n_columns = rows.shape
    result = np.empty((n_rows, 2 * reach, n_columns), np.float32)
    result[:] = rows[:1, None] * 0
    for number, shift in enumerate(shifts(reach)):
        if shift > 0:
            result[:-shift, number] = rows[shift:]
        else:
            result[-shift:, number] = rows[:shift]
    return result.reshape(n_rows, 2 * reach * n_columns)
