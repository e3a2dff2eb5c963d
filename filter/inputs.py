"""The columns that a network takes of each block: its own, and some of its neighbours'.

Pages with markup and plain text have networks of their own, since most of what markup tells a text cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from filter import features
from filter.features import Floats
from filter.labels import LABELS
from filter.neighbours import around, shifts


@dataclass(frozen=True)
class Inputs:
    """The columns of one kind of source, by name.

    Attributes
    ----------
    own : tuple of str
        Of a block itself: features, then scores of the linear models.
    seen : tuple of str
        Those that its neighbours see too.
    reach : int
        Up to so many blocks away.
    """

    own: tuple[str, ...]
    seen: tuple[str, ...]
    reach: int

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of all columns, in order; those of neighbours end in their distance: ``log_chars-1``."""
        return (*self.own, *(f"{name}{shift:+d}" for shift in shifts(self.reach) for name in self.seen))

    @cached_property
    def _places(self) -> list[int]:
        return [self.own.index(name) for name in self.seen]

    def join(self, parts: Sequence[Floats]) -> Floats:
        """Return all columns of one page, shape (n_blocks, len(names)), float32, columns contiguous.

        Parameters
        ----------
        parts : sequence of ndarray of shape (n_blocks, ...), float32
            The own columns, side by side.
        """
        n_own = len(self.own)
        columns = np.empty((len(self.names), len(parts[0])), np.float32)
        np.concatenate([part.T for part in parts], out=columns[:n_own])
        around(columns[self._places].T, self.reach, out=columns[n_own:])
        return columns.T


def _scores(kind: str) -> tuple[str, ...]:
    return tuple(f"{kind}_{label}" for label in LABELS)


_TEXT = _scores("text")
_SEEN = ("log_chars", "ends_stop", "upper_per_word", "share_digit", "repeats", "shared_words", *_TEXT)
_SEEN_OF_MARKUP = ("title_words", "link_density", "up1_chars", "near_p", "near_li", "near_h2", "near_a")
HTML = Inputs(
    own=(*features.names(), *_TEXT, *_scores("near_names"), *_scores("far_names")),
    seen=(*_SEEN, *_SEEN_OF_MARKUP),
    reach=3,
)
TEXT = Inputs(own=(*features.names()[: features.N_PLAIN], *_TEXT), seen=_SEEN, reach=5)
