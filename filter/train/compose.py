"""Further documents for training, put together from the labelled ones of one language.

A few hundred articles stand each in one surrounding; real sites put any article among any boilerplate,
and scrapers join, split and lose lines. What was written by hand is therefore dealt anew: the article of
one document, the boilerplate of others, each run of it at the kind of place where its writer put it.
Nothing composed is stored. Compose from the documents of one side of a split only.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import groupby

import numpy as np

from filter.corpora.lines import LabelledLine, LineDocument, columns
from filter.labels import Label
from filter.train.wrap import draw_width, wrap

Lines = list[LabelledLine]

_ARTICLE = frozenset((Label.TITLE, Label.BODY, Label.BYLINE, Label.CAPTION))
#: Stands in related lists as well as alone.
_IN_LISTS = frozenset((Label.RELATED, Label.PROMO))
_BYLINE_TAILS = frozenset((Label.BYLINE, Label.SIGNUP))
_MOVABLE = frozenset((Label.RELATED, Label.PROMO, Label.SIGNUP, Label.DISCLAIMER))

#: How often things happen: to a document, to a run of boilerplate, or to a line.
_BARE = 0.2
_OWN = 0.35
_MOVED = 0.12
_HEADLESS = 0.25
_CUT = 0.2
_GLUED_RUN = 0.15
_SHOUTED_RUN = 0.1
_SHOUTED_HEADINGS = 0.1
_SPLIT = 0.06
_GLUED_BODY = 0.03
_GLUED_BYLINE = 0.2
_UNPUNCTUATED = 0.06
_WRAPPED = 0.08

_HEADING_COLUMNS = 70
_SHARE_ROW_COLUMNS = 50
_JOINTS = (" ", "  ", " | ", " · ", " / ", "")
# Quotation marks: " ' « » “ ” „ and the single ones. Chinese and Japanese end a sentence without a space.
_QUOTES = r"\"'\u00ab\u00bb\u2018\u2019\u201c-\u201e"
_END = r"[.!?\u2026\u0964\u061f]"
_SENTENCE_END = re.compile(
    rf"(?:(?<={_END})|(?<={_END}[{_QUOTES})]))\s+|(?<=[\u3002\uff01\uff1f])(?![\u300d\u300f\u201d\uff09])"
)
_STOPS = r".,;:!?\u2026\u3002\u3001\uff01\uff0c\uff1a\uff1b\uff1f\u0964\u060c\u061b\u061f"
_MARKS = re.compile(rf"[{_STOPS}{_QUOTES}]+(?=\s|$)|(?<!\S)[{_QUOTES}]+")


class Place(IntEnum):
    """Where on a page a run of boilerplate stands."""

    HEAD = 0
    """Above the article."""
    LEAD = 1
    """Between headline and text."""
    INLINE = 2
    TAIL = 3


#: The most runs that are put at each place; a number up to it is drawn.
_MOST_RUNS: Mapping[Place, int] = {Place.HEAD: 3, Place.LEAD: 2, Place.INLINE: 4, Place.TAIL: 8}


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring lines of boilerplate that belong together, the heading above a list included.

    Attributes
    ----------
    lines : tuple of LabelledLine
    place : Place
    order : float
        How far down its place it stood in its document, in [0, 1].
    """

    lines: tuple[LabelledLine, ...]
    place: Place
    order: float


