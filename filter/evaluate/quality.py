"""Whether the confidence tells good pages from bad ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from filter.corpora.pages import PageRecord
from filter.evaluate.label_scores import Bin, calibration_error, reliability
from filter.evaluate.predictions import Prediction
from filter.evaluate.scores import FAILED

#: Share of good pages that may be rejected, and share of all pages that is looked at.
FALSE_ALARMS, LOWEST = 0.05, 0.1
_BINS = 10
_ARTICLE = "article"

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class QualityScores:
    """The confidence of some pages against the word F1 that they got.

    Attributes
    ----------
    name : str
        ``all``, ``articles``, ``other kinds``, or a source.
    n_pages, n_bad : int
        Bad is a word F1 under 0.5.
    correlation : float
        Spearman's rank correlation; NaN where either is the same for all pages.
    caught : float
        Share of the bad pages under the confidence that 5% of the others are under; NaN where none are bad.
    lowest : float
        Share of the bad pages among the tenth of all pages with the lowest confidence.
    reachable : float
        What `lowest` would be if the confidence were perfect: below 1 where more than a tenth are bad.
    calibration_error : float
        Mean distance of confidence and F1 over 10 bins of equally many pages.
    bins : tuple of Bin
        Confidence, mean F1 and number of pages of these bins.
    """

    name: str
    n_pages: int
    n_bad: int
    correlation: float
    caught: float
    lowest: float
    reachable: float
    calibration_error: float
    bins: tuple[Bin, ...]


def quality_scores(
    pages: Sequence[PageRecord], predictions: Sequence[Prediction | None], f1: Floats
) -> tuple[QualityScores, ...]:
    """Return the scores of all pages, of articles, of other kinds, and of each source.

    Parameters
    ----------
    pages : sequence of PageRecord
    predictions : sequence of Prediction or None
        Of one mode, one for each page.
    f1 : ndarray of shape (n_pages,)
        Word F1 of the mode's output; NaN for a page without gold text. Those pages, and pages without a
        confidence, are left out.
    """
    confidence = np.array([_confidence(prediction) for prediction in predictions], np.float64)
    known = ~np.isnan(confidence) & ~np.isnan(f1)
    article = np.array([page.kind == _ARTICLE for page in pages], bool)
    source = np.array([page.source for page in pages])
    groups = {"all": known, "articles": known & article, "other kinds": known & ~article}
    groups |= {str(name): known & (source == name) for name in np.unique(source)}
    return tuple(score_quality(name, confidence[chosen], f1[chosen]) for name, chosen in groups.items() if chosen.any())


def _confidence(prediction: Prediction | None) -> float:
    return np.nan if prediction is None or prediction.confidence is None else prediction.confidence


def score_quality(name: str, confidence: Floats, f1: Floats) -> QualityScores:
    """Return the scores of the confidence of some pages, shape (n_pages,), against their word F1."""
    bad = f1 < FAILED
    n_bad, n_lowest = int(bad.sum()), round(LOWEST * len(f1))
    lowest = bad[np.argsort(confidence, kind="stable")[:n_lowest]]
    # The share of good pages under the limit is at most that of false alarms: none is on it.
    caught = confidence[bad] < np.quantile(confidence[~bad], FALSE_ALARMS, method="lower") if not bad.all() else bad
    bins = reliability(confidence, f1, bins=_BINS)
    return QualityScores(
        name=name,
        n_pages=len(f1),
        n_bad=n_bad,
        correlation=rank_correlation(confidence, f1),
        caught=float(caught.sum() / n_bad) if n_bad else np.nan,
        lowest=float(lowest.sum() / n_bad) if n_bad else np.nan,
        reachable=min(1.0, n_lowest / n_bad) if n_bad else np.nan,
        calibration_error=calibration_error(bins),
        bins=bins,
    )


def rank_correlation(one: Floats, other: Floats) -> float:
    """Return Spearman's rank correlation, ties at their mean rank; NaN where either is the same everywhere."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return np.nan
    return float(spearmanr(one, other).statistic)
