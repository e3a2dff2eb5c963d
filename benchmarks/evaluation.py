"""Fill the tables of ``docs/evaluation.md`` and ``docs/confidence.md``.

From what `newsfilter evaluate` and `newsfilter train` wrote:

`python -m benchmarks.evaluation REPORT/evaluation.json MODEL/out-of-fold.npz [--captions OTHER/evaluation.json]`
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.held_out import table as held_out_table
from benchmarks.pages import ROOT
from benchmarks.record import latest
from benchmarks.report import RESULTS, fill, table
from filter.corpora.lines import LineDocument, read_lines
from filter.evaluate.label_scores import confusion_matrix, label_scores
from filter.evaluate.out_of_fold import OutOfFold, read_out_of_fold
from filter.evaluate.peers import FLOOR
from filter.evaluate.predictions import Prediction, from_folds, predict_lines
from filter.evaluate.run import HTML, TEXT, cleaned_name
from filter.labels import DEFAULT_KEEP, LABELS
from filter.pipeline import shipped_model

Slice = Mapping[str, Any]


class Column(NamedTuple):
    """A column of the tables: what it is called, the slice it shows, and whose output its gold is."""

    title: str
    by: str
    name: str
    gold_of: str = ""


COLUMNS = (
    Column("fundus-tests", "source", "fundus-tests"),
    Column("wcxb-dev articles", "kind", "wcxb-dev/article"),
    Column("wcxb-dev all kinds", "source", "wcxb-dev"),
    Column("magic-html articles", "kind", "magic-html/article"),
    Column("readability", "source", "readability", gold_of="readability-lxml"),
)


class Found(NamedTuple):
    """What one evaluation wrote: slices as in `COLUMNS`, the one with snippets, systems, calibration errors.

    `quality` has for each mode what its confidence tells, by group of pages.
    """

    slices: list[Slice]
    snippets: Slice
    systems: list[str]
    calibration: dict[str, float]
    quality: dict[str, dict[str, Any]]

    @property
    def uncleaned(self) -> list[str]:
        """The systems whose output newsfilter has not cleaned."""
        return [name for name in self.systems if name not in set(map(cleaned_name, self.systems))]


def read_evaluation(path: Path) -> Found:
    """Return the evaluation in a JSON file of `newsfilter evaluate`."""
    content = json.loads(path.read_text("utf-8"))
    by_name = {(part["by"], part["name"]): part for part in content["slices"]}
    calibrated = {**content["modes"], "lines": content["lines"]}
    return Found(
        [by_name[column.by, column.name] for column in COLUMNS],
        by_name["source", "trafilatura-eval"],
        [system["name"] for system in content["systems"]],
        {name: part["calibration_error"] for name, part in calibrated.items() if part},
        {name: {group["name"]: group for group in mode["quality"]} for name, mode in content["modes"].items()},
    )


def scores(found: Found) -> str:
    """Return the scores of every system."""
    head = ["system", *(f"{c.title} ({s['pages']})" for c, s in zip(COLUMNS, found.slices, strict=True)), "snippets F"]
    rows = [
        [name, *(_scores(part["metrics"][name]) for part in found.slices),
         f"{found.snippets['metrics'][name]['snippet_f1'][0]:.3f}"]
        for name in found.uncleaned
    ]  # fmt: skip
    legend = "Word F1 / shingle F1 / share of pages with word F1 under 0.5 / share exactly right."
    return f"{legend}\n\n{table(head, rows)}"


def _scores(metrics: Mapping[str, Any]) -> str:
    return (
        f"{metrics['word_f1'][0]:.3f} / {metrics['shingle_f1'][0]:.3f} / {metrics['failed'][0]:.1%}"
        f" / {metrics['exact'][0]:.1%}"
    )


def differences(found: Found, ours: str) -> str:
    """Return how much a mode of newsfilter is above the best peer on each slice."""
    rows = []
    for column, part in zip(COLUMNS, found.slices, strict=True):
        peers = [name for name in found.uncleaned if name not in (HTML, TEXT, FLOOR, column.gold_of)]
        best = max(peers, key=lambda name, part=part: part["metrics"][name]["word_f1"][0])  # type: ignore[misc]
        above = part["differences"][ours][best]
        rows.append([column.title, best, _interval(above["word_f1"]), _interval(above["shingle_f1"])])
    return table(("pages", "best peer", "difference of word F1", "of shingle F1"), rows)


def _interval(values: Sequence[float]) -> str:
    return f"{values[0]:+.4f} [{values[1]:+.4f}, {values[2]:+.4f}]"


def cleaned(found: Found) -> str:
    """Return the word F1 of each peer before and after newsfilter has cleaned its output."""
    rows = [
        [name, *(_before_and_after(part["metrics"], name) for part in found.slices)]
        for name in found.systems if cleaned_name(name) in found.systems
    ]  # fmt: skip
    legend = "Word F1 before and after; the peer's lines went through the model of the page's own fold."
    return f"{legend}\n\n{table(('peer', *(column.title for column in COLUMNS)), rows)}"


def _before_and_after(metrics: Mapping[str, Any], name: str) -> str:
    return f"{metrics[name]['word_f1'][0]:.3f} → {metrics[cleaned_name(name)]['word_f1'][0]:.3f}"


def captions(found: Found) -> str:
    """Return the scores on Readability's pages with captions kept, as their gold has them."""
    html, text = (found.slices[-1]["metrics"][name]["word_f1"][0] for name in (HTML, TEXT))
    return (
        f"Readability's golds hold the captions: with `--keep body,caption` newsfilter has {html:.3f} there from the"
        f" markup and {text:.3f} from plain lines."
    )


