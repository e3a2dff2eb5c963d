from __future__ import annotations

from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st

from filter.errors import FilterError
from filter.tree import CLOSE, HIDDEN, LD_JSON, TEXT, Event, Walk, events, walk_markup, walk_soup

ROOT = Path(__file__).parent
PAGES = sorted([*ROOT.glob("pages/*/page.html"), *(ROOT.parent / "examples").glob("*.html")])


def page_name(path: Path) -> str:
    return path.parent.name if path.name == "page.html" else path.stem


def comparable(walk: Walk) -> list[Event]:
    """Join neighbouring texts, drop blank ones; an empty attribute is as none, and names have one case."""
    joined: list[Event] = []
    for name, value in events(walk):
        if isinstance(value, dict):
            value = {key.lower(): content or None for key, content in value.items()}
        if name == TEXT and joined and joined[-1][0] == TEXT:
            value = f"{joined.pop()[1]}{value}"
        joined.append((name, value))
    return [event for event in joined if event[0] != TEXT or str(event[1]).strip()]


def shape(walk: Walk) -> list[object]:
    """Return what opens and what is said, in order: html.parser and lxml do not know where all elements end."""
    return [value if name in (TEXT, LD_JSON) else name for name, value in comparable(walk) if name != CLOSE]


def texts(walk: Walk) -> str:
    return " ".join("".join(str(value) for name, value in events(walk) if name == TEXT).split())


def test_there_are_pages_to_compare() -> None:
    assert len(PAGES) >= 13


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_lexbor_and_html5lib_give_the_same_walk(path: Path) -> None:
    markup = path.read_text("utf-8")
    assert comparable(walk_soup(BeautifulSoup(markup, "html5lib"))) == comparable(walk_markup(markup))


@pytest.mark.parametrize("parser", ["lxml", "html.parser"])
@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_other_parsers_give_the_same_elements_and_texts(path: Path, parser: str) -> None:
    markup = path.read_text("utf-8")
    assert shape(walk_soup(BeautifulSoup(markup, parser))) == shape(walk_markup(markup))


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_every_element_that_opens_closes(path: Path) -> None:
    depth = 0
    for name, _ in events(walk_markup(path.read_text("utf-8"))):
        depth += {CLOSE: -1, TEXT: 0, LD_JSON: 0, HIDDEN: 0}.get(name, 1)
        assert depth >= 0
    assert depth == 0


@pytest.mark.parametrize(
    "markup",
    [
        "<script>gone</script>",
        "<style>gone</style>",
        "<noscript><p>gone</p></noscript>",
        "<template><p>gone</p></template>",
        "<svg><title>gone</title></svg>",
        "<select><option>gone</option></select>",
        "<textarea>gone</textarea>",
        "<!-- gone -->",
        "<p hidden>gone</p>",
        "<p hidden=''>gone</p>",
        "<div style='Display : None'><p>gone</p></div>",
        "<div style='color: red; visibility:hidden'>gone</div>",
        "<dialog>gone</dialog>",
        "<div hidden id='S:menu'>gone</div>",
        "<dialog style='border: none'>gone</dialog>",
    ],
)
@pytest.mark.parametrize("parser", ["lexbor", "html5lib", "lxml", "html.parser"])
def test_what_a_reader_does_not_see_is_not_walked(markup: str, parser: str) -> None:
    page = f"<body><p>before</p>{markup}<p>after</p></body>"
    walk = walk_markup(page) if parser == "lexbor" else walk_soup(BeautifulSoup(page, parser))
    assert texts(walk).replace(" ", "") == "beforeafter"


@pytest.mark.parametrize(
    "markup",
    [
        "<p hidden='until-found'>seen</p>",
        "<body style='visibility:hidden'>seen</body>",
        "<article hidden>seen</article>",
        "<p style='border: none'>seen</p>",
        "<dialog open>seen</dialog>",
        "<div hidden id='S:0'>seen</div>",
        "<div hidden='' id='app-S:1f'>seen</div>",
    ],
)
def test_what_only_looks_hidden_is_walked(markup: str) -> None:
    assert texts(walk_markup(markup)) == "seen"
    assert texts(walk_soup(BeautifulSoup(markup, "html5lib"))) == "seen"


