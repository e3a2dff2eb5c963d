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
from filter.features import Floats, Ints, signed_log
from filter.labels import LABELS, Label
from filter.layout import GROUPS, Layout
from filter.neighbours import around, shifts

Doubles = NDArray[np.float64]
_BODY, _TITLE = LABELS.index(Label.BODY), LABELS.index(Label.TITLE)
_NEAR = 4
_WINDOWS = (3, 10, 30)
#: The windows before and after a block, from its place: two a width.
_WINDOW_STARTS = np.array([start for width in _WINDOWS for start in (-width, 1)])
_WINDOW_ENDS = np.array([end for width in _WINDOWS for end in (0, 1 + width)])
_LEVELS = (1, 2, 3, 4, 6)
_TEXT_NAMES = (
    *(f"own_{label}" for label in LABELS),
    *(f"first_{label}{shift:+d}" for shift in shifts(_NEAR) for label in LABELS),
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
#: Fewer characters of body than this are taken for so many.
_LEAST = 1e-3


def context_table(page: Page, probabilities: Floats, layout: Layout | None, blocks: Ints | None = None) -> Floats:
    """Return what surrounds each block.

    Parameters
    ----------
    page : Page
    probabilities : ndarray of shape (n_blocks, 9), float32
        Of the first stage, columns in the order of `LABELS`.
    layout : Layout or None
        That of the page; None for plain text.
    blocks : ndarray of shape (n_rows,), int64, optional
        The blocks that are asked for, in any order; all of them if not given.

    Returns
    -------
    ndarray of shape (n_rows, N_CONTEXT), float32
        The last columns are NaN for plain text, which has no tree.
    """
    if blocks is None:
        blocks = np.arange(len(page))
    chars = page.sizes.astype(np.float32)
    mass = probabilities[:, _BODY] * chars
    sums = np.zeros((len(page) + 1, len(LABELS) + 2))
    np.cumsum(np.column_stack((probabilities, mass, chars)), axis=0, dtype=np.float64, out=sums[1:])
    parts = (
        own_columns(probabilities[blocks]),
        around(probabilities, _NEAR, blocks),
        _window_columns(sums, blocks),
        _page_columns(sums, probabilities[:, _TITLE], blocks),
        _tree_columns(layout, probabilities[:, _BODY], sums[:, -2:], blocks)
        if layout
        else np.full((len(blocks), len(_STRUCTURE_NAMES)), np.nan),
    )
    return np.concatenate(parts, axis=1, dtype=np.float32)


def own_columns(probabilities: Floats) -> Floats:
    """Return the columns that a block's own first-stage probabilities make, shape (n_blocks, 9)."""
    result: Floats = np.log(np.maximum(probabilities, _FLOOR))
    return result


def _window_columns(sums: Doubles, blocks: Ints) -> Doubles:
    """Return the mean of each label, and of body weighted by characters, in the windows around `blocks`."""
    low, high = (np.clip(blocks[:, None] + bounds, 0, len(sums) - 1) for bounds in (_WINDOW_STARTS, _WINDOW_ENDS))
    windows = sums[high] - sums[low]
    windows[..., : len(LABELS)] /= np.maximum(high - low, 1)[..., None]
    windows[..., -2] /= np.maximum(windows[..., -1], 1)
    columns: Doubles = windows[..., :-1].reshape(len(blocks), len(_WINDOW_STARTS) * (len(LABELS) + 1))
    return columns


def _page_columns(sums: Doubles, titles: Floats, blocks: Ints) -> Doubles:
    """Return how much of the page's body, and how many of its titles, stand on either side of `blocks`."""
    before, after, page = sums[blocks], sums[-1] - sums[blocks + 1], sums[-1]
    body = max(float(page[-2]), _LEAST)
    likeliest = int(titles.argmax())
    columns = np.empty((len(blocks), 8))
    columns[:, 0] = before[:, -2] / body
    columns[:, 1] = after[:, -2] / body
    columns[:, 2] = np.log1p(body)
    columns[:, 3] = body / page[-1]
    columns[:, 4] = np.log1p(before[:, _TITLE])
    columns[:, 5] = np.log1p(after[:, _TITLE])
    columns[:, 6] = titles[likeliest]
    columns[:, 7] = signed_log(blocks - likeliest)
    return columns


def _tree_columns(layout: Layout, body: Floats, sums: Doubles, blocks: Ints) -> Doubles:
    """Return how much body there is in what is like `blocks`, and in what holds them.

    `sums` are those of the body's and of all characters, shape (n_blocks + 1, 2).
    """
    mass, chars = (sums[1:] - sums[:-1]).T
    own = body[blocks]
    columns = np.empty((len(blocks), len(_STRUCTURE_NAMES)))
    for number, group in enumerate(layout.groups.values()):
        asked = group[blocks]
        size, total = np.bincount(group)[asked], np.bincount(group, body)[asked]
        columns[:, 3 * number] = total / size
        columns[:, 3 * number + 1] = (np.bincount(group, mass) / np.maximum(np.bincount(group, chars), 1))[asked]
        columns[:, 3 * number + 2] = np.where(size > 1, (total - own) / np.maximum(size - 1, 1), 0.5)
    above = layout.chains[blocks[:, None], _LEVELS]
    inside, held = np.moveaxis(sums[layout.last[above]] - sums[layout.first[above]], -1, 0)
    start = 3 * len(layout.groups)
    columns[:, start::2] = inside / np.maximum(held, 1)
    columns[:, start + 1 :: 2] = inside / max(float(sums[-1, 0]), _LEAST)
    return columns
