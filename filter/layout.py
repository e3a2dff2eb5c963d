"""How the blocks of a page stand in its tree, as arrays that features and agreement share."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from filter.blocks import Elements, Page

#: How many ancestors a block sees; deeper trees are rare and the rest is page frame.
DEPTH = 24
#: Blocks are alike where the names of the element and of the three above it are.
_LIKE_LEVELS = 4

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where blocks stand; an element index of -1 means the page itself.

    Attributes
    ----------
    chains : ndarray of shape (n_blocks, DEPTH), int64
        The element of each block, its parent, and so on; -1 above the root.
    names : ndarray of shape (n_blocks, DEPTH), int64
        Number of the name (`Elements.names`) of each of these; -1 above the root.
    first, last : ndarray of shape (n_elements + 1,), int64
        An element holds blocks ``first:last``; the last entry is the page.
    like : ndarray of shape (n_blocks,), int64
        Number of the group of blocks of one DOM signature: that of the element and of three ancestors.
    """

    chains: Ints
    names: Ints
    first: Ints
    last: Ints
    like: Ints

    def holds(self, low: int, high: int) -> NDArray[np.bool_]:
        """Return whether each element holds the blocks ``low:high``, shape (n_elements + 1,); the page does."""
        result: NDArray[np.bool_] = (self.first <= low) & (self.last >= high)
        result[-1] = True
        return result


def lay_out(page: Page, elements: Elements) -> Layout:
    """Return the layout of a page that has a tree."""
    parents = np.array([*elements.parents, -1], np.int64)
    levels = np.empty((DEPTH, len(page)), np.int64)
    levels[0] = page.places
    for below, above in pairwise(levels):
        parents.take(below, mode="wrap", out=above)
    chains = levels.T
    names = np.array([*elements.signatures, -1], np.int64)[chains]
    return Layout(
        chains=chains,
        names=names,
        first=np.array([*elements.first, 0], np.int64),
        # An inline element counts the block that its text will be in, but a title's text becomes none.
        last=np.minimum(np.array([*elements.last, len(page)], np.int64), len(page)),
        like=_numbered(names[:, :_LIKE_LEVELS] + 1, len(elements.names) + 2),
    )


def _numbered(names: Ints, base: int) -> Ints:
    """Return the rank of each row among the distinct ones; `numpy.unique` would load numpy.ma for it."""
    keys = names[:, -1]
    for column in names.T[-2::-1]:
        keys = keys * base + column
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    ranks = np.empty(len(keys), np.int64)
    ranks[order] = np.cumsum(np.concatenate(([0], ordered[1:] != ordered[:-1])))
    return ranks
