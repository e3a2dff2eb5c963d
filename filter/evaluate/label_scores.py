"""Scores of labels: which kinds of boilerplate go, how much body goes with them, and calibration."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from filter.evaluate.metrics import f1_score
from filter.labels import LABELS, Label

BINS = 15


class Bin(NamedTuple):
    """Blocks of like probability: their mean probability, the share that is right, their number."""

    probability: float
    share: float
    n_blocks: int


@dataclass(frozen=True, slots=True)
class LabelScores:
    """Scores of labelled lines.

    Attributes
    ----------
    confusion : ndarray of shape (9, 9), int64
        Row: the true label, column: the given one, in the order of `LABELS`.
    removed : dict
        For each label that is not to be kept: the share of its lines that are dropped.
    kept : dict
        For each label to be kept: the share of its lines that are kept.
    f1 : dict
        Of each label that occurs.
    macro_f1 : float
        Mean of `f1`.
    keep_f1, drop_f1 : float
        Of the two-way question.
    """

    confusion: NDArray[np.int64]
    removed: dict[Label, float]
    kept: dict[Label, float]
    f1: dict[Label, float]
    macro_f1: float
    keep_f1: float
    drop_f1: float

    @property
    def body_lost(self) -> float:
        """Share of body lines that are dropped, in [0, 1]; NaN where there are none."""
        return 1 - self.kept.get(Label.BODY, float("nan"))


def confusion_matrix(truth: NDArray[np.int64], given: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how often each label was given for each true one, shape (9, 9); truths below 0 are left out."""
    size = len(LABELS)
    known = truth >= 0
    counts = np.bincount(truth[known] * size + given[known], minlength=size * size)
    return counts.reshape(size, size).astype(np.int64)


def label_scores(confusion: NDArray[np.int64], keep: Collection[Label]) -> LabelScores:
    """Return the scores of a confusion matrix, if the labels `keep` are kept and the rest dropped."""
    kept = np.array([label in keep for label in LABELS])
    totals = confusion.sum(axis=1)
    share = confusion[:, kept].sum(axis=1) / np.maximum(totals, 1)
    present = [(number, label) for number, label in enumerate(LABELS) if totals[number]]
    f1 = {label: _f1_of(confusion, np.arange(len(LABELS)) == number) for number, label in present}
    return LabelScores(
        confusion=confusion,
        removed={label: float(1 - share[number]) for number, label in present if not kept[number]},
        kept={label: float(share[number]) for number, label in present if kept[number]},
        f1=f1,
        macro_f1=float(np.mean(list(f1.values()))) if f1 else float("nan"),
        keep_f1=_f1_of(confusion, kept),
        drop_f1=_f1_of(confusion, ~kept),
    )


def _f1_of(confusion: NDArray[np.int64], chosen: NDArray[np.bool_]) -> float:
    """Return the F1 of the question whether a label is one of `chosen`."""
    right = confusion[np.ix_(chosen, chosen)].sum()
    given, true = confusion[:, chosen].sum(), confusion[chosen].sum()
    return f1_score(float(right / max(given, 1)), float(right / max(true, 1)))


def reliability(
    probabilities: NDArray[np.floating], truth: NDArray[np.bool_] | NDArray[np.floating], *, bins: int = BINS
) -> tuple[Bin, ...]:
    """Return bins of equally many blocks, in order of probability; `truth` tells how right each is, in [0, 1].

    References
    ----------
    K. Nguyen, B. O'Connor, "Posterior calibration and exploratory analysis for natural language processing
    models", 2015: equal-mass bins, as most probabilities lie near 0 or 1.
    """
    order = np.argsort(probabilities, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return tuple(Bin(float(probabilities[part].mean()), float(truth[part].mean()), len(part)) for part in parts)


def calibration_error(bins: Collection[Bin]) -> float:
    """Return the expected calibration error: the mean distance of probability and share, in [0, 1]."""
    total = sum(each.n_blocks for each in bins)
    if not total:
        return float("nan")
    return sum(each.n_blocks * abs(each.probability - each.share) for each in bins) / total