def compose(documents: Sequence[LineDocument], *, count: int, seed: int) -> Iterator[LineDocument]:
    """Yield `count` documents composed from `documents`; the same ones for the same seed.

    An article is drawn among all that have a body; boilerplate comes from documents of its language.
    Labels are those of the parts, and a line of a hard pair is one no longer: its surroundings changed.
    """
    rng = np.random.default_rng(seed)
    articles = [document for document in documents if _first_body(document.lines) < len(document.lines)]
    if not articles:
        return
    shared: defaultdict[tuple[str, Place], list[Run]] = defaultdict(list)
    own: defaultdict[tuple[str, Place], list[Run]] = defaultdict(list)
    for document in documents:
        for run in runs_of(document.lines):
            shared[document.lang, run.place].append(run)
            own[document.id, run.place].append(run)
    for number in range(count):
        article = articles[rng.integers(len(articles))]
        # Often its own boilerplate: a related headline is mostly about something related.
        pools = {
            place: own[article.id, place] if rng.random() < _OWN else shared[article.lang, place] for place in Place
        }
        lines = _composed([line for line in article.lines if line.label in _ARTICLE], pools, rng)
        if rng.random() < _WRAPPED:
            width = draw_width(rng)
            lines = [replace(line, text=part) for line in lines for part in wrap(line.text, width)]
        free = tuple(replace(line, pair=None) for line in lines)
        yield LineDocument(f"{article.id}+{number}", article.lang, article.genre, free)


def runs_of(lines: Sequence[LabelledLine]) -> Iterator[Run]:
    """Yield the runs of boilerplate of a document, in order.

    A run is of one label, but adverts among related headlines stay with them. In a document without
    body everything counts as standing below an article.
    """
    places = _places(lines)
    grouped = groupby(range(len(lines)), key=lambda index: (places[index], _kind(lines[index].label)))
    for (place, kind), indices in grouped:
        if kind == _ARTICLE_KIND:
            continue
        run = list(indices)
        start = places.index(place)
        order = (run[0] - start) / places.count(place)
        yield Run(tuple(lines[index] for index in run), place, order)


_ARTICLE_KIND = "article"


def _kind(label: Label) -> str:
    if label in _ARTICLE:
        return _ARTICLE_KIND
    return Label.RELATED if label in _IN_LISTS else label


def _places(lines: Sequence[LabelledLine]) -> list[Place]:
    first = _first_body(lines)
    if first == len(lines):
        return [Place.TAIL] * first
    last = max(index for index, line in enumerate(lines) if line.label is Label.BODY)
    start = next(index for index, line in enumerate(lines) if line.label in _ARTICLE)
    bounds = (start, first, last)
    return [Place(sum(index > bound for bound in bounds)) for index in range(len(lines))]


def _first_body(lines: Sequence[LabelledLine]) -> int:
    return next((index for index, line in enumerate(lines) if line.label is Label.BODY), len(lines))


def _composed(article: Lines, pools: Mapping[Place, Sequence[Run]], rng: np.random.Generator) -> Lines:
    """Return the lines of one new document."""
    article = _scraped(article, rng)
    if rng.random() < _BARE:
        return article
    head, lead, inline, tail = (_drawn(pools[place], _MOST_RUNS[place], rng) for place in Place)
    moved = [run for run in tail if run.lines[0].label in _MOVABLE and rng.random() < _MOVED]
    tail = [run for run in tail if run not in moved]
    first = _first_body(article)
    body = _with_runs_between(article[first:], [*inline, *moved], rng)
    top = _glued_bylines([*_flat(head, rng), *article[:first], *_flat(lead, rng)], rng)
    return [*top, *body, *_flat(tail, rng)]


def _drawn(pool: Sequence[Run], most: int, rng: np.random.Generator) -> list[Run]:
    """Return some runs in the order in which they stood on their pages, more or less."""
    size = min(int(rng.integers(most + 1)), len(pool))
    chosen = [pool[index] for index in rng.choice(len(pool), size, replace=False)] if size else []
    noise = rng.normal(0, 0.1, size)
    return [chosen[index] for index in np.argsort(noise + [run.order for run in chosen])]


def _flat(runs: Sequence[Run], rng: np.random.Generator) -> Lines:
    return [line for run in runs for line in _damaged(run, rng)]


