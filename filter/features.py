"""The blocks of a page as a table of numbers, one row a block.

Every column has a name; `schema` is a digest of names and order, so that a model is never fed a table
it was not trained on. A value that the page cannot give (words of a title that it does not have) is NaN; plain text has
the columns of text, position and vocabulary only.

References
----------
Shallow text features and link density: Kohlschütter et al. 2010,
https://doi.org/10.1145/1718487.1718542. Text share of ancestors: Sun et al. 2011,
https://doi.org/10.1145/2009916.2009952.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, repeat
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from filter.blocks import LONG, Elements, Head, Page, is_running
from filter.characters import N_CLASSES, CharClass, CharTables, code_points, look_up, starts_of
from filter.layout import DEPTH, Layout, lay_out
from filter.metadata import NAMES as METADATA
from filter.metadata import metadata
from filter.ngrams import pairs_of, slots_of, word_hashes_of
from filter.text import squeeze

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Doubles = NDArray[np.float64]
Hashes = NDArray[np.uint32]

#: Of a longer block only the beginning is measured: it is long, whatever follows.
MAX_CHARS = 50_000
#: So many characters are looked at in one call: the arrays that are made of them stay in the cache.
_RUN_CHARS = 1 << 18
#: Tags whose nearness above a block tells its part of the page.
LANDMARKS = (
    "article main section aside header footer nav figure figcaption ul ol li table form blockquote p h1 h2 h3 "
    "h4 h5 h6 a button time span div dl label address pre center".split()
)
_LANDMARK_NUMBERS = {tag: number for number, tag in enumerate(LANDMARKS)}
#: Characters that say something by themselves.
MARKS = "©@#%:?$€|/("
_LEVELS = (1, 2, 3, 5)
#: Share of the running text that the centre holds.
_CENTRE = 0.75
_WINDOWS = (2, 5, 10)
_VOCABULARY_BITS = 13
#: Blocks at the top of a page, where its own name and that of the story are.
_TOP = 3
#: Title, description and body of the page's head.
_N_REFERENCES = 3
#: The ``h1`` is the block's element, or one of the next two above.
_IN_H1 = 1 / 3
_ENDS = tuple(CharClass[name] for name in "COMMA DIGIT SEPARATOR QUOTE SYMBOL".split())
_BEGINS = tuple(CharClass[name] for name in "LOWER UPPER DIGIT QUOTE SEPARATOR DASH SYMBOL PUNCT".split())
# As numpy takes them without asking what an enumeration is.
_STOP, _QUOTE, _PUNCT, _UPPER = map(np.uint8, (CharClass.STOP, CharClass.QUOTE, CharClass.PUNCT, CharClass.UPPER))
_END_CLASSES, _BEGIN_CLASSES = (np.array(kinds, np.uint8)[:, None] for kinds in (_ENDS, _BEGINS))
_LETTERS = np.array((CharClass.LOWER, CharClass.UPPER, CharClass.UNCASED, CharClass.UNSPACED))


#: Names of the columns, by family and in order.
_FAMILIES = {
    "text": (
        *"log_chars log_words word_length upper_of_letters upper_per_word log_stops log_commas words_per_stop".split(),
        *(f"log_{mark}" for mark in MARKS),
        *(f"share_{member.name.lower()}" for member in CharClass),
        *(f"ends_{member.name.lower()}" for member in (CharClass.STOP, *_ENDS)),
        *(f"begins_{member.name.lower()}" for member in _BEGINS),
    ),
    "position": (
        *"repeats log_blocks log_page_chars position log_index log_from_end chars_before log_chars_before".split(),
        *"log_chars_after long_share since_first_long since_last_long to_long_before to_long_after".split(),
        *(f"long_chars_{width}" for width in _WINDOWS),
        "short_run",
    ),
    "vocabulary": ("shared_words", "common_words", "mean_log_long_count", "page_words", "top_overlap"),
    "head": ("title_words", "title_cover", "title_equal", "description_words", "description_cover", "article_body"),
    "markup": ("link_density", "strong_density", "log_links", "log_media", "log_controls"),
    "landmarks": (*(f"near_{tag}" for tag in LANDMARKS), "depth"),
    "ancestors": tuple(
        f"up{level}_{what}"
        for level in _LEVELS
        for what in ("chars", "links", "good", "good_share", "blocks", "mean", "place")
    ),
    "centre": tuple(
        f"centre_{what}"
        for what in (
            *("inside", "steps", "offset", "through", "branch_chars", "branch_links", "branch_good"),
            *("branch_blocks", "branch_mean", "share"),
        )
    ),
    "headline": tuple(f"headline_{what}" for what in ("offset", "steps", "blocks", "place", "rivals", "article")),
    "metadata": METADATA,
}
_NAMES = tuple(name for family in _FAMILIES.values() for name in family)
_PLACES = {name: number for number, name in enumerate(_NAMES)}
#: Which columns of the text family are marks, shares, the stop, the other ends, the beginnings; eight stand before.
_TEXT_PARTS = [
    slice(start, end) for start, end in pairwise(accumulate((8, len(MARKS), N_CLASSES, 1, len(_ENDS), len(_BEGINS))))
]
_PARTS = {family: slice(_PLACES[own[0]], _PLACES[own[-1]] + 1) for family, own in _FAMILIES.items()}
#: Columns that plain text has: all up to those of the head and of the markup.
N_PLAIN = _PARTS["vocabulary"].stop
#: Columns that go in as signed logarithms of one plus what is counted.
_LOGARITHMS = np.array(
    [
        _PLACES[name]
        for own in _FAMILIES.values()
        for name in own
        if re.fullmatch(
            "(meta_)?log_.+|words_per_stop|repeats|(since|to)_.*long.*|long_chars.*|short_run|up._(blocks|mean)"
            "|centre_(offset|branch_blocks|branch_mean)|headline_(offset|blocks|rivals)",
            name,
        )
    ]
)
#: Number of each mark by code point; 0 for what is none.
_MARK_NUMBERS = np.zeros(max(map(ord, MARKS)) + 2, np.uint8)
_MARK_NUMBERS[list(map(ord, MARKS))] = np.arange(1, len(MARKS) + 1)


def names() -> tuple[str, ...]:
    """Return the names of the columns, in order."""
    return _NAMES


def schema() -> str:
    """Return a digest of the column names and their order."""
    return hashlib.sha256("\n".join(names()).encode()).hexdigest()[:16]


class _Letters(NamedTuple):
    """Counts of the letters of blocks; arrays of length n_blocks unless stated otherwise."""

    chars: Floats
    counts: Floats  # (N_CLASSES, n_blocks)
    marks: Ints  # (len(MARKS), n_blocks)
    first_class: NDArray[np.uint8]
    last_class: NDArray[np.uint8]
    last_but_one: NDArray[np.uint8]
    n_words: Floats


@dataclass(frozen=True, slots=True)
class _Text:
    """What several features of one page share; arrays of length n_blocks unless stated otherwise."""

    chars: Floats
    last_class: NDArray[np.uint8]
    n_words: Floats
    words: Hashes  # (n_page_words,)
    slots: Ints  # (n_page_words,)
    rows: Ints  # (n_page_words,)
    references: Sequence[Hashes]  # words of each of the references

    def sums(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the sum of a value of each word over each block."""
        return np.bincount(self.rows, values, len(self.chars))

    def means(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return the mean of a value of each word over each block; 0 where it has no words."""
        return self.sums(values) / np.maximum(self.n_words, 1)


def feature_table(page: Page, tables: CharTables, layout: Layout | None = None) -> Floats:
    """Return the features of each block of one page; see `feature_tables`.

    Parameters
    ----------
    page : Page
    tables : CharTables
    layout : Layout, optional
        That of the page, if it is known already.
    """
    if page.elements and layout is None:
        layout = lay_out(page, page.elements)
    return feature_tables([page], tables, [layout])[0]


def feature_tables(pages: Sequence[Page], tables: CharTables, layouts: Sequence[Layout | None]) -> list[Floats]:
    """Return the features of the blocks of each page; the letters of all of them are looked at in one call.

    Parameters
    ----------
    pages : sequence of Page
    tables : CharTables
    layouts : sequence of Layout or None
        None for plain text.

    Returns
    -------
    list of ndarray of shape (n_blocks, len(names())), float32, or (n_blocks, N_PLAIN) for plain text
        NaN where the page cannot tell. Columns are contiguous, not rows: so they are written.
    """
    letters, texts = _measure(pages, tables)
    n_columns = len(_NAMES) if any(layouts) else N_PLAIN
    table = np.full((n_columns, len(letters.chars)), np.nan, np.float32)
    _fill_text(table[_PARTS["text"]], letters)
    parts = parts_of(pages)
    for page, text, layout, part in zip(pages, texts, layouts, parts, strict=True):
        if len(page):
            _fill_page(table[:, part], page, text, layout)
    logarithms = _LOGARITHMS[: np.searchsorted(_LOGARITHMS, n_columns)]
    table[logarithms] = signed_log(table[logarithms])
    return [table[: None if layout else N_PLAIN, part].T for layout, part in zip(layouts, parts, strict=True)]


def parts_of(pages: Sequence[Page]) -> list[slice]:
    """Return which rows are those of each page where the blocks of all stand one page after the other."""
    bounds = accumulate((len(page) for page in pages), initial=0)
    return [slice(start, end) for start, end in pairwise(bounds)]


def _fill_page(table: Floats, page: Page, text: _Text, layout: Layout | None) -> None:
    """Write what is measured page by page."""
    _fill_position(table[_PARTS["position"]], page.texts, text)
    _fill_vocabulary(table[_PARTS["vocabulary"]], text)
    if page.elements and layout:
        family = {name: table[part] for name, part in _PARTS.items()}
        _fill_head(family["head"], page, text)
        _fill_structure(family, page, page.elements, text, layout)
        _fill_headline(family["headline"], table, layout)
        family["metadata"][:] = np.array(metadata(page), np.float32)[:, None]


def _references(head: Head) -> tuple[str, str, str]:
    """Return what the page's head says of the article: title, description and body, each empty if it does not."""
    return (
        head.titles[0] if head.titles else "",
        head.descriptions[0] if head.descriptions else "",
        " ".join(article_bodies(head.ld_json)),
    )


def _measure(pages: Sequence[Page], tables: CharTables) -> tuple[_Letters, Iterator[_Text]]:
    """Return counts of the texts of all pages, and each page's words and those of its references."""
    texts = [text for page in pages for text in page.texts]
    if any(page.sizes.max(initial=0) > MAX_CHARS for page in pages):
        texts = [text[:MAX_CHARS] for text in texts]
    references = [reference for page in pages for reference in _references(page.head)]
    n_blocks, joined = len(texts), [*texts, *references]
    runs = [
        _read_letters(joined, slice(start, end), n_blocks, tables) for start, end in pairwise(_bounds_of_runs(joined))
    ]
    letters, words, rows = runs[0] if len(runs) == 1 else _together(runs)
    return letters, _texts(pages, letters, words, rows)


def _together(runs: Sequence[tuple[_Letters, Hashes, Ints]]) -> tuple[_Letters, Hashes, Ints]:
    """Return what several runs hold, one behind the other."""
    letters, words, rows = zip(*runs, strict=True)
    columns = (np.concatenate(parts, axis=-1) for parts in zip(*letters, strict=True))
    return _Letters(*columns), np.concatenate(words), np.concatenate(rows)


def _bounds_of_runs(texts: Sequence[str]) -> list[int]:
    """Return where to part texts so that no run has many more than `_RUN_CHARS`: what is made of it stays near."""
    runs = starts_of(texts, padding=0)[1:] // _RUN_CHARS
    return [0, *(np.flatnonzero(np.diff(runs)) + 1).tolist(), len(texts)]


def _read_letters(
    joined: Sequence[str], run: slice, n_blocks: int, tables: CharTables
) -> tuple[_Letters, Hashes, Ints]:
    """Return counts of the texts of a run, and the words of each; behind `n_blocks` texts there are words alone."""
    texts = joined[run]
    n_blocks = max(0, min(run.stop, n_blocks) - run.start)
    points = code_points("".join(texts))
    starts = starts_of(texts, padding=0)
    row = np.repeat(np.arange(len(texts)), np.diff(starts))
    classes = look_up(tables.classes, points)
    words, rows = word_hashes_of(look_up(tables.folded, points), classes, row)
    starts = starts[: n_blocks + 1]
    in_blocks, ends = slice(0, starts[-1]), starts[1:] - 1
    letters = _Letters(
        chars=np.diff(starts).astype(np.float32),
        counts=_count(classes[in_blocks], row[in_blocks], N_CLASSES, n_blocks).astype(np.float32),
        marks=_count_marks(points[in_blocks], row[in_blocks], n_blocks),
        first_class=classes[starts[:-1]],
        last_class=classes[ends],
        last_but_one=classes[np.maximum(ends - 1, starts[:-1])],
        n_words=np.bincount(rows, minlength=n_blocks)[:n_blocks].astype(np.float32),
    )
    return letters, words, rows + run.start


def _texts(pages: Sequence[Page], letters: _Letters, words: Hashes, rows: Ints) -> Iterator[_Text]:
    """Yield each page's share; its references are the rows behind those of all blocks."""
    first, n_blocks, slots = 0, len(letters.chars), slots_of(words, _VOCABULARY_BITS)
    for number, page in enumerate(pages):
        last, reference = first + len(page), n_blocks + number * _N_REFERENCES
        low, high, *bounds = np.searchsorted(rows, (first, last, *range(reference, reference + _N_REFERENCES + 1)))
        yield _Text(
            chars=letters.chars[first:last],
            last_class=letters.last_class[first:last],
            n_words=letters.n_words[first:last],
            words=words[low:high],
            slots=slots[low:high],
            rows=rows[low:high] - first,
            references=[words[start:end] for start, end in pairwise(bounds)],
        )
        first = last


def _count(kinds: NDArray[np.uint8], row: Ints, n_kinds: int, n_blocks: int) -> Ints:
    """Return how often each kind is in each block, shape (n_kinds, n_blocks)."""
    cells = np.bincount(kinds * np.int64(n_blocks) + row, minlength=n_kinds * n_blocks)
    return cells.reshape(n_kinds, n_blocks)


def _count_marks(points: NDArray[np.uint32], row: Ints, n_blocks: int) -> Ints:
    numbers = look_up(_MARK_NUMBERS, points)
    hits = np.flatnonzero(numbers > 0)
    return _count(numbers[hits] - np.uint8(1), row[hits], len(MARKS), n_blocks)


def _fill_text(out: Floats, text: _Letters) -> None:
    chars, words, word_length, upper_of_letters, upper_per_word, stops, commas, words_per_stop = out[:8]
    letters = text.counts.take(_LETTERS, axis=0).sum(axis=0)
    n_upper, n_stops = text.counts[_UPPER], text.counts[_STOP]
    at_least_one = np.maximum(text.n_words, 1)
    chars[:] = text.chars
    words[:] = text.n_words
    word_length[:] = letters / at_least_one
    upper_of_letters[:] = n_upper / np.maximum(letters, 1)
    upper_per_word[:] = n_upper / at_least_one
    stops[:] = n_stops
    commas[:] = text.counts[CharClass.COMMA]
    words_per_stop[:] = text.n_words / (1 + n_stops)
    marks, shares, (ends_stop,), ends, begins = (out[part] for part in _TEXT_PARTS)
    marks[:] = text.marks
    np.divide(text.counts, text.chars, out=shares)
    closed = (text.last_class == _QUOTE) | (text.last_class == _PUNCT)
    ends_stop[:] = (text.last_class == _STOP) | (closed & (text.last_but_one == _STOP))
    ends[:] = text.last_class == _END_CLASSES
    begins[:] = text.first_class == _BEGIN_CLASSES


def _fill_position(out: Floats, texts: Sequence[str], text: _Text) -> None:
    n_blocks = len(texts)
    repeats = Counter(texts)
    index = np.arange(n_blocks)
    before = np.cumsum(text.chars) - text.chars
    total = text.chars.sum()
    is_long = (text.chars >= LONG) & (text.last_class == _STOP)
    long_index = np.flatnonzero(is_long)
    if len(long_index) == 0:
        long_index = np.array([int(np.argmax(text.chars))])
    padded = np.concatenate(([-n_blocks], long_index, [2 * n_blocks]))
    columns = (
        np.fromiter(map(repeats.__getitem__, texts), np.float32, n_blocks) - 1,
        n_blocks,
        total,
        index / n_blocks,
        index,
        n_blocks - 1 - index,
        before / total,
        before,
        total - before - text.chars,
        np.count_nonzero(is_long) / n_blocks,
        index - long_index[0],
        index - long_index[-1],
        index - padded[np.searchsorted(long_index, index, side="left")],
        padded[np.searchsorted(long_index, index, side="right") + 1] - index,
        *_window_sums(text.chars * is_long),
        _run_length(~is_long),
    )
    for row, column in zip(out, columns, strict=True):
        row[:] = column


def _fill_vocabulary(out: Floats, text: _Text) -> None:
    """Write how far a block shares its words with the running text of the page, and with its top."""
    slots = text.slots
    in_long = (text.chars >= LONG)[text.rows]
    size = 1 << _VOCABULARY_BITS
    others = np.bincount(slots[in_long], minlength=size)[slots] - in_long
    on_page = np.bincount(slots, minlength=size)[slots]
    top = np.zeros(size, bool)
    top[slots[: np.searchsorted(text.rows, _TOP)]] = True
    out[0] = text.means(others > 0)
    out[1] = text.means(others > 0.004 * in_long.sum() + 2)
    out[2] = text.means(np.log(np.maximum(others, 0, dtype=np.float32) + 1))
    out[3] = text.means(np.log(on_page, dtype=np.float32))
    out[4] = text.means(top[slots])


def _fill_head(out: Floats, page: Page, text: _Text) -> None:
    """Write how a block compares with what the page's head says of the article."""
    title, description, body = text.references
    if page.head.titles:
        out[:2] = _cover(title, text)
        out[2] = _equals_a_title(page)
    if page.head.descriptions:
        out[3:5] = _cover(description, text)
    if len(body):
        out[5] = _pair_cover(body, text)


def _equals_a_title(page: Page) -> list[bool]:
    keys = {squeeze(title).lower() for title in page.head.titles}
    keys |= {part.strip() for key in keys for part in key.replace(" | ", " - ").split(" - ")}
    # One letter is longer in lower case: a dotted capital I.
    lengths = {length for key in keys for length in (len(key), len(key) - key.count("i\u0307"))}
    return [len(text) in lengths and text.lower() in keys for text in page.texts]


def _cover(reference: Hashes, text: _Text) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return which share of a block's words is in the reference, and of the reference's in the block."""
    known = _distinct(reference)
    hits = text.sums(_is_in(text.words, text.slots, known))
    return hits / np.maximum(text.n_words, 1), np.minimum(hits / max(len(known), 1), 1)


def _pair_cover(reference: Hashes, text: _Text) -> NDArray[Any]:
    """Return the share of each block's pairs of adjacent words that stand so in `reference`."""
    inside = text.rows[:-1] == text.rows[1:]
    rows = text.rows[:-1][inside]
    n_blocks = len(text.chars)
    pairs = pairs_of(text.words)[inside]
    known = _is_in(pairs, slots_of(pairs, _VOCABULARY_BITS), _distinct(pairs_of(reference)))
    hits = np.bincount(rows, known, n_blocks)
    return hits / np.maximum(np.bincount(rows, minlength=n_blocks), 1)


def _distinct(hashes: Hashes) -> Hashes:
    """Return the distinct hashes in order; `numpy.unique` would load numpy.ma for it."""
    ordered = np.sort(hashes)
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))] if len(ordered) else ordered


