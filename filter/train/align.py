"""Gold text aligned to the blocks of its page.

Word triples of page and gold are matched in order (`difflib` finds the longest common runs; triples are
nearly unique, so that is fast and does not scatter over common words). A short block between two body
blocks is matched through the triples that reach over its borders; the same words in a menu are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from filter.text import words

_MAX_TOKENS = 30_000


@dataclass(frozen=True, slots=True)
class Alignment:
    """How much of each block is in the gold, and how much of the gold was found.

    Attributes
    ----------
    coverage : ndarray of shape (n_blocks,), float32, in [0, 1]
        Share of the block's words that are matched; 0 for a block without words.
    n_words : ndarray of shape (n_blocks,), int64
    recall : float
        Share of the gold's words that are matched, in [0, 1].
    precision : float
        Share of matched words among the words of blocks at least half matched, in [0, 1].
    """

    coverage: NDArray[np.float32]
    n_words: NDArray[np.int64]
    recall: float
    precision: float

    @property
    def f1(self) -> float:
        """Word F1 of the blocks at least half matched with the gold, in [0, 1]."""
        total = self.recall + self.precision
        return 2 * self.recall * self.precision / total if total else 0.0


def align(texts: Sequence[str], gold: str) -> Alignment:
    """Return the alignment of the blocks `texts`, in page order, with the text `gold`."""
    tokens: list[str] = []
    rows: list[int] = []
    for row, text in enumerate(texts):
        own = words(text)
        tokens += own
        rows += [row] * len(own)
    gold_tokens = words(gold)[:_MAX_TOKENS]
    tokens, rows = tokens[:_MAX_TOKENS], rows[:_MAX_TOKENS]
    matched = _matched(tokens, gold_tokens)
    n_words = np.bincount(rows, minlength=len(texts)) if rows else np.zeros(len(texts), np.int64)
    hits = np.bincount(rows, matched, len(texts)) if rows else np.zeros(len(texts))
    coverage = (hits / np.maximum(n_words, 1)).astype(np.float32)
    kept = coverage >= 0.5
    return Alignment(
        coverage=coverage,
        n_words=n_words,
        recall=float(hits[kept].sum() / max(len(gold_tokens), 1)),
        precision=float(hits[kept].sum() / max(n_words[kept].sum(), 1)),
    )


def _matched(tokens: list[str], gold: list[str]) -> NDArray[np.bool_]:
    matched = np.zeros(len(tokens), bool)
    size = min(3, len(gold), len(tokens))
    if size == 0:
        return matched
    matcher = SequenceMatcher(None, _runs(tokens, size), _runs(gold, size), autojunk=False)
    for start, _, length in matcher.get_matching_blocks():
        if length:
            matched[start : start + length + size - 1] = True
    return matched


def _runs(tokens: list[str], size: int) -> list[tuple[str, ...]]:
    return list(zip(*(tokens[start:] for start in range(size)), strict=False))
