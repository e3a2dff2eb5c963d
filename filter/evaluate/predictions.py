"""Newsfilter's own labels for the blocks of pages and for labelled lines, from a model or out of fold."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from filter.blocks import Page, blocks_from_text, blocks_of_page
from filter.corpora.lines import LineDocument
from filter.corpora.pages import PageRecord
from filter.errors import CorpusError
from filter.evaluate.out_of_fold import UNKNOWN, OutOfFold
from filter.features import Floats, Ints
from filter.labels import DEFAULT_KEEP, LABELS, Label, decide
from filter.model import Model
from filter.tree import walk_markup

_MAX_BLOCKS = 10**6


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known of a page's blocks apart from their text.

    Attributes
    ----------
    probabilities : ndarray of shape (n_blocks, 9), float32
    truth : ndarray of shape (n_blocks,), int64
        Columns of `LABELS`, or the negative codes of `filter.evaluate.out_of_fold`.
    confidence : float or None
        See `Document.confidence`.
    """

    probabilities: Floats
    truth: Ints
    confidence: float | None


#: Takes the id of a page or document and its blocks; None where it has no answer.
Predictor = Callable[[str, Page], Answer | None]


@dataclass(frozen=True, slots=True)
class Prediction:
    """The blocks of a page with newsfilter's labels.

    Attributes
    ----------
    texts : tuple of str
    labels : ndarray of shape (n_blocks,), int64
        Columns of `LABELS`.
    keep : ndarray of shape (n_blocks,), float32
        Probability that a block is title or body, in [0, 1].
    truth : ndarray of shape (n_blocks,), int64
        See `Answer`.
    confidence : float or None
        See `Answer`.
    """

    texts: tuple[str, ...]
    labels: Ints
    keep: Floats
    truth: Ints
    confidence: float | None

    def text(self, keep: Collection[Label]) -> str:
        """Return the blocks whose label is in `keep`, one a line."""
        wanted = label_columns(keep)
        return "\n".join(text for text, label in zip(self.texts, self.labels.tolist(), strict=True) if label in wanted)


def label_columns(labels: Collection[Label]) -> frozenset[int]:
    """Return the columns of `labels` in the order of `LABELS`."""
    return frozenset(LABELS.index(label) for label in labels)


def from_model(model: Model) -> Predictor:
    """Return the answers of a model; it must not have been fitted on what it is asked."""

    def predict(_: str, page: Page) -> Answer:
        probabilities = model.probabilities(page)
        confidence = model.confidence(page, probabilities, decide(probabilities, page.sizes))
        return Answer(probabilities, np.full(len(page), UNKNOWN), confidence)

    return predict


def from_folds(predictions: OutOfFold) -> Predictor:
    """Return the answers that training wrote for pages it had left out; None for an id that it does not have.

    The answer raises `CorpusError` where the page has other blocks than it had in training.
    """
    index_of = {identity: index for index, identity in enumerate(predictions.ids.tolist())}

    def predict(identity: str, page: Page) -> Answer | None:
        index = index_of.get(identity)
        if index is None:
            return None
        rows = predictions.rows(index)
        if rows.stop - rows.start != len(page):
            raise CorpusError("cut into other blocks than in training: train again", source=identity)
        probabilities = (predictions.html if page.elements else predictions.text)[rows]
        confidence = predictions.confidence[index, 0 if page.elements else 1]
        return Answer(probabilities, predictions.truth[rows], float(confidence))

    return predict


def html_blocks(record: PageRecord) -> Page:
    """Return the blocks of a page, from its markup and its address."""
    return blocks_of_page(partial(walk_markup, record.html), url=record.url, max_blocks=_MAX_BLOCKS)


def text_blocks(texts: Collection[str]) -> Page:
    """Return lines as plain text is cut: nothing is known but the lines."""
    return blocks_from_text("\n".join(texts), max_blocks=_MAX_BLOCKS)


def predict_page(identity: str, page: Page, predictor: Predictor) -> Prediction | None:
    """Return the labelled blocks of `page`; None where the predictor has no answer."""
    answer = predictor(identity, page)
    if answer is None:
        return None
    kept = answer.probabilities[:, sorted(label_columns(DEFAULT_KEEP))].sum(axis=1)
    labels = decide(answer.probabilities, page.sizes)
    return Prediction(tuple(page.shown), labels, kept, answer.truth, answer.confidence)


def predict_lines(document: LineDocument, predictor: Predictor) -> Prediction | None:
    """Return the labelled lines of `document` with the labels that people gave them as truth."""
    prediction = predict_page(document.id, text_blocks([line.text for line in document.lines]), predictor)
    if prediction is None:
        return None
    truth: NDArray[np.int64] = np.array([LABELS.index(line.label) for line in document.lines])
    return replace(prediction, truth=truth)
