"""`strip`: what goes, what stays, and that nothing is lost on trees that nobody would write."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, Tag
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from filter import (
    DEFAULT_KEEP,
    Document,
    InputError,
    KeepError,
    Label,
    Line,
    Options,
    TooLargeError,
    classify,
    clean,
    strip,
)
from filter.pipeline import read_page
from filter.soup import Removed, remove

ROOT = Path(__file__).parent
PAGES = sorted([*ROOT.glob("pages/*/page.html"), *(ROOT.parent / "examples").glob("*.html")])
BUILDERS = ["html.parser", "lxml", "html5lib"]
MOST_SECONDS = 10
#: In the trees of these tests the first word of a block tells its label.
WORDS = {"kept": Label.BODY, "menu": Label.NAVIGATION, "photo": Label.CAPTION, "more": Label.RELATED}


def labelled(root: Tag) -> Document:
    """Return the document of a tree whose words tell their labels."""
    lines = []
    for text in read_page(root).texts:
        label = next((label for word, label in WORDS.items() if text.startswith(word)), Label.PROMO)
        lines.append(Line(text, label, 1, 1, ""))
    return Document(tuple(lines))


def stripped(markup: str, builder: str = "html.parser") -> str:
    """Return what is left of a markup whose words tell their labels."""
    soup = BeautifulSoup(markup, builder)
    remove(soup, labelled(soup), DEFAULT_KEEP)
    return str(soup)


def nodes_in(root: Tag) -> Iterator[PageElement]:
    """Yield what is in a tree, in page order, by its contents alone."""
    stack = [iter(root.contents)]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            continue
        yield node
        if isinstance(node, Tag):
            stack.append(iter(node.contents))


def strings_of(*roots: PageElement) -> list[str]:
    nodes = (node for root in roots for node in (nodes_in(root) if isinstance(root, Tag) else [root]))
    return [str(node) for node in nodes if isinstance(node, NavigableString)]


@pytest.mark.parametrize(
    ("markup", "left"),
    [
        pytest.param("<nav><ul><li>menu</li><li>menu</li></ul></nav><p>kept</p>", "<p>kept</p>", id="whole container"),
        pytest.param("<ul><li>menu</li><li>kept</li></ul>", "<ul><li>kept</li></ul>", id="one item"),
        pytest.param("<div>kept <p>menu</p></div>", "<div>kept </div>", id="never an element around a kept block"),
        pytest.param("<div>menu <b>menu</b><p>kept</p></div>", "<div><p>kept</p></div>", id="a run of text goes"),
        pytest.param("<div>menu<p>kept</p>more</div>", "<div><p>kept</p></div>", id="text around a kept block"),
        pytest.param("kept<br><br>menu<br><br>kept", "kept<br/><br/><br/><br/>kept", id="paragraphs by line breaks"),
        pytest.param("kept<p>menu</p>kept", "kept<br/><br/>kept", id="neighbours do not run together"),
        pytest.param("kept<p>menu</p>more<p>menu</p>kept", "kept<br/><br/>kept", id="nor over several"),
        pytest.param("kept<a><p>menu</p></a>kept", "kept<br/><br/>kept", id="nor where the border was inside"),
        pytest.param("kept<br><p>menu</p>kept", "kept<br/><br/><br/>kept", id="one line break does not part"),
        pytest.param("kept<br><p>menu</p><br>kept", "kept<br/><br/>kept", id="two line breaks do"),
        pytest.param("<p>kept</p><p>menu</p>kept", "<p>kept</p>kept", id="an element parts already"),
        pytest.param("kept <i><p>menu</p></i><u> </u><p>kept</p>", "kept <u> </u><p>kept</p>", id="blank strings stay"),
        pytest.param("<p>kept</p>\n<b>menu</b>\n<p>kept</p>", "<p>kept</p>\n\n<p>kept</p>", id="between elements too"),
        pytest.param(
            "kept<div>menu</div><noscript><p>seen by few</p></noscript>kept",
            "kept<br/><br/><noscript><p>seen by few</p></noscript>kept",
            id="what is not seen does not part",
        ),
        pytest.param(
            "<div><img><hr><script>1</script><!-- c --><i></i><p>kept</p></div>",
            '<div><img/><hr/><script>1</script><!-- c --><i></i><p>kept</p></div>',
            id="what has no text stays",
        ),
        pytest.param("<aside><img><script>1</script><p>menu</p></aside><p>kept</p>", "<p>kept</p>", id="or goes along"),
        pytest.param("<p hidden>menu</p><p>kept</p>", '<p hidden="">menu</p><p>kept</p>', id="hidden is not judged"),
        pytest.param(
            "<figure><a><img></a><figcaption>photo</figcaption></figure>",
            "<figure><a><img/></a></figure>",
            id="a caption leaves its picture",
        ),
        pytest.param("<figure><img><p>photo</p><p>more</p></figure>", "", id="a teaser takes its picture along"),
        pytest.param("<figure><svg></svg><p>photo</p></figure>", "", id="an icon is no picture"),
        pytest.param(
            "<html><head><title>menu</title></head><body><p>menu</p></body></html>",
            "<html><head><title>menu</title></head><body></body></html>",
            id="the skeleton stays",
        ),
        pytest.param("<p>kept <b>kept</b> <a href='x'>kept</a></p>", '<p>kept <b>kept</b> <a href="x">kept</a></p>',
                     id="kept is as it was"),
    ],
)  # fmt: skip
def test_what_goes_and_what_stays(markup: str, left: str) -> None:
    assert stripped(markup) == left


def test_a_line_break_with_content_breaks_once() -> None:
    soup = BeautifulSoup("kept<br><img><p>photo</p>kept", "html.parser")
    assert isinstance(soup.br, Tag)
    soup.br.extend([soup.img, soup.p])
    remove(soup, labelled(soup), DEFAULT_KEEP)
    assert read_page(soup).texts == ["kept", "kept"]


def test_what_went_is_returned_in_page_order_with_its_lines() -> None:
    soup = BeautifulSoup("<nav><p>menus</p><p>more and more</p></nav>menu <b>menu</b><p>kept</p>", "html.parser")
    document = labelled(soup)
    nav, text, bold = remove(soup, document, DEFAULT_KEEP)
    assert [str(each.node) for each in (nav, text, bold)] == [
        "<nav><p>menus</p><p>more and more</p></nav>", "menu ", "<b>menu</b>"
    ]  # fmt: skip
    assert nav.lines == document.lines[:2]
    assert text.lines == bold.lines == document.lines[2:3]
    assert (nav.label, text.label) == (Label.RELATED, Label.NAVIGATION)
    assert nav.node.parent is None


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parent.name if path.name == "page.html" else path.stem)
def test_what_is_left_of_a_page_is_what_clean_gives(path: Path, builder: str) -> None:
    soup = BeautifulSoup(path.read_text("utf-8"), builder)
    before, kept = strings_of(soup), [line.text for line in classify(soup).kept()]
    links = {id(tag) for tag in soup.find_all("a")}
    removed = strip(soup)
    assert read_page(soup).texts == kept
    assert sorted(strings_of(soup, *(each.node for each in removed))) == sorted(before)
    assert list(soup.descendants) == list(nodes_in(soup))
    assert {id(tag) for tag in soup.select("a")} <= links


def test_selectors_links_and_pictures_of_the_article_still_work() -> None:
    path = ROOT.parent / "examples" / "market.html"
    soup = BeautifulSoup(path.read_text("utf-8"), "lxml")
    article = soup.article
    assert article is not None
    texts = [p.get_text() for p in article.select("p")]
    assert strip(soup)
    assert soup.article is article
    left = [p.get_text() for p in article.select("p")]
    assert left
    assert set(left) < set(texts)
    assert soup.select("article img") == article.find_all("img") != []
    assert soup.select("script, link, meta")


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_tag_is_stripped_and_what_is_outside_is_not(builder: str) -> None:
    soup = BeautifulSoup("<body><div id=a><p>menu</p><p>kept</p></div><div id=b><p>menu</p></div></body>", builder)
    for tag, left in ((soup.find(id="a"), "<p>kept</p>"), (soup.find(id="b"), "")):
        assert isinstance(tag, Tag)
        remove(tag, labelled(tag), DEFAULT_KEEP)
        assert tag.decode_contents() == left
    assert len(soup.find_all("div")) == 2


def test_keep_chooses_the_labels() -> None:
    path = ROOT.parent / "examples" / "market.html"
    soup = BeautifulSoup(path.read_text("utf-8"), "lxml")
    assert strip(soup, keep=Label) == ()
    kept = [line.text for line in classify(soup).kept("title,caption")]
    assert {line.label for each in strip(soup, "title,caption") for line in each.lines} >= {Label.BODY}
    assert read_page(soup).texts == kept
    with pytest.raises(KeepError):
        strip(soup, keep="adverts")


@pytest.mark.parametrize("source", ["<p>Rain.</p>", b"<p>Rain.</p>", None, NavigableString("Rain.")])
def test_only_a_soup_can_be_stripped(source: object) -> None:
    with pytest.raises(InputError, match="only a bs4 tree can be stripped"):
        strip(source)  # type: ignore[arg-type]


def test_over_a_limit_the_soup_is_not_touched() -> None:
    soup = BeautifulSoup("<p>Home</p><p>Contact</p>", "html.parser")
    with pytest.raises(TooLargeError):
        strip(soup, options=Options(max_blocks=1))
    assert len(soup.find_all("p")) == 2


def test_nothing_stays_nothing() -> None:
    assert strip(BeautifulSoup("", "html.parser")) == ()
    assert strip(BeautifulSoup("<!-- menu --><img>", "html.parser")) == ()


# ----------------------------------------------------------------------------------------------- any tree

words = st.sampled_from([*WORDS, *(f"{word}s {word}" for word in WORDS), " ", "\n"])
leaves = words | st.sampled_from(["<br>", "<img>", "<hr>", "<!--c-->", "<script>1</script>", "<p hidden>menu</p>"])
names = st.sampled_from(
    "div p span b a ul li section figure figcaption table td noscript title svg br button h2 pre body picture".split()
)
trees = st.recursive(leaves, lambda inner: st.tuples(names, st.lists(inner, max_size=5)), max_leaves=25)


def built(tree: object, parent: Tag) -> None:
    """Add what hypothesis drew to `parent`, in ways that no parser would."""
    if isinstance(tree, tuple):
        tag = Tag(name=tree[0])
        parent.append(tag)
        for child in tree[1]:
            built(child, tag)
    elif str(tree).startswith("<"):
        parent.extend(BeautifulSoup(str(tree), "html.parser").contents)
    else:
        parent.append(NavigableString(str(tree)))


def soups(forest: Iterable[object]) -> Iterator[BeautifulSoup]:
    """Yield a tree as it was drawn, and as each parser reads its markup."""
    soup = BeautifulSoup("", "html.parser")
    for tree in forest:
        built(tree, soup)
    yield soup
    markup = str(soup)
    for builder in BUILDERS:
        yield BeautifulSoup(markup, builder)


def check_removal(root: BeautifulSoup, removed: tuple[Removed, ...], before: list[str], kept: list[str]) -> None:
    assert read_page(root).texts == kept
    assert Counter(strings_of(root, *(each.node for each in removed))) == Counter(before)
    assert list(map(id, root.descendants)) == list(map(id, nodes_in(root)))
    assert all(each.lines and each.node.parent is None for each in removed)


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(trees, max_size=5))
@example([("title", [("div", ["kept"]), ("span", ["kept"]), ("span", ["kept", ("div", ["menu"])])])])
def test_of_any_tree_the_kept_blocks_are_left_and_nothing_is_lost(forest: list[object]) -> None:
    for soup in soups(forest):
        document, before = labelled(soup), strings_of(soup)
        removed = remove(soup, document, DEFAULT_KEEP)
        check_removal(soup, removed, before, [line.text for line in document.kept()])
        dropped = [line for line in document.lines if line.label not in DEFAULT_KEEP]
        gone = [line for each in removed for line in each.lines]
        assert {id(line) for line in gone} == {id(line) for line in dropped}
        left = str(soup)
        assert remove(soup, labelled(soup), DEFAULT_KEEP) == ()
        assert str(soup) == left


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(trees, max_size=5))
def test_any_tree_is_stripped(forest: list[object]) -> None:
    for soup in soups(forest):
        kept, before = [line.text for line in classify(soup).kept()], strings_of(soup)
        check_removal(soup, strip(soup), before, kept)


# -------------------------------------------------------------------------------------------------- monsters


def flat(pair: str, count: int) -> BeautifulSoup:
    return BeautifulSoup(pair * count, "html.parser")


def deep(name: str, levels: int) -> BeautifulSoup:
    """Return a tree of `levels` elements, each with a kept and a dropped block."""
    soup = BeautifulSoup("", "html.parser")
    parent: Tag = soup
    for _ in range(levels):
        parent.extend([NavigableString("kept"), Tag(name="p"), NavigableString("kept"), Tag(name=name)])
        parent.contents[1].append("menu")  # type: ignore[attr-defined]
        parent = parent.contents[-1]  # type: ignore[assignment]
    return soup


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: flat("<p>menu</p><p>kept</p>", 20_000), id="40,000 siblings"),
        pytest.param(lambda: flat("<p>menu</p>kept", 20_000), id="20,000 gaps"),
        pytest.param(lambda: deep("div", 3_000), id="3,000 deep"),
        pytest.param(lambda: deep("span", 3_000), id="3,000 deep inline"),
        pytest.param(lambda: flat("<figure><img><p>photo</p>", 3_000), id="figures in figures"),
        pytest.param(lambda: flat("<div>menu", 5_000), id="never closed"),
    ],
)
def test_a_monster_is_stripped_in_time(make) -> None:  # type: ignore[no-untyped-def]
    soup = make()
    document, before = labelled(soup), strings_of(soup)
    since = time.process_time()
    removed = remove(soup, document, DEFAULT_KEEP)
    assert time.process_time() - since < MOST_SECONDS
    check_removal(soup, removed, before, [line.text for line in document.kept()])


def test_a_page_that_waits_for_a_script_is_stripped_of_what_it_hides() -> None:
    post = "<p>The valve on the second boiler has leaked since the update, and the log says nothing about it.</p>"
    footer = "<footer><p>\u00a9 2026 The Boiler Post. All rights reserved.</p></footer>"
    soup = BeautifulSoup(f"<body><p>Loading</p><div hidden>{post * 8}{footer}</div></body>", "html.parser")
    kept = clean(soup)
    removed = strip(soup)
    assert "All rights reserved" in "".join(line.text for each in removed for line in each.lines)
    assert soup.get_text("\n", strip=True).split("\n") == kept.split("\n")
