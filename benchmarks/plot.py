"""Bars as an SVG of its own, for a page that shows pictures and runs nothing."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

_ROW, _LEFT, _WIDTH, _RIGHT, _TOP = 24, 210, 420, 90, 34
_STYLE = "text{font:13px sans-serif;fill:#555}.title{font-weight:bold}rect{fill:#9ab}.own{fill:#c53}"


def bars(title: str, values: Mapping[str, float], *, own: str, unit: str) -> str:
    """Return a bar for each value, longest first; those whose name begins with `own` stand out."""
    longest = max(values.values())
    rows = sorted(values.items(), key=lambda item: -item[1])
    height = _TOP + _ROW * len(rows) + 8
    parts = [_bar(number, name, value, longest, own, unit) for number, (name, value) in enumerate(rows)]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_LEFT + _WIDTH + _RIGHT} {height}" role="img">'
        f'<style>{_STYLE}</style><text class="title" x="8" y="20">{escape(title)}</text>{"".join(parts)}</svg>\n'
    )


def _bar(number: int, name: str, value: float, longest: float, own: str, unit: str) -> str:
    top = _TOP + _ROW * number
    width = max(_WIDTH * value / longest, 1)
    kind = ' class="own"' if name.startswith(own) else ""
    return (
        f'<text x="{_LEFT - 8}" y="{top + 14}" text-anchor="end">{escape(name)}</text>'
        f'<rect{kind} x="{_LEFT}" y="{top + 2}" width="{width:.1f}" height="{_ROW - 6}"/>'
        f'<text x="{_LEFT + width + 6:.1f}" y="{top + 14}">{value:.3g} {escape(unit)}</text>'
    )
