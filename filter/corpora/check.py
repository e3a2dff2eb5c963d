"""Is a set of labelled lines fit to train on? Schema, repetition, pairs, folds and counts."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from filter.corpora.lines import (
    LineDocument,
    assign_folds,
    group_documents,
    near_duplicates,
    parse_document,
    read_rows,
)
from filter.errors import CorpusError
from filter.labels import LABELS, Label
from filter.text import squeeze

#: A phrase that stands in more documents is learnt by heart, not by what it says.
MAX_DOCUMENTS_OF_A_LINE = 3


class Tally(NamedTuple):
    """How much there is of something."""

    documents: int
    lines: int
    labels: int
    pairs: int


class Repetition(NamedTuple):
    """Pairs of lines that repeat each other; lines of one hard pair are not counted."""

    within: int
    across: int


@dataclass(frozen=True, slots=True)
class Report:
    """What `check` found.

    Attributes
    ----------
    total : Tally
    languages, genres : mapping of str to Tally
    labels : mapping of Label to int
        Lines of each label.
    exact, near : Repetition
        Lines that are the same but for case and spaces, of any length; near-duplicates, exact ones of
        some length among them (see `filter.corpora.lines.near_duplicates`).
    groups : tuple of int
        Documents in each group that must stay in one fold, largest first.
    folds : tuple of int
        Documents in each fold.
    leaks : int
        Near-duplicates and hard pairs that are divided between folds.
    violations : tuple of str
        What must be mended, each with its place; empty for sound data.
    """

    total: Tally
    languages: Mapping[str, Tally]
    genres: Mapping[str, Tally]
    labels: Mapping[Label, int]
    exact: Repetition
    near: Repetition
    groups: tuple[int, ...]
    folds: tuple[int, ...]
    leaks: int
    violations: tuple[str, ...]

    def table(self) -> str:
        """Return the report as lines of text, violations last."""
        return "\n".join([*self._counts(), "", *self._quality(), "", *self._verdict()])

    def _counts(self) -> Iterator[str]:
        yield f"{'':<14}{'documents':>10}{'lines':>8}{'labels':>8}{'pairs':>7}"
        yield _row("all", self.total)
        for title, tallies in (("language", self.languages), ("genre", self.genres)):
            yield f"\n{title}"
            yield from (_row(name, tallies[name]) for name in sorted(tallies))
        yield "\nlabel"
        lines = max(self.total.lines, 1)
        yield from (f"{label:<14}{count:>18}{count / lines:>8.1%}" for label, count in self.labels.items())

    def _quality(self) -> Iterator[str]:
        yield f"exact repeats      {self.exact.within} within documents, {self.exact.across} across"
        yield f"near-duplicates    {self.near.within} within documents, {self.near.across} across"
        largest = ", ".join(map(str, self.groups[:5]))
        yield f"groups             {len(self.groups)}, the largest of {largest or 0} documents"
        yield f"folds              {', '.join(map(str, self.folds))} documents, {self.leaks} leaks"

    def _verdict(self) -> Iterator[str]:
        yield f"{len(self.violations)} violations"
        yield from self.violations


def _row(name: str, tally: Tally) -> str:
    return f"{name:<14}{tally.documents:>10}{tally.lines:>8}{tally.labels:>8}{tally.pairs:>7}"


def check(paths: Iterable[Path]) -> Report:
    """Return the report on the labelled lines in `paths` (files or folders, as for `read_lines`).

    Rows that break the schema are violations, and are left out of the counts.

    Raises
    ------
    CorpusError
        A path does not exist or is no text.
    """
    violations: list[str] = []
    documents = _sound_documents(paths, violations)
    near = _near_repeats(documents)
    groups = group_documents(documents)
    folds: list[int] = assign_folds(documents, groups).tolist()
    leaks = [*_divided_lines(documents, near, folds), *_divided_pairs(documents, folds)]
    violations += [*_overused(documents), *_broken_pairs(documents), *leaks]
    return Report(
        total=_tally(documents),
        languages=_tallies(documents, lambda document: document.lang),
        genres=_tallies(documents, lambda document: document.genre),
        labels=_labels(documents),
        exact=_exact_repeats(documents),
        near=_repetition(near),
        groups=tuple(sorted(Counter(groups.tolist()).values(), reverse=True)),
        folds=tuple(count for _, count in sorted(Counter(folds).items())),
        leaks=len(leaks),
        violations=tuple(violations),
    )


def _sound_documents(paths: Iterable[Path], violations: list[str]) -> list[LineDocument]:
    documents: dict[str, LineDocument] = {}
    for row in read_rows(paths):
        try:
            document = parse_document(row)
        except CorpusError as error:
            violations.append(str(error))
            continue
        if document.id in documents:
            violations.append(f"{row.source}: second document with id {document.id!r}")
        documents.setdefault(document.id, document)
    return list(documents.values())


def _tally(documents: Sequence[LineDocument]) -> Tally:
    lines = [line for document in documents for line in document.lines]
    return Tally(
        documents=len(documents),
        lines=len(lines),
        labels=len({line.label for line in lines}),
        pairs=len({line.pair for line in lines if line.pair}),
    )


def _tallies(documents: Iterable[LineDocument], key: Callable[[LineDocument], str]) -> Mapping[str, Tally]:
    parts: defaultdict[str, list[LineDocument]] = defaultdict(list)
    for document in documents:
        parts[key(document)].append(document)
    return {name: _tally(part) for name, part in parts.items()}


def _labels(documents: Iterable[LineDocument]) -> Mapping[Label, int]:
    counts = Counter(line.label for document in documents for line in document.lines)
    return {label: counts[label] for label in LABELS}


def _places(documents: Iterable[LineDocument]) -> Mapping[str, list[str]]:
    """Return the ids of the documents of each line, one for each time it stands there."""
    places: defaultdict[str, list[str]] = defaultdict(list)
    for document in documents:
        for line in document.lines:
            places[squeeze(line.text).casefold()].append(document.id)
    return places


def _exact_repeats(documents: Iterable[LineDocument]) -> Repetition:
    # A line of a hard pair is meant to be repeated.
    free = [
        LineDocument(document.id, document.lang, document.genre, tuple(ln for ln in document.lines if not ln.pair))
        for document in documents
    ]
    repeats = [ids for ids in _places(free).values() if len(ids) > 1]
    within = sum(len(ids) - len(set(ids)) for ids in repeats)
    return Repetition(within, sum(len(set(ids)) - 1 for ids in repeats))


def _near_repeats(documents: Sequence[LineDocument]) -> list[tuple[int, int]]:
    """Return the near-duplicates outside hard pairs, as numbers of documents."""
    owners = [number for number, document in enumerate(documents) for _ in document.lines]
    lines = [line for document in documents for line in document.lines]
    return [
        (owners[one], owners[other])
        for one, other in near_duplicates([line.text for line in lines])
        if not lines[one].pair or lines[one].pair != lines[other].pair
    ]


def _repetition(repeats: Sequence[tuple[int, int]]) -> Repetition:
    within = sum(one == other for one, other in repeats)
    return Repetition(within, len(repeats) - within)


def _overused(documents: Iterable[LineDocument]) -> Iterator[str]:
    for text, ids in _places(documents).items():
        if len(set(ids)) > MAX_DOCUMENTS_OF_A_LINE:
            yield f"{text!r} is in {len(set(ids))} documents: {', '.join(sorted(set(ids)))}"


def _pair_lines(documents: Iterable[LineDocument]) -> Mapping[str, list[tuple[int, Label]]]:
    pairs: defaultdict[str, list[tuple[int, Label]]] = defaultdict(list)
    for number, document in enumerate(documents):
        for line in document.lines:
            if line.pair:
                pairs[line.pair].append((number, line.label))
    return pairs


def _broken_pairs(documents: Sequence[LineDocument]) -> Iterator[str]:
    for name, lines in _pair_lines(documents).items():
        labels = [label for _, label in lines]
        if len(labels) != 2 or labels[0] == labels[1]:
            where = ", ".join(sorted({documents[number].id for number, _ in lines}))
            yield f"pair {name!r} has the labels {', '.join(labels)}, not two different ones: {where}"


def _divided_lines(
    documents: Sequence[LineDocument], near: Iterable[tuple[int, int]], folds: Sequence[int]
) -> Iterator[str]:
    for one, other in near:
        if folds[one] != folds[other]:
            yield f"near-duplicate lines in two folds: {documents[one].id}, {documents[other].id}"


def _divided_pairs(documents: Sequence[LineDocument], folds: Sequence[int]) -> Iterator[str]:
    for name, lines in _pair_lines(documents).items():
        if len({folds[number] for number, _ in lines}) > 1:
            yield f"pair {name!r} in two folds: {', '.join(documents[number].id for number, _ in lines)}"
