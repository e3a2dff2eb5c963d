"""Pages that hold a second story, made of two pages.

Sites that go on with another article where the first one ends, or that set one above it, are rare among pages with
gold text, and a model that has seen few of them keeps both stories. Here the element that holds the article of one
page is put beside that of another; the gold text stays that of the host, so the guest is no part of the article.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from filter.blocks import Elements, ancestors, blocks_of_page, locators
from filter.corpora.pages import PageRecord
from filter.train.align import align
from filter.train.samples import BODY_FROM
from filter.tree import walk_markup

#: How often the guest stands above the host's article, and how often an element further out is taken.
_ABOVE, _OUTER = 0.15, 0.4
_STEP = re.compile(r"/([^/\[]+)\[(\d+)\]")
_MARK = "\u2060second\u2060story\u2060"
#: A page's own frame is no story.
_FRAME = frozenset(("html", "body"))


class _Holder(NamedTuple):
    """The smallest element that holds an article, and its parent, as CSS selectors; outermost is ``html``."""

    inner: str
    outer: str


def with_second_story(host: PageRecord, guest: PageRecord, rng: np.random.Generator) -> PageRecord | None:
    """Return `host` with the article of `guest` before or after its own, its gold unchanged.

    None where either article is not in one element below ``body``, or has no gold.
    """
    own, other = _holder(host), _holder(guest)
    if own is None or other is None:
        return None
    outer = rng.random(2) < _OUTER
    tree, guests = LexborHTMLParser(host.html), LexborHTMLParser(guest.html)
    try:
        place = tree.css_first(own.outer if outer[0] else own.inner)
        story = guests.css_first(other.outer if outer[1] else other.inner)
    except SelectolaxError:  # names of elements that no selector can say
        return None
    if place is None or story is None or not story.html:
        return None
    (place.insert_before if rng.random() < _ABOVE else place.insert_after)(_MARK)
    return replace(host, html=(tree.html or "").replace(_MARK, story.html))


def _holder(record: PageRecord) -> _Holder | None:
    if record.text is None:
        return None
    page = blocks_of_page(partial(walk_markup, record.html), max_blocks=10**6)
    body = np.flatnonzero(align(page.texts, record.text).coverage >= BODY_FROM)
    if not len(body) or page.elements is None:
        return None
    index = _smallest(page.elements, page.places[body[0]], int(body[-1]))
    chain = [place for place in ancestors(page.elements, index) if page.elements.tags[place] not in _FRAME]
    if not chain:
        return None
    inner, outer = (selector_of(path) for path in locators(page.elements, (chain[0], chain[min(1, len(chain) - 1)])))
    return _Holder(inner, outer)


def _smallest(elements: Elements, place: int, last: int) -> int:
    """Return the innermost element above `place` that also holds block `last`; -1 where none does."""
    return next((index for index in ancestors(elements, place) if elements.last[index] > last), -1)


def selector_of(path: str) -> str:
    """Return the CSS selector of the element at a path of `filter.blocks.locators`."""
    return " > ".join(f"{tag}:nth-of-type({number})" for tag, number in _STEP.findall(path))
