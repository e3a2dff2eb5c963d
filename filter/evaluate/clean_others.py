"""The output of another extractor given to newsfilter as plain lines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from filter.evaluate.predictions import Predictor, predict_page, text_blocks
from filter.labels import Label


def clean_outputs(
    ids: Sequence[str], outputs: Sequence[str], predictor_of: Callable[[str], Predictor], keep: Collection[Label]
) -> list[str]:
    """Return each output without the lines that newsfilter drops.

    Parameters
    ----------
    ids : sequence of str
        Of the pages that the outputs are of.
    outputs : sequence of str
    predictor_of : callable
        Takes the id of a page; returns a model that was not fitted on it.
    keep : collection of Label
    """
    return [
        _clean(identity, output, predictor_of(identity), keep) for identity, output in zip(ids, outputs, strict=True)
    ]


def _clean(identity: str, output: str, predictor: Predictor, keep: Collection[Label]) -> str:
    prediction = predict_page(identity, text_blocks([output]), predictor)
    return prediction.text(keep) if prediction else ""
