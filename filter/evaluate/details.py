"""What newsfilter's probabilities say beyond the one threshold: curves, calibration, errors by label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from filter.corpora.pages import PageRecord
from filter.evaluate.evaluation import CurvePoint, LineScores, ModeDetails
from filter.evaluate.label_scores import Bin, calibration_error, confusion_matrix, label_scores, reliability
from filter.evaluate.metrics import Cut, Overlap, cut, word_overlap
from filter.evaluate.out_of_fold import UNKNOWN
from filter.evaluate.predictions import Prediction, label_columns
from filter.evaluate.quality import quality_scores
from filter.evaluate.scores import Column, Table
from filter.labels import DEFAULT_KEEP, LABELS, Label
from filter.text import words

_THRESHOLDS = tuple(round(step / 10, 1) for step in range(1, 10))
_BODY = LABELS.index(Label.BODY)


def mode_details(
    pages: Sequence[PageRecord], predictions: Sequence[Prediction | None], table: Table, keep: Collection[Label]
) -> ModeDetails:
    """Return the details of one mode, from newsfilter's prediction for each page and the table of their scores."""
    answered = [prediction for prediction in predictions if prediction is not None]
    bins = _reliability(answered)
    missed, extra = _errors_by_label(answered, keep)
    quality = quality_scores(pages, predictions, table[:, Column.WORD_F1])
    return ModeDetails(_curve(pages, predictions), bins, calibration_error(bins), missed, extra, quality)


def line_scores(predictions: Sequence[Prediction]) -> LineScores:
    """Return the scores of labelled lines, title and body kept."""
    truth = np.concatenate([prediction.truth for prediction in predictions])
    given = np.concatenate([prediction.labels for prediction in predictions])
    bins = _reliability(predictions)
    scores = label_scores(confusion_matrix(truth, given), DEFAULT_KEEP)
    return LineScores(len(predictions), len(truth), scores, bins, calibration_error(bins))


def _curve(pages: Sequence[PageRecord], predictions: Sequence[Prediction | None]) -> tuple[CurvePoint, ...]:
    rows = [
        _page_curve(cut(page.text), prediction)
        for page, prediction in zip(pages, predictions, strict=True)
        if page.text is not None and prediction is not None
    ]
    if not rows:
        return ()
    means = np.mean(rows, axis=0)
    return tuple(CurvePoint(each, *values) for each, values in zip(_THRESHOLDS, means.tolist(), strict=True))


def _page_curve(gold: Cut, prediction: Prediction) -> list[Overlap]:
    """Return precision and recall of a page at each threshold."""
    blocks = [words(text) for text in prediction.texts]
    keep = prediction.keep.tolist()
    points = []
    for threshold in _THRESHOLDS:
        kept = [word for block, own in zip(blocks, keep, strict=True) if own >= threshold for word in block]
        points.append(word_overlap(gold, Cut((), kept)))
    return points


def _reliability(predictions: Sequence[Prediction]) -> tuple[Bin, ...]:
    if not predictions:
        return ()
    truth = np.concatenate([prediction.truth for prediction in predictions])
    keep = np.concatenate([prediction.keep for prediction in predictions])
    known = truth != UNKNOWN
    return reliability(keep[known], _is_one_of(truth[known], DEFAULT_KEEP))


def _is_one_of(columns: NDArray[np.int64], labels: Collection[Label]) -> NDArray[np.bool_]:
    return np.isin(columns, sorted(label_columns(labels)))


def _errors_by_label(
    predictions: Iterable[Prediction], keep: Collection[Label]
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the words of dropped body by given label, and the words kept wrongly by true label."""
    missed: Counter[str] = Counter()
    extra: Counter[str] = Counter()
    wanted = label_columns(keep)
    for prediction in predictions:
        rows = zip(prediction.texts, prediction.labels.tolist(), prediction.truth.tolist(), strict=True)
        for text, given, true in rows:
            if true == _BODY and given not in wanted:
                missed[LABELS[given]] += len(words(text))
            elif true not in wanted and true != UNKNOWN and given in wanted:
                extra[LABELS[true] if true >= 0 else "other"] += len(words(text))
    return dict(missed.most_common()), dict(extra.most_common())
