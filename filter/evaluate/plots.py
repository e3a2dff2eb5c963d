"""Plots as SVG inside HTML, without any script or outside resource; both axes go from 0 to 1.

Colours are classes (``c0``, ``c1``, …) that the page's style sheet defines for light and dark.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import NamedTuple

#: Number of colour classes.
COLOURS = 12
_SIZE = 300
_LEFT, _BOTTOM, _PAD = 40, 34, 8
#: Percent of the width that the longest bar takes.
_BAR = 55
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)


class Series(NamedTuple):
    """A line of a plot: a name and points in [0, 1]²."""

    name: str
    points: Sequence[tuple[float, float]]


def line_plot(title: str, series: Sequence[Series], x_label: str, y_label: str) -> str:
    """Return a figure with a line for each series and a legend."""
    paths = [
        f'<polyline class="line c{number % COLOURS}" points="{_points(each.points)}">'
        f"<title>{escape(each.name)}</title></polyline>"
        for number, each in enumerate(series)
    ]
    names = [f'<li class="c{number % COLOURS}">{escape(each.name)}</li>' for number, each in enumerate(series)]
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg viewBox="0 0 {_LEFT + _SIZE + _PAD} {_SIZE + _BOTTOM + _PAD}" role="img" aria-label="{escape(title)}">'
        f'{_axes(x_label, y_label)}{"".join(paths)}</svg><ul class="legend">{"".join(names)}</ul></figure>'
    )


def bar_plot(title: str, values: Mapping[str, int]) -> str:
    """Return a figure with a bar for each value, the longest the full width."""
    top = max(values.values(), default=0)
    bars = [
        f'<div class="bar"><span>{escape(name)}</span><i style="width:{_BAR * value / top:.1f}%"></i>'
        f"<b>{value:,}</b></div>"
        for name, value in values.items()
        if top
    ]
    return f"<figure><figcaption>{escape(title)}</figcaption>{''.join(bars) or 'none'}</figure>"


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)


def _x(value: float) -> float:
    return _LEFT + value * _SIZE


def _y(value: float) -> float:
    return _PAD + (1 - value) * _SIZE


def _axes(x_label: str, y_label: str) -> str:
    parts = []
    for tick in _TICKS:
        parts += [
            f'<path class="grid" d="M{_x(tick)} {_y(0)}V{_y(1)}M{_x(0)} {_y(tick)}H{_x(1)}"/>',
            f'<text x="{_x(tick)}" y="{_y(0) + 14}" text-anchor="middle">{tick:g}</text>',
            f'<text x="{_LEFT - 5}" y="{_y(tick) + 4}" text-anchor="end">{tick:g}</text>',
        ]
    middle = _y(0.5)
    parts += [
        f'<text x="{_x(0.5)}" y="{_y(0) + 29}" text-anchor="middle">{escape(x_label)}</text>',
        f'<text x="10" y="{middle}" text-anchor="middle" transform="rotate(-90 10 {middle})">{escape(y_label)}</text>',
    ]
    return "".join(parts)
