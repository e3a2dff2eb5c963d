from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from filter.blocks import Page, blocks_from_text, blocks_from_walk, blocks_of_page, locators
from filter.errors import DeadlineError, FilterError, TooLargeError
from filter.labels import Label
from filter.tree import walk_markup, walk_soup

PAGES = sorted(path for path in (Path(__file__).parent / "pages").iterdir() if path.is_dir())


def blocks(markup: str) -> Page:
    return blocks_from_walk(walk_markup(markup), max_blocks=100_000)


def sources(page: Page) -> list[str]:
    assert page.elements is not None
    return locators(page.elements, page.places)


def test_there_are_pages() -> None:
    assert len(PAGES) >= 6


@pytest.mark.parametrize("folder", PAGES, ids=lambda folder: folder.name)
def test_blocks_of_a_page_are_the_golden_ones(folder: Path) -> None:
    golden = [line["text"] for line in json.loads((folder / "labels.json").read_text("utf-8"))]
    assert blocks((folder / "page.html").read_text("utf-8")).texts == golden


@pytest.mark.parametrize("parser", ["html5lib", "lxml", "html.parser"])
@pytest.mark.parametrize("folder", PAGES, ids=lambda folder: folder.name)
def test_blocks_of_a_soup_are_those_of_its_markup(folder: Path, parser: str) -> None:
    markup = (folder / "page.html").read_text("utf-8")
    fast, slow = blocks(markup), blocks_from_walk(walk_soup(BeautifulSoup(markup, parser)), max_blocks=100_000)
    assert (slow.texts, slow.link_chars, slow.strong_chars, slow.anchors, slow.head) == (
        fast.texts, fast.link_chars, fast.strong_chars, fast.anchors, fast.head,
    )  # fmt: skip


@pytest.mark.parametrize("folder", PAGES, ids=lambda folder: folder.name)
def test_gold_text_is_the_body_of_the_golden_labels(folder: Path) -> None:
    lines = json.loads((folder / "labels.json").read_text("utf-8"))
    assert {Label(line["label"]) for line in lines} >= {Label.TITLE, Label.BODY, Label.NAVIGATION, Label.RELATED}
    body = [line["text"] for line in lines if line["label"] == Label.BODY]
    assert (folder / "gold.txt").read_text("utf-8").splitlines() == body


@pytest.mark.parametrize(
    ("markup", "texts"),
    [
        ("<p>one <b>two</b> <a href=x>three</a>.</p>", ["one two three."]),
        ("<p>in<em>side</em>out</p>", ["insideout"]),
        ("<p>one</p>two<div>three</div>", ["one", "two", "three"]),
        ("<div>before<p>inside</p>after</div>", ["before", "inside", "after"]),
        ("one<br>two", ["one two"]),
        ("one<br><br>two", ["one", "two"]),
        ("one<br> \n <br>two", ["one", "two"]),
        ("one<br><span></span><br/>two", ["one", "two"]),
        ("one<br>two<br>three", ["one two three"]),
        ("one<br><br><br><br>two", ["one", "two"]),
        ("<ul><li>one<li>two</ul>", ["one", "two"]),
        ("<table><tr><td>one<td>two</table>", ["one", "two"]),
        ("<p>one<script>x</script> two</p>", ["one two"]),
        ("<p>See <a href=x>here <svg></svg></a> now</p>", ["See here now"]),
        ("<p> \u00a0 </p><p>\u3000</p>", []),
        ("<p>a\u00a0b\n\tc</p>", ["a b c"]),
        ("<p>&lt;b&gt; &amp; &eacute;</p>", ["<b> & é"]),
        ("<my-card>one</my-card><my-card>two</my-card>", ["one", "two"]),
        ("<ruby>字<rp>(</rp><rt>じ</rt><rp>)</rp></ruby>", ["字じ"]),
        ("", []),
        ("<!-- -->", []),
        ("🙂", ["🙂"]),
        ("<p dir=rtl>مرحبا <b>بكم</b></p>", ["مرحبا بكم"]),
    ],
)
def test_what_joins_and_what_splits(markup: str, texts: list[str]) -> None:
    assert blocks(markup).texts == texts


def test_page_title_is_in_the_head_and_no_block() -> None:
    page = blocks(
        "<title> A  page </title><meta name=description content='What it says'><meta property=og:title content=Og>"
        '<script type="application/ld+json">{}</script><p>text</p>'
    )
    assert page.texts == ["text"]
    assert page.head.titles == ["A page", "Og"]
    assert page.head.descriptions == ["What it says"]
    assert page.head.ld_json == ["{}"]


