from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter.blocks import Page, blocks_from_text, blocks_from_walk
from filter.characters import build_tables
from filter.features import N_PLAIN, article_bodies, feature_table, feature_tables, names, schema
from filter.layout import lay_out
from filter.tree import walk_markup

TABLES = build_tables()
LONG = "The weather office said on Monday that the rain in the hills will last until the end of the week or so."
HEAD = "<title>Rain is due - The Hill Post</title><meta name=description content='Rain in the hills'>"
#: Columns of what a page may lack even as markup.
HEAD_COLUMNS = ("title_", "description_", "article_body", "headline_", "address_")


def page_of(markup: str) -> Page:
    return blocks_from_walk(walk_markup(markup), max_blocks=1000)


def text_page(text: str) -> Page:
    return blocks_from_text(text, max_blocks=1000)


def column(page: Page, name: str) -> list[float]:
    return np.round(feature_table(page, TABLES)[:, names().index(name)].astype(float), 5).tolist()


def log1p(*values: float) -> list[float]:
    return np.round(np.log1p(np.array(values)), 5).tolist()


def test_names_are_unique_and_a_table_has_a_column_for_each() -> None:
    assert len(set(names())) == len(names())
    assert feature_table(text_page("Rain is due."), TABLES).shape == (1, N_PLAIN)
    assert feature_table(page_of(f"{HEAD}<p>a<p>b"), TABLES).shape == (2, len(names()))


def test_no_page_has_a_column_without_a_name() -> None:
    script = '<script type="application/ld+json">{"articleBody": "Rain is due"}</script>'
    table = feature_table(
        page_of(f"{HEAD}<link rel=canonical href=/rain>{script}<p>Rain is due<p><a href=x>More</a>"), TABLES
    )
    assert np.isfinite(table).all()


def test_long_pages_are_read_in_runs_and_give_the_same_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    page = page_of(f"{HEAD}<h1>Rain is due</h1><p>{LONG}<p>{LONG.upper()}<p>No<p>海辺の駅<p>“{LONG}”")
    expected = feature_table(page, TABLES)
    for size in (1, 40, 100):
        monkeypatch.setattr("filter.features._RUN_CHARS", size)
        np.testing.assert_array_equal(feature_table(page, TABLES), expected)


def test_the_schema_is_a_digest_of_names_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    before = schema()
    assert schema() == before
    assert len(before) == 16
    for changed in (names()[::-1], (*names(), "new")):
        monkeypatch.setattr("filter.features.names", lambda changed=changed: changed)
        assert schema() != before


def test_text_lacks_what_only_a_page_can_tell_and_nothing_else() -> None:
    table = feature_table(text_page(f"Rain is due\n{LONG}\n7"), TABLES)
    assert np.isfinite(table).all()
    absent = set(names()[N_PLAIN:])
    assert absent >= {"link_density", "near_p", "depth", "up1_chars", "title_words", "article_body"}
    assert not absent & {"log_chars", "ends_stop", "position", "shared_words"}


def test_a_page_and_a_text_together_have_the_tables_that_each_has_alone() -> None:
    pages = [text_page(f"Rain is due\n{LONG}"), page_of(f"{HEAD}<p>{LONG}<p>Sun"), text_page("Hail")]
    layouts = [lay_out(page, page.elements) if page.elements else None for page in pages]
    for page, table in zip(pages, feature_tables(pages, TABLES, layouts), strict=True):
        np.testing.assert_array_equal(table, feature_table(page, TABLES))


def test_markup_lacks_only_what_its_head_does_not_say() -> None:
    missing = np.isnan(feature_table(page_of(f"<p>Rain is due<p>{LONG}"), TABLES)).any(axis=0)
    assert {name.startswith(HEAD_COLUMNS) for name, gone in zip(names(), missing, strict=True) if gone} == {True}


@given(st.lists(st.text(st.characters(exclude_categories=()), min_size=1, max_size=40), min_size=1, max_size=8))
def test_whatever_a_text_holds_its_numbers_are_finite(lines: list[str]) -> None:
    page = text_page("\n".join(lines))
    if len(page):
        assert np.isfinite(feature_table(page, TABLES)).all()


@given(st.text("<>/ apdiv=h1'\"é海7.", max_size=120))
def test_whatever_markup_holds_its_numbers_are_finite(tail: str) -> None:
    table = feature_table(page_of(f"{HEAD}<p>Rain</p>{tail}"), TABLES)
    assert not np.isinf(table).any()
    assert np.isfinite(table[:, names().index("link_density")]).all()


