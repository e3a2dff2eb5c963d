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
#: A block less likely to be body than this is none on any page.
LEAST_BODY = 0.1
#: Highest threshold, and which share of the best expected F1 it is; swept together with the shift of calibration.
_HIGHEST, _OF_EXPECTED = 0.535, 0.65
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


def decide(probabilities: NDArray[np.float32], sizes: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the column of the label of each block of one page, shape (n_blocks,).

    Body is a question of its own (is it part of the article's text?), answered first: body where its
    probability is at least `body_threshold`. The other labels then compete among themselves, so that three
    kinds of boilerplate at 0.2 each do not lose against body at 0.4.

    Parameters
    ----------
    probabilities : ndarray of shape (n_blocks, 9), rows sum to 1
    sizes : ndarray of shape (n_blocks,), int
        Characters of each block.
    """
    body = probabilities[:, _BODY]
    others = probabilities.copy()
    others[:, _BODY] = -1
    return np.where(body >= body_threshold(body, sizes), _BODY, others.argmax(axis=1))


def body_threshold(body: NDArray[np.float32], sizes: NDArray[np.integer]) -> float:
    """Return the probability from which a block of this page counts as body, at most 0.535.

    The text with the best expected F1 is that of all blocks over half of this F1 (Lipton et al. 2014,
    https://arxiv.org/abs/1402.1892). Where the model doubts all of a page, a forum or a text of a rare form, one
    half would leave next to nothing of it. Blocks of a page err together, so the expected F1 is too high and a little
    more than its half serves better. It stays highest where no article at all is more likely than such an F1.

    Parameters
    ----------
    body : ndarray of shape (n_blocks,)
        Probability of body.
    sizes : ndarray of shape (n_blocks,), int
        Characters of each block.
    """
    order = np.argsort(-body, kind="stable")
    ordered, sized = body[order].astype(np.float64), sizes[order].astype(np.float64)
    expected = ordered * sized
    best = float((2 * np.cumsum(expected) / (np.cumsum(sized) + expected.sum())).max(initial=0.0))
    nothing = float(np.prod(1 - ordered))
    return _HIGHEST if nothing > best else min(_HIGHEST, max(_OF_EXPECTED * best, LEAST_BODY))
