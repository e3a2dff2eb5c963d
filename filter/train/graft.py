"""Pages made of two pages: one with a second story, one with the article of another site.

Sites that go on with another article where the first one ends, or that set one above it, are rare among pages with
gold text, and a model that has seen few of them keeps both stories. Here the element that holds the article of one
page is put beside that of another; the gold text stays that of the host, so the guest is no part of the article.

And each article with gold stands in the frame of its own site alone. Put into the frame of another, in place of the
article there, it shows what is the article's and what is the site's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

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
    pair = _pair(host, guest, rng)
    if pair is None:
        return None
    (pair.place.insert_before if rng.random() < _ABOVE else pair.place.insert_after)(_MARK)
    return replace(host, html=pair.html())


def in_other_frame(host: PageRecord, guest: PageRecord, rng: np.random.Generator) -> PageRecord | None:
    """Return `guest` as it would look on the site of `host`: its article and head, the frame of the other page.

    None where either article is not in one element below ``body``, or has no gold.
    """
    pair = _pair(host, guest, rng)
    if pair is None:
        return None
    pair.place.replace_with(_MARK)
    head = _head(pair.host)
    for node in head:
        node.decompose()
    told = "".join(node.html or "" for node in _head(pair.guest))
    return replace(guest, html=pair.html().replace("<head>", f"<head>{told}", 1))


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two parsed pages: where the article of the host stands, and the story of the guest."""

    host: LexborHTMLParser
    place: LexborNode
    guest: LexborHTMLParser
    story: str

    def html(self) -> str:
        """Return the host's page with the story where the mark is."""
        return (self.host.html or "").replace(_MARK, self.story)


def _pair(host: PageRecord, guest: PageRecord, rng: np.random.Generator) -> _Pair | None:
    own, other = _holder(host), _holder(guest)
    if own is None or other is None:
        return None
    outer = rng.random(2) < _OUTER
    trees = LexborHTMLParser(host.html), LexborHTMLParser(guest.html)
    try:
        place = trees[0].css_first(own.outer if outer[0] else own.inner)
        story = trees[1].css_first(other.outer if outer[1] else other.inner)
    except SelectolaxError:  # names of elements that no selector can say
        return None
    if place is None or story is None or not story.html:
        return None
    return _Pair(trees[0], place, trees[1], story.html)


def _head(tree: LexborHTMLParser) -> list[LexborNode]:
    """Return what a page's head says of its article."""
    return tree.css("head title, head meta[name], head meta[property], script[type='application/ld+json']")


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
    inner, outer = (_selector(path) for path in locators(page.elements, (chain[0], chain[min(1, len(chain) - 1)])))
    return _Holder(inner, outer)


def _smallest(elements: Elements, place: int, last: int) -> int:
    """Return the innermost element above `place` that also holds block `last`; -1 where none does."""
    return next((index for index in ancestors(elements, place) if elements.last[index] > last), -1)


def _selector(path: str) -> str:
    return " > ".join(f"{tag}:nth-of-type({number})" for tag, number in _STEP.findall(path))