def test_lengths_and_counts() -> None:
    page = text_page("Rain is due.\nNo\n海辺の駅")
    assert column(page, "log_chars") == log1p(12, 2, 4)
    assert column(page, "log_words") == log1p(3, 1, 4)
    assert column(page, "log_stops") == log1p(1, 0, 0)
    assert column(page, "upper_of_letters") == [round(1 / 9, 5), 0.5, 0]
    assert column(page, "share_unspaced") == [0, 0, 1]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Rain is due.", "ends_stop"),
        ("雨が降る。", "ends_stop"),
        ("Rain, hail,", "ends_comma"),
        ("Page 7", "ends_digit"),
        ("Home ›", "ends_separator"),
        ("Say “no”", "ends_quote"),
        ("7 hills", "begins_digit"),
        ("rain", "begins_lower"),
        ("Rain", "begins_upper"),
        ("“Rain”", "begins_quote"),
        ("• Rain", "begins_separator"),
        ("– Rain", "begins_dash"),
        ("😀 Rain", "begins_symbol"),
        ("(Rain)", "begins_punct"),
    ],
)
def test_first_and_last_characters(line: str, name: str) -> None:
    kind = name.partition("_")[0]
    table = feature_table(text_page(line), TABLES)[0]
    plain = names()[:N_PLAIN]
    marked = {each for each, value in zip(plain, table, strict=True) if each.startswith(f"{kind}_") and value == 1}
    assert {each for each in marked if not each.endswith(("+1", "-1"))} == {name}


def test_a_stop_before_a_closing_quote_ends_a_sentence() -> None:
    assert column(text_page("“Rain is due.”\n“Rain”\n(Rain.)"), "ends_stop") == [1, 0, 1]


@pytest.mark.parametrize("mark", "©@#%:?$€|/(")
def test_marks_are_counted(mark: str) -> None:
    assert column(text_page(f"a {mark} b {mark}\nc"), f"log_{mark}") == log1p(2, 0)


def test_repeated_lines_are_known() -> None:
    log_two = round(float(np.log(2)), 5)
    assert column(text_page("Share\nRain is due\nShare"), "repeats") == [log_two, 0, log_two]


def test_positions() -> None:
    page = text_page(f"Home\n{LONG}\nShare\nTop")
    chars = [4, len(LONG), 5, 3]
    assert column(page, "position") == [0, 0.25, 0.5, 0.75]
    assert column(page, "log_from_end") == log1p(3, 2, 1, 0)
    assert column(page, "log_chars_before") == log1p(0, 4, 4 + chars[1], 9 + chars[1])
    assert column(page, "long_share") == [0.25] * 4
    assert column(page, "to_long_before") == log1p(4, 5, 1, 2)
    assert column(page, "short_run") == log1p(1, 0, 2, 2)
    signs = np.sign(column(page, "since_first_long")).tolist()
    assert signs == [-1, 0, 1, 1]


def test_words_shared_with_the_running_text() -> None:
    page = text_page(f"{LONG}\nrain hills\nsubscribe today\n{LONG}")
    assert column(page, "shared_words") == [1, 1, 0, 1]


def test_a_block_is_compared_with_the_title_and_the_description() -> None:
    page = page_of(f"{HEAD}<h1>Rain is due</h1><p>Subscribe today</p><p>rain in the hills</p>")
    assert column(page, "title_equal") == [1, 0, 0]
    assert column(page, "title_words") == [1, 0, 0.5]
    assert column(page, "description_cover") == [0.25, 0, 1]


def test_a_title_is_equal_in_whatever_case_also_where_lower_case_is_longer() -> None:
    page = page_of("<title>İzmir'de DOLU - Post</title><h1>İzmir'de dolu</h1><p>İzmir'de kar</p><h2>IZMIR'DE DOLU</h2>")
    assert column(page, "title_equal") == [1, 0, 0]


def test_a_block_is_compared_with_the_article_body() -> None:
    script = '<script type="application/ld+json">{"@graph": [{"articleBody": "Rain is due in the hills"}]}</script>'
    page = page_of(f"{script}<p>Rain is due</p><p>due hills Rain</p>")
    assert column(page, "article_body") == [1, 0]


@pytest.mark.parametrize(
    ("scripts", "bodies"),
    [
        (['{"articleBody": "a"}', '[{"x": {"articleBody": "b"}}]'], ["a", "b"]),
        (['{"articleBody": "a"'], []),
        (['{"articleBody": 7}', '"articleBody"', "null", ""], []),
        (['{"articleBody": "a\nb"}'], ["a\nb"]),
        (["[" * 100_000 + '"articleBody"'], []),
    ],
)
def test_article_bodies(scripts: list[str], bodies: list[str]) -> None:
    assert article_bodies(scripts) == bodies


