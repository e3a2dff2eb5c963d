"""Hard-wrapped text: paragraphs cut into lines of some width, as mail, text browsers and old pages have them."""

from __future__ import annotations

import textwrap

import numpy as np

from filter.corpora.lines import columns

#: Widths of terminals and mails, in columns.
_WIDTHS = (58, 100)


def draw_width(rng: np.random.Generator) -> int:
    """Return the width of one text, in columns."""
    return int(rng.integers(*_WIDTHS))


def wrap(text: str, width: int) -> list[str]:
    """Return the lines of a paragraph, each of at most `width` columns; one line if it has no more.

    Parameters
    ----------
    text : str
        Not blank, whitespace squeezed.
    width : int
        A character of a wide script takes two columns, so fewer of them fit.
    """
    characters = max(10, width * len(text) // max(columns(text), 1))
    return textwrap.wrap(text, characters) or [text]
