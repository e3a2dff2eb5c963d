"""The parts of a model fitted one on the other, out of fold.

What a part is fed must look as it will on unseen sites. So each part is fitted once per fold without
that fold, and the next one sees only scores of samples that the fit had not seen; the last fit of
each part, the one that ships, is on everything.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack, vstack
from sklearn.base import clone
from sklearn.linear_model import SGDClassifier
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

from filter.agreement import agree
from filter.context import context_table
from filter.features import Floats, Ints
from filter.inputs import HTML, TEXT
from filter.labels import LABELS, Label
from filter.model import NAME_BITS, Network, both, in_doubt, softmax, standardise
from filter.packed import Packed, pack
from filter.train.samples import OTHER, UNKNOWN, Sample, is_trusted

_BODY = LABELS.index(Label.BODY)
_N_LABELS = len(LABELS)
#: Rows of a batch; how many times in an epoch weights enter the average.
_BATCH, _STEPS = 512, 5
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
    averaged_from : int
        Number of the epoch from which on the weights of a network are averaged over its steps.
    dropout : float
        Chance of each input of a network to be left out of a training step.
    learning_rate, decay : float
        Of Adam, and the L2 penalty.
    text_penalty, name_penalty : float
        L2 penalties of the linear models of text and of element names.
    text_epochs, name_epochs : int
    rare_weight : float
        Rows of less weight are drawn with a chance in proportion and then count as this much.
    seed : int
    jobs : int
    """

    folds: int = 5
    hidden: int = 64
    seeds: int = 2
    epochs: int = 6
    averaged_from: int = 2
    dropout: float = 0.2
    learning_rate: float = 2e-3
    decay: float = 1e-4
    text_penalty: float = 2e-5
    name_penalty: float = 3e-6
    text_epochs: int = 12
    name_epochs: int = 3
    rare_weight: float = 3.0
    seed: int = 0
    jobs: int = 2


@dataclass(frozen=True, slots=True)
class Linear:
    """Weights of the hashed n-grams: of the text, and of the names of near and far ancestors, side by side.

    They are as a model has them: the networks learn from the scores that they will see.
    """

    text: Packed
    names: Packed


@dataclass(frozen=True, slots=True)
class Parts:
    """One fit of every part of a model."""

    linear: Linear
    html: Network
    text: Network
    context: Network


@dataclass(frozen=True, slots=True)
class Fitted:
    """What fitting gave.

    Attributes
    ----------
    parts : list of Parts
        Entry ``k`` was fitted without fold ``k``; the last, which ships, on everything.
    logits : list of ndarray of shape (n_blocks, 9)
        For each sample, those of the parts fitted without it.
    """

    parts: list[Parts]
    logits: list[Floats]


def fit(samples: Sequence[Sample], folds: NDArray[np.int64], recipe: Recipe, progress: Progress) -> Fitted:
    """Return the parts fitted on `samples`; `folds` gives the fold of each sample."""
    linears = []
    for fold in range(recipe.folds + 1):
        progress("linear models", fold, recipe.folds + 1)
        chosen = [sample for sample, own in zip(samples, folds, strict=True) if own != fold and is_trusted(sample)]
        linears.append(fit_linear(chosen, recipe))
    has_markup = np.array([sample.layout is not None for sample in samples])
    # How many threads share a product of matrices decides how it is rounded: one gives the same bytes every time.
    with threadpool_limits(1):
        pages, lines = (
            _Task.of(samples, folds, np.flatnonzero(chosen), linears, recipe, progress)
            for chosen in (has_markup, ~has_markup)
        )
        htmls = pages.fit_folds("network of pages")
        texts = lines.fit_folds("network of lines")
        alone = lines.logits(texts)
        in_context = lines.in_context(alone)
        contexts = in_context.fit_folds("network of context")
        logits = [np.zeros((0, _N_LABELS), np.float32)] * len(samples)
        for place, sample, own in zip(pages.places, pages.samples, pages.logits(htmls), strict=True):
            assert sample.layout
            logits[place] = agree(own, sample.layout.like, sample.page.sizes)
        for place, own, context in zip(lines.places, alone, in_context.logits(contexts), strict=True):
            logits[place] = np.where(in_doubt(softmax(own))[:, None], both(own, context), own)
    return Fitted([Parts(*parts) for parts in zip(linears, htmls, texts, contexts, strict=True)], logits)


def fit_linear(samples: Sequence[Sample], recipe: Recipe) -> Linear:
    """Return one-against-rest linear models of text and of element names.

    One against the rest lets a block whose kind is unknown teach body what it is not, and nothing else.
    """
    # The text of a page is the same in both modes.
    once = [sample for sample in samples if not sample.is_twin]
    tree = [sample for sample in once if sample.near is not None and sample.far is not None]
    text_learner = _learner(recipe.text_penalty, recipe.text_epochs, recipe.seed)
    text = pack(_one_against_rest(*_linear_rows(once, "text", recipe), text_learner, recipe.jobs))
    if not tree:
        return Linear(text, pack(np.zeros((1 << NAME_BITS, 2 * _N_LABELS), np.float32)))
    near, labels, weights = _linear_rows(tree, "near", recipe)
    far = _linear_rows(tree, "far", recipe)[0]
    name_learner = _learner(recipe.name_penalty, recipe.name_epochs, recipe.seed)
    names = _one_against_rest(hstack([near, far]).tocsr(), labels, weights, name_learner, recipe.jobs)
    return Linear(text, pack(np.hstack((names[: near.shape[1]], names[near.shape[1] :]))))


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


