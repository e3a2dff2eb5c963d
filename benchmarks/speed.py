"""Time a page, of newsfilter and of other extractors, interleaved on the same pages in one thread.

Times are processor time: on a machine that does other things too, a wait is nobody's fault. The extractors take turns
after a run of pages, not after each page: a process that cleans pages runs one of them, and finds its code and tables
in the processor's cache. The time of an extractor is that until its text is there.
"""

from __future__ import annotations

import argparse
import gc
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from time import process_time
from typing import Any, Literal

import numpy as np
from bs4 import BeautifulSoup
from numpy.typing import NDArray
from selectolax.lexbor import LexborHTMLParser

from benchmarks.pages import Sample, articles, draw, parser
from benchmarks.record import ratio, write
from filter import Classifier, Document
from filter.blocks import blocks_from_walk
from filter.decode import decode
from filter.evaluate.peers import PEERS, run_peer, select_peers
from filter.features import feature_table
from filter.labels import decide
from filter.layout import lay_out
from filter.pipeline import shipped_model, to_document
from filter.tree import Attributes, walk_markup

#: One row a page, one column a task, in seconds.
Times = NDArray[np.float64]
Task = Callable[[], object]

NEWSFILTER = "newsfilter"
MANY = "newsfilter, classify_many"
SOUP_GIVEN, SOUP_BUILT = "newsfilter, soup given", "newsfilter, soup built too"
#: What building blocks costs: each stage in this list holds the ones before it.
PARSE, WALK, BLOCKS = "parse", "parse, walk", "parse, walk, blocks"
DECODE, FEATURES, INPUTS, NETWORKS, DOCUMENT = "decode", "features", "features, n-grams", "model", "document"
LINES = "lines"
#: Pages that an extractor reads before the next one has its turn.
_RUN = 10


def main() -> None:
    """Measure and write the record."""
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=3, help="how often each page is timed; the fastest counts")
    options.add_argument("--peers", nargs="*", default=list(PEERS), choices=list(PEERS), metavar="NAME")
    options.add_argument("--batch", type=int, default=30, help="pages of one classify_many")
    options.add_argument("--articles", type=int, default=10_000, help="texts of 40 lines")
    arguments = options.parse_args()
    samples = draw(arguments.corpus, arguments.pages)
    findings = _pages(samples, arguments) | {"text": _texts(articles(samples, arguments.articles))}
    peers = {PEERS[name].distribution for name in arguments.peers}
    print(write("speed", arguments, findings, peers=sorted(peers)))


def _pages(samples: Sequence[Sample], arguments: argparse.Namespace) -> dict[str, Any]:
    classifier = Classifier()
    peers, missing = select_peers(arguments.peers)
    extractors = {peer.name: peer.extract for peer in peers}

    def tasks(sample: Sample) -> dict[str, Task]:
        own = page_tasks(sample, classifier) | stage_tasks(sample)
        return own | {
            name: partial(run_peer, call, sample.markup, sample.language) for name, call in extractors.items()
        }

    time_run([tasks(samples[0])], 0)  # what loads when first used
    rounds, batches = [], []
    for number in range(arguments.rounds):
        rounds.append(time_pages(samples, tasks, number))
        batches.append(time_batches(samples, classifier, arguments.batch))
    best = {name: np.min([each[name] for each in rounds], axis=0) for name in rounds[0]}
    many = np.min(batches, axis=0)
    return {
        "pages": len(samples),
        "rounds": arguments.rounds,
        "characters": sum(len(sample.markup) for sample in samples),
        "missing": missing,
        "milliseconds": {name: _spread(times) for name, times in best.items()} | {MANY: _mean(many, len(samples))},
        "ratios": _ratios(best, many, [peer.name for peer in peers], arguments.batch),
    }


def page_tasks(sample: Sample, classifier: Classifier) -> dict[str, Task]:
    """Return the ways to classify one page."""
    soup = BeautifulSoup(sample.markup, "lxml")
    return {
        NEWSFILTER: lambda: classifier.classify(sample.markup, input="html").text(),
        SOUP_GIVEN: lambda: classifier.classify(soup).text(),
        SOUP_BUILT: lambda: classifier.classify(BeautifulSoup(sample.markup, "lxml")).text(),
    }