# ------------------------------------------------------------------------------------------------- labelled lines


class Answered(NamedTuple):
    """A labelled document with what was said of it out of fold."""

    document: LineDocument
    answer: Prediction


def answers(documents: Sequence[LineDocument], predictions: OutOfFold) -> Iterator[Answered]:
    """Yield the documents that training had, with what was said of them out of fold."""
    predictor = from_folds(predictions)
    for document in documents:
        answer = predict_lines(document, predictor)
        if answer:
            yield Answered(document, answer)


def labels(answered: Sequence[Answered], calibration: Mapping[str, float]) -> str:
    """Return what is said of labelled lines and of calibration."""
    right: defaultdict[str, list[bool]] = defaultdict(list)
    for document, answer in answered:
        for line, is_right in zip(document.lines, (answer.labels == answer.truth).tolist(), strict=True):
            if line.pair:
                right[line.pair].append(is_right)
    return (
        "Labelled lines of `training_data/`, out of fold, are in the [model card](../models/CARD.md). "
        f"Both lines of a hard pair right: {np.mean([all(both) for both in right.values()]):.0%} of {len(right)}. "
        f"Expected calibration error of the keep probability: HTML blocks {calibration[HTML]:.3f}, the same as plain"
        f" lines {calibration[TEXT]:.3f}, labelled lines {calibration['lines']:.3f}."
    )


def languages(answered: Sequence[Answered], unseen: Mapping[str, Any] | None) -> str:
    """Return line scores by language: of the model, and of one fitted on lines alone, language known and unseen."""
    matrices: defaultdict[str, Any] = defaultdict(lambda: np.zeros((len(LABELS), len(LABELS)), np.int64))
    for document, answer in answered:
        for name in (document.lang, "all"):
            matrices[name] += confusion_matrix(answer.truth, answer.labels)
    rows = []
    for name in sorted(matrices):
        own = label_scores(matrices[name], DEFAULT_KEEP)
        row = [name, f"{own.keep_f1:.3f} / {own.body_lost:.1%} / {own.macro_f1:.3f}"]
        if unseen:
            row += [_language(unseen["languages"][name][what]) for what in ("known", "unseen")]
        rows.append(row)
    head = ["language", "the model", *(["lines alone, language known", "language unseen"] if unseen else [])]
    return f"Keep/drop line F1 / body lines lost / macro F1.\n\n{table(head, rows)}"


def _language(values: Mapping[str, float]) -> str:
    return f"{values['keep_f1']:.3f} / {values['body_lost']:.1%} / {values['macro_f1']:.3f}"


def confidence(found: Found) -> str:
    """Return what the confidence of a page tells of its word F1."""
    groups = [
        (f"{kind}: {name}", found.quality[mode][group])
        for kind, mode in (("HTML", HTML), ("text", TEXT))
        for name, group in (("articles", "articles"), ("all kinds", "all"))
    ]
    rows = (
        ("pages", "pages", ",d"),
        ("of these under 0.5 word F1", "bad", ",d"),
        ("rank correlation with word F1", "correlation", ".2f"),
        ("share of those under 0.5 that are in the lowest tenth", "lowest", ".0%"),
        ("share of them rejected where 5% of the others are", "caught", ".0%"),
        ("mean distance of confidence and F1, in ten bins", "calibration_error", ".3f"),
    )
    head = ["", *(name for name, _ in groups)]
    return table(head, [[what, *(f"{group[key]:{form}}" for _, group in groups)] for what, key, form in rows])


def main() -> None:
    """Write the documents."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("evaluation", type=Path)
    parser.add_argument("out_of_fold", type=Path)
    parser.add_argument("--captions", type=Path, help="evaluation.json of a run with --keep body,caption")
    arguments = parser.parse_args()
    found, predictions = read_evaluation(arguments.evaluation), read_out_of_fold(arguments.out_of_fold)
    answered = list(answers(read_lines([ROOT / "training_data"]), predictions))
    held_out = read_lines([ROOT / "tests" / "held_out"])
    sections = {
        "scores": scores(found),
        "differences": differences(found, HTML),
        "text": differences(found, TEXT),
        "cleaned": cleaned(found),
        "labels": labels(answered, found.calibration),
        "languages": languages(answered, latest(RESULTS, "unseen-language")),
        "held-out": "\n".join(held_out_table(held_out, shipped_model())),
    }
    if arguments.captions:
        sections["captions"] = captions(read_evaluation(arguments.captions))
    fill("evaluation.md", sections)
    fill("confidence.md", {"confidence": confidence(found)})


if __name__ == "__main__":
    main()