@pytest.mark.parametrize(
    "markup",
    [
        "<noscript><p>seen</p></noscript>",
        "<div hidden><p style='display:none'>seen</p></div>",
        "<dialog>seen</dialog>",
    ],
)
def test_what_is_hidden_can_be_asked_for(markup: str) -> None:
    page = f"<body>{markup}<script>gone</script><select><option>gone</select></body>"
    assert texts(walk_markup(page, True)) == "seen"
    assert texts(walk_soup(BeautifulSoup(page, "html.parser"), True)) == "seen"


@pytest.mark.parametrize("parser", ["lexbor", "html5lib", "lxml", "html.parser"])
def test_it_is_told_how_much_is_hidden(parser: str) -> None:
    page = "<body><div hidden><p>four</p><b>teen</b></div><noscript><p>six</p></noscript><template>no</template></body>"
    walk = walk_markup(page) if parser == "lexbor" else walk_soup(BeautifulSoup(page, parser))
    assert [value for name, value in events(walk) if name == HIDDEN] == [8, 3]


@pytest.mark.parametrize("parser", ["lexbor", "html5lib", "lxml", "html.parser"])
def test_json_ld_comes_as_its_own_event(parser: str) -> None:
    page = '<html><head><script type="application/ld+json">{"a": "<p>"}</script></head><body></body></html>'
    walk = walk_markup(page) if parser == "lexbor" else walk_soup(BeautifulSoup(page, parser))
    assert [value for name, value in events(walk) if name == LD_JSON] == ['{"a": "<p>"}']


def test_a_tag_is_walked_with_itself_as_the_root() -> None:
    soup = BeautifulSoup("<div><article class='a b'><p>one</p></article><p>two</p></div>", "html.parser")
    article = soup.article
    assert article is not None
    assert events(walk_soup(article)) == [
        ("article", {"class": "a b"}), ("p", {}), (TEXT, "one"), (CLOSE, None), (CLOSE, None),
    ]  # fmt: skip


def test_a_soup_is_not_changed() -> None:
    soup = BeautifulSoup("<p hidden>a</p><script>b</script><p>c</p>", "html.parser")
    before = str(soup)
    events(walk_soup(soup))
    assert str(soup) == before


def test_five_thousand_levels() -> None:
    markup = "<div>" * 5_000 + "deep" + "</div>" * 5_000
    assert texts(walk_markup(markup)) == "deep"


def test_five_thousand_levels_of_soup() -> None:
    soup = BeautifulSoup("", "html.parser")
    parent = soup
    for _ in range(5_000):
        parent = parent.append(soup.new_tag("div"))
    parent.append("deep")
    assert texts(walk_soup(soup)) == "deep"


@pytest.mark.parametrize(
    "bomb", ["<div>", "<b>", "<p><b><i>", "<table>", "<a href=x>", "<li>", "<!--", "</p>", "<", "&"]
)
def test_a_bomb_of_unclosed_tags_keeps_the_text_before_it(bomb: str) -> None:
    assert texts(walk_markup("<p>kept</p>" + bomb * 3_000)).startswith("kept")


@pytest.mark.parametrize(
    "markup", ["", " ", "\0", "\0<p>a\0b</p>\0", "<", "\ufeff", "<!DOCTYPE", "<html", "]]>", "&#0;"]
)
def test_scraps_are_walked(markup: str) -> None:
    names = [name for name, _ in events(walk_markup(markup))]
    assert names.count(CLOSE) == sum(name not in (CLOSE, TEXT, LD_JSON, HIDDEN) for name in names)


@settings(deadline=None)
@given(st.text(alphabet=st.characters()))
def test_any_text_is_walked_or_refused(markup: str) -> None:
    try:
        names = [name for name, _ in events(walk_markup(markup))]
    except FilterError:
        return
    assert names.count(CLOSE) == sum(name not in (CLOSE, TEXT, LD_JSON, HIDDEN) for name in names)
