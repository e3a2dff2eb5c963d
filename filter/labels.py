"""The nine labels, and the way from probabilities to one of them a block."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from filter.errors import KeepError


class Label(StrEnum):
    """What a block is for; ``docs/labels.md`` tells how to decide."""

    TITLE = "title"
    BODY = "body"
    BYLINE = "byline"
    CAPTION = "caption"
    DISCLAIMER = "disclaimer"
    RELATED = "related"
    PROMO = "promo"
    SIGNUP = "signup"
    NAVIGATION = "navigation"


#: In the order of the model's columns.
LABELS = tuple(Label)
DEFAULT_KEEP = frozenset({Label.TITLE, Label.BODY})
_BODY = LABELS.index(Label.BODY)


def parse_keep(keep: Iterable[str] | str) -> frozenset[Label]:
    """Return the labels named in `keep`: an iterable of names, or one string of names with commas.

    Raises
    ------
    KeepError
        A name that is no label, or no name at all.
    """
    names = keep.split(",") if isinstance(keep, str) else list(keep)
    labels = set()
    for name in names:
        cleaned = str(name).strip().lower()
        if not cleaned:
            continue
        try:
            labels.add(Label(cleaned))
        except ValueError:
            raise KeepError(f"no label is called {cleaned!r}; there are {', '.join(LABELS)}") from None
    if not labels:
        raise KeepError(f"keep names no label; there are {', '.join(LABELS)}")
    return frozenset(labels)


def decide(probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the column of the label of each block, shape (n_blocks,).

    Body is a question of its own (is it part of the article's text?), answered first: body where its
    probability is at least one half. The other labels then compete among themselves, so that three
    kinds of boilerplate at 0.2 each do not lose against body at 0.4.

    Parameters
    ----------
    probabilities : ndarray of shape (n_blocks, 9), float32, rows sum to 1
    """
    others = probabilities.copy()
    others[:, _BODY] = -1
    return np.where(probabilities[:, _BODY] >= 0.5, _BODY, others.argmax(axis=1))
