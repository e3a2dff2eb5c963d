"""From probabilities to labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from filter.errors import KeepError
from filter.labels import LABELS, LEAST_BODY, Label, body_threshold, decide, parse_keep

BODY, RELATED, NAVIGATION = (LABELS.index(label) for label in (Label.BODY, Label.RELATED, Label.NAVIGATION))


def rows(body: list[float], other: int = NAVIGATION) -> np.ndarray:
    """Return probabilities that split each block between body and one other label."""
    table = np.zeros((len(body), len(LABELS)), np.float32)
    table[:, BODY] = body
    table[:, other] = 1 - table[:, BODY]
    return table


def labels(body: list[float], sizes: list[int] | None = None) -> list[str]:
    return ["body" if column == BODY else "rest" for column in decide(rows(body), np.array(sizes or [100] * len(body)))]


def test_a_clear_page_is_cut_at_about_one_half():
    assert labels([0.99, 0.98, 0.97, 0.45, 0.02]) == ["body"] * 3 + ["rest"] * 2


def test_a_page_in_doubt_keeps_its_likeliest_blocks():
    assert labels([0.36, 0.34, 0.35, 0.02, 0.01]) == ["body"] * 3 + ["rest"] * 2


def test_where_no_article_is_likelier_nothing_is_body():
    assert labels([0.05, 0.04, 0.03]) == ["rest"] * 3


def test_a_long_block_counts_for_more_than_short_ones():
    short_in_doubt = [0.3] * 4
    assert labels([0.99, *short_in_doubt], [5000, *[20] * 4]) == ["body", *["rest"] * 4]
    assert labels([0.45, *[0.34] * 4], [20, *[5000] * 4]) == ["body"] * 5


def test_kinds_of_boilerplate_compete_after_body_is_answered():
    table = np.zeros((1, len(LABELS)), np.float32)
    table[0, [BODY, RELATED, NAVIGATION]] = 0.4, 0.35, 0.25
    clear = np.vstack((table, rows([0.999] * 20)))
    assert decide(clear, np.full(21, 200))[0] == RELATED


def test_no_blocks():
    assert decide(rows([]), np.zeros(0, int)).shape == (0,)


@given(arrays(np.float32, st.integers(1, 30), elements=st.floats(0, 1, width=32)), st.integers(0, 10**6))
def test_the_threshold_is_a_share_of_the_best_expected_f1(body, seed):
    sizes = np.random.default_rng(seed).integers(1, 1000, len(body))
    threshold = body_threshold(body, sizes)
    assert LEAST_BODY <= threshold <= 0.535

    def expected_f1(chosen):
        return (
            2
            * (body * sizes)[chosen].sum(dtype=float)
            / max(sizes[chosen].sum() + (body * sizes).sum(dtype=float), 1e-9)
        )

    if LEAST_BODY < threshold < 0.535:
        best = max(expected_f1(body >= other) for other in body)
        assert threshold == pytest.approx(0.65 * best, abs=1e-6)


@pytest.mark.parametrize("keep", ["headline", "", [], ["body", "footer"]])
def test_unknown_labels_are_named(keep):
    with pytest.raises(KeepError, match="there are title, body"):
        parse_keep(keep)


def test_labels_are_parsed_from_a_list_or_one_string():
    assert parse_keep("Title, body") == parse_keep(["title", Label.BODY]) == {Label.TITLE, Label.BODY}
