"""Labelled documents as small pages without a site around them."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from filter.blocks import blocks_of_page
from filter.corpora.lines import LabelledLine, LineDocument, read_lines
from filter.labels import Label
from filter.text import squeeze
from filter.train.bare import bare_markup, cut_lines
from filter.tree import walk_markup

DOCUMENTS = read_lines([Path(__file__).parent / "held_out"])


@pytest.mark.parametrize("document", DOCUMENTS[::4], ids=lambda document: document.id)
def test_each_line_is_one_block(document):
    page = blocks_of_page(partial(walk_markup, bare_markup(document, np.random.default_rng(1))), max_blocks=10**6)
    assert page.texts == [squeeze(line.text) for line in document.lines]


def test_markup_in_a_line_is_text():
    document = LineDocument("a", "en", "tech", (LabelledLine("Use <b> & <i> & not <font>", Label.BODY),))
    page = blocks_of_page(partial(walk_markup, bare_markup(document, np.random.default_rng(1))), max_blocks=9)
    assert page.texts == ["Use <b> & <i> & not <font>"]


def test_about_half_of_the_documents_are_cut_to_a_few_neighbouring_lines():
    random = np.random.default_rng(0)
    lines = DOCUMENTS[0].lines
    sizes = []
    for _ in range(200):
        part = cut_lines(lines, random)
        start = next(number for number in range(len(lines)) if lines[number : number + len(part)] == part)
        assert lines[start : start + len(part)] == part
        sizes.append(len(part))
    whole = sizes.count(len(lines))
    assert 70 <= whole <= 130
    assert {size for size in sizes if size < len(lines)} == set(range(1, 9))
