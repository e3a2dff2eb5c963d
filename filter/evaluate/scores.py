"""Scores of a system as a table of pages, and what is said of many pages at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from filter.corpora.pages import PageRecord
from filter.evaluate.bootstrap import weighted_means
from filter.evaluate.metrics import (
    count_snippets,
    cut,
    is_exact,
    paragraph_overlap,
    shingle_overlap,
    word_overlap,
)
from filter.evaluate.rouge import rouge_lsum, sentences

Table = NDArray[np.float64]
#: A page under this word F1 is a failed one.
FAILED = 0.5


class Column(IntEnum):
    """What is stored of each page."""

    WORD_PRECISION = 0
    WORD_RECALL = 1
    WORD_F1 = 2
    SHINGLE_PRECISION = 3
    SHINGLE_RECALL = 4
    ROUGE_LSUM = 5
    PARAGRAPH_PRECISION = 6
    PARAGRAPH_RECALL = 7
    EXACT = 8
    FAILED = 9
    WANTED_FOUND = 10
    UNWANTED_FOUND = 11
    WANTED_MISSED = 12
    UNWANTED_AVOIDED = 13


def score_page(page: PageRecord, output: str) -> list[float]:
    """Return the columns of one page; NaN where the page has no gold text, or no snippets."""
    row = [np.nan] * len(Column)
    if page.text is not None:
        row[: Column.WANTED_FOUND] = _text_scores(page.text, output)
    if page.must_have or page.must_not_have:
        row[Column.WANTED_FOUND :] = count_snippets(page.must_have or (), page.must_not_have or (), output)
    return row


def score_pages(pages: Sequence[PageRecord], outputs: Sequence[str]) -> Table:
    """Return the columns of each page, shape (n_pages, n_columns)."""
    rows = [score_page(page, output) for page, output in zip(pages, outputs, strict=True)]
    return np.array(rows, np.float64).reshape(len(pages), len(Column))


def _text_scores(gold_text: str, output_text: str) -> list[float]:
    gold, output = cut(gold_text), cut(output_text)
    overlap = word_overlap(gold, output)
    return [
        overlap.precision,
        overlap.recall,
        overlap.f1,
        *shingle_overlap(gold, output),
        rouge_lsum(sentences(gold_text), sentences(output_text)),
        *paragraph_overlap(gold, output),
        is_exact(gold, output),
        overlap.f1 < FAILED,
    ]


def _column(column: Column) -> Callable[[Table], Table]:
    def mean(means: Table) -> Table:
        values: Table = means[:, column]
        return values

    return mean


def _harmonic(one: Column, other: Column) -> Callable[[Table], Table]:
    def mean(means: Table) -> Table:
        return _divide(2 * means[:, one] * means[:, other], means[:, one] + means[:, other], otherwise=0.0)

    return mean


def _snippets(right: Sequence[Column], wrong: Sequence[Column]) -> Callable[[Table], Table]:
    """Return the share of `right` among all; a column named twice counts twice."""

    def share(means: Table) -> Table:
        good = means[:, list(right)].sum(axis=1)
        return _divide(good, good + means[:, list(wrong)].sum(axis=1), otherwise=np.nan)

    return share


def _divide(part: Table, whole: Table, *, otherwise: float) -> Table:
    """Return `part` over `whole`, and `otherwise` where that is 0."""
    result = np.full(whole.shape, otherwise)
    np.divide(part, whole, out=result, where=whole != 0)
    return result


_FOUND, _SLIPPED, _MISSED, _AVOIDED = (
    Column.WANTED_FOUND, Column.UNWANTED_FOUND, Column.WANTED_MISSED, Column.UNWANTED_AVOIDED,
)  # fmt: skip

#: Name → what it is, from the means of the columns, shape (n_weightings, n_columns).
METRICS: Mapping[str, Callable[[Table], Table]] = {
    "word_f1": _column(Column.WORD_F1),
    "word_precision": _column(Column.WORD_PRECISION),
    "word_recall": _column(Column.WORD_RECALL),
    "shingle_f1": _harmonic(Column.SHINGLE_PRECISION, Column.SHINGLE_RECALL),
    "shingle_precision": _column(Column.SHINGLE_PRECISION),
    "shingle_recall": _column(Column.SHINGLE_RECALL),
    "rouge_lsum": _column(Column.ROUGE_LSUM),
    "paragraph_f1": _harmonic(Column.PARAGRAPH_PRECISION, Column.PARAGRAPH_RECALL),
    "paragraph_precision": _column(Column.PARAGRAPH_PRECISION),
    "paragraph_recall": _column(Column.PARAGRAPH_RECALL),
    "exact": _column(Column.EXACT),
    "failed": _column(Column.FAILED),
    "snippet_f1": _snippets((_FOUND, _FOUND), (_SLIPPED, _MISSED)),
    "snippet_accuracy": _snippets((_FOUND, _AVOIDED), (_SLIPPED, _MISSED)),
    "must_have": _snippets((_FOUND,), (_MISSED,)),
    "must_not_have": _snippets((_AVOIDED,), (_SLIPPED,)),
}
#: Metrics of which less is better.
LOWER_IS_BETTER = frozenset(("failed",))


def metric_values(table: Table, weights: Table) -> dict[str, Table]:
    """Return each metric that is defined on these pages under each weighting, shape (n_weightings,)."""
    means = weighted_means(table, weights)
    values = {name: compute(means) for name, compute in METRICS.items()}
    return {name: value for name, value in values.items() if not np.isnan(value[0])}
