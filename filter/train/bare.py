"""Labelled documents as small pages without a site around them, whole or a few lines of one.

What is cut out of a page, a feed's item or a mail has markup, but no menu, no class names and often one paragraph
only. Pages with gold text are never so small; and they hardly tell which kind of boilerplate a block is, which
labelled lines do.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from filter.corpora.lines import LabelledLine, LineDocument
from filter.labels import Label

#: How many documents are cut to a few lines, and to how many at the most.
_CUT, _MOST_LINES = 0.5, 8
#: How many documents say their title in the head, and how many links have an address.
_TITLED, _LINKED = 0.5, 0.8
#: A body line of fewer characters that does not end a sentence is a heading or an item.
_SHORT = 80
_SENTENCE_ENDS = tuple('.!?\u2026\u3002\uff01\uff1f\u0964\u061f:"\u201d\u00bb)')
#: Elements that a writer of pages puts a heading, an item and a paragraph into.
_HEADINGS, _ITEMS, _PARAGRAPHS = ("h2", "h3", "p", "div"), ("li", "p", "div", "h3"), ("p", "div")
#: Labels whose lines are links more often than not.
_LINKS = frozenset((Label.RELATED, Label.NAVIGATION))


def cut_lines(lines: Sequence[LabelledLine], rng: np.random.Generator) -> tuple[LabelledLine, ...]:
    """Return all lines, or a few neighbouring ones."""
    if rng.random() >= _CUT:
        return tuple(lines)
    size = int(rng.integers(1, _MOST_LINES + 1))
    start = int(rng.integers(0, max(1, len(lines) - size + 1)))
    return tuple(lines[start : start + size])


def bare_markup(document: LineDocument, rng: np.random.Generator) -> str:
    """Return a page in which each line of `document` is one block."""
    heading, item, paragraph = (str(rng.choice(names)) for names in (_HEADINGS, _ITEMS, _PARAGRAPHS))
    title = next((line.text for line in document.lines if line.label is Label.TITLE), "")
    head = f"<title>{escape(title)}</title>" if title and rng.random() < _TITLED else ""
    blocks = [_block(line, heading, item, paragraph, rng) for line in document.lines]
    return f"<!doctype html><html><head>{head}</head><body>{''.join(blocks)}</body></html>"


def _block(line: LabelledLine, heading: str, item: str, paragraph: str, rng: np.random.Generator) -> str:
    text = escape(line.text)
    if line.label in _LINKS and rng.random() < _LINKED:
        text, tag = f'<a href="/">{text}</a>', item
    elif line.label is Label.TITLE:
        tag = "h1"
    elif line.label is Label.BODY and len(line.text) < _SHORT and not line.text.endswith(_SENTENCE_ENDS):
        tag = heading
    else:
        tag = paragraph
    return f"<{tag}>{text}</{tag}>"