def _is_in(hashes: Hashes, slots: Ints, known: Hashes) -> NDArray[np.bool_]:
    """Return whether each hash, whose slot is known, is among `known`, which are distinct and in order."""
    of_slot = np.zeros(1 << _VOCABULARY_BITS, bool)
    of_slot[slots_of(known, _VOCABULARY_BITS)] = True
    result: NDArray[np.bool_] = of_slot[slots]
    # Few hashes share a slot with a known one: only these are looked for.
    likely = np.flatnonzero(result)
    if len(likely):
        places = np.searchsorted(known, hashes[likely])
        result[likely] = known.take(places, mode="clip") == hashes[likely]
    return result


def article_bodies(ld_json: Iterable[str]) -> list[str]:
    """Return the ``articleBody`` texts of JSON-LD scripts; broken JSON has none."""
    bodies = []
    for script in ld_json:
        if "articleBody" not in script:
            continue
        try:
            stack = [json.loads(script, strict=False)]
        except (ValueError, RecursionError):
            continue
        while stack:
            node = stack.pop()
            if isinstance(node, list):
                stack.extend(node)
            elif isinstance(node, dict):
                stack.extend(node.values())
                if isinstance(node.get("articleBody"), str):
                    bodies.append(node["articleBody"])
    return bodies


