"""The stages fitted one on the other, out of fold.

What a stage is fed must look as it will on unseen sites. So each stage is fitted once per fold without
that fold, and the next stage sees only scores of samples that the fit had not seen; the last fit of
each stage, the one that ships, is on everything.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from filter.context import context_table
from filter.features import Floats, Ints
from filter.labels import LABELS, Label
from filter.model import NAME_BITS, Network, join_inputs, softmax, standardise
from filter.train.samples import OTHER, UNKNOWN, Sample, is_trusted

_BODY = LABELS.index(Label.BODY)
_N_LABELS = len(LABELS)
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How to fit.

    Attributes
    ----------
    folds : int
    hidden : int
        Units of the hidden layer of each network.
    seeds : int
        Networks averaged into one wide one.
    epochs : int
    learning_rate, decay : float
        Of Adam, and the L2 penalty.
    linear_penalty : float
    rare_weight : float
        Rows of less weight are drawn with a chance in proportion and then count as this much.
    seed : int
    jobs : int
    """

    folds: int = 5
    hidden: int = 96
    seeds: int = 1
    epochs: int = 6
    learning_rate: float = 2e-3
    decay: float = 1e-4
    linear_penalty: float = 3e-6
    rare_weight: float = 2.5
    seed: int = 0
    jobs: int = 2


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights of the hashed n-grams: of the text, and of the names of near and far ancestors."""

    text: Floats
    near: Floats
    far: Floats


@dataclass(frozen=True, slots=True)
class Fitted:
    """The stages fitted on everything, and what each fold's own fit gave for the samples it had not seen.

    Attributes
    ----------
    linear, first, second
        What ships.
    logits : list of ndarray of shape (n_blocks, 9)
        Out-of-fold logits of the second stage, one array a sample.
    """

    linear: Linear
    first: Network
    second: Network
    logits: list[Floats]


def fit(samples: Sequence[Sample], folds: NDArray[np.int64], recipe: Recipe, progress: Progress) -> Fitted:
    """Return the stages fitted on `samples`; `folds` gives the fold of each sample."""
    n_fits = recipe.folds + 1
    linears = []
    for fold in range(n_fits):
        progress("linear models", fold, n_fits)
        chosen = [sample for sample, own in zip(samples, folds, strict=True) if own != fold and is_trusted(sample)]
        linears.append(fit_linear(chosen, recipe))
    inputs = [inputs_of(sample, linears[own]) for sample, own in zip(samples, folds, strict=True)]
    labels = _fill_kinds(samples, inputs, recipe)
    progress("first network", 0, 1)
    firsts = _fit_folds(samples, inputs, labels, folds, recipe)
    first = [softmax(firsts[own].logits(rows)) for own, rows in zip(folds, inputs, strict=True)]
    inputs = [
        np.hstack((rows, context_table(sample.page, known)))
        for sample, rows, known in zip(samples, inputs, first, strict=True)
    ]
    progress("second network", 0, 1)
    seconds = _fit_folds(samples, inputs, labels, folds, recipe)
    logits = [seconds[own].logits(rows) for own, rows in zip(folds, inputs, strict=True)]
    return Fitted(linears[-1], firsts[-1], seconds[-1], logits)


def fit_linear(samples: Sequence[Sample], recipe: Recipe) -> Linear:
    """Return one-against-rest linear models of text and of element names.

    One against the rest lets a block whose kind is unknown teach body what it is not, and nothing else.
    """
    tree = [sample for sample in samples if sample.near is not None and sample.far is not None]
    # The text of a page is the same in both modes.
    once = [sample for sample in samples if not sample.is_twin]
    text = _one_against_rest(*_linear_rows(once, "text", recipe), recipe)
    if not tree:
        return Linear(text, *(np.zeros((1 << NAME_BITS, _N_LABELS), np.float32),) * 2)
    near, labels, weights = _linear_rows(tree, "near", recipe)
    far = _linear_rows(tree, "far", recipe)[0]
    both = _one_against_rest(hstack([near, far]).tocsr(), labels, weights, recipe)
    return Linear(text, both[: near.shape[1]], both[near.shape[1] :])


def _linear_rows(samples: Sequence[Sample], part: str, recipe: Recipe) -> tuple[csr_matrix, Ints, Floats]:
    """Return a drawn part of the labelled rows; the same rows for each `part`."""
    random = np.random.default_rng(recipe.seed)
    rows, labels, weights = [], [], []
    for sample in samples:
        drawn = (sample.labels != UNKNOWN) & _drawn(sample, recipe, random)
        rows.append(getattr(sample, part)[drawn])
        labels.append(sample.labels[drawn])
        weights.append(np.maximum(sample.weights[drawn], recipe.rare_weight))
    return vstack(rows).tocsr(), np.concatenate(labels), np.concatenate(weights)


def _drawn(sample: Sample, recipe: Recipe, random: np.random.Generator) -> NDArray[np.bool_]:
    """Return which blocks to fit on: light ones by chance, so that menus do not take most of the time."""
    return random.random(len(sample.weights)) < sample.weights / recipe.rare_weight


def _one_against_rest(rows: csr_matrix, labels: Ints, weights: Floats, recipe: Recipe) -> Floats:
    def column(number: int) -> Floats:
        known = (labels >= 0) | (number == _BODY)
        target = labels[known] == number
        if target.all() or not target.any():
            return np.zeros(rows.shape[1], np.float32)
        model = SGDClassifier(loss="log_loss", alpha=recipe.linear_penalty, average=True, max_iter=4, tol=None,
                              fit_intercept=False, random_state=recipe.seed)  # fmt: skip
        model.fit(rows[known], target, sample_weight=weights[known])
        result: Floats = model.coef_[0].astype(np.float32)
        return result

    columns = Parallel(n_jobs=recipe.jobs, prefer="threads")(delayed(column)(number) for number in range(_N_LABELS))
    return np.column_stack(list(columns))


def inputs_of(sample: Sample, linear: Linear) -> Floats:
    """Return what the first network takes for a sample; `filter.model.Model.inputs` from stored n-grams."""
    text = sample.text @ linear.text
    if sample.near is None or sample.far is None:
        near = far = np.full_like(text, np.nan)
    else:
        near, far = sample.near @ linear.near, sample.far @ linear.far
    return join_inputs(sample.table, text, near, far)


def _fill_kinds(samples: Sequence[Sample], inputs: Sequence[Floats], recipe: Recipe) -> list[Ints]:
    """Return labels with a kind for every block known not to be body.

    A network fitted on the blocks whose kind is known names the rest (self-training; Scudder 1965).
    """
    labels = [sample.labels for sample in samples]
    if not any((own == OTHER).any() for own in labels):
        return labels
    known = [np.where(own == OTHER, -1, own) for own in labels]
    network = fit_network(samples, inputs, known, recipe)
    filled = []
    for own, rows in zip(labels, inputs, strict=True):
        logits = network.logits(rows)
        logits[:, _BODY] = -np.inf
        filled.append(np.where(own == OTHER, logits.argmax(axis=1), own))
    return filled


def _fit_folds(
    samples: Sequence[Sample], inputs: Sequence[Floats], labels: Sequence[Ints], folds: NDArray[np.int64], recipe: Recipe
) -> list[Network]:
    """Return the network without each fold, and last the one fitted on everything."""

    def without(fold: int) -> Network:
        chosen = np.flatnonzero(folds != fold)
        return fit_network(
            [samples[i] for i in chosen], [inputs[i] for i in chosen], [labels[i] for i in chosen], recipe
        )

    with threadpool_limits(1):
        networks = Parallel(n_jobs=recipe.jobs, prefer="threads")(
            delayed(without)(fold) for fold in range(recipe.folds + 1)
        )
    return list(networks)


def fit_network(
    samples: Sequence[Sample], inputs: Sequence[Floats], labels: Sequence[Ints], recipe: Recipe
) -> Network:
    """Return a network fitted on the labelled blocks of trusted samples."""
    rows, target, weights = _training_rows(samples, inputs, labels, recipe)
    with np.errstate(invalid="ignore"):
        mean = np.nan_to_num(np.nanmean(rows, axis=0)).astype(np.float32)
        scale = np.nan_to_num(1 / (np.nanstd(rows, axis=0) + 1e-3)).astype(np.float32)
    rows = standardise(rows, mean, scale)
    members = [_fit_member(rows, target, weights, recipe, recipe.seed + number) for number in range(recipe.seeds)]
    return Network(mean, scale, *_side_by_side(members))


def _training_rows(
    samples: Sequence[Sample], inputs: Sequence[Floats], labels: Sequence[Ints], recipe: Recipe
) -> tuple[Floats, Ints, Floats]:
    random = np.random.default_rng(recipe.seed)
    rows, target, weights = [], [], []
    for sample, own, known in zip(samples, inputs, labels, strict=True):
        if is_trusted(sample):
            drawn = (known >= 0) & _drawn(sample, recipe, random)
            rows.append(own[drawn])
            target.append(known[drawn])
            weights.append(np.maximum(sample.weights[drawn], recipe.rare_weight))
    weight = np.concatenate(weights)
    return np.concatenate(rows), np.concatenate(target), weight / weight.mean()


def _fit_member(
    rows: Floats, target: Ints, weights: Floats, recipe: Recipe, seed: int
) -> tuple[list[Floats], list[Floats]]:
    network = MLPClassifier((recipe.hidden,), batch_size=min(512, len(rows)), alpha=recipe.decay, random_state=seed,
                            learning_rate_init=recipe.learning_rate, max_iter=recipe.epochs, tol=0,
                            n_iter_no_change=recipe.epochs)  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs is a choice, not a limit
        network.fit(rows, target, sample_weight=weights)
    return _all_labels(network)


def _all_labels(network: MLPClassifier) -> tuple[list[Floats], list[Floats]]:
    """Return the layers with an output for each label, one that was never seen included."""
    weights = [layer.astype(np.float32) for layer in network.coefs_]
    biases = [layer.astype(np.float32) for layer in network.intercepts_]
    last = np.zeros((weights[-1].shape[0], _N_LABELS), np.float32)
    bias = np.full(_N_LABELS, -20.0, np.float32)
    seen = network.classes_
    if len(seen) == 2:  # scikit-learn keeps one output for two classes
        last[:, seen[1]], bias[seen[0]], bias[seen[1]] = weights[-1][:, 0], 0.0, biases[-1][0]
    else:
        last[:, seen], bias[seen] = weights[-1], biases[-1]
    return [*weights[:-1], last], [*biases[:-1], bias]


def _side_by_side(
    members: Sequence[tuple[list[Floats], list[Floats]]],
) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
    """Return one wide network whose logits are the mean of the members'."""
    count = len(members)
    hidden = np.hstack([weights[0] for weights, _ in members])
    hidden_bias = np.concatenate([biases[0] for _, biases in members])
    output = np.vstack([weights[1] for weights, _ in members]) / count
    output_bias = np.mean([biases[1] for _, biases in members], axis=0, dtype=np.float32)
    return (hidden, output.astype(np.float32)), (hidden_bias, output_bias)
