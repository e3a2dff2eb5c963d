"""Whether what `strip` leaves of a soup is what `clean` returns for it: three tree builders, each page.

A page agrees where the blocks of the stripped soup, joined, are the kept text up to whitespace. A kept block is lost
where its text is among the blocks before and not among those after.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from bs4 import BeautifulSoup

from benchmarks.pages import Sample, draw, parser
from benchmarks.record import ratio, write
from filter import classify, strip
from filter.pipeline import read_page
from filter.text import squeeze

BUILDERS = ("html.parser", "lxml", "html5lib")


class Outcome(NamedTuple):
    """What became of one page under one tree builder; times in processor seconds."""

    page: str
    builder: str
    agrees: bool
    lost_blocks: int
    left_blocks: int
    removed_again: int
    classify_time: float
    strip_time: float


def main() -> None:
    """Measure and write the record."""
    arguments = parser(__doc__).parse_args()
    samples = draw(arguments.corpus, arguments.pages)
    print(write("strip", arguments, summary([outcome(*pair) for pair in product(samples, BUILDERS)])))


def outcome(sample: Sample, builder: str) -> Outcome:
    """Strip one page and compare what is left with what is kept."""
    soup = BeautifulSoup(sample.markup, builder)
    start = time.process_time()
    document = classify(soup)
    classified = time.process_time()
    strip(soup)
    stripped = time.process_time()
    kept, left = [line.text for line in document.kept()], read_page(soup).texts
    return Outcome(
        sample.name,
        builder,
        agrees=squeeze(" ".join(left)) == squeeze(" ".join(kept)),
        lost_blocks=sum((Counter(kept) - Counter(left)).values()),
        left_blocks=sum((Counter(left) - Counter(kept)).values()),
        removed_again=len(strip(soup)),
        classify_time=classified - start,
        strip_time=stripped - classified,
    )


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the shares for each tree builder, and the pages that do not agree."""
    return {
        "builders": {builder: _shares([each for each in outcomes if each.builder == builder]) for builder in BUILDERS},
        "disagreements": [each._asdict() for each in outcomes if not each.agrees or each.lost_blocks],
    }


def _shares(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "pages": len(outcomes),
        "share_agreeing": float(np.mean([each.agrees for each in outcomes])),
        "lost_blocks": sum(each.lost_blocks for each in outcomes),
        "left_blocks": sum(each.left_blocks for each in outcomes),
        "stripped_twice_removes_more": float(np.mean([each.removed_again > 0 for each in outcomes])),
        "time_against_classify": ratio(
            [each.strip_time for each in outcomes], [each.classify_time for each in outcomes]
        ),
    }


if __name__ == "__main__":
    main()
