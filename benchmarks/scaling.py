"""Time against the size of a page, the number of pages, and the number of processes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from itertools import chain, cycle, islice
from multiprocessing import get_context
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.pages import Sample, draw, parser
from benchmarks.record import ratio, write
from filter import Classifier, Options
from filter.blocks import blocks_from_walk
from filter.tree import walk_markup

#: 16 kB to 16 MB in steps of four.
SIZES = tuple(4**power for power in range(7, 13))
_SMALL, _LARGE = 4**9, 4**12
#: Small against the whole, so that no process ends with the last chunk long after the other.
_CHUNK, _LEAST = 4, 256


def main() -> None:
    """Measure and write the record."""
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--most-pages", type=int, default=4096, help="longest run of classify_many")
    arguments = options.parse_args()
    samples = draw(arguments.corpus, arguments.pages)
    sizes = time_sizes(samples, arguments.rounds)
    findings = {
        "pages": len(samples),
        "rounds": arguments.rounds,
        "nanoseconds_a_character": {str(size): 1e9 * float(np.median(each)) for size, each in sizes.items()},
        "milliseconds_a_page": time_counts(samples, arguments.most_pages),
        "processes": time_processes(samples, arguments.rounds),
        "ratios": {"16 MB / 256 kB": ratio(sizes[_LARGE], sizes[_SMALL])},
    }
    print(write("scaling", arguments, findings))


def time_sizes(samples: Sequence[Sample], rounds: int) -> dict[int, list[float]]:
    """Return, for pages of each size, the seconds a character in each round."""
    pages = {size: page_of(samples, size) for size in SIZES}
    classifier = Classifier(options=Options(max_blocks=10**6))  # the longest page has more blocks than is usual
    classifier.classify(pages[SIZES[0]])
    times: dict[int, list[float]] = {size: [] for size in SIZES}
    for _ in range(rounds):
        for size, page in pages.items():
            since = process_time()
            classifier.classify(page, input="html")
            times[size].append((process_time() - since) / len(page))
    return times


def page_of(samples: Sequence[Sample], size: int) -> str:
    """Return a page of about `size` characters, made of the texts of the samples as paragraphs, links and headings."""
    texts = (blocks_from_walk(walk_markup(sample.markup), max_blocks=10**6).texts for sample in samples)
    forms = cycle(("<p class='text'>{}</p>", "<ul><li><a href='/'>{}</a></li></ul>", "<div><h2>{}</h2></div>"))
    parts, length = [], 0
    for text, form in zip(cycle(list(chain.from_iterable(texts))), forms, strict=False):
        part = form.format(text.replace("<", "&lt;"))
        parts.append(part)
        length += len(part)
        if length >= size:
            break
    return f"<html><body><main>{''.join(parts)}</main></body></html>"


def time_counts(samples: Sequence[Sample], most: int) -> dict[str, float]:
    """Return the milliseconds a page of `classify_many` over more and more pages."""
    classifier = Classifier()
    result = {}
    count = most
    while count >= 1:
        markups = [sample.markup for sample in islice(cycle(samples), count)]
        since = process_time()
        deque(classifier.classify_many(markups, input="html"), maxlen=0)
        result[str(count)] = 1e3 * (process_time() - since) / count
        count //= 8
    return dict(reversed(result.items()))


def time_processes(samples: Sequence[Sample], rounds: int) -> dict[str, Any]:
    """Return the pages a second of one and of two processes, taken in turn."""
    count = max(len(samples), _LEAST)
    markups = [sample.markup for sample in islice(cycle(samples), count)]
    chunks = [markups[start : start + _CHUNK] for start in range(0, len(markups), _CHUNK)]
    context = get_context("spawn")
    seconds: dict[int, list[float]] = {1: [], 2: []}
    with ProcessPoolExecutor(1, context) as one, ProcessPoolExecutor(2, context) as two:
        for pool in (one, two):
            run(pool, chunks)  # each process loads its model
        for _ in range(rounds):
            seconds[1].append(run(one, chunks))
            seconds[2].append(run(two, chunks))
    return {
        "pages_a_second": {str(n): count / float(np.median(each)) for n, each in seconds.items()},
        "gain": ratio(seconds[1], seconds[2]),
    }


def run(pool: Executor, chunks: Sequence[list[str]]) -> float:
    """Return the seconds on the clock until the pool has cleaned all chunks."""
    since = perf_counter()
    deque(pool.map(clean_all, chunks), maxlen=0)
    return perf_counter() - since


def clean_all(markups: list[str]) -> int:
    """Return the length of the cleaned texts; a worker's task."""
    return sum(len(document.text()) for document in Classifier().classify_many(markups, input="html"))


if __name__ == "__main__":
    main()
