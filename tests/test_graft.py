"""A second story put beside the article of a page."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from filter.blocks import blocks_of_page
from filter.corpora.pages import PageRecord
from filter.train.graft import with_second_story
from filter.tree import walk_markup

PAGES = Path(__file__).parent / "pages"


def record(name: str, **changes: object) -> PageRecord:
    fields = {
        "id": name, "source": "own", "url": None, "domain": f"{name}.example", "kind": "article", "lang": "en",
        "title": None, "html": (PAGES / name / "page.html").read_text("utf-8"),
        "text": (PAGES / name / "gold.txt").read_text("utf-8"), "must_have": (), "must_not_have": (), "licence": "none",
    }  # fmt: skip
    return PageRecord(**(fields | changes))  # type: ignore[arg-type]


def texts(page: PageRecord) -> list[str]:
    return blocks_of_page(partial(walk_markup, page.html), max_blocks=10**6).texts


HOST, GUEST = "bem-local-english", "css-modules-match-english"


@pytest.mark.parametrize("seed", range(12))
def test_both_stories_stand_on_the_page_one_after_the_other(seed):
    host, guest = record(HOST), record(GUEST)
    both = with_second_story(host, guest, np.random.default_rng(seed))
    assert both is not None
    assert both.text == host.text
    blocks = texts(both)
    assert [block for block in blocks if block in texts(host)] == texts(host)
    own, other = (
        [blocks.index(line) for line in (page.text or "").splitlines() if line in blocks] for page in (host, guest)
    )
    assert len(other) > 3
    assert max(own) < min(other) or max(other) < min(own)


def test_the_guest_comes_below_more_often_than_above():
    host, guest = record(HOST), record(GUEST)
    last = (guest.text or "").splitlines()[-1]
    below = 0
    for seed in range(60):
        both = with_second_story(host, guest, np.random.default_rng(seed))
        assert both is not None
        blocks = texts(both)
        below += blocks.index(last) > blocks.index((host.text or "").splitlines()[-1])
    assert 40 <= below < 60


@pytest.mark.parametrize(
    "changes",
    [
        {"text": None},
        {"text": "Nothing of this stands on the page."},
        {"html": "<body>One line and no element.", "text": "One line"},
    ],
)
def test_a_page_without_an_article_in_one_element_takes_no_second_story(changes):
    random = np.random.default_rng(0)
    assert with_second_story(record(HOST, **changes), record(GUEST), random) is None
    assert with_second_story(record(HOST), record(GUEST, **changes), random) is None


def test_names_that_no_selector_can_say_give_nothing():
    html = "<body><o:p><p>First line of a story here.</p><p>And the second line of it.</p></o:p></body>"
    odd = record(HOST, html=html, text="First line of a story here.\nAnd the second line of it.")
    assert with_second_story(odd, record(GUEST), np.random.default_rng(0)) is None
