"""An evaluation as files: JSON and Markdown, which hold only numbers, and a page for local use."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from filter import __version__
from filter.evaluate.bootstrap import Interval
from filter.evaluate.evaluation import Evaluation, LineScores, ModeDetails, SliceScores
from filter.evaluate.html_report import html_report
from filter.evaluate.quality import QualityScores
from filter.evaluate.tables import TableView, report_tables
from filter.labels import LABELS

_DECIMALS = 5
_INTRODUCTION = """\
Every system got the same pages in one run. Values are means over pages; brackets are 95% intervals of a
bootstrap over pages, paired for differences. Shingle scores are those of Scrapinghub's article extraction
benchmark, word F1 is that of WCXB, ROUGE-LSum that of Fundus's evaluation, snippet scores are those of
trafilatura's evaluation; words are newsfilter's in all of them.
"""


def write_report(evaluation: Evaluation, folder: Path) -> tuple[Path, ...]:
    """Write ``evaluation.json``, ``evaluation.md`` and ``evaluation.html``; return their paths.

    The page holds text of the corpus and must not be published; the other two hold none.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "evaluation.json": json.dumps(as_json(evaluation), indent=1, allow_nan=False) + "\n",
        "evaluation.md": markdown_report(evaluation),
        "evaluation.html": html_report(evaluation, _INTRODUCTION),
    }
    paths = []
    for name, content in contents.items():
        path = folder / name
        # A page may hold lone surrogates, which are no UTF-8.
        path.write_text(content, encoding="utf-8", errors="backslashreplace")
        paths.append(path)
    return tuple(paths)


def markdown_report(evaluation: Evaluation) -> str:
    """Return the report as Markdown."""
    kept = ", ".join(sorted(evaluation.keep))
    head = f"# Evaluation of newsfilter {__version__}\n\n{_INTRODUCTION}\nNewsfilter keeps: {kept}.\n"
    return "\n".join([head, *(_markdown_table(table) for table in report_tables(evaluation))])


def _markdown_table(table: TableView) -> str:
    rows = [table.head, ("---",) * len(table.head), *table.rows]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([f"## {table.title}", "", *lines, "", *([table.note, ""] if table.note else [])])


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return the numbers of an evaluation as JSON values; undefined ones are null, intervals are triples."""
    return {
        "newsfilter": __version__,
        "keep": sorted(evaluation.keep),
        "corpora": [
            {"source": each.source, "pages": each.n_pages, "domains": each.n_domains, "digest": each.digest}
            for each in evaluation.corpora
        ],
        "systems": [
            {
                "name": each.name,
                "version": each.version,
                "failures": each.failures,
                "milliseconds": each.milliseconds and _number(each.milliseconds),
            }
            for each in evaluation.systems
        ],
        "missing_peers": list(evaluation.missing_peers),
        "slices": [_slice_json(part) for part in evaluation.slices],
        "modes": {name: _mode_json(mode) for name, mode in evaluation.modes.items()},
        "lines": _lines_json(evaluation.lines) if evaluation.lines else None,
    }


def _slice_json(part: SliceScores) -> dict[str, Any]:
    return {
        "by": part.by,
        "name": part.name,
        "pages": part.n_pages,
        "metrics": {system: _intervals(own) for system, own in part.metrics.items()},
        "differences": {
            ours: {system: _intervals(own) for system, own in others.items()}
            for ours, others in part.differences.items()
        },
    }


def _intervals(metrics: Mapping[str, Interval]) -> dict[str, list[float | None]]:
    return {name: _numbers(value) for name, value in metrics.items()}


def _mode_json(mode: ModeDetails) -> dict[str, Any]:
    return {
        "curve": [_numbers((point.threshold, point.precision, point.recall)) for point in mode.curve],
        "reliability": [_numbers(each) for each in mode.reliability],
        "calibration_error": _number(mode.calibration_error),
        "missed_words": dict(mode.missed_words),
        "extra_words": dict(mode.extra_words),
        "quality": [_quality_json(each) for each in mode.quality],
    }


def _quality_json(scores: QualityScores) -> dict[str, Any]:
    return {
        "name": scores.name,
        "pages": scores.n_pages,
        "bad": scores.n_bad,
        "correlation": _number(scores.correlation),
        "caught": _number(scores.caught),
        "lowest": _number(scores.lowest),
        "reachable": _number(scores.reachable),
        "calibration_error": _number(scores.calibration_error),
        "bins": [_numbers(each) for each in scores.bins],
    }


def _lines_json(lines: LineScores) -> dict[str, Any]:
    scores = lines.labels
    return {
        "documents": lines.n_documents,
        "lines": lines.n_lines,
        "labels": list(LABELS),
        "confusion": scores.confusion.tolist(),
        "removed": {label: _number(value) for label, value in scores.removed.items()},
        "body_lost": _number(scores.body_lost),
        "f1": {label: _number(value) for label, value in scores.f1.items()},
        "macro_f1": _number(scores.macro_f1),
        "keep_f1": _number(scores.keep_f1),
        "drop_f1": _number(scores.drop_f1),
        "reliability": [_numbers(each) for each in lines.reliability],
        "calibration_error": _number(lines.calibration_error),
    }


def _numbers(values: Iterable[float]) -> list[float | None]:
    return [_number(value) for value in values]


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, _DECIMALS)
