"""Temperature and shift that make the out-of-fold probabilities mean what they say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from filter.features import Floats, Ints
from filter.labels import LABELS, Label
from filter.model import calibrated, softmax
from filter.train.samples import UNKNOWN, Sample, is_trusted

_BODY = LABELS.index(Label.BODY)
_TEMPERATURES = np.geomspace(0.5, 3.0, 41)
#: Added to the log-odds of body of HTML and of plain text. The networks promise too little body where they doubt; more
#: lowers the calibration error a little further and costs F1 on pages whose gold is short (docs/experiments.md).
_SHIFTS = (0.2, 0.05)


def calibrate(samples: Sequence[Sample], logits: Sequence[Floats]) -> Floats:
    """Return the calibration of HTML and of plain text, shape (2, 2), float32; see `filter.model.Model`.

    Each temperature is the one, of a fine grid, with the least log loss of body against the rest (Guo et al. 2017); 1
    where there is nothing to measure.
    """
    result = np.array([(1, shift) for shift in _SHIFTS], np.float32)
    for mode, is_tree in enumerate((True, False)):
        chosen = [
            (own, sample.labels)
            for sample, own in zip(samples, logits, strict=True)
            if (sample.page.elements is not None) == is_tree and is_trusted(sample)
        ]
        if chosen:
            rows = np.concatenate([own for own, _ in chosen])
            labels = np.concatenate([own for _, own in chosen])
            known = labels != UNKNOWN
            result[mode, 0] = _temperature(rows[known], labels[known])
    return result


def _temperature(logits: Floats, labels: Ints) -> float:
    is_body = labels == _BODY

    def loss(temperature: float) -> float:
        body = softmax(calibrated(logits, np.array([temperature, 0], np.float32)))[:, _BODY]
        right = np.clip(np.where(is_body, body, 1 - body), 1e-6, 1 - 1e-6)
        return float(-np.log(right).mean())

    return float(min(_TEMPERATURES, key=loss))
