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


def record(text: str | None, html: str | None = None) -> PageRecord:
    return PageRecord(
        id="p1", source="own", url=None, domain="own.example", kind="article", lang="en", title=None,
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


def test_a_page_whose_gold_is_unknown_or_elsewhere_has_no_left_over(tables):
    assert len(page_samples(record(None), tables)) == 2
    assert len(page_samples(record("Nothing of this stands on the page, neither here nor there."), tables)) == 2


def test_a_page_without_blocks_is_no_sample(tables):
    assert page_samples(record("x", "<body></body>"), tables) == ()


@pytest.mark.parametrize("seed", range(40))
def test_an_extractor_leaves_the_whole_article_and_runs_in_order(seed):
    rows = _left_over(LABELS_OF_A_PAGE, seed=seed)
    assert (np.diff(rows) > 0).all()
    assert set(np.flatnonzero(LABELS_OF_A_PAGE == BODY)) <= set(rows.tolist())
    assert (8 in rows) == (9 in rows)


def test_left_overs_are_clean_as_often_as_not_and_dirty_too():
    dirty = np.mean([(LABELS_OF_A_PAGE[_left_over(LABELS_OF_A_PAGE, seed=seed)] == OTHER).any() for seed in range(400)])
    assert 0.1 < dirty < 0.5


def test_a_page_without_body_leaves_nothing():
    assert len(_left_over(np.array([OTHER, TITLE, UNKNOWN]), seed=0)) == 0
