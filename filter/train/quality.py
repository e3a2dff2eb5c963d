"""The confidence fitted on pages whose gold text is known, from answers of models that had not seen them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from filter.evaluate.metrics import cut, word_overlap
from filter.evaluate.out_of_fold import OutOfFold
from filter.features import Floats, Ints
from filter.labels import LABELS, Label, decide
from filter.quality import MEASURES, Quality, measures

_BODY = LABELS.index(Label.BODY)


class Examples(NamedTuple):
    """Pages in one mode: which, their measures (n_rows, n_measures), the F1 they got, their folds."""

    pages: Ints
    measures: Floats
    f1: Floats
    folds: Ints


def fit_quality(
    answers: OutOfFold, texts: Sequence[Sequence[str]], golds: Sequence[str | None]
) -> tuple[Quality, Floats]:
    """Return the weights fitted on everything, and the confidence of each page by weights fitted without its fold.

    F1 is a share, not a class: the logistic model is fitted to it as it is (Papke, Wooldridge 1996,
    https://doi.org/10.1002/(SICI)1099-1255(199611)11:6%3C619::AID-JAE418%3E3.0.CO;2-1). Where there are no
    pages, HTML gets the weights of plain text: the measures know no markup.

    Parameters
    ----------
    answers : OutOfFold
    texts : sequence of sequences of str
        The blocks of each page.
    golds : sequence of str or None
        The article's text; None for a page that is left out of the fit.

    Returns
    -------
    Quality
    ndarray of shape (n_pages, 2), float32
        From the markup and from plain text; NaN for HTML where there is only text.
    """
    text = _examples(answers, answers.text, texts, golds)
    html = _examples(answers, answers.html, texts, golds)
    confidence = np.full((len(answers.ids), 2), np.nan, np.float32)
    for fold in np.unique(answers.fold).tolist():
        weights = [_fit_without(examples, text, fold) for examples in (html, text)]
        _answer_fold(answers, Quality(np.array(weights, np.float32)), fold, confidence)
    final = [_fit_without(examples, text, None) for examples in (html, text)]
    return Quality(np.array(final, np.float32)), confidence


def _examples(
    answers: OutOfFold, probabilities: Floats, texts: Sequence[Sequence[str]], golds: Sequence[str | None]
) -> Examples:
    pages, rows, scores = [], [], []
    for page, (blocks, gold) in enumerate(zip(texts, golds, strict=True)):
        own, sizes = probabilities[answers.rows(page)], answers.sizes[answers.rows(page)]
        if gold is None or np.isnan(own).any():
            continue
        columns = decide(own, sizes)
        values = measures(own, columns, sizes)
        if values is not None:
            kept = (text for text, label in zip(blocks, columns.tolist(), strict=True) if label == _BODY)
            pages.append(page)
            rows.append(values)
            scores.append(word_overlap(cut(gold), cut("\n".join(kept))).f1)
    index = np.array(pages, np.int64)
    return Examples(index, np.array(rows).reshape(-1, len(MEASURES)), np.array(scores), answers.fold[index])


def _fit_without(examples: Examples, otherwise: Examples, fold: int | None) -> Floats:
    """Return weights fitted on the pages of all folds but one; on those of `otherwise` where there are none."""
    chosen = examples.folds != fold if fold is not None else np.ones(len(examples.pages), bool)
    if chosen.any():
        return fit_weights(examples.measures[chosen], examples.f1[chosen])
    if examples is otherwise:
        return np.zeros(len(MEASURES) + 1, np.float32)
    return _fit_without(otherwise, otherwise, fold)


def fit_weights(rows: Floats, f1: Floats) -> Floats:
    """Return the weights under which the logistic function of `rows` is nearest to `f1`, the constant last."""
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    # Half a page of either outcome more: a few pages that all went well do not make certain (Krichevsky, Trofimov).
    share = (len(f1) * f1 + 0.5) / (len(f1) + 1)
    standard = (rows - mean) / scale
    model = LogisticRegression(max_iter=1000)
    model.fit(
        np.vstack((standard, standard)),
        np.repeat((1, 0), len(rows)),
        sample_weight=np.concatenate((share, 1 - share)),
    )
    weights = model.coef_[0] / scale
    result: Floats = np.append(weights, model.intercept_[0] - weights @ mean).astype(np.float32)
    return result


def _answer_fold(answers: OutOfFold, quality: Quality, fold: int, confidence: Floats) -> None:
    for page in np.flatnonzero(answers.fold == fold).tolist():
        rows = answers.rows(page)
        for mode, probabilities in enumerate((answers.html[rows], answers.text[rows])):
            if not np.isnan(probabilities).any():
                sizes = answers.sizes[rows]
                columns = decide(probabilities, sizes)
                confidence[page, mode] = quality.confidence(probabilities, columns, sizes, has_markup=mode == 0)
