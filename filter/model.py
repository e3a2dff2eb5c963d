"""The trained model: plain arrays, and the arithmetic from a page's features to probabilities.

Two stages, run with numpy alone:

1. hashed n-grams of a block's text and of the names of its elements go through linear models; their scores and
   the feature table, a block's own and some of its neighbours' (`filter.neighbours`), go through a small network;
2. where that leaves doubt, a block's own columns and the context of first-stage probabilities (`filter.context`)
   go through a second network, and a mean of both answers counts. Blocks that a template made alike then decide
   together (`filter.agreement`).

The file is an uncompressed ``.npz`` of arrays (no pickle: loading runs no code) with one JSON text
among them, the manifest. Protocol numbers are raised when the meaning of an array changes.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filter import features
from filter.agreement import agree
from filter.blocks import Page
from filter.characters import CharTables
from filter.context import context_table, own_columns
from filter.errors import ModelCompatibilityError, ModelIntegrityError, ModelNotFoundError
from filter.features import Floats, parts_of
from filter.labels import LABELS, Label
from filter.layout import Layout, lay_out
from filter.neighbours import around, shifts
from filter.ngrams import Hashed, clip, hash_ngrams
from filter.packed import Packed
from filter.quality import Quality

#: Raise when arrays change their meaning, and say so in the changelog.
PROTOCOL = 4
TEXT_BITS, NAME_BITS = 18, 15
TEXT_SIZES, NAME_SIZES = (2, 4), (4,)
#: Columns of a block itself: features, then scores of text and of names.
_OWN_NAMES = (
    *features.names(),
    *(f"{kind}_{label}" for kind in ("text", "near_names", "far_names") for label in LABELS),
)
#: Those that its neighbours see too, up to so many blocks away.
_SEEN_NAMES = (
    *"log_chars ends_stop upper_per_word share_digit repeats shared_words title_words link_density up1_chars".split(),
    *"near_p near_li near_h2 near_a".split(),
    *(f"text_{label}" for label in LABELS),
)
_REACH = 3
_SEEN = [_OWN_NAMES.index(name) for name in _SEEN_NAMES]
N_OWN = len(_OWN_NAMES)
#: Columns that the first network takes; the second sees in the context what neighbours are.
N_INPUTS = N_OWN + 2 * _REACH * len(_SEEN)
#: Ancestors whose names speak of the block itself, and those that speak of its surroundings.
NEAR_LEVELS, FAR_LEVELS = slice(0, 2), slice(2, 8)
#: What numpy, zipfile and json raise over a damaged file.
_DAMAGE = (
    ValueError, KeyError, EOFError, OSError, TypeError, AttributeError, IndexError, RuntimeError,
    zipfile.BadZipFile, zlib.error
)  # fmt: skip
Hashing = Callable[[Sequence[str], CharTables], Hashed]
_CLIP = np.float32(4)
#: A block whose label has this probability after the first stage keeps it: what the second stage would change there
#: makes no set better (cascade: Viola and Jones 2001).
SURE = 0.9
#: Weight of the second stage where both judge: pages do better with one half, labelled lines with more.
_SECOND = np.float32(0.6)
#: Rows worked on at a time: the arrays of one step stay in the cache.
_ROWS = 512
_BODY = LABELS.index(Label.BODY)


@dataclass(frozen=True, slots=True)
class Network:
    """A multilayer perceptron with standardised inputs.

    Attributes
    ----------
    mean, scale : ndarray of shape (n_inputs,), float32
        An input is standardised, limited to ±4, and 0 where it is missing (NaN).
    weights, biases : tuple of ndarray, float32
        Layer ``i`` maps (n_rows, n_i) to (n_rows, n_i+1); all but the last are followed by a ReLU.
    """

    mean: Floats
    scale: Floats
    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    def logits(self, rows: Floats) -> Floats:
        """Return the outputs before the softmax, shape (n_rows, 9)."""
        parts = [self._part(rows[start : start + _ROWS]) for start in range(0, len(rows), _ROWS)]
        return np.concatenate(parts) if parts else np.zeros((0, len(self.biases[-1])), np.float32)

    def _part(self, rows: Floats) -> Floats:
        hidden = standardise(rows, self.mean, self.scale)
        last = len(self.weights) - 1
        for number, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = hidden @ weights
            hidden += biases
            if number < last:
                np.maximum(hidden, 0, out=hidden)
        return hidden


def standardise(rows: Floats, mean: Floats, scale: Floats) -> Floats:
    """Return rows as a network takes them: standardised, limited, missing values 0."""
    standard: Floats = rows - mean
    standard *= scale
    np.clip(standard, -_CLIP, _CLIP, out=standard)
    np.copyto(standard, 0, where=np.isnan(standard))
    return standard


def softmax(logits: Floats) -> Floats:
    """Return probabilities; rows sum to 1."""
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    result: Floats = exponents / exponents.sum(axis=1, keepdims=True)
    return result


def calibrated(logits: Floats, calibration: Floats) -> Floats:
    """Return logits divided by the first number of `calibration`, and the second added to those of body."""
    result: Floats = logits / calibration[0]
    result[:, _BODY] += calibration[1]
    return result


def in_doubt(probabilities: Floats) -> NDArray[np.bool_]:
    """Return whether the first stage leaves each block to the second, shape (n_blocks,)."""
    result: NDArray[np.bool_] = probabilities.max(axis=1) < SURE
    return result


def both(first: Floats, second: Floats) -> Floats:
    """Return the logits of blocks that both stages judged: a mean, which errs less than either."""
    return first + _SECOND * (second - first)


@dataclass(frozen=True)
class Model:
    """Everything that classifying needs.

    Attributes
    ----------
    tables : CharTables
    text_weights : Packed
        Of one model, with 2 ** TEXT_BITS buckets.
    name_weights : Packed
        Of two models, for the names of near and of far ancestors, with 2 ** NAME_BITS buckets.
    first, second : Network
    calibration : ndarray of shape (2, 2), float32
        For HTML and for plain text: what divides the final logits (temperature: Guo et al. 2017,
        https://arxiv.org/abs/1706.04599), and what is then added to that of body.
    manifest : mapping
        What the model was made from; see ``models/manifest.json``.
    quality : Quality or None
        None in a model fitted without one fold, which is only asked for labels.
    """

    tables: CharTables
    text_weights: Packed
    name_weights: Packed
    first: Network
    second: Network
    calibration: Floats
    manifest: Mapping[str, Any]
    quality: Quality | None = None

    def probabilities(self, page: Page) -> Floats:
        """Return the probability of each label for each block, shape (n_blocks, 9); rows sum to 1."""
        return next(self.probabilities_of([page]))

    def probabilities_of(self, pages: Sequence[Page]) -> Iterator[Floats]:
        """Yield the probabilities of each page; letters and n-grams of all of them are looked at in one call.

        The networks take page by page: how many rows a matrix has decides how their products are rounded, and a page
        gets the same answer in whatever company it comes.
        """
        layouts = [lay_out(page, page.elements) if page.elements else None for page in pages]
        inputs = self.inputs(pages, layouts)
        for page, layout, part in zip(pages, layouts, parts_of(pages), strict=True):
            yield self.settle(self._logits(inputs[part], page, layout), page, layout)

    def _logits(self, inputs: Floats, page: Page, layout: Layout | None) -> Floats:
        """Return the logits of the blocks of one page before they agree, shape (n_blocks, 9)."""
        logits = self.first.logits(inputs)
        first = softmax(logits)
        doubtful = np.flatnonzero(in_doubt(first))
        if len(doubtful):
            table = np.hstack((inputs[doubtful, :N_OWN], context_table(page, first, layout, doubtful)))
            logits[doubtful] = both(logits[doubtful], self.second.logits(table))
        return logits

    def settle(self, logits: Floats, page: Page, layout: Layout | None) -> Floats:
        """Return the probabilities of a page from the logits of its blocks, shape (n_blocks, 9)."""
        if layout:
            logits = agree(logits, layout.groups["like"], page.sizes)
        return softmax(self.calibrated(logits, has_markup=layout is not None))

    def calibrated(self, logits: Floats, *, has_markup: bool) -> Floats:
        """Return logits whose softmax are the probabilities of the labels, shape (n_rows, 9)."""
        return calibrated(logits, self.calibration[0 if has_markup else 1])

    def judge(self, table: Floats, doubtful: NDArray[np.bool_]) -> Floats:
        """Return the logits of rows of a table before blocks agree, shape (n_rows, 9); for explanations.

        Parameters
        ----------
        table : ndarray of shape (n_rows, N_INPUTS + N_CONTEXT), float32
            `inputs` and `context_table` side by side. The columns of a row's own first-stage probabilities are not
            looked at but computed from its inputs.
        doubtful : ndarray of shape (n_rows,), bool
            Rows that the second stage judges; the first judges the others.
        """
        logits = self.first.logits(table[:, :N_INPUTS])
        rows = np.hstack((table[doubtful, :N_OWN], table[doubtful, N_INPUTS:]))
        rows[:, N_OWN : N_OWN + len(LABELS)] = own_columns(softmax(logits[doubtful]))
        logits[doubtful] = both(logits[doubtful], self.second.logits(rows))
        return logits

    def confidence(self, page: Page, probabilities: Floats) -> float | None:
        """Return the word F1 to be expected of the page's body text, in [0, 1]; None where the model has no `quality`.

        Parameters
        ----------
        page : Page
        probabilities : ndarray of shape (n_blocks, 9), float32
            What the model says of the page.
        """
        if self.quality is None:
            return None
        return self.quality.confidence(probabilities, page.sizes, has_markup=page.elements is not None)

    def inputs(self, pages: Sequence[Page], layouts: Sequence[Layout | None]) -> Floats:
        """Return what the first network takes, shape (n_blocks, N_INPUTS), one page after the other.

        Parameters
        ----------
        pages : sequence of Page
        layouts : sequence of Layout or None
            None for plain text.
        """
        table = features.feature_tables(pages, self.tables, layouts)
        texts = [text for page in pages for text in page.texts]
        text = self._scores(texts, self.text_weights, text_grams)
        near, far = self._name_scores(pages, layouts)
        return join_inputs(table, text, near, far, parts_of(pages))

    def _name_scores(self, pages: Sequence[Page], layouts: Sequence[Layout | None]) -> tuple[Floats, Floats]:
        """Return the scores of near and of far ancestors, each of shape (n_blocks, 9); NaN for plain text."""
        names: list[str] = []
        levels = []
        for page, layout in zip(pages, layouts, strict=True):
            if page.elements and layout:
                own = layout.names.T[: FAR_LEVELS.stop]
                levels.append(np.where(own < 0, own, own + len(names)))
                names += page.elements.names
            else:
                levels.append(np.full((FAR_LEVELS.stop, len(page)), -1))
        numbers = np.hstack(levels)
        used = np.zeros(len(names) + 1, bool)  # number -1: above the root, where every score is 0
        used[numbers] = True
        chosen = np.flatnonzero(used[:-1])
        scores = np.zeros((len(used), 2 * len(LABELS)), np.float32)
        scores[chosen] = self._scores([names[number] for number in chosen.tolist()], self.name_weights, name_grams)
        of_levels = scores.take(numbers, axis=0, mode="wrap")
        near = of_levels[NEAR_LEVELS, :, : len(LABELS)].sum(axis=0)
        far = of_levels[FAR_LEVELS, :, len(LABELS) :].sum(axis=0)
        plain = np.repeat([layout is None for layout in layouts], [len(page) for page in pages])
        near[plain] = far[plain] = np.nan
        return near, far

    def _scores(self, texts: Sequence[str], weights: Packed, hashing: Hashing) -> Floats:
        starts = range(0, max(len(texts), 1), _ROWS)
        return np.concatenate([weights.means(hashing(texts[start : start + _ROWS], self.tables)) for start in starts])

    @cached_property
    def digest(self) -> str:
        """Digest of all arrays, to tell results of two models apart."""
        return hashlib.sha256(dumps(self)).hexdigest()


def text_grams(texts: Sequence[str], tables: CharTables) -> Hashed:
    """Return the hashed n-grams of each block's text."""
    return hash_ngrams([clip(text) for text in texts], tables, bits=TEXT_BITS, sizes=TEXT_SIZES)


def name_grams(names: Sequence[str], tables: CharTables) -> Hashed:
    """Return the hashed n-grams of each element's name."""
    return hash_ngrams([clip(name) for name in names], tables, bits=NAME_BITS, sizes=NAME_SIZES)


def input_names() -> tuple[str, ...]:
    """Return the names of the columns of `Model.inputs`, in order."""
    return (*_OWN_NAMES, *(f"{name}{shift:+d}" for shift in shifts(_REACH) for name in _SEEN_NAMES))


def join_inputs(table: Floats, text: Floats, near: Floats, far: Floats, parts: Iterable[slice]) -> Floats:
    """Return features and linear scores side by side, and behind them what neighbours see of each other.

    Parameters
    ----------
    table, text, near, far : ndarray of shape (n_blocks, ...), float32
    parts : iterable of slice
        The rows of each page.
    """
    inputs = np.empty((len(table), N_INPUTS), np.float32)
    np.concatenate((table, text, near, far), axis=1, out=inputs[:, :N_OWN])
    seen = inputs[:, _SEEN]
    for part in parts:
        inputs[part, N_OWN:] = around(seen[part], _REACH)
    return inputs


# -------------------------------------------------------------------------------------------------- file


def dumps(model: Model) -> bytes:
    """Return the model as the bytes of its file; the same model gives the same bytes."""
    arrays: dict[str, NDArray[Any]] = {
        "manifest": np.frombuffer(json.dumps(model.manifest, sort_keys=True).encode(), np.uint8),
        "classes": model.tables.classes,
        "folded": model.tables.folded,
        "text_weights": model.text_weights.words,
        "text_steps": model.text_weights.steps,
        "name_weights": model.name_weights.words,
        "name_steps": model.name_weights.steps,
        "calibration": model.calibration,
    }
    for stage in ("first", "second"):
        network: Network = getattr(model, stage)
        arrays |= {f"{stage}_mean": network.mean, f"{stage}_scale": network.scale}
        for number, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
            arrays |= {f"{stage}_weights{number}": weights, f"{stage}_biases{number}": biases}
    if model.quality:
        arrays["quality"] = model.quality.weights
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def loads(data: bytes, *, source: str = "model") -> Model:
    """Return the model in `data`.

    Raises
    ------
    ModelIntegrityError
        The bytes are no model file, or a damaged one.
    ModelCompatibilityError
        Written for another protocol, feature schema or label set.
    """
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        manifest = json.loads(arrays["manifest"].tobytes())
        _check_compatible(manifest, source)
        return _from_arrays(arrays, manifest)
    except _DAMAGE as error:
        raise ModelIntegrityError(f"no model file, or a damaged one ({error})", source=source) from error


def _check_compatible(manifest: Mapping[str, Any], source: str) -> None:
    expected = {"protocol": PROTOCOL, "features": features.schema(), "labels": list(LABELS)}
    for key, value in expected.items():
        if manifest.get(key) != value:
            raise ModelCompatibilityError(
                f"made for {key} {manifest.get(key)!r}, this newsfilter has {value!r}; train it again", source=source
            )


def _from_arrays(arrays: Mapping[str, NDArray[Any]], manifest: Mapping[str, Any]) -> Model:
    return Model(
        tables=CharTables(arrays["classes"], arrays["folded"]),
        text_weights=Packed(arrays["text_weights"], arrays["text_steps"]),
        name_weights=Packed(arrays["name_weights"], arrays["name_steps"]),
        first=_network(arrays, "first"),
        second=_network(arrays, "second"),
        calibration=arrays["calibration"],
        manifest=manifest,
        quality=Quality(arrays["quality"]) if "quality" in arrays else None,
    )


def _network(arrays: Mapping[str, NDArray[Any]], stage: str) -> Network:
    depth = sum(name.startswith(f"{stage}_weights") for name in arrays)
    return Network(
        mean=arrays[f"{stage}_mean"],
        scale=arrays[f"{stage}_scale"],
        weights=tuple(arrays[f"{stage}_weights{number}"] for number in range(depth)),
        biases=tuple(arrays[f"{stage}_biases{number}"] for number in range(depth)),
    )


def load(path: Path, *, sha256: str | None = None) -> Model:
    """Return the model in the file `path`.

    Parameters
    ----------
    path : Path
    sha256 : str, optional
        Digest that the file must have; checked before anything in it is read.

    Raises
    ------
    ModelNotFoundError, ModelIntegrityError, ModelCompatibilityError
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelNotFoundError(error.strerror or "cannot be read", source=str(path)) from error
    if sha256 and hashlib.sha256(data).hexdigest() != sha256:
        raise ModelIntegrityError("not the model that this version of newsfilter ships", source=str(path))
    return loads(data, source=str(path))
