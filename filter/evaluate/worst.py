"""The pages on which newsfilter does worst: what it missed and what it kept wrongly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from filter.evaluate.evaluation import Evaluation
from filter.evaluate.metrics import cut, found_lines
from filter.evaluate.scores import Column
from filter.text import lines, words


@dataclass(frozen=True, slots=True)
class WorstPage:
    """One page with its errors; holds text of the corpus.

    Attributes
    ----------
    id, source : str
    url : str or None
    f1 : float
        Word F1 of newsfilter.
    best_other : str
    best_other_f1 : float
        The system that does best on this page, newsfilter's apart.
    missed, extra : tuple of str
        Lines of the gold that are not in the output, and the other way round.
    """

    id: str
    source: str
    url: str | None
    f1: float
    best_other: str
    best_other_f1: float
    missed: tuple[str, ...]
    extra: tuple[str, ...]


def worst_pages(evaluation: Evaluation, name: str, *, count: int = 50) -> list[WorstPage]:
    """Return the pages on which the system `name` has the lowest word F1, the lowest first."""
    ours = evaluation.system(name)
    scores = ours.table[:, Column.WORD_F1]
    others = [system for system in evaluation.systems if system.name not in evaluation.modes]
    order = [index for index in np.argsort(scores, kind="stable").tolist() if not np.isnan(scores[index])]
    return [_worst_page(evaluation, name, index, [other.name for other in others]) for index in order[:count]]


def _worst_page(evaluation: Evaluation, name: str, index: int, others: list[str]) -> WorstPage:
    page, ours = evaluation.pages[index], evaluation.system(name)
    best = max(others, key=lambda other: float(evaluation.system(other).table[index, Column.WORD_F1]))
    gold, output = page.text or "", ours.outputs[index]
    return WorstPage(
        id=page.id,
        source=page.source,
        url=page.url,
        f1=float(ours.table[index, Column.WORD_F1]),
        best_other=best,
        best_other_f1=float(evaluation.system(best).table[index, Column.WORD_F1]),
        missed=lines_not_in(gold, output),
        extra=lines_not_in(output, gold),
    )


def lines_not_in(text: str, other: str) -> tuple[str, ...]:
    """Return the lines of `text` that are not found in `other`; see `filter.evaluate.metrics.found_lines`."""
    own = [line for _, line in lines(text) if words(line)]
    return tuple(line for line, found in zip(own, found_lines(cut(text), cut(other)), strict=True) if not found)
