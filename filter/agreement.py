"""Blocks that a template made alike decide together.

The paragraphs of an article mostly share tag, class names and ancestors, and so do the teasers of a list. Where the
model doubts a page, its answers scatter among such blocks around one half; their mean errs less than each of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from filter.features import Floats, Ints
from filter.labels import LABELS, Label

_BODY = LABELS.index(Label.BODY)


def rest_of(logits: Floats, columns: Ints | int = _BODY) -> Floats:
    """Return the logarithm of the summed exponentials of all logits but one of each row, shape (n_rows,).

    Parameters
    ----------
    logits : ndarray of shape (n_rows, 9), float32
    columns : int, or ndarray of shape (n_rows,), int64
        The one that is left out.
    """
    others = logits.copy()
    others[np.arange(len(logits)), columns] = -np.inf
    top = others.max(axis=1)
    result: Floats = top + np.log(np.exp(others - top[:, None]).sum(axis=1))
    return result


def agree(logits: Floats, group: Ints, sizes: NDArray[np.integer]) -> Floats:
    """Return logits whose log-odds of body are the mean of the block's group.

    Parameters
    ----------
    logits : ndarray of shape (n_blocks, 9), float32
    group : ndarray of shape (n_blocks,), int64
        Number of the group of blocks that share the DOM signature of element and ancestors (`filter.layout`).
    sizes : ndarray of shape (n_blocks,), int
        Characters of each block; its weight in the mean is their root.

    Returns
    -------
    ndarray of shape (n_blocks, 9), float32
        The proportions of the other labels are unchanged, and so is a block that is alone in its group.
    """
    odds = logits[:, _BODY] - rest_of(logits)
    weights = np.sqrt(sizes)
    means = np.bincount(group, weights * odds) / np.maximum(np.bincount(group, weights), 1)
    agreed = logits.copy()
    agreed[:, _BODY] += means[group] - odds
    return agreed
