"""How well a page went: the word F1 to be expected of its kept text, from the probabilities of its blocks.

The probabilities of blocks are calibrated, so they tell by themselves how much of the text was found and
how much of what was found is text. They are optimistic where a model errs on a whole page at once; three
measures of a page and a logistic function, fitted on pages with gold text that the model had not seen,
correct that.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filter.labels import LABELS, Label

#: What `measures` returns, in order.
MEASURES = ("expected_error", "span", "undecided")
_BODY = LABELS.index(Label.BODY)
#: Keeps the logarithm finite: below this, errors tell pages apart no more.
_LEAST_ERROR = 0.02
#: Blocks of a body probability between these are undecided.
_UNDECIDED = (0.3, 0.7)
#: Characters that every page's kept text is taken to have at least, so that a single line weighs little.
_LEAST_TEXT = 50

Floats = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Quality:
    """Weights of the confidence.

    Attributes
    ----------
    weights : ndarray of shape (2, n_measures + 1), float32
        Of the log-odds, the constant last. Row 0 is for HTML, row 1 for plain text.
    """

    weights: NDArray[np.float32]

    def confidence(
        self, probabilities: Floats, columns: NDArray[np.integer], sizes: NDArray[np.integer], *, has_markup: bool
    ) -> float:
        """Return the word F1 to be expected of the page's body text, in [0, 1]; 0 where no block is body.

        Parameters
        ----------
        probabilities : ndarray of shape (n_blocks, 9), rows sum to 1
        columns : ndarray of shape (n_blocks,), int
            The label of each block; see `filter.labels.decide`.
        sizes : ndarray of shape (n_blocks,), int
            Characters of each block.
        has_markup : bool
            Whether the page is HTML.
        """
        values = measures(probabilities, columns, sizes)
        return 0.0 if values is None else float(logistic(values, self.weights[0 if has_markup else 1]))


def logistic(values: Floats, weights: Floats) -> Floats:
    """Return the logistic function of the weighted measures, shape (...,), of `values`, shape (..., n_measures)."""
    result: Floats = 1 / (1 + np.exp(-(values @ weights[:-1] + weights[-1])))
    return result


def measures(probabilities: Floats, columns: NDArray[np.integer], sizes: NDArray[np.integer]) -> Floats | None:
    """Return `MEASURES` of a page, shape (3,); None where no block is body.

    ``expected_error`` is the logarithm of 1 minus the F1 to be expected from the probabilities alone, ``span`` how
    much of the page lies between the first and the last kept block, ``undecided`` how many characters are in blocks
    that could be either, for each kept character.

    Parameters
    ----------
    probabilities : ndarray of shape (n_blocks, 9), rows sum to 1
    columns, sizes : ndarray of shape (n_blocks,), int
        The label of each block, and its characters.
    """
    kept = np.flatnonzero(columns == _BODY)
    if not len(kept):
        return None
    body = probabilities[:, _BODY]
    mass = body * sizes
    n_kept = sizes[kept].sum()
    f1 = 2 * mass[kept].sum() / (mass.sum() + n_kept)
    low, high = _UNDECIDED
    undecided = sizes[(body > low) & (body < high)].sum()
    span = (kept[-1] + 1 - kept[0]) / len(sizes)
    return np.array([np.log(1 + _LEAST_ERROR - f1), span, undecided / max(n_kept, _LEAST_TEXT)])