def test_a_title_that_is_never_closed_takes_no_block_along() -> None:
    soup = BeautifulSoup("<title>Rain <b>is</b> due<body><h1>Rain is due</h1><p>text</p>", "html.parser")
    page = blocks_from_walk(walk_soup(soup), max_blocks=9)
    assert soup.title
    assert soup.title.p
    assert page.texts == ["Rain is due", "text"]
    assert page.head.titles == ["Rain is due"]


def test_a_block_is_placed_at_the_innermost_element_that_holds_all_of_it() -> None:
    page = blocks("<div><p>one</p><p><a>two</a></p><p><b>x</b> <i>y</i></p><p>z <u>u</u></p></div>")
    assert sources(page) == [
        "/html[1]/body[1]/div[1]/p[1]",
        "/html[1]/body[1]/div[1]/p[2]/a[1]",
        "/html[1]/body[1]/div[1]/p[3]",
        "/html[1]/body[1]/div[1]/p[4]",
    ]


def test_texts_around_an_inner_block_share_their_element() -> None:
    assert sources(blocks("<div>before<p>inside</p>after</div>")) == [
        "/html[1]/body[1]/div[1]",
        "/html[1]/body[1]/div[1]/p[1]",
        "/html[1]/body[1]/div[1]",
    ]


def test_links_are_counted_and_named() -> None:
    page = blocks("<p>See <a href='/a'>the <b>report</b></a> and <a href='/b'>map</a></p><p>none</p>")
    assert page.link_chars[1] == 0
    assert page.link_chars[0] in range(len("thereportmap"), len("the report map") + 1)
    assert page.links == [2, 0]
    assert [[(" ".join(text.split()), href) for text, href in anchors] for anchors in page.anchors] == [
        [("the report", "/a"), ("map", "/b")],
        [],
    ]


def test_plain_lines_are_unchanged_and_numbered() -> None:
    page = blocks_from_text("  one  \n\n\t\ntwo\x0c\x85<b>\r\nthree\rfour", max_blocks=10)
    assert page.lines == page.shown == ["  one  ", "two\x0c\x85<b>", "three", "four"]
    assert page.texts == ["one", "two <b>", "three", "four"]
    assert page.places == [1, 4, 5, 6]
    assert page.elements is None


POST = "<p>The valve on the second boiler has leaked since the update, and the log says nothing about it.</p>" * 8


@pytest.mark.parametrize("hidden", [f"<noscript>{POST}</noscript>", f"<div style='visibility:hidden'>{POST}</div>"])
@pytest.mark.parametrize("shown", ["", "<p>Loading</p>"])
def test_a_page_that_waits_for_a_script_gives_what_it_hides(hidden: str, shown: str) -> None:
    page = blocks_of_page(partial(walk_markup, f"<body>{shown}{hidden}"), max_blocks=100)
    assert len([text for text in page.texts if text.startswith("The valve")]) == 8


def test_running_text_hidden_behind_a_wall_is_found_beside_many_links() -> None:
    menu = "".join(f"<li><a href=/{number}>Section {number} of the paper</a>" for number in range(60))
    page = (
        f"<ul>{menu}</ul><article><p>The boiler has failed again, the owner of the house on the hill said on Monday, "
    )
    page += f"and nobody knows why.</p><div class=wall hidden>{POST}</div></article>"
    for walk in (partial(walk_markup, page), partial(walk_soup, BeautifulSoup(page, "html.parser"))):
        assert sum(text.startswith("The valve") for text in blocks_of_page(walk, max_blocks=100).texts) == 8


@pytest.mark.parametrize(
    "markup",
    [
        f"<p>{'The boiler has failed again. ' * 20}</p><div hidden>{POST}</div>",
        "<p>A short note.</p><ul hidden>" + "<li><a href=x>One of the sections of the paper</a>" * 60 + "</ul>" + POST,
        f"{POST * 2}<noscript>{POST * 9}</noscript>",
        "<p>A short note.</p><p hidden>Not for you.</p>",
        "<noscript>Please enable JavaScript to read this page.</noscript>",
    ],
)
def test_what_a_page_hides_stays_hidden_where_it_shows_enough_or_hides_little(markup: str) -> None:
    shown = blocks(markup)
    assert blocks_of_page(partial(walk_markup, markup), max_blocks=100).texts == shown.texts


