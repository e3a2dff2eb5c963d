"""What newsfilter says of pages that the model which says it was not fitted on.

Training writes one file; evaluation reads it. It holds no text: the blocks are cut from the page again.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filter.errors import CorpusError
from filter.labels import LABELS

#: In `OutOfFold.truth`: nothing is known of the block; it is not body, of unknown kind.
UNKNOWN, OTHER = -1, -2


@dataclass(frozen=True, slots=True)
class OutOfFold:
    """Out-of-fold probabilities of the blocks of many pages and labelled documents.

    Attributes
    ----------
    ids : ndarray of shape (n_pages,), str
        Ids of `PageRecord` and `LineDocument`.
    offsets : ndarray of shape (n_pages + 1,), int64
        Page ``i`` has the rows ``offsets[i]:offsets[i + 1]``.
    html, text : ndarray of shape (n_blocks, 9), float32
        Calibrated probabilities from the markup, and from the page's visible text as plain lines, in the
        order of `LABELS`. NaN for `html` where there is only text.
    sizes : ndarray of shape (n_blocks,), int64
        Characters of each block.
    fold : ndarray of shape (n_pages,), int64
    confidence : ndarray of shape (n_pages, 2), float32
        `Document.confidence` from the markup and from plain text; NaN where there is no answer.
    truth : ndarray of shape (n_blocks,), int64
        Column of the true label, or `UNKNOWN`, or `OTHER`.
    """

    ids: NDArray[np.str_]
    offsets: NDArray[np.int64]
    html: NDArray[np.float32]
    text: NDArray[np.float32]
    sizes: NDArray[np.int64]
    fold: NDArray[np.int64]
    confidence: NDArray[np.float32]
    truth: NDArray[np.int64]

    def rows(self, index: int) -> slice:
        """Return which rows are those of page `index`."""
        return slice(int(self.offsets[index]), int(self.offsets[index + 1]))


def write_out_of_fold(path: Path, predictions: OutOfFold) -> None:
    """Write `predictions` to the ``.npz`` file `path`."""
    with path.open("wb") as stream:
        np.savez_compressed(
            stream, allow_pickle=False, **{field.name: getattr(predictions, field.name) for field in fields(OutOfFold)}
        )


def read_out_of_fold(path: Path) -> OutOfFold:
    """Return the predictions in the file `path`.

    Raises
    ------
    CorpusError
        The file cannot be read, or its arrays do not fit together.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            predictions = OutOfFold(**{field.name: archive[field.name] for field in fields(OutOfFold)})
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise CorpusError(f"no out-of-fold predictions ({error})", source=str(path)) from error
    _check(predictions, str(path))
    return predictions


def _check(predictions: OutOfFold, source: str) -> None:
    n_pages, n_blocks = len(predictions.ids), len(predictions.truth)
    shapes = {
        "offsets": (n_pages + 1,),
        "sizes": (n_blocks,),
        "fold": (n_pages,),
        "confidence": (n_pages, 2),
        "html": (n_blocks, len(LABELS)),
        "text": (n_blocks, len(LABELS)),
    }
    for name, shape in shapes.items():
        if getattr(predictions, name).shape != shape:
            raise CorpusError(f"{name} has the shape {getattr(predictions, name).shape}, not {shape}", source=source)
    offsets = predictions.offsets
    if offsets[0] != 0 or offsets[-1] != n_blocks or (np.diff(offsets) < 0).any():
        raise CorpusError("offsets do not cut up the blocks", source=source)
    if len(set(predictions.ids.tolist())) != n_pages:
        raise CorpusError("an id occurs twice", source=source)