def stage_tasks(sample: Sample) -> dict[str, Task]:
    """Return the stages of classifying one page; the first blocks, and each of the model's, hold those before."""
    model = shipped_model()
    markup, data = sample.markup, sample.markup.encode("utf-8", "replace")

    def blocks() -> Any:
        return blocks_from_walk(walk_markup(markup), max_blocks=10**6)

    page = blocks()
    stages: dict[str, Task] = {
        DECODE: partial(decode, data),
        PARSE: partial(LexborHTMLParser, markup),
        WALK: lambda: walk_markup(markup)(_Deaf()),
        BLOCKS: blocks,
    }
    if len(page):
        layout = lay_out(page, page.elements) if page.elements else None
        probabilities = model.probabilities(page)

        def document() -> Document:
            columns = decide(probabilities, page.sizes)
            return to_document(page, probabilities, columns, confidence=model.confidence(page, probabilities, columns))

        stages |= {
            FEATURES: partial(feature_table, page, model.tables, layout),
            INPUTS: partial(model.inputs, [page], [layout]),
            NETWORKS: partial(model.probabilities, page),
            DOCUMENT: lambda: document().text(),
            LINES: lambda: document().lines,
        }
    return stages


class _Deaf:
    """A visitor that does nothing with what it is told."""

    def open(self, tag: str, attributes: Attributes) -> None:
        pass

    def close(self) -> None:
        pass

    def text(self, data: str) -> None:
        pass

    def ld_json(self, data: str) -> None:
        pass

    def hidden(self, size: int) -> None:
        pass


def time_pages(samples: Sequence[Sample], tasks: Callable[[Sample], Mapping[str, Task]], seed: int) -> dict[str, Times]:
    """Return the seconds of each task on each page; 0 where a page has nothing for it to do."""
    rows = []
    for start in range(0, len(samples), _RUN):
        rows += time_run([tasks(sample) for sample in samples[start : start + _RUN]], seed * len(samples) + start)
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: np.array([row.get(name, 0.0) for row in rows]) for name in names}


def time_run(run: Sequence[Mapping[str, Task]], seed: int) -> list[dict[str, float]]:
    """Return the seconds of each task of each page, one kind after the other.

    The kinds come in a random order: what runs after its like finds its code in the cache, so none may always do.
    """
    names = list(dict.fromkeys(name for tasks in run for name in tasks))
    random.Random(seed).shuffle(names)
    rows: list[dict[str, float]] = [{} for _ in run]
    gc.collect()
    gc.freeze()  # what the tasks hold is not looked through while one of them runs
    for name in names:
        gc.collect()
        for row, tasks in zip(rows, run, strict=True):
            if name in tasks:
                row[name] = timed(tasks[name])
    gc.unfreeze()
    return rows


def time_batches(samples: Sequence[Sample], classifier: Classifier, size: int) -> Times:
    """Return the seconds of `classify_many` on each run of `size` pages."""
    starts = range(0, len(samples), size)
    runs = [[sample.markup for sample in samples[start : start + size]] for start in starts]
    gc.collect()
    return np.array([timed(partial(_drain, classifier, run, "html")) for run in runs])


def timed(task: Task) -> float:
    """Return the seconds that `task` takes."""
    start = process_time()
    task()
    return process_time() - start


def _texts(texts: Sequence[str]) -> dict[str, float]:
    """Return how many articles a second go through, one by one and together."""
    classifier = Classifier()
    classifier.classify(texts[0], input="text")

    def one_by_one() -> None:
        for text in texts:
            classifier.classify(text, input="text").text()

    return {
        "articles": len(texts),
        "characters": sum(map(len, texts)),
        "a_second": len(texts) / timed(one_by_one),
        "a_second_many": len(texts) / timed(partial(_drain, classifier, texts, "text")),
    }


def _drain(classifier: Classifier, sources: Sequence[str], kind: Literal["html", "text"]) -> None:
    deque((document.text() for document in classifier.classify_many(sources, input=kind)), maxlen=0)


def _ratios(best: Mapping[str, Times], many: Times, peers: Sequence[str], batch: int) -> dict[str, dict[str, float]]:
    own = best[NEWSFILTER]
    ratios = {f"{NEWSFILTER} / {BLOCKS}": ratio(own, best[BLOCKS])}
    for name in (SOUP_GIVEN, SOUP_BUILT):
        ratios[f"{name} / {NEWSFILTER}"] = ratio(best[name], own)
    for name in (NEWSFILTER, *peers):
        starts = np.arange(0, len(own), batch)
        ratios[f"{MANY} / {name}"] = ratio(many, np.add.reduceat(best[name], starts))
    for name in peers:
        ratios[f"{NEWSFILTER} / {name}"] = ratio(own, best[name])
    return ratios


def _spread(times: Times) -> dict[str, float]:
    low, median, high = np.percentile(times, (5, 50, 95))
    return _mean(times, len(times)) | {"p5": 1e3 * low, "median": 1e3 * median, "p95": 1e3 * high}


def _mean(times: Times, n_pages: int) -> dict[str, float]:
    return {"mean": 1e3 * times.sum() / n_pages}


if __name__ == "__main__":
    main()
