"""An evaluation as one HTML page with plots and the worst pages; it asks for nothing from outside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from filter import __version__
from filter.evaluate.evaluation import Evaluation, ModeDetails, System
from filter.evaluate.label_scores import Bin
from filter.evaluate.plots import Series, bar_plot, line_plot
from filter.evaluate.scores import Column
from filter.evaluate.tables import TableView, report_tables
from filter.evaluate.worst import WorstPage, worst_pages

_WARNING = (
    "For local use only: the last part holds text of the evaluated pages, whose rights stay with their publishers. "
    "Do not commit or publish this file."
)
#: Longest line and most lines shown of an error.
_MAX_LINE, _MAX_LINES = 400, 30
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE = """
:root{color-scheme:light dark;--ink:#1c1c1e;--paper:#fff;--soft:#e3e3e8;--warn:#a33;
--c0:#0b62d6;--c1:#c2410c;--c2:#777;--c3:#15803d;--c4:#7e22ce;--c5:#b45309;--c6:#0e7490;--c7:#be185d;
--c8:#4d7c0f;--c9:#4338ca;--c10:#92400e;--c11:#0f766e}
@media(prefers-color-scheme:dark){:root{--ink:#e8e8ea;--paper:#17171a;--soft:#3a3a40;--warn:#ff8f8f;
--c0:#6aa9ff;--c1:#ff9a62;--c2:#aaa;--c3:#5fd08a;--c4:#c99bff;--c5:#f0b45a;--c6:#5cc8dd;--c7:#ff8ac0;
--c8:#a9d65c;--c9:#a6a2ff;--c10:#d9a26a;--c11:#5fd3c4}}
body{font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper);margin:2rem auto;
max-width:1200px;padding:0 1rem}
.warning{border:2px solid var(--warn);padding:.6rem 1rem;border-radius:6px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13px}
th,td{border-bottom:1px solid var(--soft);padding:.2rem .6rem;text-align:left;white-space:nowrap}
.plots{display:flex;flex-wrap:wrap;gap:1.5rem}
figure{margin:0;width:350px}figcaption{font-weight:600;margin-bottom:.3rem}
svg{width:100%;height:auto}svg text{fill:var(--ink);font-size:11px}
.grid{stroke:var(--soft);fill:none}.line{fill:none;stroke-width:2;stroke:currentColor}
.legend{list-style:none;padding:0;font-size:12px;columns:2}.legend li::before{content:"■ "}
.bar{display:flex;gap:.5rem;font-size:13px}.bar span{width:90px}.bar i{background:var(--c0);height:1em}
.sides{display:grid;grid-template-columns:1fr 1fr;gap:1rem}.sides p{margin:.3rem 0;overflow-wrap:anywhere}
details{border-top:1px solid var(--soft);padding:.4rem 0}
""" + "".join(f".c{number}{{color:var(--c{number})}}" for number in range(12))


def html_report(evaluation: Evaluation, introduction: str) -> str:
    """Return the page; it holds text of the corpus."""
    first = next(iter(evaluation.modes))
    parts = [
        f"<h1>Evaluation of newsfilter {__version__}</h1>",
        f'<p class="warning">{_WARNING}</p><p>{escape(introduction)}</p>',
        _section("Distribution of word F1", _distributions(evaluation)),
        *(_section(f"Probabilities of {name}", _mode_plots(mode)) for name, mode in evaluation.modes.items()),
        *(_table(table) for table in report_tables(evaluation)),
        f"<h2>Worst pages of {escape(first)}</h2>",
        *(_worst(page) for page in worst_pages(evaluation, first)),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width"><title>newsfilter evaluation</title>'
        f"<style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _section(title: str, figures: Iterable[str]) -> str:
    return f'<h2>{escape(title)}</h2><div class="plots">{"".join(figures)}</div>'


def _distributions(evaluation: Evaluation) -> list[str]:
    """Return for each source a plot of the pages' scores from the lowest to the highest."""
    sources = np.array([page.source for page in evaluation.pages])
    figures = []
    for corpus in evaluation.corpora:
        chosen = sources == corpus.source
        series = [_quantiles(system, chosen) for system in evaluation.systems if "+" not in system.name]
        known = [each for each in series if each.points]
        if known:
            figures.append(line_plot(corpus.source, known, "share of pages", "word F1"))
    return figures


def _quantiles(system: System, chosen: np.ndarray) -> Series:
    scores = system.table[chosen, Column.WORD_F1]
    scores = np.sort(scores[~np.isnan(scores)])
    if not len(scores):
        return Series(system.name, ())
    steps = np.linspace(0, 1, 101)
    return Series(system.name, list(zip(steps.tolist(), np.quantile(scores, steps).tolist(), strict=True)))


def _mode_plots(mode: ModeDetails) -> list[str]:
    curve = [
        Series("precision", [(point.threshold, point.precision) for point in mode.curve]),
        Series("recall", [(point.threshold, point.recall) for point in mode.curve]),
    ]
    return [
        line_plot("Words kept, by threshold", curve, "keep probability from", "mean over pages"),
        line_plot("Calibration", _calibration_series(mode.reliability), "keep probability", "share to be kept"),
        bar_plot("Words of body dropped, by label given", mode.missed_words),
        bar_plot("Words kept wrongly, by true label", mode.extra_words),
    ]


def _calibration_series(bins: Sequence[Bin]) -> list[Series]:
    return [
        Series("measured", [(each.probability, each.share) for each in bins]),
        Series("perfect", [(0.0, 0.0), (1.0, 1.0)]),
    ]


def _table(table: TableView) -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table.rows)
    return (
        f'<h2>{escape(table.title)}</h2><div class="scroll"><table><tr>{head}</tr>{rows}</table></div>'
        f"<p>{escape(table.note)}</p>"
    )


def _worst(page: WorstPage) -> str:
    title = f"{page.f1:.3f} · {page.source} · {page.id} · best other: {page.best_other} {page.best_other_f1:.3f}"
    return (
        f"<details><summary>{escape(title)}</summary><p>{escape(page.url or '')}</p>"
        f'<div class="sides"><div><h3>Missed</h3>{_lines(page.missed)}</div>'
        f"<div><h3>Wrongly kept</h3>{_lines(page.extra)}</div></div></details>"
    )


def _lines(texts: Sequence[str]) -> str:
    shown = "".join(f"<p>{escape(text[:_MAX_LINE])}{'…' * (len(text) > _MAX_LINE)}</p>" for text in texts[:_MAX_LINES])
    return shown + (f"<p>… and {len(texts) - _MAX_LINES} more lines</p>" if len(texts) > _MAX_LINES else "")
