"""Temperatures that make the out-of-fold probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from filter.features import Floats, Ints
from filter.labels import LABELS, Label
from filter.model import softmax
from filter.train.samples import UNKNOWN, Sample, is_trusted

_BODY = LABELS.index(Label.BODY)
_CANDIDATES = np.geomspace(0.5, 3.0, 41)


def temperatures(samples: Sequence[Sample], logits: Sequence[Floats]) -> Floats:
    """Return the temperatures of HTML and of plain text, shape (2,), float32.

    Each is the one, of a fine grid, with the least log loss of body against the rest (Guo et al. 2017); 1
    where there is nothing to measure.
    """
    result = np.ones(2, np.float32)
    for mode, is_tree in enumerate((True, False)):
        chosen = [
            (own, sample.labels)
            for sample, own in zip(samples, logits, strict=True)
            if (sample.page.elements is not None) == is_tree and is_trusted(sample)
        ]
        if chosen:
            rows = np.concatenate([own for own, _ in chosen])
            labels = np.concatenate([own for _, own in chosen])
            result[mode] = _best(rows[labels != UNKNOWN], labels[labels != UNKNOWN])
    return result


def _best(logits: Floats, labels: Ints) -> float:
    is_body = labels == _BODY

    def loss(temperature: float) -> float:
        body = np.clip(softmax(logits / np.float32(temperature))[:, _BODY], 1e-6, 1 - 1e-6)
        return float(-np.log(np.where(is_body, body, 1 - body)).mean())

    return float(min(_CANDIDATES, key=loss))