def test_too_many_blocks() -> None:
    with pytest.raises(TooLargeError, match="3"):
        blocks_from_walk(walk_markup("<p>x</p>" * 4), max_blocks=3)
    with pytest.raises(TooLargeError, match="3"):
        blocks_from_text("x\n" * 4, max_blocks=3)
    assert len(blocks_from_walk(walk_markup("<p>x</p>" * 3), max_blocks=3)) == 3


@pytest.mark.parametrize("markup", ["<p>x</p>" * 2_000, "<br>x" * 4_000, "<i>x" * 4_000, "<p></p>" * 4_000])
def test_a_long_walk_asks_the_clock(markup: str) -> None:
    def check() -> None:
        raise DeadlineError("too long")

    with pytest.raises(DeadlineError):
        blocks_from_walk(walk_markup(markup), max_blocks=100_000, check=check)


@pytest.mark.parametrize(
    "markup",
    [
        "<div>x" * 5_000,
        "<span>x" * 20_000,
        "<span>x" * 10_000 + "</span>y" * 10_000,
        "<b>" * 5_000 + "x" + "<br><br>y" * 5_000,
        "<p>" * 50_000 + "x",
        "<a href=x>x" * 20_000,
        "x<br>" * 50_000,
        "<table><tr><td>x" * 2_000,
    ],
    ids=lambda markup: markup[:24],
)
def test_hostile_markup_takes_linear_time(markup: str) -> None:
    start = time.process_time()
    page = blocks(markup)
    # Quadratic steps took 20 s and more here; linear ones take less than 0.5 s.
    assert time.process_time() - start < 5
    assert "".join(page.texts).count("x") == markup.replace("=x", "").count("x")


_PIECES = st.sampled_from(
    "<p> </p> <div> </div> <b> </b> <a\thref='/x'> </a> <br> <li> <ul> </ul> <table> <tr> <td> </table> <h2> </h2> "
    "<span> </span> <!--x--> <script>x</script> <p\thidden> <blockquote> </blockquote> <img\tsrc=x> <i> \n".split(" ")
)


@settings(deadline=None)
@given(st.lists(_PIECES | st.none(), max_size=60))
def test_every_text_is_in_one_block_and_in_order(pieces: list[str | None]) -> None:
    tokens = [f"w{number}" for number in range(len(pieces))]
    markup = "".join(f" {token} " if piece is None else piece for token, piece in zip(tokens, pieces, strict=True))
    page = blocks(markup)
    assert all(text.strip() and text == " ".join(text.split()) for text in page.texts)
    found = [word for text in page.texts for word in text.split()]
    if "<p\thidden>" in pieces or "<table>" in pieces:
        # Hidden text is in no block, and text that stands in a table outside its cells moves before it.
        assert len(found) == len(set(found))
        assert set(found) <= set(tokens)
    else:
        assert found == [token for token, piece in zip(tokens, pieces, strict=True) if piece is None]


@settings(deadline=None)
@given(st.text(alphabet=st.characters() | st.sampled_from("<>/ abp\n&;=\"'")))
def test_any_markup_gives_blocks_that_are_not_blank(markup: str) -> None:
    try:
        page = blocks(markup)
    except FilterError:
        return
    assert all(text.strip() for text in page.texts)
    columns = (page.places, page.link_chars, page.strong_chars, page.links, page.media, page.controls, page.anchors)
    assert {len(column) for column in columns} == {len(page)}
    assert all(0 <= chars <= len(text) for chars, text in zip(page.link_chars, page.texts, strict=True))


@settings(deadline=None)
@given(st.text())
def test_any_plain_text_gives_its_lines(text: str) -> None:
    page = blocks_from_text(text, max_blocks=100_000)
    assert all(line.strip() for line in page.texts)
    assert "".join("".join(page.lines).split()) == "".join(text.split())


@settings(deadline=None)
@given(st.lists(_PIECES | st.just("word"), max_size=60))
def test_a_soup_loses_no_text_at_its_top_level(pieces: list[str]) -> None:
    soup = BeautifulSoup("".join(piece for piece in pieces if piece != "<p\thidden>"), "html.parser")
    page = blocks_from_walk(walk_soup(soup), max_blocks=100_000)
    assert "".join("".join(page.texts).split()) == "".join(soup.get_text().split())
