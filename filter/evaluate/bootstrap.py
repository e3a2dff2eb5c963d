"""Paired bootstrap over pages: how much a mean would move had other pages been picked.

References
----------
B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13 (percentile interval).
P. Koehn, "Statistical Significance Tests for Machine Translation Evaluation", 2004 (paired form).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 2_000
#: Both ends of a 95% interval.
_PERCENTILES = (2.5, 97.5)


class Interval(NamedTuple):
    """A value with the ends of its 95% interval."""

    value: float
    low: float
    high: float


def resample(n_pages: int, *, resamples: int = RESAMPLES, seed: int = 0) -> NDArray[np.float64]:
    """Return how often each page is drawn, shape (resamples + 1, n_pages); row 0 is the pages as they are.

    The same matrix used for two systems pairs them: each resample sees both on the same pages.
    """
    drawn = np.random.default_rng(seed).multinomial(n_pages, np.full(n_pages, 1 / n_pages), size=resamples)
    return np.vstack((np.ones(n_pages), drawn))


def weighted_means(table: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the means of the columns of `table`, shape (n_weightings, n_columns).

    Parameters
    ----------
    table : ndarray of shape (n_pages, n_columns)
        NaN where a page has no value; it then has no part in the mean, and a column without any is NaN.
    weights : ndarray of shape (n_weightings, n_pages)
    """
    known = ~np.isnan(table)
    totals = weights @ known
    means = np.full(totals.shape, np.nan)
    np.divide(weights @ np.where(known, table, 0), totals, out=means, where=totals > 0)
    return means


def interval(values: NDArray[np.float64]) -> Interval:
    """Return the interval of a statistic: `values[0]` as measured, the rest resampled."""
    resampled = values[1:][~np.isnan(values[1:])]
    low, high = np.percentile(resampled, _PERCENTILES) if len(resampled) else (np.nan, np.nan)
    return Interval(float(values[0]), float(low), float(high))
