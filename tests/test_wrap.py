"""Paragraphs cut into lines of some width."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from filter.corpora.lines import columns
from filter.text import squeeze
from filter.train.wrap import draw_width, wrap


@given(st.text(min_size=1).map(squeeze).filter(bool), st.integers(58, 99))
def test_nothing_but_spaces_is_lost_and_no_line_is_blank(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(line.strip() for line in lines)


def test_lines_fill_their_width_in_any_script() -> None:
    latin, wide = "The ferry was late again. " * 20, "\u6e21\u8239\u53c8\u665a\u4e86" * 40
    for text in (latin.strip(), wide):
        sizes = [columns(line) for line in wrap(text, 70)]
        assert max(sizes) <= 70
        assert min(sizes[:-1]) > 55


def test_a_short_line_stays_whole() -> None:
    assert wrap("Rain is due.", 60) == ["Rain is due."]


def test_widths_are_those_of_terminals_and_mails() -> None:
    rng = np.random.default_rng(0)
    assert all(58 <= draw_width(rng) < 100 for _ in range(99))