def _with_runs_between(body: Lines, runs: Sequence[Run], rng: np.random.Generator) -> Lines:
    """Return `body` with each run after some paragraph, not after a sub-heading where that can be avoided."""
    # The last body line may be followed by bylines and captions: a run after any of them would be a tail.
    last = max(index for index, line in enumerate(body) if line.label is Label.BODY)
    gaps = [index for index in range(last) if columns(body[index].text) > _HEADING_COLUMNS]
    after: defaultdict[int, Lines] = defaultdict(list)
    for run in runs:
        gap = int(rng.choice(gaps)) if gaps else last
        after[gap] += _damaged(run, rng)
    return [out for index, line in enumerate(body) for out in (line, *after[index])]


def _damaged(run: Run, rng: np.random.Generator) -> Lines:
    """Return the lines of a run as another scraper, or another site, would have them."""
    lines = list(run.lines)
    if run.lines[0].label in _IN_LISTS and len(lines) > 2 and rng.random() < _HEADLESS:
        lines = lines[1:]
    if len(lines) > 2 and rng.random() < _CUT:
        lines = lines[: int(rng.integers(1, len(lines)))]
    if rng.random() < _SHOUTED_RUN and columns(lines[0].text) <= _HEADING_COLUMNS:
        lines[0] = _changed(lines[0], str.upper)
    if rng.random() < _GLUED_RUN:
        lines = _glued_run(lines, rng)
    return lines


def _glued_run(lines: Lines, rng: np.random.Generator) -> Lines:
    if len({line.label for line in lines}) > 1 or any(columns(line.text) > _HEADING_COLUMNS for line in lines):
        return lines
    return [replace(lines[0], text=_joint(rng).join(line.text for line in lines))]


def _scraped(article: Lines, rng: np.random.Generator) -> Lines:
    """Return an article with lines joined, split, shouted or without punctuation here and there."""
    lines = [part for line in article for part in _split(line, rng)]
    lines = _glued_body(lines, rng)
    if rng.random() < _SHOUTED_HEADINGS:
        lines = [_changed(line, str.upper) if _is_heading(line) else line for line in lines]
    if rng.random() < _UNPUNCTUATED:
        lines = [_changed(line, _without_marks) for line in lines]
    return lines


def _glued_bylines(top: Lines, rng: np.random.Generator) -> Lines:
    """Return `top` with dates, reading times and share rows glued to the byline before them."""
    out: Lines = []
    for line in top:
        after_byline = bool(out) and out[-1].label is Label.BYLINE and line.label in _BYLINE_TAILS
        if after_byline and columns(line.text) <= _SHARE_ROW_COLUMNS and rng.random() < _GLUED_BYLINE:
            out[-1] = replace(out[-1], text=f"{out[-1].text}{_joint(rng)}{line.text}")
        else:
            out.append(line)
    return out


def _glued_body(lines: Lines, rng: np.random.Generator) -> Lines:
    out: Lines = []
    for line in lines:
        both = bool(out) and out[-1].label is line.label is Label.BODY
        if both and rng.random() < _GLUED_BODY:
            out[-1] = replace(line, text=f"{out[-1].text} {line.text}")
        else:
            out.append(line)
    return out


def _joint(rng: np.random.Generator) -> str:
    return _JOINTS[rng.integers(len(_JOINTS))]


def _split(line: LabelledLine, rng: np.random.Generator) -> Lines:
    if line.label is not Label.BODY or rng.random() >= _SPLIT:
        return [line]
    parts = [part.strip() for part in _SENTENCE_END.split(line.text)]
    return [replace(line, text=part) for part in parts if part]


def _is_heading(line: LabelledLine) -> bool:
    if line.label is Label.BODY:
        return columns(line.text) <= _HEADING_COLUMNS
    return line.label is Label.TITLE


def _changed(line: LabelledLine, change: Callable[[str], str]) -> LabelledLine:
    """Return the line with its text changed, or as it is where nothing would be left."""
    text = change(line.text).strip()
    return replace(line, text=text) if text else line


def _without_marks(text: str) -> str:
    return _MARKS.sub("", text)