def _learner(penalty: float, epochs: int, seed: int) -> SGDClassifier:
    return SGDClassifier(
        loss="log_loss", alpha=penalty, average=True, max_iter=epochs, tol=None, fit_intercept=False, random_state=seed
    )


def _one_against_rest(rows: csr_matrix, labels: Ints, weights: Floats, learner: SGDClassifier, jobs: int) -> Floats:
    # A quarter of the body is contrast enough for each other label, and body has most of the n-grams.
    contrast = (labels != _BODY) | (np.arange(len(labels)) % 4 == 0)

    def column(number: int) -> Floats:
        known = np.ones(len(labels), bool) if number == _BODY else (labels >= 0) & contrast
        target = labels[known] == number
        if target.all() or not target.any():
            return np.zeros(rows.shape[1], np.float32)
        model = clone(learner).fit(rows[known], target, sample_weight=weights[known])
        result: Floats = model.coef_[0].astype(np.float32)
        return result

    columns = Parallel(n_jobs=jobs, prefer="threads")(delayed(column)(number) for number in range(_N_LABELS))
    return np.column_stack(list(columns))


def inputs_of(sample: Sample, linear: Linear) -> Floats:
    """Return what the network of its kind takes for a sample; `filter.model.Model.inputs` from stored n-grams."""
    text = sample.text @ linear.text.weights
    if sample.near is None or sample.far is None:
        return TEXT.join((sample.table, text))
    near = (sample.near @ linear.names.weights)[:, :_N_LABELS]
    far = (sample.far @ linear.names.weights)[:, _N_LABELS:]
    return HTML.join((sample.table, text, near, far))


def _fill_kinds(samples: Sequence[Sample], inputs: Sequence[Floats], recipe: Recipe) -> list[Ints]:
    """Return labels with a kind for every block known not to be body.

    A network fitted on the blocks whose kind is known names the rest (self-training; Scudder 1965).
    """
    labels = [sample.labels for sample in samples]
    if not any((own == OTHER).any() for own in labels):
        return labels
    known = [np.where(own == OTHER, UNKNOWN, own) for own in labels]
    network = fit_network(training_rows(samples, inputs, known, recipe), recipe)
    filled = []
    for own, rows in zip(labels, inputs, strict=True):
        logits = network.logits(rows)
        logits[:, _BODY] = -np.inf
        filled.append(np.where(own == OTHER, logits.argmax(axis=1), own))
    return filled


class Rows(NamedTuple):
    """What a network is fitted on: inputs (n_rows, n_inputs), label columns and weights (n_rows,)."""

    inputs: Floats
    target: Ints
    weights: Floats


@dataclass(frozen=True, slots=True)
class _Task:
    """Samples of one kind, of pages or of plain lines, with what a network is to make of them.

    Attributes
    ----------
    places : list of int
        Where each sample stands among all.
    samples, inputs, labels : sequence
    folds : ndarray of shape (n_samples,), int64
    recipe : Recipe
    progress : callable
    """

    places: list[int]
    samples: Sequence[Sample]
    inputs: Sequence[Floats]
    labels: Sequence[Ints]
    folds: NDArray[np.int64]
    recipe: Recipe
    progress: Progress

    @classmethod
    def of(
        cls, samples: Sequence[Sample], folds: NDArray[np.int64], places: NDArray[np.int64], linears: Sequence[Linear],
        recipe: Recipe, progress: Progress,
    ) -> _Task:  # fmt: skip
        """Return the task of the samples at `places`, each with the scores of linear models fitted without its fold."""
        progress("kinds", 0, 1)
        chosen, own = [samples[place] for place in places.tolist()], folds[places]
        inputs = [inputs_of(sample, linears[fold]) for sample, fold in zip(chosen, own.tolist(), strict=True)]
        return cls(places.tolist(), chosen, inputs, _fill_kinds(chosen, inputs, recipe), own, recipe, progress)

    def fit_folds(self, name: str) -> list[Network]:
        """Return the network without each fold, and last the one fitted on everything."""
        fits = []
        for fold in range(self.recipe.folds + 1):
            self.progress(name, fold, self.recipe.folds + 1)
            chosen = np.flatnonzero(self.folds != fold).tolist()
            rows = training_rows(
                [self.samples[index] for index in chosen],
                [self.inputs[index] for index in chosen],
                [self.labels[index] for index in chosen],
                self.recipe,
            )
            fits.append(fit_network(rows, self.recipe))
        return fits

    def logits(self, networks: Sequence[Network]) -> list[Floats]:
        """Return for each sample the logits of the network fitted without it."""
        return [networks[fold].logits(rows) for fold, rows in zip(self.folds.tolist(), self.inputs, strict=True)]

    def in_context(self, alone: Sequence[Floats]) -> _Task:
        """Return the task of judging lines by their own columns and by the logits of all lines of their text."""
        inputs = [
            np.hstack((rows[:, : len(TEXT.own)], context_table(sample.page, softmax(logits))))
            for sample, rows, logits in zip(self.samples, self.inputs, alone, strict=True)
        ]
        return replace(self, inputs=inputs)


