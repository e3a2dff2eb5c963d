"""Boosted trees as arrays: the same scores as scikit-learn's, for any rows."""

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from filter.forest import MISSING, Forest
from filter.train.boost import DEPTH, fit_forest, to_forest


def data(n_rows: int, *, seed: int = 0):
    random = np.random.default_rng(seed)
    rows = random.normal(size=(n_rows, 12)).astype(np.float32)
    rows[random.random(rows.shape) < 0.15] = np.nan
    filled = np.nan_to_num(rows)
    return rows, (filled[:, 0] * filled[:, 1] + filled[:, 2] > 0).astype(np.int64)


@pytest.fixture(scope="module")
def fitted():
    rows, target = data(3000)
    model = HistGradientBoostingClassifier(max_iter=25, max_depth=DEPTH, max_leaf_nodes=20, early_stopping=False)
    model.fit(np.where(np.isnan(rows), MISSING, rows), target)
    return model


@pytest.mark.parametrize("n_rows", [1, 2, 511, 512, 513, 1300])
def test_scores_are_those_of_scikit_learn(fitted, n_rows):
    rows, _ = data(n_rows, seed=n_rows)
    expected = fitted.decision_function(np.where(np.isnan(rows), MISSING, rows))
    np.testing.assert_allclose(to_forest(fitted).scores(rows), expected, atol=1e-5)


def test_a_value_at_a_threshold_goes_as_in_scikit_learn(fitted):
    forest = to_forest(fitted)
    rows = np.repeat(forest.thresholds[np.isfinite(forest.thresholds)][:200, None], 12, axis=1).astype(np.float32)
    for shifted in (rows, np.nextafter(rows, np.float32(np.inf)), np.nextafter(rows, np.float32(-np.inf))):
        np.testing.assert_allclose(forest.scores(shifted), fitted.decision_function(shifted), atol=1e-5)


def test_no_rows_have_no_scores(fitted):
    assert to_forest(fitted).scores(np.zeros((0, 12), np.float32)).shape == (0,)


def test_a_tree_by_hand():
    forest = Forest(
        features=np.array([[1]], np.int32),
        thresholds=np.array([[0.5]], np.float32),
        leaves=np.array([[-1.0, 2.0]], np.float32),
        baseline=10.0,
    )
    rows = np.array([[9, 0.5], [9, 0.6], [9, np.nan]], np.float32)
    assert forest.scores(rows).tolist() == [9.0, 12.0, 9.0]


def test_fitting_is_seeded_and_learns():
    rows, target = data(2000)
    weights = np.ones(len(rows), np.float32)
    forest = fit_forest(rows, target, weights, seed=3)
    again = fit_forest(rows, target, weights, seed=3)
    np.testing.assert_array_equal(forest.leaves, again.leaves)
    unseen, truth = data(1000, seed=9)
    assert ((forest.scores(unseen) > 0) == truth).mean() > 0.8
