"""The tables of a report, apart from the form that they are written in."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from filter.evaluate.bootstrap import Interval
from filter.evaluate.evaluation import Evaluation, LineScores, SliceScores, System
from filter.evaluate.quality import QualityScores
from filter.evaluate.scores import LOWER_IS_BETTER
from filter.labels import LABELS, Label

_TEXT_METRICS = {
    "word_f1": "word F1",
    "word_precision": "P",
    "word_recall": "R",
    "shingle_f1": "shingle F1",
    "rouge_lsum": "ROUGE-LSum",
    "paragraph_precision": "paragraph P",
    "paragraph_recall": "paragraph R",
    "exact": "exact",
    "failed": "F1 < 0.5",
}
_SNIPPET_METRICS = {
    "snippet_f1": "snippet F",
    "snippet_accuracy": "accuracy",
    "must_have": "must have",
    "must_not_have": "must not have",
}
_DIFFERENCES = ("word_f1", "shingle_f1", "rouge_lsum", "exact", "failed", "snippet_f1")
NOTHING = "n/a"


@dataclass(frozen=True, slots=True)
class TableView:
    """A table to be written.

    Attributes
    ----------
    title : str
    head : tuple of str
    rows : tuple of tuple of str
        As long as `head`.
    note : str
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def report_tables(evaluation: Evaluation) -> list[TableView]:
    """Return every table of the report, in order."""
    tables = [_corpora(evaluation), _systems(evaluation)]
    for part in evaluation.slices:
        if part.by != "language":
            tables += _slice_tables(part)
    tables += _by_language(evaluation)
    tables.append(_calibration(evaluation))
    tables += [_quality(name, mode.quality) for name, mode in evaluation.modes.items() if mode.quality]
    if evaluation.lines:
        tables += _line_tables(evaluation.lines)
    return tables


def _corpora(evaluation: Evaluation) -> TableView:
    rows = ((each.source, str(each.n_pages), str(each.n_domains), each.digest[:16]) for each in evaluation.corpora)
    return TableView("Pages", ("source", "pages", "domains", "digest"), tuple(rows))


def _systems(evaluation: Evaluation) -> TableView:
    missing = ", ".join(evaluation.missing_peers)
    return TableView(
        "Systems",
        ("system", "version", "failures", "ms a page"),
        tuple((each.name, each.version, str(each.failures), _milliseconds(each)) for each in evaluation.systems),
        f"Not installed, so left out: {missing}." if missing else "A page on which a system fails is an empty output.",
    )


def _milliseconds(system: System) -> str:
    return NOTHING if system.milliseconds is None else f"{system.milliseconds:.1f}"


def _slice_tables(part: SliceScores) -> list[TableView]:
    """Return the scores on a slice, and by how much newsfilter is above each other system."""
    tables = []
    for names, primary in ((_TEXT_METRICS, "word_f1"), (_SNIPPET_METRICS, "snippet_f1")):
        if any(primary in metrics for metrics in part.metrics.values()):
            title = f"{part.by} {part.name}: {part.n_pages} pages"
            tables.append(_metric_table(title, part.metrics, names, primary))
    for ours, others in part.differences.items():
        names = {name: name.replace("_", " ") for name in _DIFFERENCES}
        tables.append(_metric_table(f"{part.by} {part.name}: {ours} minus each other system", others, names, None))
    return tables


def _metric_table(
    title: str, metrics: Mapping[str, Mapping[str, Interval]], names: Mapping[str, str], primary: str | None
) -> TableView:
    """Return a row for each system; with 95% intervals of `primary`, or of everything where that is None."""
    shown = [name for name in names if any(name in own for own in metrics.values())]
    show = _with_interval if primary is None else _value
    rows = (
        (system, *((_with_interval if name == primary else show)(own.get(name)) for name in shown))
        for system, own in metrics.items()
    )
    less = ", ".join(names[name] for name in shown if name in LOWER_IS_BETTER)
    return TableView(
        title, ("system", *(names[name] for name in shown)), tuple(rows), f"Less is better: {less}." * bool(less)
    )


def _value(value: Interval | None) -> str:
    return _number(value.value) if value else NOTHING


def _with_interval(value: Interval | None) -> str:
    return f"{_number(value.value)} [{_number(value.low)}, {_number(value.high)}]" if value else NOTHING


def _number(value: float) -> str:
    return NOTHING if math.isnan(value) else f"{value:.4f}"


def _by_language(evaluation: Evaluation) -> list[TableView]:
    languages = [part for part in evaluation.slices if part.by == "language"]
    head = ("language", "pages", *(system.name for system in evaluation.systems))
    tables = []
    for metric, name in (("word_f1", "word F1"), ("snippet_f1", "snippet F")):
        rows = tuple(_language_row(part, metric) for part in languages)
        known = tuple(row for row in rows if set(row[2:]) != {NOTHING})
        if known:
            tables.append(TableView(f"{name} by language", head, known))
    return tables


def _language_row(part: SliceScores, metric: str) -> tuple[str, ...]:
    return (part.name, str(part.n_pages), *(_value(own.get(metric)) for own in part.metrics.values()))


def _calibration(evaluation: Evaluation) -> TableView:
    rows = [(name, _number(mode.calibration_error)) for name, mode in evaluation.modes.items()]
    if evaluation.lines:
        rows.append(("labelled lines", _number(evaluation.lines.calibration_error)))
    return TableView(
        "Calibration of the keep probability", ("system", "expected calibration error"), tuple(rows),
        "15 bins of equally many blocks; blocks whose true label is unknown are left out.",
    )  # fmt: skip


def _quality(system: str, scores: Sequence[QualityScores]) -> TableView:
    rows = (
        (
            each.name, str(each.n_pages), str(each.n_bad), _number(each.correlation), _number(each.caught),
            _number(each.lowest), _number(each.reachable), _number(each.calibration_error),
        )
        for each in scores
    )  # fmt: skip
    return TableView(
        f"Confidence of a page: {system}",
        ("pages", "number", "F1 < 0.5", "rank correlation", "caught", "lowest tenth", "reachable", "calibration error"),
        tuple(rows),
        "The confidence against word F1. Caught: share of the pages under 0.5 that are rejected where 5% of the others "
        "are. Lowest tenth: share of them among the tenth of all pages with the least confidence, and what a perfect "
        "one would reach. Calibration error: mean distance of confidence and F1 in 10 bins of equally many pages.",
    )


def _line_tables(lines: LineScores) -> list[TableView]:
    scores = lines.labels
    summary = (
        ("documents", str(lines.n_documents)),
        ("lines", str(lines.n_lines)),
        ("body lost", _number(scores.body_lost)),
        ("macro F1", _number(scores.macro_f1)),
        ("keep F1", _number(scores.keep_f1)),
        ("drop F1", _number(scores.drop_f1)),
    )
    by_label = _rows(
        (label for label in LABELS if label in scores.f1),
        lambda label: (_number(scores.removed.get(label, 1 - scores.kept.get(label, 0))), _number(scores.f1[label])),
    )
    counts = scores.confusion.tolist()
    matrix = _rows(LABELS, lambda label: [str(count) for count in counts[LABELS.index(label)]])
    return [
        TableView("Labelled lines", ("", "value"), summary, "Title and body are kept."),
        TableView("Labelled lines: dropped, by true label", ("label", "share dropped", "F1"), by_label),
        TableView("Labelled lines: true label by row, given label by column", ("", *LABELS), matrix),
    ]


def _rows(labels: Iterable[Label], cells: Callable[[Label], Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple((str(label), *cells(label)) for label in labels)
