"""What a page says of itself: types of Open Graph and schema.org, and the shape of its address."""

import json
import math
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter.blocks import Page, blocks_from_walk, blocks_of_page
from filter.metadata import NAMES, metadata
from filter.tree import walk_markup

NOTHING_SAID = {name: math.nan if name.startswith("address_") else 0.0 for name in NAMES}


def page_of(markup: str) -> Page:
    return blocks_from_walk(walk_markup(markup), max_blocks=1000)


def said(markup: str) -> dict[str, float]:
    """Return the columns that differ from those of a page that says nothing of itself."""
    found = dict(zip(NAMES, metadata(page_of(f"{markup}<p>Rain is due")), strict=True))
    return {name: value for name, value in found.items() if value != NOTHING_SAID[name] and not math.isnan(value)}


def ld(data: object) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def test_a_page_that_says_nothing():
    assert said("") == {}


@pytest.mark.parametrize(
    ("content", "kinds"),
    [("article", ["article"]), ("Website", ["website"]), ("product.item", ["product"]), ("profile", [])],
)
def test_types_of_open_graph(content, kinds):
    found = said(f'<meta property="og:type" content="{content}">')
    assert found == dict.fromkeys(["meta_og_any", *(f"meta_og_{kind}" for kind in kinds)], 1)


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("NewsArticle", {"meta_type_article", "meta_type_news"}),
        ("BlogPosting", {"meta_type_article"}),
        ("http://schema.org/Product", {"meta_type_product"}),
        ("https://schema.org/QAPage", {"meta_type_forum"}),
        (["WebPage", "FAQPage"], {"meta_type_faq"}),
        ("Dataset", set()),
    ],
)
def test_types_in_json_ld(name, columns):
    found = said(ld({"@graph": [{"mainEntity": {"@type": name}}]}))
    assert {name for name in found if name.startswith("meta_type_")} == columns | {"meta_type_any"}


def test_the_types_of_broken_json_ld_count_too():
    broken = '<script type="application/ld+json">{"@type": "Product", "name": "Kettle",, }</script>'
    assert said(broken) == {"meta_type_any": 1, "meta_type_product": 1}


def test_what_json_ld_holds_is_counted():
    items = [{"@type": "ListItem", "position": number} for number in range(3)]
    story = {"@type": "Article", "headline": "Rain is due", "datePublished": "2025-03-01", "about": items}
    found = said(ld([story, story]))
    assert found["meta_log_articles"] == 2
    assert found["meta_log_items"] == 6
    assert found["meta_headline"] == found["meta_date"] == 1


def test_types_of_microdata():
    thread = '<div class="thread" itemscope itemtype="https://schema.org/DiscussionForumPosting"><p>Rain?</div>'
    assert said(thread) == {"meta_type_any": 1, "meta_type_forum": 1}


@pytest.mark.parametrize(
    ("markup", "column"),
    [
        ('<meta property="article:section" content="Weather">', "meta_article_tags"),
        ('<meta name="author" content="Ada Quill">', "meta_author"),
        ('<meta name="twitter:label1" content="Reading time">', "meta_label"),
    ],
)
def test_other_statements(markup, column):
    assert said(markup) == {column: 1}


@pytest.mark.parametrize(
    ("address", "shape"),
    [
        ("https://paper.example/weather/2025/03/01/rain-is-due-on-friday", {"depth": 5, "hyphens": 4, "dated": 1}),
        ("https://paper.example/", {"home": 1}),
        ("/shop?item=7", {"depth": 1, "query": 1}),
        ("//paper.example/a/story-48", {"depth": 2, "hyphens": 1, "digit": 1}),
    ],
)
def test_the_shape_of_an_address(address, shape):
    expected = {f"address_{part}": value for part, value in shape.items()}
    for markup in (f'<link rel="canonical" href="{address}">', f'<meta property="og:url" content="{address}">'):
        found = said(markup)
        assert {name: value for name, value in found.items() if value} == expected


def test_the_canonical_address_counts_before_that_of_open_graph():
    links = '<link rel="canonical" href="/a"><link rel="canonical" href="/">'
    found = said(f'<meta property="og:url" content="/a/b/c">{links}')
    assert found["address_depth"] == 1


def test_the_address_that_a_page_came_from_counts_where_it_gives_none():
    def address(markup: str) -> float:
        page = blocks_of_page(partial(walk_markup, f"{markup}<p>Rain is due"), url="/a/b/c", max_blocks=10)
        return dict(zip(NAMES, metadata(page), strict=True))["address_depth"]

    assert address("") == 3
    assert address('<link rel="canonical" href="/a">') == address('<meta property="og:url" content="/a">') == 1


def test_an_address_that_is_none_is_not_there():
    assert said('<link rel="canonical" href="https://[paper.example/a">') == {}


@given(st.text('"@type:[]{}, Aricle/\\', max_size=60), st.text(max_size=30))
def test_whatever_a_page_says_there_is_a_number_for_each_name(script, address):
    page = page_of("<p>Rain is due")
    page.head.ld_json.append(f'"@type"{script}')
    page.head.canonical = address
    assert len(metadata(page)) == len(NAMES)
