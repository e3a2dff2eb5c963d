"""Metrics of the evaluation, against values worked out by hand or by the code that defines them."""

import math
import random

import numpy as np
import pytest

from filter.evaluate.bootstrap import interval, resample, weighted_means
from filter.evaluate.label_scores import calibration_error, confusion_matrix, label_scores, reliability
from filter.evaluate.metrics import (
    count_snippets,
    cut,
    found_lines,
    is_exact,
    ngrams,
    paragraph_overlap,
    shingle_overlap,
    word_overlap,
)
from filter.evaluate.rouge import rouge_lsum, sentences
from filter.labels import LABELS, Label

TITLE, BODY, PROMO = (LABELS.index(label) for label in (Label.TITLE, Label.BODY, Label.PROMO))


def test_cut_keeps_lines_with_words_and_joins_their_words():
    text = cut("Rain is due\n\n***\nTonight, in the hills.")
    assert text.lines == (["rain", "is", "due"], ["tonight", "in", "the", "hills"])
    assert text.words == ["rain", "is", "due", "tonight", "in", "the", "hills"]


def test_word_overlap_counts_repeated_words():
    overlap = word_overlap(cut("a a b"), cut("a b b c"))
    assert overlap == (2 / 4, 2 / 3)
    assert overlap.f1 == pytest.approx(4 / 7)


@pytest.mark.parametrize(("gold", "output", "f1"), [("", "", 1.0), ("a b", "", 0.0), ("", "a b", 0.0)])
def test_word_overlap_of_empty_texts(gold, output, f1):
    assert word_overlap(cut(gold), cut(output)).f1 == f1


def test_words_ignore_case_marks_and_line_breaks():
    assert word_overlap(cut("Rain, tonight!"), cut("rain\nTONIGHT")).f1 == 1
    assert is_exact(cut("Rain, tonight!"), cut("rain\nTONIGHT"))
    assert not is_exact(cut("rain tonight"), cut("tonight rain"))


def scrapinghub(gold: list[str], output: list[str]) -> tuple[float, float]:
    """Precision and recall of one page, written down anew from the benchmark's definition."""

    def shingles(tokens: list[str]) -> list[tuple[str, ...]]:
        return [tuple(tokens[i : i + 4]) for i in range(max(1, len(tokens) - 3)) if tokens[i : i + 4]]

    wanted, given = shingles(gold), shingles(output)
    both = sum(min(wanted.count(key), given.count(key)) for key in set(wanted))
    return both / len(given), both / len(wanted)


def test_shingles_follow_the_benchmark():
    chance = random.Random(0)
    for _ in range(200):
        gold, output = ([chance.choice("ab") for _ in range(chance.randint(1, 12))] for _ in range(2))
        assert shingle_overlap(cut(" ".join(gold)), cut(" ".join(output))) == scrapinghub(gold, output)


def test_shingle_precision_of_nothing_is_undefined():
    overlap = shingle_overlap(cut("a b c d"), cut(""))
    assert math.isnan(overlap.precision)
    assert overlap.recall == 0
    assert overlap.f1 == 0


@pytest.mark.parametrize(("size", "expected"), [(3, [("a", "b", "c"), ("b", "c", "d")]), (9, [("a", "b", "c", "d")])])
def test_ngrams(size, expected):
    assert ngrams(["a", "b", "c", "d"], size) == expected
    assert ngrams([], size) == []


def test_a_paragraph_is_found_from_four_fifths_of_its_shingles():
    eight = "a b c d e f g h"  # five shingles
    assert found_lines(cut(eight), cut("a b c d e f g")) == [True]
    assert found_lines(cut(eight), cut("a b c d e f")) == [False]


def test_short_lines_are_found_as_they_stand():
    assert found_lines(cut("Two words\nNot here"), cut("these two words stand inside a sentence")) == [True, False]


def test_paragraphs_count_each_way():
    gold = cut("the first paragraph of four\nthe second paragraph of four\nthe third of them all")
    output = cut("subscribe to our letter today\nthe first paragraph of four")
    assert paragraph_overlap(gold, output) == (1 / 2, 1 / 3)
    assert math.isnan(paragraph_overlap(gold, cut("")).precision)


def test_joined_paragraphs_are_still_found():
    gold = cut("the first paragraph of four\nthe second paragraph of four")
    assert paragraph_overlap(gold, cut(" ".join(gold.words))).recall == 1


def test_snippets_are_counted_whitespace_aside():
    counts = count_snippets(["Rain is\ndue", "hail"], ["Read more", "Log in"], "Rain  is due.\nRead more")
    assert counts == (1, 1, 1, 1)


def test_an_empty_output_holds_no_snippets():
    assert count_snippets(["rain"], ["more"], "") == (0, 0, 1, 1)


# rouge-score 0.1.2, RougeScorer(["rougeLsum"]).score(gold, output)["rougeLsum"].fmeasure, sentences one a line
ROUGE = [
    ("a b c d e", "a b c d e", 1.0),
    ("a b c d", "b a d c", 0.5),
    ("the cat sat\non the mat", "the mat on the cat\nsat", 0.8333333333333334),
    ("a b c d e f\ng h", "a c e\nb d f\ng g", 0.875),
    ("a a b b", "a b", 0.6666666666666666),
    ("a b", "c d", 0.0),
]


