"""Pages as the samples that a model is fitted on."""

from pathlib import Path

import numpy as np
import pytest

from filter.characters import build_tables
from filter.corpora.pages import PageRecord
from filter.labels import LABELS, Label
from filter.train.samples import OTHER, UNKNOWN, _left_over, page_samples

BODY, TITLE = LABELS.index(Label.BODY), LABELS.index(Label.TITLE)
PAGE = Path(__file__).parent / "pages" / "bem-local-english"
#: A page with boilerplate around and between its paragraphs.
LABELS_OF_A_PAGE = np.array([OTHER] * 5 + [TITLE, BODY, BODY, OTHER, OTHER, BODY, UNKNOWN, BODY] + [OTHER] * 8)


def record(text: str | None, html: str | None = None, identity: str = "p2") -> PageRecord:
    return PageRecord(
        id=identity, source="own", url=None, domain="own.example", kind="article", lang="en", title=None,
        html=html or (PAGE / "page.html").read_text("utf-8"), text=text, must_have=(), must_not_have=(), licence="none",
    )  # fmt: skip


@pytest.fixture(scope="module")
def tables():
    return build_tables()


def test_a_page_is_three_samples(tables):
    html, lines, left = page_samples(record((PAGE / "gold.txt").read_text("utf-8")), tables)
    assert html.layout is not None
    assert not html.is_twin
    assert lines.layout is left.layout is None
    assert lines.is_twin
    assert left.is_twin
    assert lines.page.texts == html.page.texts
    assert len(left.page) < len(lines.page)
    body = [text for text, label in zip(html.page.texts, html.labels, strict=True) if label == BODY]
    assert [text for text in left.page.texts if text in body] == body
    for sample in (html, lines, left):
        rows = {len(sample.page), len(sample.table), sample.text.shape[0], len(sample.labels), len(sample.weights)}
        assert rows == {len(sample.page)}


def test_some_pages_come_hard_wrapped_too(tables):
    gold = (PAGE / "gold.txt").read_text("utf-8")
    pages = [page_samples(record(gold, identity=f"p{number}"), tables) for number in range(40)]
    wrapped = [samples for samples in pages if len(samples) == 4]
    assert 4 <= len(wrapped) <= 20
    for _, lines, left, cut in wrapped:
        assert cut.layout is None
        assert cut.is_twin
        assert max(map(len, cut.page.texts)) <= 100
        words = " ".join(cut.page.texts).split()
        (whole,) = (own for own in (lines, left) if " ".join(own.page.texts).split() == words)
        for label in np.unique(whole.labels):
            weight = cut.weights[cut.labels == label].sum()
            assert weight == pytest.approx(whole.weights[whole.labels == label].sum(), rel=1e-5)


def test_a_page_whose_gold_is_unknown_or_elsewhere_has_no_left_over(tables):
    assert len(page_samples(record(None, identity="p1"), tables)) == 2
    elsewhere = "Nothing of this stands on the page, neither here nor there."
    assert len(page_samples(record(elsewhere, identity="p1"), tables)) == 2


def test_a_page_without_blocks_is_no_sample(tables):
    assert page_samples(record("x", "<body></body>"), tables) == ()


@pytest.mark.parametrize("seed", range(40))
def test_an_extractor_leaves_the_whole_article_and_runs_in_order(seed):
    rows = _left_over(LABELS_OF_A_PAGE, np.random.default_rng(seed))
    assert (np.diff(rows) > 0).all()
    assert set(np.flatnonzero(LABELS_OF_A_PAGE == BODY)) <= set(rows.tolist())
    assert (8 in rows) == (9 in rows)


def test_left_overs_are_clean_as_often_as_not_and_dirty_too():
    left = [_left_over(LABELS_OF_A_PAGE, np.random.default_rng(seed)) for seed in range(400)]
    dirty = np.mean([(LABELS_OF_A_PAGE[rows] == OTHER).any() for rows in left])
    assert 0.1 < dirty < 0.5


def test_a_page_without_body_leaves_nothing():
    assert len(_left_over(np.array([OTHER, TITLE, UNKNOWN]), np.random.default_rng(0))) == 0
