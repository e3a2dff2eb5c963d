"""Labelled lines: one JSON object a document, one document a line of a ``.jsonl`` file.

::

    {"id": "en1-brief-003", "lang": "en", "genre": "brief",
     "lines": [{"text": "Swan halts trains", "label": "title"},
               {"text": "More local news", "label": "related", "pair": "en1-p017"}]}

Two lines of one ``pair`` are near-identical and differ in label, because only the place tells.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from unicodedata import east_asian_width

import numpy as np
from numpy.typing import NDArray

from filter.errors import CorpusError
from filter.labels import LABELS, Label
from filter.text import squeeze

#: Jaccard similarity of the character shingles from which two lines count as one.
SIMILARITY = 0.8
#: Columns on screen (a Chinese letter takes two). What is shorter is common property ("Share", "Related
#: stories") and would tie most documents of a language into one group.
MIN_COLUMNS = 25
_SHINGLE = 4
_LANG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?")
_GENRE = re.compile(r"[a-z][a-z-]*")


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """A line of a document with its label.

    Attributes
    ----------
    text : str
        Not blank, no line break, no space at the ends.
    label : Label
    pair : str or None
        Name of the hard pair the line belongs to.
    """

    text: str
    label: Label
    pair: str | None = None


@dataclass(frozen=True, slots=True)
class LineDocument:
    """A page as a scraper hands it over, labelled.

    Attributes
    ----------
    id : str
    lang : str
        BCP 47: language, with script where there are two (``zh-Hant``).
    genre : str
    lines : tuple of LabelledLine
        At least one.
    """

    id: str
    lang: str
    genre: str
    lines: tuple[LabelledLine, ...]


class Row(NamedTuple):
    """A row of a file, unparsed, with its place as ``path:number``."""

    source: str
    text: str


def read_lines(paths: Iterable[Path]) -> tuple[LineDocument, ...]:
    """Return the documents of the files, and of the ``.jsonl`` files in the folders, named in `paths`.

    Raises
    ------
    CorpusError
        A path does not exist, a row breaks the schema, or two documents share an id.
    """
    documents: dict[str, LineDocument] = {}
    for row in read_rows(paths):
        document = parse_document(row)
        if document.id in documents:
            raise CorpusError(f"second document with id {document.id!r}", source=row.source)
        documents[document.id] = document
    return tuple(documents.values())


def read_rows(paths: Iterable[Path]) -> Iterator[Row]:
    """Yield the non-blank rows of all files, folders in order of file name.

    Raises
    ------
    CorpusError
        A path does not exist or holds no text.
    """
    for path in paths:
        if not path.exists():
            raise CorpusError("no such file or folder", source=str(path))
        for file in sorted(path.rglob("*.jsonl")) if path.is_dir() else [path]:
            yield from _rows_of(file)


def _rows_of(file: Path) -> Iterator[Row]:
    try:
        with file.open(encoding="utf-8") as stream:
            for number, text in enumerate(stream, 1):
                if text.strip():
                    yield Row(f"{file}:{number}", text)
    except UnicodeDecodeError:
        raise CorpusError("not UTF-8", source=str(file)) from None


def parse_document(row: Row) -> LineDocument:
    """Return the document that a row holds.

    Raises
    ------
    CorpusError
        The row breaks the schema; `source` says where.
    """
    try:
        return _document(json.loads(row.text))
    except json.JSONDecodeError as error:
        raise CorpusError(f"no JSON: {error.msg}", source=row.source) from None
    except CorpusError as error:
        raise error.at(row.source) from None


def _document(record: object) -> LineDocument:
    fields = _fields(record, {"id", "lang", "genre", "lines"}, "document")
    rows = fields["lines"]
    if not isinstance(rows, list) or not rows:
        raise CorpusError("lines is no list, or an empty one")
    return LineDocument(
        id=_string(fields["id"], "id"),
        lang=_string(fields["lang"], "lang", _LANG),
        genre=_string(fields["genre"], "genre", _GENRE),
        lines=tuple(_line(row, number) for number, row in enumerate(rows, 1)),
    )


def _line(record: object, number: int) -> LabelledLine:
    where = f"line {number}"
    fields = _fields(record, {"text", "label"}, where, optional={"pair"})
    text = _string(fields["text"], f"text of {where}")
    if text != text.strip() or "\n" in text or "\r" in text:
        raise CorpusError(f"text of {where} has a line break, or spaces at its ends")
    if fields["label"] not in LABELS:
        raise CorpusError(f"label of {where} is {fields['label']!r}")
    pair = _string(fields["pair"], f"pair of {where}") if "pair" in fields else None
    return LabelledLine(text, Label(str(fields["label"])), pair)


def _fields(record: object, required: set[str], name: str, optional: Iterable[str] = ()) -> Mapping[str, object]:
    if not isinstance(record, dict):
        raise CorpusError(f"{name} is no object")
    missing, unknown = required - record.keys(), record.keys() - required - set(optional)
    if missing or unknown:
        raise CorpusError(f"{name} lacks {sorted(missing)}, has unknown {sorted(unknown)}")
    return record


def _string(value: object, name: str, pattern: re.Pattern[str] | None = None) -> str:
    if not isinstance(value, str) or not value.strip():
        raise CorpusError(f"{name} is no text, or blank")
    if pattern and not pattern.fullmatch(value):
        raise CorpusError(f"{name} is {value!r}")
    return value


def assign_folds(documents: Sequence[LineDocument], groups: NDArray[np.int64], *, count: int = 5) -> NDArray[np.int64]:
    """Return the fold of each document, in ``0 … count - 1``; a group is never divided.

    Groups (see `group_documents`) are dealt out from the largest, each to the fold that has the fewest
    lines of its language, so that every fold sees every language.
    """
    lines: Counter[tuple[int, str]] = Counter()
    totals: Counter[int] = Counter()
    folds = np.zeros(len(documents), np.int64)
    members: list[list[int]] = [np.flatnonzero(groups == group).tolist() for group in np.unique(groups)]
    for group in sorted(members, key=len, reverse=True):
        lang = documents[group[0]].lang
        fold = min(range(count), key=lambda fold: (lines[fold, lang], totals[fold]))
        folds[group] = fold
        size = sum(len(documents[index].lines) for index in group)
        lines[fold, lang] += size
        totals[fold] += size
    return folds


def group_documents(documents: Sequence[LineDocument]) -> NDArray[np.int64]:
    """Return the group of each document, shape (n_documents,), numbered from 0 in order of appearance.

    Documents that share a near-duplicate line (see `near_duplicates`) or a hard pair are in one group.
    """
    owners = [index for index, document in enumerate(documents) for _ in document.lines]
    lines = [line for document in documents for line in document.lines]
    links = [(owners[one], owners[other]) for one, other in near_duplicates([line.text for line in lines])]
    pairs: dict[str, int] = {}
    for owner, line in zip(owners, lines, strict=True):
        if line.pair:
            links.append((pairs.setdefault(line.pair, owner), owner))
    return _components(len(documents), links)


def _components(count: int, links: Iterable[tuple[int, int]]) -> NDArray[np.int64]:
    parents = list(range(count))

    def root(node: int) -> int:
        while parents[node] != node:
            parents[node] = node = parents[parents[node]]
        return node

    for one, other in links:
        low, high = sorted((root(one), root(other)))
        parents[high] = low
    return np.unique([root(node) for node in range(count)], return_inverse=True)[1].astype(np.int64)


def near_duplicates(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Return the pairs ``(i, j)``, ``i < j``, of texts that are near-duplicates of each other.

    Texts of at least `MIN_COLUMNS` columns whose sets of 4-character shingles, in lower case, have a
    Jaccard similarity of at least `SIMILARITY`. The search is exact.

    References
    ----------
    Prefix filter: Bayardo, Ma, Srikant 2007, https://doi.org/10.1145/1242572.1242591.
    """
    sets = {index: _shingles(text) for index, text in enumerate(texts) if columns(text) >= MIN_COLUMNS}
    frequency = Counter(shingle for shingles in sets.values() for shingle in shingles)
    index: defaultdict[str, list[int]] = defaultdict(list)
    found = []
    for number, shingles in sets.items():
        # Two sets so similar must share one of their rarest shingles, this many of each.
        rarest = sorted(shingles, key=lambda shingle: (frequency[shingle], shingle))
        prefix = rarest[: len(rarest) - int(np.ceil(SIMILARITY * len(rarest))) + 1]
        candidates = sorted({other for shingle in prefix for other in index[shingle]})
        found += [(other, number) for other in candidates if _jaccard(sets[other], shingles) >= SIMILARITY]
        for shingle in prefix:
            index[shingle].append(number)
    return found


def columns(text: str) -> int:
    """Return the columns that `text` takes on a screen: two for each wide letter, one for others."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in text)


def _shingles(text: str) -> frozenset[str]:
    folded = squeeze(text).casefold()
    return frozenset(folded[start : start + _SHINGLE] for start in range(max(1, len(folded) - _SHINGLE + 1)))


def _jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)
