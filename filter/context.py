"""What the neighbourhood of a line says: probabilities of labels, gathered around each line of a plain text.

A sub-heading and a related headline look the same alone; they differ in what stands before and after them. Where the
network of plain text leaves doubt, another one (stacked sequential learning: Cohen and Carvalho 2005,
https://www.ijcai.org/Proceedings/05/Papers/0378.pdf) sees, next to a line's own features, the probabilities of its
neighbours, of windows before and after it, and of the whole text.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from filter.blocks import Page
from filter.features import Floats, Ints, signed_log
from filter.labels import LABELS, Label
from filter.neighbours import around, shifts

Doubles = NDArray[np.float64]
_BODY, _TITLE = LABELS.index(Label.BODY), LABELS.index(Label.TITLE)
_NEAR = 4
_WINDOWS = (3, 10, 30)
#: The windows before and after a block, from its place: two a width.
_WINDOW_STARTS = np.array([start for width in _WINDOWS for start in (-width, 1)])
_WINDOW_ENDS = np.array([end for width in _WINDOWS for end in (0, 1 + width)])
#: Names of the columns of `context_table`, in order.
NAMES = (
    *(f"own_{label}" for label in LABELS),
    *(f"first_{label}{shift:+d}" for shift in shifts(_NEAR) for label in LABELS),
    *(f"{side}{width}_{label}" for width in _WINDOWS for side in ("before", "after") for label in (*LABELS, "text")),
    *("body_before", "body_after", "log_body", "body_share"),
    *("titles_before", "titles_after", "likeliest_title", "title_offset"),
)
N_CONTEXT = len(NAMES)
#: log(1e-4): a probability below that says no more.
_FLOOR = 1e-4
#: Fewer characters of body than this are taken for so many.
_LEAST = 1e-3


def context_table(page: Page, probabilities: Floats, blocks: Ints | None = None) -> Floats:
    """Return what surrounds each line.

    Parameters
    ----------
    page : Page
        Plain text.
    probabilities : ndarray of shape (n_blocks, 9), float32
        What the network of plain text says, columns in the order of `LABELS`.
    blocks : ndarray of shape (n_rows,), int64, optional
        The lines that are asked for, in any order; all of them if not given.

    Returns
    -------
    ndarray of shape (n_rows, N_CONTEXT), float32
    """
    if blocks is None:
        blocks = np.arange(len(page))
    chars = page.sizes.astype(np.float32)
    mass = probabilities[:, _BODY] * chars
    sums = np.zeros((len(page) + 1, len(LABELS) + 2))
    np.cumsum(np.column_stack((probabilities, mass, chars)), axis=0, dtype=np.float64, out=sums[1:])
    parts = (
        own_columns(probabilities[blocks]),
        around(probabilities, _NEAR)[blocks],
        _window_columns(sums, blocks),
        _page_columns(sums, probabilities[:, _TITLE], blocks),
    )
    return np.concatenate(parts, axis=1, dtype=np.float32)


def own_columns(probabilities: Floats) -> Floats:
    """Return the columns that a line's own probabilities make, shape (n_blocks, 9)."""
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
