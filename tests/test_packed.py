"""Packed weights add up as plain ones do."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter.characters import build_tables
from filter.ngrams import Hashed, hash_ngrams
from filter.packed import Packed, pack

TABLES = build_tables()
BITS = 10
N_LABELS = 9


def weights(n_models: int, seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(seed).standard_t(4, (1 << BITS, N_LABELS * n_models)).astype(np.float32)


def hashed(texts: list[str]) -> Hashed:
    return hash_ngrams(texts, TABLES, bits=BITS, sizes=(2, 4))


def sums_one_by_one(packed: Packed, rows: Hashed) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    buckets, offsets = rows.by_row()
    plain = packed.weights.astype(np.float64)
    return np.array([plain[buckets[start:end]].sum(axis=0) for start, end in pairwise(offsets)])


@pytest.mark.parametrize("n_models", [1, 2])
def test_rounded_weights_are_within_half_a_step(n_models: int) -> None:
    plain = weights(n_models)
    packed = pack(plain)
    assert packed.words.shape == (n_models, 1 << BITS)
    errors = np.abs(packed.weights - plain)
    assert (errors <= packed.steps.reshape(-1) * 0.501).all()
    # The largest weight of a column is one of the steps.
    largest = np.abs(plain).argmax(axis=0)
    assert errors[largest, np.arange(plain.shape[1])] == pytest.approx(0, abs=1e-5)


def test_packing_again_changes_nothing() -> None:
    packed = pack(weights(2))
    again = pack(packed.weights)
    assert np.array_equal(again.words, packed.words)
    np.testing.assert_allclose(again.steps, packed.steps, rtol=1e-6)


def test_a_label_without_weights_stays_at_zero() -> None:
    plain = weights(1)
    plain[:, 3] = 0
    packed = pack(plain)
    assert not packed.weights[:, 3].any()
    assert not packed.sums(hashed(["Rain is due in the hills"]))[:, 3].any()


@pytest.mark.parametrize("n_models", [1, 2])
@given(texts=st.lists(st.text(max_size=60), min_size=1, max_size=6))
def test_sums_are_those_of_the_single_weights(n_models: int, texts: list[str]) -> None:
    packed, rows = pack(weights(n_models)), hashed(texts)
    expected = sums_one_by_one(packed, rows)
    np.testing.assert_allclose(packed.sums(rows), expected, atol=1e-3)
    roots = np.sqrt(rows.counts.sum(axis=0))[:, None]
    np.testing.assert_allclose(packed.means(rows), expected / roots, atol=1e-3)


def test_the_largest_weights_of_many_ngrams_do_not_run_over() -> None:
    plain = np.where(np.arange(N_LABELS) % 2, -5, 5).astype(np.float32) * np.ones((1 << BITS, 1), np.float32)
    packed, rows = pack(plain), hashed(["x" * 8000, ""])
    np.testing.assert_allclose(packed.sums(rows), rows.counts.sum(axis=0)[:, None] * plain[:2], rtol=1e-6)


def test_no_rows_have_no_sums() -> None:
    assert pack(weights(2)).means(hashed([])).shape == (0, 2 * N_LABELS)


@pytest.mark.parametrize("n_models", [1, 2])
def test_a_row_without_n_grams_has_a_mean_of_0(n_models: int) -> None:
    packed = pack(weights(n_models))
    means = packed.means(hash_ngrams(["-", "rain", ""], TABLES, bits=BITS))
    assert not means[[0, 2]].any()
    assert means[1].any()
    assert not packed.means(hash_ngrams(["-", ""], TABLES, bits=BITS)).any()