# ---------------------------------------------------------------------------------------------- structure


def _fill_structure(family: dict[str, Floats], page: Page, elements: Elements, text: _Text, layout: Layout) -> None:
    markup = np.array((page.link_chars, page.strong_chars, page.links, page.media, page.controls), np.int64)
    links = np.minimum(markup[0], text.chars, dtype=np.float32)
    family["markup"][0] = links / text.chars
    family["markup"][1] = markup[1] / text.chars
    family["markup"][2:] = markup[2:]
    _fill_landmarks(family["landmarks"], elements, layout)
    running = text.chars * is_running(text.chars, links)
    sums = np.zeros((4, len(page) + 1))
    np.cumsum((text.chars, links, running, np.ones_like(links)), axis=1, dtype=np.float64, out=sums[:, 1:])
    stats = sums.take(layout.last, axis=1) - sums.take(layout.first, axis=1)
    _fill_ancestors(family["ancestors"], layout, stats)
    _fill_centre(family["centre"], layout, stats)


def _fill_landmarks(out: Floats, elements: Elements, layout: Layout) -> None:
    """Write one over the distance (plus one) to the nearest ancestor of each tag, 0 where there is none; and depth."""
    other = len(LANDMARKS)
    # A page has far fewer names than elements.
    of_name = np.array([*map(_LANDMARK_NUMBERS.get, elements.name_tags, repeat(other)), other], np.int64)
    n_above = np.count_nonzero(layout.names.T >= 0, axis=0)
    deepest = n_above.max()
    out[:] = 0
    # Level by level from afar: of several ancestors with one tag the nearest is written last.
    levels = layout.names.T[:deepest][::-1]
    out[of_name[levels], np.arange(out.shape[1])] = 1 / np.arange(deepest, 0, -1)[:, None]
    out[-1] = n_above


