"""Blocks that a template made alike decide together."""

import numpy as np
import pytest

from filter.agreement import agree, rest_of
from filter.labels import LABELS, Label
from filter.model import softmax

BODY = LABELS.index(Label.BODY)


@pytest.fixture
def logits():
    return np.random.default_rng(3).normal(size=(6, len(LABELS))).astype(np.float32) * 3


def odds(logits):
    body = softmax(logits.astype(np.float64))[:, BODY]
    return np.log(body) - np.log1p(-body)


def test_the_rest_is_what_body_competes_with(logits):
    np.testing.assert_allclose(logits[:, BODY] - rest_of(logits), odds(logits), atol=1e-5)


def test_log_odds_of_body_go_towards_the_mean_of_the_group_weighted_by_the_root_of_the_size(logits):
    sizes = np.array([400, 100, 25, 9, 9, 1])
    agreed = odds(agree(logits, np.array([0, 0, 0, 1, 1, 2]), sizes))
    before = odds(logits)
    mean = (20 * before[0] + 10 * before[1] + 5 * before[2]) / 35
    np.testing.assert_allclose(agreed[:3], np.full(3, mean), atol=1e-5)
    mean = (before[3] + before[4]) / 2
    np.testing.assert_allclose(agreed[3:5], np.full(2, mean), atol=1e-5)


def test_a_block_that_is_like_no_other_and_the_other_labels_stay(logits):
    agreed = agree(logits, np.array([0, 0, 0, 1, 1, 2]), np.full(6, 10))
    np.testing.assert_allclose(agreed[5], logits[5], atol=1e-5)
    others = np.arange(len(LABELS)) != BODY
    assert (agreed[:, others] == logits[:, others]).all()


def test_no_blocks_agree_on_nothing():
    none = np.zeros((0, len(LABELS)), np.float32)
    assert agree(none, np.zeros(0, np.int64), np.zeros(0, np.int64)).shape == none.shape
