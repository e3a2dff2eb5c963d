"""An `Explanation` as one HTML page that needs nothing from outside.

Two things keep the explained page harmless. Its text is escaped. Its look is shown in a frame without scripts, made
of a tree from which everything active or external was removed; the policy of the page, which the frame inherits,
forbids scripts other than the page's own, and every request.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from filter.document import Document
from filter.explanation import Explained, Explanation
from filter.labels import DEFAULT_KEEP, LABELS
from filter.original import shown_original

_FOLDER = Path(__file__).parent / "explanation_page"
_PLACEHOLDER = re.compile(r"\{\{(\w+)\}\}")
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
#: Other labels than a block's own are listed from this probability on.
_LISTED = 0.01


def explanation_page(explanation: Explanation, *, name: str = "Page") -> str:
    """Return an explanation as one HTML page, for people: every line with its label and reasons.

    Parameters
    ----------
    explanation : Explanation
    name : str
        What the explained page is called: its file name or address.

    Returns
    -------
    str
        The page asks for nothing from outside and runs no script but its own.
    """
    template, colours, script = ((_FOLDER / name).read_text("utf-8") for name in ("page.html", "labels.css", "page.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    has_original = explanation.markup is not None
    parts = {
        "policy": f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; "
        "form-action 'none'; base-uri 'none'",
        "name": escape(name),
        "facts": escape(_facts(explanation.document)),
        "colours": colours,
        "chips": "".join(_chips(explanation.document)),
        "lines": _lines(explanation.blocks),
        "side": "Reasons and original" if has_original else "Reasons",
        "original": _original(explanation, colours) if has_original else "",
        "script": script,
    }
    return _PLACEHOLDER.sub(lambda match: parts[match[1]], template).rstrip("\n")


def _facts(document: Document) -> str:
    kept = len(document.kept())
    status = document.status.replace("-", " ").capitalize()
    return f"{status} · {kept} of {len(document.lines)} lines kept · explained by newsfilter"


def _chips(document: Document) -> Iterator[str]:
    counts = Counter(line.label for line in document.lines)
    for label in LABELS:
        if counts[label]:
            yield (
                f'<button type="button" class="chip" data-label="{label}" aria-pressed="false">'
                f'{label} <span class="count">{counts[label]}</span></button>'
            )


def _lines(blocks: Sequence[Explained]) -> str:
    """Return all lines; what the article does not keep is folded."""
    items = []
    for kept, run in groupby(enumerate(blocks, 1), key=lambda item: item[1].line.label in DEFAULT_KEEP):
        lines = list(run)
        cards = [f"<li>{_card(number, block)}</li>" for number, block in lines]
        items += cards if kept else [f"<li>{_fold([block for _, block in lines], cards)}</li>"]
    return f'<ol class="lines">{"".join(items)}</ol>'


def _fold(blocks: Sequence[Explained], cards: Sequence[str]) -> str:
    counts = Counter(block.line.label for block in blocks)
    tags = "".join(
        f'<span class="tag" data-label="{label}">{label}{f" {count}" if len(blocks) > 1 else ""}</span>'
        for label, count in counts.most_common()
    )
    title = "1 line dropped" if len(blocks) == 1 else f"{len(blocks)} lines dropped"
    return f'<details class="fold"><summary>{title} {tags}</summary><ol class="lines">{"".join(cards)}</ol></details>'


def _card(number: int, block: Explained) -> str:
    line = block.line
    place = escape(line.source)
    heading = " heading" if line.tag in _HEADINGS else ""
    probability = f"{line.probability:.0%}"
    return (
        f'<div class="block{heading}" data-label="{line.label}" tabindex="0" role="group" '
        f'aria-label="Line {number}: {line.label}, {probability}" aria-describedby="why-{number}">'
        f'<div class="meta"><span class="tag">{line.label}</span>{_bar(line.probability)}<span>{probability}</span>'
        f'<span class="place" title="{place}"><bdi>{place}</bdi></span></div>'
        f'<p class="text" dir="auto">{escape(line.text.strip())}</p>{_why(number, block)}</div>'
    )


def _why(number: int, block: Explained) -> str:
    line = block.line
    strongest = max((reason.weight for reason in block.reasons if math.isfinite(reason.weight)), default=1.0)
    reasons = "".join(
        f"<li>{_bar(min(reason.weight / strongest, 1))}<span>{escape(reason.text)}</span></li>"
        for reason in block.reasons
    )
    listed = sorted(block.probabilities.items(), key=lambda item: -item[1])
    odds = "".join(
        f'<dt>{label}</dt><dd data-label="{label}">{_bar(probability)}</dd><dd>{probability:.0%}</dd>'
        for label, probability in listed
        if probability >= _LISTED or label is line.label
    )
    return (
        f'<div class="why" id="why-{number}"><h2><span class="tag">{line.label}</span>Why line {number}?</h2>'
        + (f'<ol class="reasons">{reasons}</ol>' if reasons else "<p>No single evidence speaks for it.</p>")
        + f'<dl class="odds">{odds}</dl><code>{escape(line.source)}</code></div>'
    )


def _bar(part: float) -> str:
    return f'<span class="bar" style="--part:{part:.3f}" aria-hidden="true"></span>'


def _original(explanation: Explanation, colours: str) -> str:
    content = shown_original(explanation.markup or "", explanation.document, colours)
    return (
        '<section class="original" aria-label="Original"><h2>The page</h2>'
        "<p>As it was given, without what it loads: no scripts, pictures or outside styles. Colours are the labels.</p>"
        f'<iframe sandbox="" title="The page as it was given" srcdoc="{escape(content)}"></iframe></section>'
    )
