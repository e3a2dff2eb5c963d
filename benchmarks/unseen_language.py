"""Label scores of languages that a model has never seen: `python -m benchmarks.unseen_language FOLDER`.

Each language of the labelled lines is a fold, so every network that judges it was fitted without it. Next to it, in the
same run, the usual folds, where other documents of the language are known. Labelled lines alone: page corpora would
hide what a language costs, since they hold pages in many of them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.pages import parser
from benchmarks.record import write
from filter.characters import CharTables, build_tables
from filter.corpora.lines import LineDocument, assign_folds, group_documents, read_lines
from filter.evaluate.label_scores import LabelScores, confusion_matrix, label_scores
from filter.features import Floats, Ints
from filter.labels import DEFAULT_KEEP, decide
from filter.model import softmax
from filter.train.fit import Recipe, fit
from filter.train.run import LINE_WEIGHT, bare_samples, composed_samples
from filter.train.samples import Sample, line_sample


def confusions(documents: Sequence[LineDocument], folds: Ints, tables: CharTables, recipe: Recipe) -> list[Ints]:
    """Return the confusion matrix of each document, from networks fitted without its fold."""
    samples = [line_sample(document, document.id, tables, LINE_WEIGHT) for document in documents]
    composed, composed_folds = composed_samples(documents, folds, tables, recipe)
    bare, bare_folds = bare_samples(documents, folds, tables, recipe)
    fitted = fit([*samples, *composed, *bare], np.concatenate((folds, composed_folds, bare_folds)), recipe, _show)
    return [_confusion(sample, logits) for sample, logits in zip(samples, fitted.logits, strict=False)]


def _confusion(sample: Sample, logits: Floats) -> Ints:
    return confusion_matrix(sample.labels, decide(softmax(logits), sample.page.sizes))


def _show(step: str, done: int, total: int) -> None:
    print(f"{step} {done}/{total}", file=sys.stderr)


def measure(folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Return for each language the scores where it is unseen and where it is known."""
    documents = read_lines([folder])
    tables, recipe = build_tables(), Recipe()
    languages = sorted({document.lang for document in documents})
    by_language = np.array([languages.index(document.lang) for document in documents])
    usual = assign_folds(documents, group_documents(documents), count=recipe.folds)
    matrices = {
        "unseen": confusions(documents, by_language, tables, replace(recipe, folds=len(languages))),
        "known": confusions(documents, usual, tables, recipe),
    }
    return {
        name: {what: _scores(own, by_language == number) for what, own in matrices.items()}
        for number, name in enumerate(languages)
    } | {"all": {what: _scores(own, by_language >= 0) for what, own in matrices.items()}}


def _scores(matrices: Sequence[Ints], chosen: NDArray[np.bool_]) -> dict[str, float]:
    total = np.sum([own for own, wanted in zip(matrices, chosen, strict=True) if wanted], axis=0)
    scores: LabelScores = label_scores(total, DEFAULT_KEEP)
    return {"keep_f1": scores.keep_f1, "body_lost": scores.body_lost, "macro_f1": scores.macro_f1}


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("folder", type=Path, help="labelled lines")
    arguments = options.parse_args()
    print(write("unseen-language", arguments, {"languages": measure(arguments.folder)}))
