"""ROUGE-LSum, the score of Fundus's evaluation.

References
----------
C.-Y. Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", 2004, section 3.2.

Notes
-----
Same arithmetic as the ``rouge-score`` package (a test holds the two equal): for each gold sentence the
union of its longest common subsequences with every sentence of the output, each word counted at most
as often as it occurs in both. That package fills a table cell by cell, seconds for a long page; here a
row of the table is one integer (Hyyrö 2004), and pairs of sentences that cannot add a word are passed
over. Sentences are lines cut after full stops (Fundus cuts with NLTK's English model), words are those
of `filter.text.words` (``rouge-score`` knows only ``[a-z0-9]``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from filter.evaluate.metrics import f1_score
from filter.text import lines, words

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[\u3002\uff01\uff1f])")


def sentences(text: str) -> list[list[str]]:
    """Return the words of each sentence of `text`."""
    parts = (part for _, line in lines(text) for part in _SENTENCE_END.split(line))
    return [found for part in parts if (found := words(part))]


def rouge_lsum(gold: Sequence[Sequence[str]], output: Sequence[Sequence[str]]) -> float:
    """Return the ROUGE-LSum F1 of sentences of words, in [0, 1]; 0 where either has none."""
    if not gold or not output:
        return 0.0
    left_gold = Counter(word for sentence in gold for word in sentence)
    left_output = Counter(word for sentence in output for word in sentence)
    n_gold, n_output = left_gold.total(), left_output.total()
    # Equal sentences add the same words.
    candidates = {tuple(sentence): _positions(sentence) for sentence in output}
    hits = 0
    for sentence in gold:
        for index in sorted(_union(sentence, candidates)):
            word = sentence[index]
            if left_gold[word] > 0 and left_output[word] > 0:
                hits += 1
                left_gold[word] -= 1
                left_output[word] -= 1
    return f1_score(hits / n_output, hits / n_gold)


def _positions(sentence: Sequence[str]) -> dict[str, int]:
    """Return for each word the bits of its positions."""
    bits: dict[str, int] = {}
    for index, word in enumerate(sentence):
        bits[word] = bits.get(word, 0) | 1 << index
    return bits


def _union(sentence: Sequence[str], candidates: dict[tuple[str, ...], dict[str, int]]) -> set[int]:
    """Return the indices of `sentence` that are in its common subsequence with any candidate."""
    if tuple(sentence) in candidates:
        return set(range(len(sentence)))
    found: set[int] = set()
    missing = set(sentence)
    for candidate, positions in candidates.items():
        if not missing.isdisjoint(positions):
            found.update(_common(sentence, candidate, positions))
            missing = {word for index, word in enumerate(sentence) if index not in found}
    return found


def _common(sentence: Sequence[str], candidate: Sequence[str], positions: dict[str, int]) -> list[int]:
    """Return the indices in `sentence` of one longest common subsequence.

    Bit ``j`` of a row is 0 where the table's row grows at column ``j``, so a cell is the number of
    zeros below its column. The way back takes the same turns as ``rouge-score``.
    """
    full = (1 << len(candidate)) - 1
    rows = [full]
    for word in sentence:
        row = rows[-1]
        matches = row & positions.get(word, 0)
        rows.append((row + matches | row - matches) & full)
    indices = []
    i, j = len(sentence), len(candidate)
    while i and j:
        if sentence[i - 1] == candidate[j - 1]:
            i, j = i - 1, j - 1
            indices.append(i)
        elif _zeros(rows[i], j - 1) > _zeros(rows[i - 1], j):
            j -= 1
        else:
            i -= 1
    return indices


def _zeros(row: int, below: int) -> int:
    return below - (row & (1 << below) - 1).bit_count()