def training_rows(samples: Sequence[Sample], inputs: Sequence[Floats], labels: Sequence[Ints], recipe: Recipe) -> Rows:
    """Return the drawn labelled blocks of trusted samples."""
    random = np.random.default_rng(recipe.seed)
    rows, target, weights = [], [], []
    for sample, own, known in zip(samples, inputs, labels, strict=True):
        if is_trusted(sample):
            drawn = (known >= 0) & _drawn(sample, recipe, random)
            rows.append(np.ascontiguousarray(own[drawn]))  # steps draw rows; inputs are kept by column
            target.append(known[drawn])
            weights.append(np.maximum(sample.weights[drawn], recipe.rare_weight))
    weight = np.concatenate(weights)
    return Rows(np.concatenate(rows), np.concatenate(target), weight / weight.mean())


def fit_network(rows: Rows, recipe: Recipe) -> Network:
    """Return a network that tells the nine labels apart."""
    mean, scale = _moments(rows.inputs)
    standard = rows._replace(inputs=standardise(rows.inputs, mean, scale))
    members = Parallel(n_jobs=recipe.jobs, prefer="threads")(
        delayed(_fit_member)(standard, recipe, recipe.seed + number) for number in range(recipe.seeds)
    )
    return Network(mean, scale, *_side_by_side(list(members)))


def _moments(rows: Floats) -> tuple[Floats, Floats]:
    """Return mean and inverse deviation of the values that are there; 0 and 1 for a column that is all missing."""
    columns = np.empty((2, rows.shape[1]), np.float32)
    for number, column in enumerate(rows.T):  # one by one: there are a million rows
        there = column[~np.isnan(column)].astype(np.float64)
        columns[:, number] = (there.mean(), 1 / (there.std() + 1e-3)) if len(there) else (0, 1)
    return columns[0], columns[1]


def _fit_member(rows: Rows, recipe: Recipe, seed: int) -> tuple[list[Floats], list[Floats]]:
    """Return the layers of one network, the mean of those that it had in its last epochs.

    The mean of the weights over the steps of a constant rate does better on unseen rows than the weights of any step
    (Polyak and Juditsky 1992), and so does a network that cannot rely on any one input (dropout of inputs: Srivastava
    et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html).
    """
    random = np.random.default_rng(seed)
    steps = max(1, min(_STEPS, len(rows.target) // _BATCH))
    network = MLPClassifier((recipe.hidden,), batch_size=min(_BATCH, len(rows.target) // steps), alpha=recipe.decay,
                            random_state=seed, learning_rate_init=recipe.learning_rate)  # fmt: skip
    classes = np.unique(rows.target)
    totals: list[Floats] = []
    for epoch in range(recipe.epochs):
        for part in np.array_split(random.permutation(len(rows.target)), steps):
            inputs = _dropped(rows.inputs[part], recipe.dropout, random)
            network.partial_fit(inputs, rows.target[part], sample_weight=rows.weights[part], classes=classes)
            if epoch >= recipe.averaged_from:
                layers = [*network.coefs_, *network.intercepts_]
                totals = totals or [np.zeros_like(layer) for layer in layers]
                for total, layer in zip(totals, layers, strict=True):
                    total += layer
    count = steps * (recipe.epochs - recipe.averaged_from)
    means = [(total / count).astype(np.float32) for total in totals]
    depth = len(means) // 2
    return _all_labels(means[:depth], means[depth:], classes)


def _dropped(rows: Floats, chance: float, random: np.random.Generator) -> Floats:
    """Return standardised rows of which each value is missing by `chance`, the others enlarged to make up for it."""
    kept = random.random(rows.shape, dtype=np.float32) >= chance
    return rows * kept / np.float32(1 - chance)


def _all_labels(
    weights: list[Floats], biases: list[Floats], seen: NDArray[np.int64]
) -> tuple[list[Floats], list[Floats]]:
    """Return the layers with an output for each label, one that was never seen included."""
    last = np.zeros((weights[-1].shape[0], _N_LABELS), np.float32)
    bias = np.full(_N_LABELS, -20.0, np.float32)
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
    output_bias: Floats = np.vstack([biases[1] for _, biases in members]).mean(axis=0)
    return (hidden, output.astype(np.float32)), (hidden_bias, output_bias)