def _fill_ancestors(out: Floats, layout: Layout, stats: Doubles) -> None:
    """Write what the ancestors hold; `stats` of each element: characters, those in links, running text, blocks."""
    element = layout.chains.T[list(_LEVELS)]
    chars, links, good, blocks = stats.take(element, axis=1)
    first, last = layout.first[element], layout.last[element]
    page = np.maximum(stats[:, -1], 1)
    some = np.maximum(chars, 1)
    columns = out.reshape(len(_LEVELS), 7, -1)
    columns[:, 0] = chars / page[0]
    columns[:, 1] = links / some
    columns[:, 2] = good / page[2]
    columns[:, 3] = good / some
    columns[:, 4] = blocks
    columns[:, 5] = chars / np.maximum(blocks, 1)
    columns[:, 6] = (np.arange(out.shape[1]) - first) / np.maximum(last - first, 1)


def _fill_centre(out: Floats, layout: Layout, stats: Doubles) -> None:
    """Write where a block stands relative to the centre: the deepest element with most of the running text.

    Its branch is its highest ancestor that does not hold the centre (or, inside the centre, the child
    of the centre that it is in).
    """
    page = np.maximum(stats[:, -1], 1)
    index = np.arange(out.shape[1])
    centre = _last(stats[2, :-1] >= _CENTRE * page[2])
    low, high = int(layout.first[centre]), int(layout.last[centre])
    holds = layout.holds(low, high)
    holds[centre + 1 : -1] = False
    steps = holds.take(layout.chains).argmax(axis=1)
    chars, links, good, blocks = stats.take(layout.chains[index, np.maximum(steps - 1, 0)], axis=1)
    some = np.maximum(chars, 1)
    out[0] = (index >= low) & (index < high)
    out[1] = steps
    out[2] = np.where(index < low, index - low, np.maximum(index - high + 1, 0))
    out[3] = np.clip((index - low) / max(high - low, 1), -1, 2)
    out[4] = chars / page[0]
    out[5] = links / some
    out[6] = good / some
    out[7] = blocks
    out[8] = chars / np.maximum(blocks, 1)
    out[9] = stats[0, centre] / page[0]


