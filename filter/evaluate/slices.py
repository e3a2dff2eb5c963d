"""Pages that are reported together, and every system's scores on them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from filter.corpora.pages import PageRecord
from filter.evaluate.bootstrap import Interval, interval
from filter.evaluate.evaluation import Slice, SliceScores, System
from filter.evaluate.scores import Table, metric_values

#: Languages of fewer pages than this are reported together.
_MIN_LANGUAGE_PAGES = 5


def slices_of(pages: Sequence[PageRecord]) -> list[Slice]:
    """Return the pages by source, by kind where a source has several, and by language."""
    kinds_of: dict[str, set[str]] = defaultdict(set)
    for page in pages:
        kinds_of[page.source].add(page.kind)
    kinds = [f"{page.source}/{page.kind}" if len(kinds_of[page.source]) > 1 else "" for page in pages]
    return [
        *_grouped("source", [page.source for page in pages]),
        *_grouped("kind", kinds),
        *_grouped("language", _languages(pages)),
    ]


def _languages(pages: Sequence[PageRecord]) -> list[str]:
    tags = [(page.lang or "").replace("_", "-").partition("-")[0].strip().lower() or "unknown" for page in pages]
    counts = Counter(tags)
    return [tag if counts[tag] >= _MIN_LANGUAGE_PAGES else "other" for tag in tags]


def _grouped(by: str, names: Sequence[str]) -> list[Slice]:
    """Return a slice for each name but the empty one, in order of name."""
    array = np.array(names)
    return [Slice(by, name, np.flatnonzero(array == name)) for name in sorted(set(names)) if name]


def score_slice(part: Slice, systems: Sequence[System], ours: Sequence[str], weights: Table) -> SliceScores:
    """Return the metrics of each system on the pages of `part`.

    Parameters
    ----------
    part : Slice
    systems : sequence of System
    ours : sequence of str
        Names of the systems whose differences to all others are wanted.
    weights : ndarray of shape (n_weightings, n_pages of the slice)
        See `filter.evaluate.bootstrap.resample`.
    """
    values = {system.name: metric_values(system.table[part.indices], weights) for system in systems}
    return SliceScores(
        by=part.by,
        name=part.name,
        n_pages=len(part.indices),
        metrics={name: {each: interval(value) for each, value in own.items()} for name, own in values.items()},
        differences={
            own: {name: _differences(values[own], other) for name, other in values.items() if name != own}
            for own in ours
        },
    )


def _differences(ours: Mapping[str, Table], other: Mapping[str, Table]) -> dict[str, Interval]:
    """Return by how much `ours` is above `other` in each metric, pages paired."""
    return {name: interval(value - other[name]) for name, value in ours.items() if name in other}