def test_links_bold_text_pictures_and_controls() -> None:
    page = page_of("<p><a href=x>Rain</a> due <b>now</b><p><img><input>Sun")
    assert column(page, "link_density") == [round(4 / 12, 5), 0]
    assert column(page, "strong_density") == [round(3 / 12, 5), 0]
    assert column(page, "log_links") == log1p(1, 0)
    assert column(page, "log_media") == log1p(0, 1)
    assert column(page, "log_controls") == log1p(0, 1)


def test_nearness_of_elements_above() -> None:
    page = page_of("<article><section><p>Rain</p></section></article><footer>Top</footer>")
    assert column(page, "near_p") == [1, 0]
    assert column(page, "near_section") == [0.5, 0]
    assert column(page, "near_article") == [round(1 / 3, 5), 0]
    assert column(page, "near_footer") == [0, 1]
    assert column(page, "depth") == [5, 3]


def test_share_of_the_page_under_ancestors() -> None:
    page = page_of("<div><p>Rain</p><p>1 <a href=x>go</a></p></div><p>12345678</p>")
    assert column(page, "up1_chars") == [0.5, 0.5, 1]
    assert column(page, "up1_links") == [0.25, 0.25, 0.125]
    assert column(page, "up1_place") == [0, 0.5, round(2 / 3, 5)]


def test_the_centre_is_where_the_running_text_is() -> None:
    paragraphs = f"<p>{LONG}</p>" * 4
    page = page_of(f"<nav><a href=x>Home</a></nav><main>{paragraphs}</main><footer>Top</footer>")
    assert column(page, "centre_inside") == [0, 1, 1, 1, 1, 0]


def test_where_a_block_stands_relative_to_the_headline() -> None:
    story = f"<h1>Rain is due</h1><p>{LONG}</p>"
    other = f"<h1>Sun is late</h1><p>{LONG}</p>"
    page = page_of(
        f"{HEAD}<nav><a href=x>Home</a></nav><main><article>{story}</article><article>{other}</article></main>"
    )
    assert column(page, "headline_offset") == [round(sign * float(np.log1p(n)), 5) for sign, n in
                                               ((-1, 1), (1, 0), (1, 1), (1, 2), (1, 3))]  # fmt: skip
    assert column(page, "headline_article") == [0, 1, 1, 0, 0]
    assert column(page, "headline_rivals") == log1p(1, 0, 0, 1, 1)
    assert column(page, "headline_steps") == [2, 0, 1, 2, 2]
    assert column(page, "headline_blocks") == log1p(5, 1, 2, 4, 4)
    assert column(page, "headline_place") == [0, 0, 0.5, 0.5, 0.75]


def test_the_headline_is_what_the_title_says_though_another_h1_comes_first() -> None:
    page = page_of(
        f"<title>Rain is due in the hills - Post</title><h1>Post</h1><h1>Rain is due in the hills</h1><p>{LONG}</p>"
    )
    assert column(page, "headline_offset")[1] == 0


def test_a_page_without_a_headline_has_no_place_relative_to_it() -> None:
    page = page_of(f"<title>Snow</title><p>{LONG}</p><p>Sun</p>")
    assert np.isnan(column(page, "headline_offset")).all()


def test_blocks_alike_form_a_group() -> None:
    page = page_of("<ul><li class=x>Rain<li class=x>Sun<li class=y>Hail</ul>")
    assert page.elements
    assert lay_out(page, page.elements).like.tolist() == [0, 0, 1]
    page = page_of("<ul><li><a>Rain</a></ul><ol><li><a>Sun</a></ol><ul><li><a>Hail</a></ul>")
    assert page.elements
    like = lay_out(page, page.elements).like
    assert like[0] == like[2] != like[1]


def test_running_text_nearby() -> None:
    page = text_page("\n".join([f"{LONG}."] * 4))
    size = len(LONG) + 1
    assert column(page, "long_chars_2") == log1p(3 * size, 4 * size, 4 * size, 3 * size)


@pytest.mark.parametrize(
    "markup",
    [
        "<p>Rain is due.</p>",
        "<ul><li><a href=x>Rain</a></ul>",
        "<div>Rain",
    ],
    ids=["siblings", "lists", "nested"],
)
def test_time_grows_no_faster_than_the_page(markup: str) -> None:
    def seconds(count: int) -> float:
        page = blocks_from_walk(walk_markup(markup * count), max_blocks=10**6)
        since = time.process_time()
        feature_table(page, TABLES)
        return time.process_time() - since

    # Sixteen times the blocks: linear would be 16, quadratic 256.
    assert seconds(16_000) < 80 * seconds(1_000)
