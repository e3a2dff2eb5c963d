"""The trained model: plain arrays, and the arithmetic from a page's features to probabilities.

Run with numpy alone. Hashed n-grams of a block's text and of the names of its elements go through linear models; their
scores and the feature table, a block's own and some of its neighbours' (`filter.inputs`), go through a small network,
one for pages with markup and one for plain text. Then

- on a page with markup blocks that a template made alike decide together (`filter.agreement`);
- in plain text, where that leaves doubt, a line's own columns and the context of probabilities (`filter.context`)
  go through another network, and a mean of both answers counts.

The file is an uncompressed ``.npz`` of arrays (no pickle: loading runs no code) with one JSON text
among them, the manifest. Protocol numbers are raised when the meaning of an array changes.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from filter.features import Floats, Ints, parts_of
from filter.inputs import HTML, TEXT
from filter.labels import LABELS, Label
from filter.layout import Layout, lay_out
from filter.ngrams import Hashed, clip, hash_ngrams
from filter.packed import Packed
from filter.quality import Quality

#: Raise when arrays change their meaning, and say so in the changelog.
PROTOCOL = 5
TEXT_BITS, NAME_BITS = 18, 15
TEXT_SIZES = (2, 4)
#: Ancestors whose names speak of the block itself, and those that speak of its surroundings.
NEAR_LEVELS, FAR_LEVELS = slice(0, 2), slice(2, 8)
#: What numpy, zipfile and json raise over a damaged file.
_DAMAGE = (
    ValueError, KeyError, EOFError, OSError, TypeError, AttributeError, IndexError, RuntimeError,
    zipfile.BadZipFile, zlib.error
)  # fmt: skip
Hashing = Callable[[Sequence[str], CharTables], Hashed]
_CLIP = np.float32(4)
#: A line whose label has this probability keeps it: what its context would change there makes no set better (cascade:
#: Viola and Jones 2001).
SURE = 0.9
#: Weight of the context's network where both judge: pages do better with one half, labelled lines with more.
_CONTEXT = np.float32(0.6)
#: Rows worked on at a time: the arrays of one step stay in the cache.
_ROWS = 512
_BODY = LABELS.index(Label.BODY)
_NETWORKS = ("html", "text", "context")


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
    """Return whether each line of a plain text is left to its context, shape (n_blocks,)."""
    result: NDArray[np.bool_] = probabilities.max(axis=1) < SURE
    return result


def both(alone: Floats, in_context: Floats) -> Floats:
    """Return the logits of lines that both networks judged: a mean, which errs less than either."""
    return alone + _CONTEXT * (in_context - alone)


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
    html, text : Network
        For pages with markup and for plain text; their inputs are `filter.inputs.HTML` and `TEXT`.
    context : Network
        For lines of plain text in doubt: the own columns of `TEXT`, then `filter.context.NAMES`.
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
    html: Network
    text: Network
    context: Network
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
        for page, layout, inputs in zip(pages, layouts, self.inputs(pages, layouts), strict=True):
            logits = self.html.logits(inputs) if layout else self._logits_of_text(inputs, page)
            yield self.settle(logits, page, layout)

    def _logits_of_text(self, inputs: Floats, page: Page) -> Floats:
        """Return the logits of the lines of one plain text, shape (n_blocks, 9)."""
        logits = self.text.logits(inputs)
        alone = softmax(logits)
        doubtful = np.flatnonzero(in_doubt(alone))
        if len(doubtful):
            table = np.hstack((inputs[doubtful, : len(TEXT.own)], context_table(page, alone, doubtful)))
            logits[doubtful] = both(logits[doubtful], self.context.logits(table))
        return logits

    def settle(self, logits: Floats, page: Page, layout: Layout | None) -> Floats:
        """Return the probabilities of a page from the logits of its blocks, shape (n_blocks, 9)."""
        if layout:
            logits = agree(logits, layout.like, page.sizes)
        return softmax(self.calibrated(logits, has_markup=layout is not None))

    def calibrated(self, logits: Floats, *, has_markup: bool) -> Floats:
        """Return logits whose softmax are the probabilities of the labels, shape (n_rows, 9)."""
        return calibrated(logits, self.calibration[0 if has_markup else 1])

    def judge(self, table: Floats, doubtful: NDArray[np.bool_] | None) -> Floats:
        """Return the logits of rows of a table before blocks agree, shape (n_rows, 9); for explanations.

        Parameters
        ----------
        table : ndarray of shape (n_rows, n_columns), float32
            For pages with markup `inputs`; for plain text `inputs` and `context_table` side by side. The columns of a
            line's own probabilities are not looked at but computed from its inputs.
        doubtful : ndarray of shape (n_rows,), bool, or None
            Lines of plain text that are judged in their context too. None for pages with markup.
        """
        if doubtful is None:
            return self.html.logits(table)
        n_inputs = len(TEXT.names)
        logits = self.text.logits(table[:, :n_inputs])
        rows = np.hstack((table[doubtful, : len(TEXT.own)], table[doubtful, n_inputs:]))
        rows[:, len(TEXT.own) : len(TEXT.own) + len(LABELS)] = own_columns(softmax(logits[doubtful]))
        logits[doubtful] = both(logits[doubtful], self.context.logits(rows))
        return logits

    def confidence(self, page: Page, probabilities: Floats, columns: Ints) -> float | None:
        """Return the word F1 to be expected of the page's body text, in [0, 1]; None where the model has no `quality`.

        Parameters
        ----------
        page : Page
        probabilities : ndarray of shape (n_blocks, 9), float32
            What the model says of the page.
        columns : ndarray of shape (n_blocks,), int64
            The labels that follow from it; see `filter.labels.decide`.
        """
        if self.quality is None:
            return None
        return self.quality.confidence(probabilities, columns, page.sizes, has_markup=page.elements is not None)

    def inputs(self, pages: Sequence[Page], layouts: Sequence[Layout | None]) -> list[Floats]:
        """Return what the network of its kind takes for each page, shape (n_blocks, n_inputs) each.

        Parameters
        ----------
        pages : sequence of Page
        layouts : sequence of Layout or None
            None for plain text.
        """
        tables = features.feature_tables(pages, self.tables, layouts)
        text = self._scores([text for page in pages for text in page.texts], self.text_weights, text_grams)
        names = iter(self._name_scores(pages, layouts))
        return [
            HTML.join((table, text[part], *next(names))) if layout else TEXT.join((table, text[part]))
            for table, layout, part in zip(tables, layouts, parts_of(pages), strict=True)
        ]

    def _name_scores(self, pages: Sequence[Page], layouts: Sequence[Layout | None]) -> list[tuple[Floats, Floats]]:
        """Return for each page with markup the scores of near and of far ancestors, each of shape (n_blocks, 9)."""
        names: list[str] = []
        levels = []
        for page, layout in zip(pages, layouts, strict=True):
            if page.elements and layout:
                own = layout.names.T[: FAR_LEVELS.stop]
                levels.append(np.where(own < 0, own, own + len(names)))
                names += page.elements.names
        if not levels:
            return []
        used = np.zeros(len(names) + 1, bool)  # number -1: above the root, where every score is 0
        for numbers in levels:
            used[numbers] = True
        chosen = np.flatnonzero(used[:-1])
        scores = np.zeros((len(used), 2 * len(LABELS)), np.float32)
        scores[chosen] = self._scores([names[number] for number in chosen.tolist()], self.name_weights, name_grams)
        near, far = scores[:, : len(LABELS)], scores[:, len(LABELS) :]
        return [
            tuple(
                part.take(numbers[of], axis=0, mode="wrap").sum(axis=0)
                for part, of in ((near, NEAR_LEVELS), (far, FAR_LEVELS))
            )
            for numbers in levels
        ]

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
    """Return the hashed words and word pairs of each element's name."""
    return hash_ngrams([clip(name) for name in names], tables, bits=NAME_BITS)


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
    for name in _NETWORKS:
        network: Network = getattr(model, name)
        arrays |= {f"{name}_mean": network.mean, f"{name}_scale": network.scale}
        for number, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
            arrays |= {f"{name}_layer{number}": weights, f"{name}_biases{number}": biases}
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
        **{name: _network(arrays, name) for name in _NETWORKS},
        calibration=arrays["calibration"],
        manifest=manifest,
        quality=Quality(arrays["quality"]) if "quality" in arrays else None,
    )


def _network(arrays: Mapping[str, NDArray[Any]], name: str) -> Network:
    depth = sum(key.startswith(f"{name}_layer") for key in arrays)
    return Network(
        mean=arrays[f"{name}_mean"],
        scale=arrays[f"{name}_scale"],
        weights=tuple(arrays[f"{name}_layer{number}"] for number in range(depth)),
        biases=tuple(arrays[f"{name}_biases{number}"] for number in range(depth)),
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
