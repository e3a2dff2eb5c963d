"""Weak labels: what the markup tells for certain, on invented pages."""

from __future__ import annotations

import pytest

from filter.blocks import Page, blocks_from_text, blocks_from_walk
from filter.labels import Label
from filter.train.weak import RULES, describe, weak_labels, weak_rules
from filter.tree import walk_markup

BODY = "".join(
    f"<p>The ferry to the lower town was late again on day {day}, the harbour office said.</p>" for day in range(9)
)


def page_of(markup: str, *, title: str = "Ferry late again | Harbour Post") -> Page:
    return blocks_from_walk(walk_markup(f"<title>{title}</title><body><main>{BODY}</main>{markup}"), max_blocks=999)


def label_of(markup: str, text: str) -> Label | None:
    page = page_of(markup)
    return weak_labels(page)[page.texts.index(text)]


@pytest.mark.parametrize(
    ("markup", "text", "label"),
    [
        ("<figure><figcaption>The quay at noon</figcaption></figure>", "The quay at noon", Label.CAPTION),
        ("<p class='wp-caption-text'>The quay at noon</p>", "The quay at noon", Label.CAPTION),
        ("<nav><a href=/>Sport</a></nav>", "Sport", Label.NAVIGATION),
        ("<div role=navigation><a href=/>Sport</a></div>", "Sport", Label.NAVIGATION),
        ("<ul class=main-menu><li><a href=/>Sport</a></ul>", "Sport", Label.NAVIGATION),
        ("<footer><a href=/i>Imprint</a></footer>", "Imprint", Label.NAVIGATION),
        ("<ol class=breadCrumbs><li>Home</ol>", "Home", Label.NAVIGATION),
        ("<div class=pagination><a href=/2>2</a></div>", "2", Label.NAVIGATION),
        ("<div class=toc><a href=#a>The second sailing</a></div>", "The second sailing", Label.NAVIGATION),
        ("<div id=onetrust-banner><p>We value your privacy</p></div>", "We value your privacy", Label.NAVIGATION),
        ("<div class='cookie-notice'><button>Fine</button></div>", "Fine", Label.NAVIGATION),
        ("<p>Anzeige</p>", "Anzeige", Label.NAVIGATION),
        ("<p>Advertisement - story continues below</p>", "Advertisement - story continues below", Label.NAVIGATION),
        ("<p>© 2026 Harbour Post</p>", "© 2026 Harbour Post", Label.NAVIGATION),
        ("<form class=newsletter-form><p>Every morning at six</p></form>", "Every morning at six", Label.SIGNUP),
        ("<ul class=share-buttons><li>Facebook</ul>", "Facebook", Label.SIGNUP),
        ("<div id=respond class=comment-respond><h3>Say something</h3></div>", "Say something", Label.SIGNUP),
        ("<ul class=related-posts><li><a href=/b>Bridge to close</a></ul>", "Bridge to close", Label.RELATED),
        ("<aside class='c-most-read__list'><p>Bridge to close</p></aside>", "Bridge to close", Label.RELATED),
        ("<ul class=sponsored-links><li><a href=//x>Cheap berths</a></ul>", "Cheap berths", Label.PROMO),
        (
            "<div class=affiliate-disclosure>Buy here and we earn a commission.</div>",
            "Buy here and we earn a commission.",
            Label.DISCLAIMER,
        ),
        ("<p>This is not investment advice.</p>", "This is not investment advice.", Label.DISCLAIMER),
    ],
)
def test_the_markup_names_the_kind(markup: str, text: str, label: Label) -> None:
    assert label_of(markup, text) is label


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<div><p>A stray line</p></div>", "A stray line"),
        ("<figure><figcaption>3 / 12</figcaption></figure>", "3 / 12"),
        ("<div class=has-related-posts><p>A stray line</p></div>", "A stray line"),
        ("<div class=pagination><a href=/b>Bridge to close</a></div>", "Bridge to close"),
        ("<ul class=related-posts><li>Boots, $ 40</ul>", "Boots, $ 40"),
        ("<ul class=share-buttons><li>214</ul>", "214"),
        ("<div class=comment-list><time>2 May 2026</time></div>", "2 May 2026"),
        ("<div class=disclaimer>By clicking you agree to risks.</div>", "By clicking you agree to risks."),
        ("<time>2 May 2026</time>", "2 May 2026"),
    ],
)
def test_what_is_not_certain_gets_no_label(markup: str, text: str) -> None:
    assert label_of(markup, text) is None


def test_body_paragraphs_get_no_label() -> None:
    assert weak_labels(page_of("")) == [None] * 9


@pytest.mark.parametrize(
    ("inner", "label"), [("<time>2 May 2026</time>", Label.RELATED), ("<nav><b>More</b></nav>", Label.NAVIGATION)]
)
def test_the_nearest_element_decides_unless_its_rule_yields(inner: str, label: Label) -> None:
    page = page_of(f"<h1>Ferry late again</h1><div class=related-articles>{inner}</div>")
    assert weak_labels(page)[-1] is label


def test_a_container_with_most_of_the_page_is_its_frame() -> None:
    page = blocks_from_walk(walk_markup(f"<div class=related-posts>{BODY}</div><p>End"), max_blocks=99)
    assert weak_labels(page) == [None] * 10


@pytest.mark.parametrize(
    ("heading", "label"),
    [("Ferry late again", Label.TITLE), ("Ferry late once more", None), ("Ferry", None)],
)
def test_the_headline_is_an_h1_that_the_page_title_starts_with(heading: str, label: Label | None) -> None:
    assert label_of(f"<h1>{heading}</h1>", heading) is label


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<time>2 May 2026</time>", "2 May 2026"),
        ("<div class=author-name>Ada Quay</div>", "Ada Quay"),
        ("<span itemprop=author>Ada Quay</span>", "Ada Quay"),
        ("<div class=reading-time>4 min read</div>", "4 min read"),
    ],
)
def test_dates_and_names_count_beside_the_headline(markup: str, text: str) -> None:
    assert label_of(f"<h1>Ferry late again</h1>{markup}", text) is Label.BYLINE
    far = "<p>A stray line</p>" * 20
    assert label_of(f"<h1>Ferry late again</h1>{far}{markup}", text) is None


def test_plain_text_has_no_markup_to_tell() -> None:
    assert weak_labels(blocks_from_text("Advertisement\nThe ferry was late.", max_blocks=9)) == [None, None]


def test_rules_tell_which_sign_decided() -> None:
    rule = weak_rules(page_of("<nav><a href=/>Sport</a></nav>"))[-1]
    assert rule is not None
    assert rule.name == "nav"


def test_rule_names_are_unique() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_description_leaves_out_states_looks_and_free_text() -> None:
    name = "div .mostRead tag-politics lg:flex #side_bar role list aria-label Read more"
    assert describe(name) == ";div;most read;side bar;role;list;"
