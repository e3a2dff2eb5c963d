"""The model card: what a model is for, what it was made from, and what it scores out of fold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filter.evaluate.label_scores import calibration_error, confusion_matrix, label_scores, reliability
from filter.evaluate.out_of_fold import UNKNOWN, OutOfFold
from filter.features import Floats, Ints, names
from filter.labels import DEFAULT_KEEP, LABELS, Label, decide

_BODY = LABELS.index(Label.BODY)

_TEMPLATE = """# Model card: newsfilter {newsfilter}

**Purpose.** Tells the core article of a news page from everything wrapped around it: gives each block of an HTML page,
or each line of text that somebody already extracted, one of nine labels and a probability.

**Not for.** Judging whether a text is true, legal or machine-written; removing personal data; pages whose text is in
pictures or needs scripts to appear; deciding about people.

**Method.** Hashed n-grams of text and of element names into linear models, {n_features} features of the block and its
place in the page, then small neural networks: one for pages with markup, where blocks that a template made alike
decide together; one for plain text, and where that is in doubt another that sees its probabilities around each line.
See `docs/algorithm.md`. Body is decided by a threshold of the page, at most 0.535; the other labels compete for the
rest.

**File.** `newsfilter.npz`, {kilobytes} kB, sha256 `{sha256}`.
Plain arrays and one JSON text, read without pickle: loading it runs no code. Protocol {protocol}, feature schema
`{features}`.

## Data

{counts}

{data}

`training_data/` is written for this project (see its `DATASHEET.md`). The page corpora are public data sets with gold
text: WCXB development set (M. Foley, commit c039d5e, CC-BY-4.0), the parser tests of Fundus (commit 18da6e5, MIT),
magic-html's benchmark pages (Apache-2.0), Readability.js's test pages (commit ab4027a, Apache-2.0), and trafilatura's
evaluation pages (commit e90b0ef, Apache-2.0). Rights in the pages stay with their publishers; no text of them is in the
model, which holds weights of hashed n-grams. `newsfilter corpus import` builds the same corpora from clones.

## Scores out of fold

Every page and document was scored by a model that had seen nothing of its registrable domain or group. Text overlap
with the gold, next to other extractors in the same run, is in `docs/evaluation.md`.

{blocks}

Labelled documents, as plain lines:

{lines}

## Known failures

- Captions and credits that a site puts in plain paragraphs are sometimes taken for body.
- A headline between two paragraphs that links to another story, without any mark, can pass for a sub-heading.
- Pages with several short stories: often only the largest is kept.
- Languages and scripts outside the training data rest on structure and on the page's own repetition.

**Contact.** Open an issue with the page (or its address) and what was kept or dropped wrongly.
"""


def card(manifest: Mapping[str, Any], answers: OutOfFold) -> str:
    """Return the card of a model as Markdown, from its manifest and its out-of-fold answers."""
    is_document = _is_document(answers)
    is_page = np.repeat(~is_document, np.diff(answers.offsets))
    return _TEMPLATE.format(
        **{key: manifest[key] for key in ("newsfilter", "sha256", "protocol", "features")},
        n_features=len(names()),
        kilobytes=manifest["bytes"] // 1000,
        counts="\n".join(f"- {name}: {count:,}" for name, count in manifest["counts"].items()),
        data="\n".join(f"- `{name}`: sha256 `{digest[:16]}…`" for name, digest in manifest["data"].items()),
        blocks="\n".join(_block_table(answers, is_page)),
        lines="\n".join(_line_table(answers, np.flatnonzero(is_document).tolist())),
    )


def _is_document(answers: OutOfFold) -> NDArray[np.bool_]:
    starts = answers.offsets[:-1]
    missing: NDArray[np.bool_] = np.isnan(answers.html[np.minimum(starts, len(answers.html) - 1), 0])
    return missing


def _block_table(answers: OutOfFold, is_page: NDArray[np.bool_]) -> Iterator[str]:
    yield "| blocks of pages | body precision | body recall | calibration error of body |"
    yield "|---|---|---|---|"
    truth = answers.truth[is_page]
    known = truth != UNKNOWN
    for name, probabilities in (("HTML", answers.html), ("plain lines", answers.text)):
        if known.any():
            yield _block_row(name, probabilities[is_page][known], truth[known])


def _block_row(name: str, probabilities: Floats, truth: Ints) -> str:
    given, true = probabilities[:, _BODY] >= 0.5, truth == _BODY
    right = (given & true).sum()
    error = calibration_error(reliability(probabilities[:, _BODY], true))
    return f"| {name} | {right / max(given.sum(), 1):.3f} | {right / max(true.sum(), 1):.3f} | {error:.3f} |"


def _line_table(answers: OutOfFold, documents: Sequence[int]) -> Iterator[str]:
    rows = [answers.rows(index) for index in documents]
    given = np.concatenate([decide(answers.text[own], answers.sizes[own]) for own in rows])
    truth = np.concatenate([answers.truth[own] for own in rows])
    scores = label_scores(confusion_matrix(truth, given), DEFAULT_KEEP)
    yield (
        f"Keep/drop line F1 {scores.keep_f1:.3f}, body lines lost {scores.body_lost:.1%}, "
        f"macro F1 {scores.macro_f1:.3f}."
    )
    yield ""
    yield "| label | lines | F1 | kept | removed |"
    yield "|---|---|---|---|---|"
    for number, label in enumerate(LABELS):
        if label in scores.f1:
            kept = scores.kept.get(label, 1 - scores.removed.get(label, 0))
            yield (
                f"| `{label}` | {(truth == number).sum():,} | {scores.f1[label]:.3f} | {kept:.1%} | {1 - kept:.1%} |"
            )
