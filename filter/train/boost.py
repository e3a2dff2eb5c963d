"""Boosted trees fitted by scikit-learn, and their conversion to `filter.forest.Forest`."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from filter.features import Floats, Ints
from filter.forest import MISSING, Forest

DEPTH, TREES = 6, 100
#: With fewer rows than that, coarser bins of the inputs and a quarter of the trees do, in a fraction of the time.
MANY, FEW_BINS = 200_000, 63


def fit_forest(rows: Floats, is_body: Ints, weights: Floats, *, seed: int) -> Forest:
    """Return boosted trees for the question whether a block is body.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_inputs), float32
        NaN where a value is missing.
    is_body : ndarray of shape (n_rows,), int64
        0 or 1; both must occur.
    weights : ndarray of shape (n_rows,), float32
    seed : int
    """
    model = HistGradientBoostingClassifier(
        max_iter=TREES if len(rows) > MANY else TREES // 4, learning_rate=0.15, max_depth=DEPTH, max_leaf_nodes=32,
        max_features=0.25, l2_regularization=2.0, max_bins=255 if len(rows) > MANY else FEW_BINS,
        min_samples_leaf=min(40, max(1, len(rows) // 20)), early_stopping=False, random_state=seed,
    )  # fmt: skip
    model.fit(np.where(np.isnan(rows), MISSING, rows), is_body, sample_weight=weights)
    return to_forest(model)


def to_forest(model: HistGradientBoostingClassifier) -> Forest:
    """Return a fitted binary classifier without missing values as arrays; its `decision_function`."""
    trees = [_complete(predictors[0].nodes) for predictors in model._predictors]
    return Forest(
        features=np.array([features for features, _, _ in trees], np.int32),
        thresholds=_round_down(np.array([thresholds for _, thresholds, _ in trees])),
        leaves=np.array([leaves for _, _, leaves in trees], np.float32),
        baseline=float(np.ravel(model._baseline_prediction)[0]),
    )


def _complete(nodes: Any) -> tuple[list[int], list[float], list[float]]:
    """Return a tree as a complete one: where it ends early, everything goes left to copies of its leaf."""
    level = [0]
    features: list[int] = []
    thresholds: list[float] = []
    for _ in range(DEPTH):
        following = []
        for number in level:
            node = nodes[number]
            features.append(0 if node["is_leaf"] else int(node["feature_idx"]))
            thresholds.append(np.inf if node["is_leaf"] else float(node["num_threshold"]))
            following += [number, number] if node["is_leaf"] else [int(node["left"]), int(node["right"])]
        level = following
    return features, thresholds, [float(nodes[number]["value"]) for number in level]


def _round_down(thresholds: Any) -> Floats:
    """Return float32 thresholds that part float32 values as the float64 ones do."""
    rounded = thresholds.astype(np.float32)
    too_high = rounded > thresholds
    rounded[too_high] = np.nextafter(rounded[too_high], np.float32(-np.inf))
    result: Floats = rounded
    return result
