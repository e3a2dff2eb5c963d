"""The pages that are measured: of corpora given on the command line, or else the repository's own."""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from filter.blocks import blocks_from_walk
from filter.corpora.pages import read_pages
from filter.tree import walk_markup

ROOT = Path(__file__).parent.parent
LINES = 40
_MAX_BLOCKS = 10**6


class Sample(NamedTuple):
    """A page: its name, decoded markup, and language where it is known."""

    name: str
    markup: str
    language: str | None = None


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return a parser that knows the options of every measurement."""
    result = argparse.ArgumentParser(description=(description or "").partition("\n")[0])
    result.add_argument("--corpus", type=Path, nargs="+", default=[], metavar="FILE", help="Parquet files of pages")
    result.add_argument("--pages", type=int, default=300, help="how many pages to draw")
    result.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results", metavar="DIR")
    return result


def draw(corpus: Sequence[Path], n_pages: int, *, seed: int = 0) -> list[Sample]:
    """Return `n_pages` of the corpora, drawn without bias and always the same; all if there are fewer."""
    samples = list(_corpus_samples(corpus) if corpus else _own_samples())
    if len(samples) <= n_pages:
        return samples
    return random.Random(seed).sample(samples, n_pages)


def articles(samples: Sequence[Sample], n_articles: int) -> list[str]:
    """Return texts of 40 lines each: runs of lines that follow each other on the pages, repeated where they end."""
    lines: list[str] = []
    for sample in samples:
        lines += blocks_from_walk(walk_markup(sample.markup), max_blocks=_MAX_BLOCKS).texts
    return list(islice(_runs(lines), n_articles))


def _runs(lines: Sequence[str]) -> Iterator[str]:
    ring = [*lines, *lines[:LINES]]
    start = 0
    while True:
        yield "\n".join(ring[start : start + LINES])
        start = (start + LINES) % len(lines)


def _corpus_samples(corpus: Sequence[Path]) -> Iterator[Sample]:
    for record in read_pages(corpus):
        yield Sample(record.id, record.html, record.lang)


def _own_samples() -> Iterator[Sample]:
    for path in sorted([*ROOT.glob("examples/*.html"), *ROOT.glob("tests/pages/*/page.html")]):
        name = path.parent.name if path.name == "page.html" else path.stem
        yield Sample(name, path.read_text("utf-8"))
