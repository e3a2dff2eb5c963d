"""Whether the reasons of `explain` are reasons: what one names is taken from the page, and the label asked for again.

A reason holds where the probability of the line's label falls. A case is left out where nothing on the page could be
taken away, or where taking it away changed which lines the page has.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from benchmarks.pages import ROOT, parser
from benchmarks.record import write
from filter import Evidence, Line, Reason, explain
from filter.text import squeeze
from filter.train.graft import selector_of

_QUOTED = re.compile(r"'([^']+)'")
_QUOTED_LINE = re.compile(r"'(.+?)…?'$")
#: Takes something from a soup; false if there is nothing to take.
Taking = Callable[[BeautifulSoup], bool]


def main() -> None:
    """Measure and write the record."""
    options = parser(__doc__)
    options.add_argument("--folder", type=Path, default=ROOT / "examples", help="pages to explain")
    arguments = options.parse_args()
    cases, fell = Counter[str](), Counter[str]()
    for path in sorted(arguments.folder.glob("*.html")):
        for kind, falls in outcomes(path.read_text("utf-8")):
            cases[kind] += 1
            fell[kind] += falls
    found = {kind: {"cases": count, "fell": fell[kind] / count} for kind, count in cases.items()}
    print(write("reasons", arguments, {"reasons": found}))


def outcomes(markup: str) -> Iterator[tuple[str, bool]]:
    """Yield for each reason that can be tried its kind, and whether the probability fell."""
    explanation = explain(_soup(markup))
    lines = explanation.document.lines
    for row, block in enumerate(explanation.blocks):
        for reason in block.reasons:
            kind, taking, gone = _trial(reason, lines, row)
            if taking is None:
                continue
            soup = _soup(markup)
            if not taking(soup):
                continue
            again = explain(soup).blocks
            place = row - (gone is not None and gone < row)
            if len(again) == len(lines) - (gone is not None) and place < len(again):
                yield kind, again[place].probabilities[block.line.label] < block.probabilities[block.line.label]


def _trial(reason: Reason, lines: tuple[Line, ...], row: int) -> tuple[str, Taking | None, int | None]:
    """Return the kind of a reason, what tries it, and the line that this takes out of the page."""
    source, named = lines[row].source, frozenset(_QUOTED.findall(reason.text))
    match reason.evidence:
        case Evidence.WORDS if named:
            return "words of the line", lambda soup: _drop_words(_find(soup, source), named), None
        case Evidence.NAME if named:
            return "class names of the line's element", lambda soup: _drop_names(_above(soup, source)[:2], named), None
        case Evidence.FRAME if named:
            return "class names around it", lambda soup: _drop_names(_above(soup, source)[2:], named), None
        case Evidence.TITLE:
            return "the page's title", _drop_titles, None
        case Evidence.LINKS:
            return "links in the line", lambda soup: _unwrap_links(_find(soup, source)), None
        case Evidence.ABOVE | Evidence.BELOW:
            others = range(row - 1, -1, -1) if reason.evidence is Evidence.ABOVE else range(row + 1, len(lines))
            other = _named_line(reason.text, lines, others)
            if other is not None:
                return "a line above or below, taken out of the page", lambda soup: _drop(soup, lines[other]), other
    return "", None, None


def _named_line(text: str, lines: tuple[Line, ...], others: Iterable[int]) -> int | None:
    """Return the nearest line that the reason quotes the start of."""
    quoted = _QUOTED_LINE.search(text)
    return next((other for other in others if quoted and lines[other].text.startswith(quoted[1])), None)


def _soup(markup: str) -> BeautifulSoup:
    return BeautifulSoup(markup, "lxml")


def _find(soup: BeautifulSoup, path: str) -> Tag:
    (element,) = soup.select(selector_of(path))
    return element


def _above(soup: BeautifulSoup, path: str) -> list[Tag]:
    """Return the element and those around it, the innermost first."""
    element = _find(soup, path)
    return [element, *(parent for parent in element.parents if parent is not soup)]


def _drop_words(element: Tag, named: frozenset[str]) -> bool:
    words = re.compile(rf"\b(?:{'|'.join(map(re.escape, named))})\b", re.IGNORECASE)
    strings = [string for string in element.find_all(string=True) if words.search(string)]
    for string in strings:
        string.replace_with(NavigableString(words.sub("", string)))
    return bool(strings) and bool(squeeze(element.get_text()))


def _drop_names(elements: list[Tag], named: frozenset[str]) -> bool:
    taken = False
    for element in elements:
        for attribute, value in list(element.attrs.items()):
            tokens = str(value).split() if isinstance(value, str) else [str(token) for token in value]
            kept = [token for token in tokens if token not in named]
            if len(kept) < len(tokens):
                taken = True
                element[attribute] = " ".join(kept)
    return taken


def _drop_titles(soup: BeautifulSoup) -> bool:
    titles = soup.select("title, meta[property='og:title'], meta[name='twitter:title']")
    for title in titles:
        title.decompose()
    return bool(titles)


def _unwrap_links(element: Tag) -> bool:
    links = [*element.find_all("a"), *([element] if element.name == "a" else [])]
    for link in links:
        link.unwrap()
    return bool(links)


def _drop(soup: BeautifulSoup, line: Line) -> bool:
    """Take a line that has an element of its own out of the page."""
    element = _find(soup, line.source)
    if squeeze(element.get_text(" ")) != squeeze(line.text):
        return False
    element.decompose()
    return True


if __name__ == "__main__":
    main()
