"""Scores of labelled lines that no model was fitted on: `python -m benchmarks.held_out FILE…` prints a table."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from filter.blocks import blocks_from_text
from filter.corpora.lines import LineDocument, read_lines
from filter.evaluate.label_scores import LabelScores, confusion_matrix, label_scores
from filter.labels import DEFAULT_KEEP, LABELS, decide
from filter.model import Model
from filter.pipeline import shipped_model


def confusion(model: Model, document: LineDocument) -> NDArray[np.int64]:
    """Return how often each label was given for each true one in a document, shape (9, 9)."""
    page = blocks_from_text("\n".join(line.text for line in document.lines), max_blocks=10**6)
    truth = np.array([LABELS.index(line.label) for line in document.lines])
    return confusion_matrix(truth, decide(model.probabilities(page), page.sizes))


def table(documents: Sequence[LineDocument], model: Model) -> Iterator[str]:
    """Yield a Markdown table: all documents, English, the others, and what is removed of each label."""
    matrices = [confusion(model, document) for document in documents]
    yield "| documents | lines | keep/drop line F1 | body lines lost | macro F1 |"
    yield "|---|---|---|---|---|"
    english = [document.lang == "en" for document in documents]
    for name, chosen in (
        ("all", [True] * len(documents)),
        ("English", english),
        ("other languages", [not own for own in english]),
    ):
        if any(chosen):
            total = np.sum([own for own, wanted in zip(matrices, chosen, strict=True) if wanted], axis=0)
            yield _row(f"{name} ({sum(chosen)})", total)
    scores = label_scores(np.sum(matrices, axis=0), DEFAULT_KEEP)
    yield ""
    yield "Removed: " + ", ".join(f"{label} {share:.1%}" for label, share in scores.removed.items())


def _row(name: str, total: NDArray[np.int64]) -> str:
    scores: LabelScores = label_scores(total, DEFAULT_KEEP)
    return f"| {name} | {total.sum()} | {scores.keep_f1:.3f} | {scores.body_lost:.1%} | {scores.macro_f1:.3f} |"


if __name__ == "__main__":
    print("\n".join(table(read_lines([Path(name) for name in sys.argv[1:]]), shipped_model())))
