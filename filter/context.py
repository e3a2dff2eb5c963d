"""What the neighbourhood of a block says: first-stage probabilities, gathered around each block.

A sub-heading and a related headline look the same alone; they differ in what stands before, after and
around them in the tree. The second stage of the model (stacked sequential learning: Cohen and Carvalho
2005, https://www.ijcai.org/Proceedings/05/Papers/0378.pdf) sees, next to a block's own features, the
probabilities of its neighbours, of windows before and after it, of the blocks that share its DOM
signature, and of the elements above it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from filter.blocks import Page
from filter.features import Floats, shifted, signed_log
from filter.labels import LABELS, Label
from filter.layout import GROUPS, Layout

_BODY, _TITLE = LABELS.index(Label.BODY), LABELS.index(Label.TITLE)
_NEAR = (-4, -3, -2, -1, 1, 2, 3, 4)
_WINDOWS = (3, 10, 30)
_LEVELS = (1, 2, 3, 4, 6)
_TEXT_NAMES = (
    *(f"own_{label}" for label in LABELS),
    *(f"first_{label}{shift:+d}" for shift in _NEAR for label in LABELS),
    *(f"{side}{width}_{label}" for width in _WINDOWS for side in ("before", "after") for label in (*LABELS, "text")),
    *("body_before", "body_after", "log_body", "body_share"),
    *("titles_before", "titles_after", "likeliest_title", "title_offset"),
)
_STRUCTURE_NAMES = (
    *(f"{group}_{what}" for group in GROUPS for what in ("body", "text", "others")),
    *(f"up{level}_{what}" for level in _LEVELS for what in ("body", "of_body")),
)
#: Names of the columns of `context_table`, in order.
NAMES = (*_TEXT_NAMES, *_STRUCTURE_NAMES)
N_CONTEXT = len(NAMES)
#: log(1e-4): a first-stage probability below that says no more.
_FLOOR = 1e-4


def context_table(page: Page, probabilities: Floats, layout: Layout | None) -> Floats:
    """Return what surrounds each block.

    Parameters
    ----------
    page : Page
    probabilities : ndarray of shape (n_blocks, 9), float32
        Of the first stage, columns in the order of `LABELS`.
    layout : Layout or None
        That of the page; None for plain text.

    Returns
    -------
    ndarray of shape (n_blocks, N_CONTEXT), float32
        The last columns are NaN for plain text, which has no tree.
    """
    chars = np.fromiter(map(len, page.texts), np.float32, len(page))
    parts = _sequence_parts(probabilities, chars)
    if layout:
        parts += _tree_parts(layout, probabilities[:, _BODY], chars)
    else:
        parts.append(np.full((len(page), len(_STRUCTURE_NAMES)), np.nan, np.float32))
    return np.column_stack(parts).astype(np.float32)


def own_columns(probabilities: Floats) -> Floats:
    """Return the columns that a block's own first-stage probabilities make, shape (n_blocks, 9)."""
    result: Floats = np.log(np.maximum(probabilities, _FLOOR))
    return result


def _sequence_parts(probabilities: Floats, chars: Floats) -> list[NDArray[np.floating]]:
    parts: list[NDArray[np.floating]] = [own_columns(probabilities)]
    parts += [shifted(probabilities, shift) for shift in _NEAR]
    body_chars = probabilities[:, _BODY] * chars
    weighted = np.column_stack((probabilities, body_chars, chars, np.ones_like(chars)))
    sums = np.concatenate((np.zeros((1, weighted.shape[1])), np.cumsum(weighted, axis=0, dtype=np.float64)))
    index = np.arange(len(chars))
    for width in _WINDOWS:
        for low, high in (
            (np.maximum(index - width, 0), index),
            (index + 1, np.minimum(index + 1 + width, len(chars))),
        ):
            window = sums[high] - sums[low]
            parts += [window[:, :-3] / np.maximum(window[:, -1:], 1), window[:, -3] / np.maximum(window[:, -2], 1)]
    total = max(float(sums[-1, -3]), 1e-3)
    before = sums[:-1, -3]
    parts += [
        before / total,
        (total - before - body_chars) / total,
        np.full(len(chars), np.log1p(total)),
        np.full(len(chars), total / sums[-1, -2]),
    ]
    titles = probabilities[:, _TITLE]
    before = sums[:-1, _TITLE]
    likeliest = int(titles.argmax())
    parts += [
        np.log1p(before),
        np.log1p(np.maximum(sums[-1, _TITLE] - before - titles, 0)),
        np.full(len(chars), titles[likeliest]),
        signed_log(index - likeliest),
    ]
    return parts


def _tree_parts(layout: Layout, body: Floats, chars: Floats) -> list[NDArray[np.floating]]:
    mass = body * chars
    parts: list[NDArray[np.floating]] = []
    for group in layout.groups.values():
        size = np.bincount(group)[group]
        total = np.bincount(group, body)[group]
        weighted = (np.bincount(group, mass) / np.maximum(np.bincount(group, chars), 1))[group]
        others = np.where(size > 1, (total - body) / np.maximum(size - 1, 1), 0.5)
        parts += [total / size, weighted, others]
    mass_sums = np.concatenate(([0], np.cumsum(mass, dtype=np.float64)))
    char_sums = np.concatenate(([0], np.cumsum(chars, dtype=np.float64)))
    whole = max(float(mass_sums[-1]), 1e-3)
    for level in _LEVELS:
        element = layout.chains[:, level]
        first, last = layout.first[element], layout.last[element]
        inside = mass_sums[last] - mass_sums[first]
        held = char_sums[last] - char_sums[first]
        parts += [inside / np.maximum(held, 1), inside / whole]
    return parts