@pytest.mark.parametrize(("gold", "output", "expected"), ROUGE)
def test_rouge_agrees_with_the_reference_package(gold, output, expected):
    assert rouge_lsum(sentences(gold), sentences(output)) == pytest.approx(expected)


def test_rouge_agrees_with_the_reference_package_on_random_sentences():
    rouge_scorer = pytest.importorskip("rouge_score.rouge_scorer")
    scorer, chance = rouge_scorer.RougeScorer(["rougeLsum"]), random.Random(1)

    def draw() -> list[list[str]]:
        return [[chance.choice("abcdefgh") for _ in range(chance.randint(1, 12))] for _ in range(chance.randint(1, 6))]

    for _ in range(300):
        gold, output = draw(), draw()
        expected = scorer.score("\n".join(map(" ".join, gold)), "\n".join(map(" ".join, output)))
        assert rouge_lsum(gold, output) == pytest.approx(expected["rougeLsum"].fmeasure)


def test_rouge_of_nothing_is_zero():
    assert rouge_lsum([], [["a"]]) == rouge_lsum([["a"]], []) == 0


def test_sentences_end_at_full_stops_and_lines():
    assert sentences("Rain. Hail!\nSnow") == [["rain"], ["hail"], ["snow"]]
    assert len(sentences("雨が降る。雪も降る。")) == 2


def test_the_first_weighting_is_the_pages_as_they_are():
    weights = resample(40, resamples=50, seed=3)
    assert weights.shape == (51, 40)
    assert (weights[0] == 1).all()
    assert (weights[1:].sum(axis=1) == 40).all()
    assert (weights == resample(40, resamples=50, seed=3)).all()
    assert (weights != resample(40, resamples=50, seed=4)).any()


def test_means_leave_pages_without_a_value_out():
    table = np.array([[1.0, np.nan, np.nan], [0.0, 0.5, np.nan]])
    assert weighted_means(table, np.array([[1.0, 1.0], [3.0, 1.0]]))[:, :2].tolist() == [[0.5, 0.5], [0.75, 0.5]]
    assert np.isnan(weighted_means(table, np.ones((1, 2)))[0, 2])


def test_the_bootstrap_interval_of_a_mean_is_that_of_its_standard_error():
    values = np.random.default_rng(0).normal(size=400)
    low_high = interval(weighted_means(values[:, None], resample(400))[:, 0])
    error = 1.96 * values.std() / 20
    assert low_high.value == pytest.approx(values.mean())
    assert low_high.low == pytest.approx(values.mean() - error, abs=error / 5)
    assert low_high.high == pytest.approx(values.mean() + error, abs=error / 5)


def test_pairing_makes_the_interval_of_a_constant_difference_a_point():
    values, weights = np.random.default_rng(0).normal(size=(50, 1)), resample(50, resamples=100)
    difference = weighted_means(values + 0.1, weights)[:, 0] - weighted_means(values, weights)[:, 0]
    assert interval(difference) == pytest.approx((0.1, 0.1, 0.1))


def test_confusion_leaves_unknown_truths_out():
    matrix = confusion_matrix(np.array([BODY, BODY, PROMO, -1, -2]), np.array([BODY, PROMO, PROMO, BODY, BODY]))
    assert matrix.sum() == 3
    assert (matrix[BODY, BODY], matrix[BODY, PROMO], matrix[PROMO, PROMO]) == (1, 1, 1)


def test_label_scores():
    truth = np.array([TITLE] * 2 + [BODY] * 6 + [PROMO] * 4)
    given = np.array([TITLE, BODY] + [BODY] * 5 + [PROMO] + [PROMO] * 3 + [BODY])
    scores = label_scores(confusion_matrix(truth, given), {Label.TITLE, Label.BODY})
    assert scores.removed == {Label.PROMO: 3 / 4}
    assert scores.kept == {Label.TITLE: 1, Label.BODY: pytest.approx(5 / 6)}
    assert scores.body_lost == pytest.approx(1 / 6)
    assert scores.f1 == {
        Label.TITLE: pytest.approx(2 / 3),
        Label.BODY: pytest.approx(10 / 13),
        Label.PROMO: pytest.approx(6 / 8),
    }
    assert scores.macro_f1 == pytest.approx((2 / 3 + 10 / 13 + 6 / 8) / 3)
    assert scores.keep_f1 == pytest.approx(14 / 16)
    assert scores.drop_f1 == pytest.approx(6 / 8)


def test_reliability_has_bins_of_equally_many_blocks():
    probabilities = np.concatenate((np.linspace(0, 0.01, 140), np.linspace(0.9, 1, 10)))
    bins = reliability(probabilities, probabilities > 0.5)
    assert [each.n_blocks for each in bins] == [10] * 15
    assert bins[-1].share == 1


def test_calibration_error_is_the_mean_distance():
    probabilities = np.full(300, 0.7)
    truth = np.arange(300) % 2 == 0
    assert calibration_error(reliability(probabilities, truth)) == pytest.approx(0.2, abs=0.01)
    assert calibration_error(reliability(np.array([0.0, 1.0]), np.array([False, True]))) == 0
    assert math.isnan(calibration_error(()))
