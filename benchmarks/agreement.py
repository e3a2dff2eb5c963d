"""Whether a page and its soup give the same text: ``classify(html)`` against ``classify(BeautifulSoup(html, "lxml"))``.

lxml is no HTML5 parser: it repairs broken markup in its own way, and where its tree differs, so may the labels.
Pages that disagree are listed with the cause; nothing of their text is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from bs4 import BeautifulSoup

from benchmarks.pages import Sample, draw, parser
from benchmarks.record import write
from filter import Classifier
from filter.blocks import Page
from filter.pipeline import read_page


class Cause(StrEnum):
    """Why a page and its soup disagree."""

    PARSER_TEXT = "lxml's tree has other blocks; html5lib's soup agrees with the markup"
    PARSER_TREE = "lxml's tree has the same blocks elsewhere; html5lib's soup agrees with the markup"
    BOTH_TEXT = "lxml's and html5lib's soups both have other blocks"
    BOTH_TREE = "lxml's and html5lib's soups both have the same blocks elsewhere"
    NONE = "blocks and trees are the same: a defect of newsfilter"


class Disagreement(NamedTuple):
    """A page whose soup gives another text, why, and at which block the two first differ."""

    page: str
    cause: str
    first_block: int


def main() -> None:
    """Measure and write the record."""
    arguments = parser(__doc__).parse_args()
    samples = draw(arguments.corpus, arguments.pages)
    print(write("agreement", arguments, compare(samples)))


def compare(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return the share of pages that agree, and each that does not."""
    classifier = Classifier()
    found = [found for sample in samples if (found := disagreement(sample, classifier))]
    return {
        "pages": len(samples),
        "agreeing": len(samples) - len(found),
        "share": 1 - len(found) / len(samples),
        "causes": Counter(each.cause for each in found),
        "disagreements": [each._asdict() for each in found],
    }


def disagreement(sample: Sample, classifier: Classifier) -> Disagreement | None:
    """Return how the page and its soup disagree; None where the kept text is the same."""
    soup = BeautifulSoup(sample.markup, "lxml")
    kept = classifier.classify(sample.markup, input="html").text()
    if classifier.classify(soup).text() == kept:
        return None
    markup, other = read_page(sample.markup, input="html"), read_page(soup)
    html5 = BeautifulSoup(sample.markup, "html5lib")
    agrees = classifier.classify(html5).text() == kept
    return Disagreement(sample.name, cause(markup, other, html5_agrees=agrees), first_difference(markup, other))


def cause(markup: Page, soup: Page, *, html5_agrees: bool) -> Cause:
    """Return why the two pages of one markup got other labels."""
    if markup.texts != soup.texts:
        return Cause.PARSER_TEXT if html5_agrees else Cause.BOTH_TEXT
    if markup == soup:
        return Cause.NONE
    return Cause.PARSER_TREE if html5_agrees else Cause.BOTH_TREE


def first_difference(markup: Page, soup: Page) -> int:
    """Return the number of the first block that differs in text or place."""
    pairs = enumerate(zip(zip(markup.texts, markup.places), zip(soup.texts, soup.places)))  # noqa: B905 - may end early
    return next((number for number, (one, other) in pairs if one != other), min(len(markup), len(soup)))


if __name__ == "__main__":
    main()