def _last(flags: NDArray[np.bool_]) -> int:
    """Return the index of the last true flag; -1 where there is none."""
    places = np.flatnonzero(flags)
    return int(places[-1]) if len(places) else -1


def _fill_headline(out: Floats, table: Floats, layout: Layout) -> None:
    """Write where a block stands relative to the headline: the ``h1`` or block that says what the page's title says.

    A page can hold a second story, with a headline of its own, or a programme above the first.
    """
    is_h1 = table[_PLACES["near_h1"]] >= np.float32(_IN_H1)
    titled = table[_PLACES["title_cover"]] + table[_PLACES["title_equal"]]
    score = is_h1 + np.where(titled > 0, titled, 0)
    headline = int(score.argmax())
    if score[headline] < 1:
        return
    chains = layout.chains
    index = np.arange(len(chains))
    holds = layout.holds(headline, headline + 1)[chains]
    holds[:, -1] = True
    steps = holds.argmax(axis=1)
    shared = chains[index, steps]
    first = layout.first[shared]
    inside = layout.last[shared] - first
    heads = np.cumsum(is_h1)
    article = _nearest(table[_PLACES["near_article"]], chains)
    out[0] = index - headline
    out[1] = steps
    out[2] = inside
    out[3] = (index - first) / np.maximum(inside, 1)
    out[4] = np.abs(heads - heads[headline])
    out[5] = article == article[headline]


