"""The words of reasons: facts of the page, one kind of evidence at a time."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from filter.blocks import Page
from filter.contributions import Contributions, Evidence, column_groups, contributions
from filter.document import Document
from filter.labels import LABELS, decide
from filter.pipeline import read_page, shipped_model, to_document
from filter.reasons import COUNT, reasons

MODEL = shipped_model()
PAGE = """<title>Ferry returns to the island - The Harbour</title>
<meta name=description content="The ferry sails again after repairs.">
<script type="application/ld+json">{"@type": "NewsArticle",
"articleBody": "The ferry to the island sails again on Monday, the company said after three weeks of repairs."}</script>
<body><nav class="site-menu"><a href=/>Home</a> <a href=/news>News</a></nav>
<main><article><h1>Ferry returns to the island</h1><img src=a.jpg>
<p>The ferry to the island sails again on Monday, the company said after three weeks of repairs.</p>
<p>“We are glad,” said the captain. Tickets cost 12 euros. The first boat leaves at six in the morning.</p>
<h2><b>WHAT TO KNOW</b></h2>
<p>Dogs travel for free</p>
<p>© Harbour | 2025</p></article>
<aside class="more-stories"><h3>You may also like</h3><ul>
<li><a href=/a>Bakery closes after ninety years</a><li><a href=/b>Bakery closes after ninety years</a>
<li><a href=/c>Bridge opens a month late</a></ul>
<form><input><button class="newsletter-button">Subscribe to our newsletter</button></form></aside></main></body>"""
TEXTS = [
    "Home News",
    "Ferry returns to the island",
    "The ferry to the island sails again on Monday, the company said after three weeks of repairs.",
    "“We are glad,” said the captain. Tickets cost 12 euros. The first boat leaves at six in the morning.",
    "WHAT TO KNOW",
    "Dogs travel for free",
    "© Harbour | 2025",
    "You may also like",
    "Bakery closes after ninety years",
    "Bakery closes after ninety years",
    "Bridge opens a month late",
    "Subscribe to our newsletter",
]

PLAIN = "\n".join(TEXTS)
PAGE_LABELS = "navigation title body body body body navigation related related related related signup".split()
PROBABILITIES = np.array([[label == own for label in LABELS] for own in PAGE_LABELS], np.float32)


@cache
def weighed(source: str | bytes) -> tuple[Page, Document, Contributions]:
    page = read_page(source)
    # What is said of other lines goes by their labels, which for this page are no model's affair.
    probabilities = PROBABILITIES if source in (PAGE, PLAIN) else MODEL.probabilities(page)
    document = to_document(page, probabilities, decide(probabilities, page.sizes))
    labels = np.array([LABELS.index(line.label) for line in document.lines])
    return page, document, contributions(MODEL, page, labels)


def phrase_of(source: str, row: int, evidence: Evidence, part: str | None = None) -> str:
    """Return what is said if `evidence` alone speaks, and of what stands above or below, `part` alone."""
    page, document, found = weighed(source)
    ones = np.ones(len(page), np.float32)
    parts = {name: ones * (name == part) for name in found.neighbours}
    found = replace(found, weights={evidence: ones}, neighbours=parts)
    (reason,) = reasons(MODEL, page, document.lines, found)[row]
    assert (reason.evidence, reason.weight) == (evidence, 1)
    return reason.text


def source_with(part: str) -> str:
    """Return the page if its model looks at `part` of what stands above or below, else its plain lines."""
    return PAGE if part in weighed(PAGE)[2].neighbours else PLAIN


def test_the_page_has_the_lines_that_the_tests_speak_of():
    assert read_page(PAGE).texts == TEXTS


@pytest.mark.parametrize(
    ("row", "evidence", "phrase"),
    [
        (0, Evidence.LINKS, "89% of its characters are links"),
        (2, Evidence.LINKS, "has no links"),
        (8, Evidence.LINKS, "all of its characters are links"),
        (4, Evidence.EMPHASIS, "all of its characters are bold or a heading"),
        (5, Evidence.EMPHASIS, "is not bold"),
        (2, Evidence.MEDIA, "a picture or player stands right before it"),
        (3, Evidence.MEDIA, "no picture or player stands right before it"),
        (11, Evidence.CONTROLS, "a form field or button stands at it"),
        (3, Evidence.CONTROLS, "no form field or button stands at it"),
        (8, Evidence.LENGTH, "is short: 5 words"),
        (2, Evidence.LENGTH, "is 17 words long"),
        (2, Evidence.SENTENCES, "ends like a sentence"),
        (3, Evidence.SENTENCES, "ends like a sentence and has 3 full stops"),
        (5, Evidence.SENTENCES, "does not end like a sentence and has no full stop"),
        (4, Evidence.LETTERS, "is written in capitals"),
        (1, Evidence.LETTERS, "1 of its 5 words begins with a capital"),
        (6, Evidence.DIGITS, "25% of its characters are digits"),
        (5, Evidence.DIGITS, "has no digits"),
        (3, Evidence.QUOTES, "has quotation marks"),
        (2, Evidence.QUOTES, "has no quotation marks"),
        (6, Evidence.SIGNS, "contains '©', '|'"),
        (5, Evidence.SIGNS, "has no special signs"),
        (11, Evidence.WORDS, "has words of calls to sign up or share, like: '"),
        (8, Evidence.NAME, "is marked up as "),
        (0, Evidence.NAME, "is marked up as 'nav'"),
        (8, Evidence.FRAME, "stands inside 'more-stories'"),
        (1, Evidence.TAGS, "is <h1>"),
        (9, Evidence.ALIKE, "is built like 2 other lines, all of them related"),
        (1, Evidence.ALIKE, "no other line of the page is built like it"),
        (8, Evidence.REPEATS, "same words as 1 other line"),
        (2, Evidence.REPEATS, "no other line has the same words"),
        (0, Evidence.POSITION, "is line 1 of 12"),
        (10, Evidence.POSITION, "stands 1 line before the page's end"),
        (11, Evidence.POSITION, "is the last line of the page"),
        (2, Evidence.SURROUNDINGS, "a paragraph stands right beside it"),
        (11, Evidence.SURROUNDINGS, "the nearest paragraph is 8 lines away"),
        (3, Evidence.CENTRE, "stands in the main text's part of the page"),
        (0, Evidence.HEADLINE, "stands 1 line above the headline"),
        (1, Evidence.HEADLINE, "stands where the headline does"),
        (3, Evidence.HEADLINE, "stands 2 lines below the headline"),
        (1, Evidence.TITLE, "is the page's title"),
        (10, Evidence.TITLE, "has no word of the page's title"),
        (10, Evidence.DESCRIPTION, "has no word of the page's description"),
        (2, Evidence.STRUCTURED_DATA, "all of it is in the article text that the page gives to machines"),
        (8, Evidence.STRUCTURED_DATA, "nothing of it is in the article text that the page gives to machines"),
        (2, Evidence.KIND_OF_PAGE, "the page calls itself news"),
        (2, Evidence.ADDRESS, "the address of the page is not known"),
        (6, Evidence.VOCABULARY, "none of its words stand in the page's paragraphs too"),
    ],
)
def test_phrases(row, evidence, phrase):
    found = phrase_of(PAGE, row, evidence)
    # Which words and names come after the strongest is the model's affair.
    assert found.startswith(phrase) if evidence in (Evidence.WORDS, Evidence.NAME) else found == phrase


@pytest.mark.parametrize(
    ("row", "evidence", "phrase"),
    [
        (0, Evidence.ARTICLE, "the article's text begins further down"),
        (11, Evidence.ARTICLE, "the article's text ends further up"),
        (1, Evidence.HEADLINE, "stands where the headline does"),
        (0, Evidence.HEADLINE, "stands 1 line above the headline"),
    ],
)
def test_phrases_of_plain_text(row, evidence, phrase):
    assert phrase_of(PLAIN, row, evidence) == phrase


@pytest.mark.parametrize(
    ("head", "evidence", "phrase"),
    [
        ("", Evidence.KIND_OF_PAGE, "the page does not say of what kind it is"),
        ("<meta property=og:type content=article>", Evidence.KIND_OF_PAGE, "the page calls itself an article"),
        ("<link rel=canonical href=/>", Evidence.ADDRESS, "the page's address is that of a front page"),
        (
            "<link rel=canonical href=/news/ferry-sails-again-on-monday>",
            Evidence.ADDRESS,
            "the page's address ends in the words of a headline",
        ),
        (
            "<link rel=canonical href=/news/48>",
            Evidence.ADDRESS,
            "the page's address does not end in the words of a headline",
        ),
    ],
)
def test_what_a_page_says_of_itself(head, evidence, phrase):
    assert phrase_of(f"{head}<p>{TEXTS[2]}</p>", 0, evidence) == phrase


@pytest.mark.parametrize(
    ("row", "part", "phrase"),
    [
        (0, "-1", "nothing stands above it"),
        (8, "-1", "stands under 'You may also like'"),
        (9, "-2", "stands under 'You may also like'"),
        (10, "-1", "follows a link to another story: 'Bakery closes after ninety years'"),
        (3, "-3", "stands 3 lines below a line of navigation: 'Home News'"),
        (1, "-4", "only 1 line stands above it"),
        (3, "before", "most lines right above it are"),
    ],
)
def test_the_line_above_that_counts_is_named(row, part, phrase):
    assert phrase_of(source_with(part), row, Evidence.ABOVE, part).startswith(phrase)


@pytest.mark.parametrize(
    ("row", "part", "phrase"),
    [
        (11, "+1", "nothing stands below it"),
        (7, "+1", "a link to another story follows: 'Bakery closes after ninety years'"),
        (6, "+4", "a link to another story stands 4 lines below it: 'Bridge opens a month late'"),
        (9, "+4", "only 2 lines stand below it"),
        (1, "after", "most lines right below it are"),
        (2, "+1", "a line of the article follows: '“We are glad,” said the captain. Ticket…'"),
    ],
)
def test_the_line_below_that_counts_is_named(row, part, phrase):
    assert phrase_of(source_with(part), row, Evidence.BELOW, part).startswith(phrase)


@pytest.mark.parametrize(
    ("text", "evidence", "phrase"),
    [
        ("列車を待つ時間に読む。", Evidence.LENGTH, "is 11 characters long"),
        ("列車を待つ時間に読む。", Evidence.LETTERS, "is in a script without capitals"),
        ("1 2 3", Evidence.LETTERS, "has no words of letters"),
        ("word " * 40, Evidence.LENGTH, "is long: 40 words"),
        ("One line", Evidence.POSITION, "is the only line of the page"),
        ("One line", Evidence.SURROUNDINGS, "the page has no other paragraph"),
        ("12 34", Evidence.WORDS, "is worded as "),
    ],
)
def test_phrases_of_a_single_line(text, evidence, phrase):
    assert phrase_of(text, 0, evidence).startswith(phrase)


def test_every_kind_of_evidence_has_words_for_every_block():
    for source, kinds in (
        (PAGE, {*column_groups(has_markup=True), Evidence.ALIKE}),
        (PLAIN, {*column_groups(has_markup=False)}),
    ):
        for evidence in kinds:
            for row in range(len(TEXTS)):
                assert phrase_of(source, row, evidence, "-1").strip()


def test_a_page_whose_title_names_no_headline_says_so():
    assert phrase_of("<title>Snow</title><p>Sun</p>", 0, Evidence.HEADLINE) == (
        "the page has no headline that its title names"
    )


def test_reasons_come_strongest_first_and_never_against_the_label():
    page, document, found = weighed((Path(__file__).parent.parent / "examples" / "market.html").read_bytes())
    for row, own in enumerate(reasons(MODEL, page, document.lines, found)):
        weights = [reason.weight for reason in own]
        assert len(weights) <= COUNT
        assert weights == sorted(weights, reverse=True)
        positive = sorted((float(each[row]) for each in found.weights.values() if each[row] >= 0.05), reverse=True)
        assert weights == positive[:COUNT]
