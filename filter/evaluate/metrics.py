"""How much of a page's gold text is in an output, and how much of the output is gold.

Each function scores one page. Words are those of `filter.text.words`: lower-cased, and each letter of
a script written without spaces is one word.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from filter.text import lines, squeeze, words

#: Words in a shingle, as in Scrapinghub's benchmark.
SHINGLE = 4
#: Share of its shingles from which a paragraph counts as found.
FOUND = 0.8


@dataclass(frozen=True, slots=True)
class Cut:
    """A text cut up for scoring.

    Attributes
    ----------
    lines : tuple of list of str
        Words of each line that has any.
    words : list of str
        Words of the whole text, in order.
    """

    lines: tuple[list[str], ...]
    words: list[str]


class Overlap(NamedTuple):
    """Precision and recall of one page, each in [0, 1]; NaN where there is nothing to be right about."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Harmonic mean; 0 where both are 0 or either is undefined."""
        return f1_score(self.precision, self.recall)


class Snippets(NamedTuple):
    """Counts over the snippets of one page: wanted and found, unwanted and found, and so on."""

    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int


def cut(text: str) -> Cut:
    """Return `text` as lines of words."""
    by_line = tuple(found for _, line in lines(text) if (found := words(line)))
    return Cut(by_line, [word for line in by_line for word in line])


def f1_score(precision: float, recall: float) -> float:
    """Return the harmonic mean; 0 where both are 0 or either is NaN."""
    total = precision + recall
    return 2 * precision * recall / total if total > 0 else 0.0


def word_overlap(gold: Cut, output: Cut) -> Overlap:
    """Return the overlap of the two multisets of words, as WCXB and SQuAD score it.

    Nothing given for nothing wanted is right.
    """
    if not gold.words and not output.words:
        return Overlap(1.0, 1.0)
    both = (Counter(gold.words) & Counter(output.words)).total()
    return Overlap(both / max(len(output.words), 1), both / max(len(gold.words), 1))


def shingle_overlap(gold: Cut, output: Cut) -> Overlap:
    r"""Return the overlap of the two multisets of 4-word shingles.

    The definition is that of ``evaluate.py`` in Scrapinghub's article-extraction-benchmark: a text of
    fewer than four words is one shingle, precision is undefined for an empty output and recall for an
    empty gold, both are averaged over the pages where they are defined, and F1 is taken of the two
    means (`filter.evaluate.scores`). The words differ: theirs are runs of ``\w`` in their own case.
    """
    wanted, given = Counter(ngrams(gold.words, SHINGLE)), Counter(ngrams(output.words, SHINGLE))
    both = (wanted & given).total()
    return Overlap(_ratio(both, given.total()), _ratio(both, wanted.total()))


def paragraph_overlap(gold: Cut, output: Cut) -> Overlap:
    """Return the share of output lines that are in the gold, and of gold lines that are in the output.

    A line is in the other text if at least 80% of its shingles are, wherever they stand: a tool that
    joins or splits paragraphs loses nothing.
    """
    right, found = found_lines(output, gold), found_lines(gold, output)
    return Overlap(_ratio(sum(right), len(right)), _ratio(sum(found), len(found)))


def found_lines(cut_text: Cut, other: Cut) -> list[bool]:
    """Return for each line whether at least 80% of its shingles are in `other`.

    A line of fewer than four words is one shingle, looked for among the runs of its own length.
    """
    sizes = {min(len(line), SHINGLE) for line in cut_text.lines}
    known = {size: set(ngrams(other.words, size)) for size in sizes}
    found = []
    for line in cut_text.lines:
        own = ngrams(line, SHINGLE)
        there = known[min(len(line), SHINGLE)]
        found.append(sum(gram in there for gram in own) >= FOUND * len(own))
    return found


def ngrams(tokens: Sequence[str], size: int) -> list[tuple[str, ...]]:
    """Return the runs of `size` tokens; one shorter run where there are fewer, none where there are none."""
    if len(tokens) <= size:
        return [tuple(tokens)] if tokens else []
    return list(zip(*(tokens[start:] for start in range(size)), strict=False))


def is_exact(gold: Cut, output: Cut) -> bool:
    """Return whether the two texts have the same words in the same order."""
    return gold.words == output.words


def count_snippets(wanted: Iterable[str], unwanted: Iterable[str], output: str) -> Snippets:
    """Return how many snippets are in `output`, whitespace aside, as trafilatura's evaluation counts them."""
    squeezed = squeeze(output)
    hits = [squeeze(snippet) in squeezed for snippet in wanted]
    slips = [squeeze(snippet) in squeezed for snippet in unwanted]
    return Snippets(sum(hits), sum(slips), len(hits) - sum(hits), len(slips) - sum(slips))


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