def _nearest(near: Floats, chains: Ints) -> Ints:
    """Return the ancestor that a landmark column speaks of; -1 where there is none."""
    level = np.rint(1 / np.maximum(near, 1 / DEPTH) - 1).astype(np.int64)
    return np.where(near > 0, chains[np.arange(len(chains)), level], -1)


def _window_sums(values: Floats) -> Doubles:
    """Return the sum over each value and as many before and after it as a window is wide, for each of `_WINDOWS`."""
    sums = np.concatenate(([0], np.cumsum(values, dtype=np.float64)))
    index, widths = np.arange(len(values)), np.array(_WINDOWS)[:, None]
    result: NDArray[np.float64] = (
        sums[np.minimum(index + widths + 1, len(values))] - sums[np.maximum(index - widths, 0)]
    )
    return result


def _run_length(flags: NDArray[np.bool_]) -> Floats:
    """Return the length of the run of true flags around each index; 0 where false."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.astype(np.int8), [0]))))
    lengths = np.zeros(len(flags), np.float32)
    sizes = edges[1::2] - edges[::2]
    lengths[flags] = np.repeat(sizes, sizes)
    return lengths


def signed_log(values: NDArray[Any]) -> Floats:
    """Return the logarithm of one plus the distance from 0, with its sign."""
    # Not log1p, nor 64 bits: numpy takes several logarithms of 32 bits at a time, the others singly.
    size = np.abs(values, dtype=np.float32)
    size += 1
    result: Floats = np.copysign(np.log(size, out=size), values, dtype=np.float32)
    return result
