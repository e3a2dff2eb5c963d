"""The blocks of a page as a table of numbers, one row a block.

Every column has a name; `SCHEMA` is a digest of names and order, so that a model is never fed a table
it was not trained on. A value that the input cannot give (link density of plain text) is NaN.

References
----------
Shallow text features, link density and neighbours: Kohlschütter et al. 2010,
https://doi.org/10.1145/1718487.1718542. Text share of ancestors: Sun et al. 2011,
https://doi.org/10.1145/2009916.2009952.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filter.blocks import LONG, Elements, Page, blocks_from_walk, is_running
from filter.characters import N_CLASSES, SIZE, CharClass, CharTables, code_points, look_up, starts_of
from filter.layout import DEPTH, Layout, lay_out
from filter.ngrams import word_hashes_of
from filter.text import squeeze
from filter.tree import walk_markup

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
#: Columns of a table by name, each of shape (n_blocks,).
Columns = dict[str, NDArray[Any]]

#: Of a longer block only the beginning is measured: it is long, whatever follows.
MAX_CHARS = 50_000
#: Tags whose nearness above a block tells its part of the page.
LANDMARKS = (
    "article main section aside header footer nav figure figcaption ul ol li table form blockquote p h1 h2 h3 "
    "h4 h5 h6 a button time span div dl label address pre center".split()
)
#: Characters that say something by themselves.
MARKS = "©@#%:?$€|/("
_LEVELS = (1, 2, 3, 5, 8)
_REACH = 3
_VOCABULARY_BITS = 13
#: The ``h1`` is the block's element, or one of the next two above.
_IN_H1 = 1 / 3


@cache
def names() -> tuple[str, ...]:
    """Return the names of the columns, in order: those of a page that has everything."""
    markup = "<title>a</title><meta name=description content=a><h1>a"
    ld_json = '{"articleBody": "a"}'
    page = blocks_from_walk(walk_markup(markup), max_blocks=9)
    page.head.ld_json.append(ld_json)
    blank = CharTables(np.zeros(SIZE, np.uint8), np.arange(SIZE, dtype=np.uint32))
    assert page.elements is not None
    return tuple(_columns(page, blank, lay_out(page, page.elements)))


def schema() -> str:
    """Return a digest of the column names and their order."""
    return hashlib.sha256("\n".join(names()).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class _Text:
    """Counts of a page's texts that several features share; arrays of length n_blocks."""

    chars: Floats
    counts: Floats  # (n_blocks, N_CLASSES)
    marks: Floats  # (n_blocks, len(MARKS))
    first_class: Ints
    last_class: Ints
    last_but_one: Ints
    word_hashes: NDArray[np.uint64]
    word_rows: Ints
    n_words: Floats


def feature_table(page: Page, tables: CharTables, layout: Layout | None = None) -> Floats:
    """Return the features of each block.

    Parameters
    ----------
    page : Page
        At least one block.
    tables : CharTables
    layout : Layout, optional
        That of the page, if it is known already.

    Returns
    -------
    ndarray of shape (n_blocks, len(NAMES)), float32
        Columns as in `NAMES`; NaN where the input cannot tell.
    """
    if page.elements and layout is None:
        layout = lay_out(page, page.elements)
    columns = _columns(page, tables, layout)
    # Written column by column, read row by row: one copy is cheaper than strided writes.
    table = np.full((len(names()), len(page)), np.nan, np.float32)
    for number, name in enumerate(names()):
        column = columns.get(name)
        if column is not None:
            table[number] = column
    return np.ascontiguousarray(table.T)


def _columns(page: Page, tables: CharTables, layout: Layout | None) -> Columns:
    text = _measure(page.texts, tables)
    columns = _text_columns(text)
    columns |= _repeat_column(page.texts)
    columns |= _position_columns(text)
    columns |= _vocabulary_columns(page, text)
    columns |= _head_columns(page, text, tables)
    if page.elements and layout:
        columns |= _structure_columns(page, page.elements, text, layout)
        columns |= _headline_columns(columns, layout)
    return columns | _neighbour_columns(columns)


def _measure(texts: list[str], tables: CharTables) -> _Text:
    texts = [text[:MAX_CHARS] for text in texts]
    points = code_points("".join(texts))
    starts = starts_of(texts, padding=0)
    n_blocks = len(texts)
    row = np.repeat(np.arange(n_blocks), np.diff(starts))
    classes = look_up(tables.classes, points)
    counts = np.bincount(row * N_CLASSES + classes, minlength=n_blocks * N_CLASSES)
    folded = look_up(tables.folded, points).astype(np.uint64)
    hashes, word_rows = word_hashes_of(folded, classes, row)
    ends = starts[1:] - 1
    return _Text(
        chars=np.diff(starts).astype(np.float32),
        counts=counts.reshape(n_blocks, N_CLASSES).astype(np.float32),
        marks=_count_marks(points, row, n_blocks),
        first_class=classes[starts[:-1]].astype(np.int64),
        last_class=classes[ends].astype(np.int64),
        last_but_one=classes[np.maximum(ends - 1, starts[:-1])].astype(np.int64),
        word_hashes=hashes,
        word_rows=word_rows,
        n_words=np.bincount(word_rows, minlength=n_blocks).astype(np.float32),
    )


def _count_marks(points: NDArray[np.uint32], row: Ints, n_blocks: int) -> Floats:
    columns = [np.bincount(row[points == ord(mark)], minlength=n_blocks) for mark in MARKS]
    return np.column_stack(columns).astype(np.float32)


def _text_columns(text: _Text) -> Columns:
    letters = text.counts[:, CharClass.LOWER] + text.counts[:, CharClass.UPPER]
    letters = letters + text.counts[:, CharClass.UNCASED] + text.counts[:, CharClass.UNSPACED]
    columns = {
        "log_chars": np.log1p(text.chars),
        "log_words": np.log1p(text.n_words),
        "word_length": letters / np.maximum(text.n_words, 1),
        "upper_of_letters": text.counts[:, CharClass.UPPER] / np.maximum(letters, 1),
        "upper_per_word": text.counts[:, CharClass.UPPER] / np.maximum(text.n_words, 1),
        "log_stops": np.log1p(text.counts[:, CharClass.STOP]),
        "log_commas": np.log1p(text.counts[:, CharClass.COMMA]),
        "words_per_stop": np.log1p(text.n_words / (1 + text.counts[:, CharClass.STOP])),
    }
    for number, mark in enumerate(MARKS):
        columns[f"log_{mark}"] = np.log1p(text.marks[:, number])
    shares = text.counts / text.chars[:, None]
    for member in CharClass:
        columns[f"share_{member.name.lower()}"] = shares[:, member]
    closed = ((text.last_class == CharClass.QUOTE) | (text.last_class == CharClass.PUNCT)) & (
        text.last_but_one == CharClass.STOP
    )
    columns["ends_stop"] = ((text.last_class == CharClass.STOP) | closed).astype(np.float32)
    for name, member in (("comma", CharClass.COMMA), ("digit", CharClass.DIGIT), ("separator", CharClass.SEPARATOR),
                         ("quote", CharClass.QUOTE), ("symbol", CharClass.SYMBOL)):  # fmt: skip
        columns[f"ends_{name}"] = (text.last_class == member).astype(np.float32)
    for member in (CharClass.LOWER, CharClass.UPPER, CharClass.DIGIT, CharClass.QUOTE, CharClass.SEPARATOR,
                   CharClass.DASH, CharClass.SYMBOL, CharClass.PUNCT):  # fmt: skip
        columns[f"begins_{member.name.lower()}"] = (text.first_class == member).astype(np.float32)
    return columns


def _repeat_column(texts: list[str]) -> Columns:
    repeats: dict[str, int] = {}
    for text in texts:
        repeats[text] = repeats.get(text, 0) + 1
    return {"repeats": np.log(np.fromiter((repeats[text] for text in texts), np.float32, len(texts)))}


def _position_columns(text: _Text) -> Columns:
    n_blocks = len(text.chars)
    index = np.arange(n_blocks, dtype=np.float32)
    before = np.cumsum(text.chars) - text.chars
    total = text.chars.sum()
    is_long = (text.chars >= LONG) & (text.last_class == CharClass.STOP)
    columns = {
        "log_blocks": np.full(n_blocks, np.log1p(n_blocks), np.float32),
        "log_page_chars": np.full(n_blocks, np.log1p(total), np.float32),
        "position": index / n_blocks,
        "log_index": np.log1p(index),
        "log_from_end": np.log1p(n_blocks - 1 - index),
        "chars_before": before / total,
        "log_chars_before": np.log1p(before),
        "log_chars_after": np.log1p(total - before - text.chars),
        "long_share": np.full(n_blocks, is_long.mean(), np.float32),
    }
    long_index = np.flatnonzero(is_long)
    if len(long_index) == 0:
        long_index = np.array([int(np.argmax(text.chars))])
    columns["since_first_long"] = signed_log(index - long_index[0])
    columns["since_last_long"] = signed_log(index - long_index[-1])
    padded = np.concatenate(([-n_blocks], long_index, [2 * n_blocks]))
    columns["to_long_before"] = np.log1p(index - padded[np.searchsorted(long_index, index, side="left")])
    columns["to_long_after"] = np.log1p(padded[np.searchsorted(long_index, index, side="right") + 1] - index)
    long_chars = text.chars * is_long
    for width in (2, 5, 10):
        columns[f"long_chars_{width}"] = np.log1p(window_sum(long_chars, width))
    columns["short_run"] = np.log1p(_run_length(~is_long))
    return columns


def _vocabulary_columns(page: Page, text: _Text) -> Columns:
    """Return how far a block shares its words with the running text of the page."""
    n_blocks = len(page)
    slot = (text.word_hashes >> np.uint64(64 - _VOCABULARY_BITS)).astype(np.int64)
    rows = text.word_rows
    is_long = text.chars >= LONG
    in_long = is_long[rows]
    size = 1 << _VOCABULARY_BITS
    long_counts = np.bincount(slot[in_long], minlength=size)
    page_counts = np.bincount(slot, minlength=size)
    others = long_counts[slot] - in_long
    n_words = np.maximum(text.n_words, 1)
    return {
        "shared_words": np.bincount(rows, others > 0, n_blocks) / n_words,
        "common_words": np.bincount(rows, others > 0.004 * in_long.sum() + 2, n_blocks) / n_words,
        "mean_log_long_count": np.bincount(rows, np.log1p(np.maximum(others, 0)), n_blocks) / n_words,
        "page_words": np.bincount(rows, np.log(page_counts[slot]), n_blocks) / n_words,
        "top_overlap": _overlap(slot, rows, n_blocks, slot[rows < min(3, n_blocks)]),
    }


def _overlap(slot: Ints, rows: Ints, n_blocks: int, reference: Ints) -> Floats:
    """Return the share of each block's words that are in `reference`."""
    known = np.zeros(1 << _VOCABULARY_BITS, bool)
    known[reference] = True
    hits = np.bincount(rows, known[slot], n_blocks)
    return (hits / np.maximum(np.bincount(rows, minlength=n_blocks), 1)).astype(np.float32)


def _head_columns(page: Page, text: _Text, tables: CharTables) -> Columns:
    """Return how a block compares with what the page's head says of the article."""
    n_blocks = len(page)
    columns: Columns = {}
    if page.head.titles:
        columns["title_words"], columns["title_cover"] = _cover(page.head.titles, text, tables, n_blocks)
        keys = {squeeze(title).lower() for title in page.head.titles}
        keys |= {part.strip() for key in keys for part in key.replace(" | ", " - ").split(" - ")}
        columns["title_equal"] = np.fromiter((t.lower() in keys for t in page.texts), np.float32, n_blocks)
    if page.head.descriptions:
        columns["description_words"], columns["description_cover"] = _cover(
            page.head.descriptions, text, tables, n_blocks
        )
    body = " ".join(article_bodies(page.head.ld_json))
    if body:
        columns["article_body"] = _pair_cover(body, text, tables, n_blocks)
    return columns


def _cover(references: list[str], text: _Text, tables: CharTables, n_blocks: int) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return which share of a block's words is in the first reference, and of the reference's in the block."""
    hashes = _word_hashes(references[0], tables)
    known = _distinct(hashes)
    hits = np.bincount(text.word_rows, _is_in(text.word_hashes, known), n_blocks)
    return hits / np.maximum(text.n_words, 1), np.minimum(hits / max(len(known), 1), 1)


def _word_hashes(text: str, tables: CharTables) -> NDArray[np.uint64]:
    points = code_points(text)
    folded = look_up(tables.folded, points).astype(np.uint64)
    return word_hashes_of(folded, look_up(tables.classes, points), np.zeros(len(points), np.int64))[0]


def _pair_cover(reference: str, text: _Text, tables: CharTables, n_blocks: int) -> NDArray[Any]:
    """Return the share of each block's pairs of adjacent words that stand so in `reference`."""
    known = _distinct(_word_pairs(_word_hashes(reference, tables)))
    inside = text.word_rows[:-1] == text.word_rows[1:]
    rows = text.word_rows[:-1][inside]
    hits = np.bincount(rows, _is_in(_word_pairs(text.word_hashes)[inside], known), n_blocks)
    return hits / np.maximum(np.bincount(rows, minlength=n_blocks), 1)


def _distinct(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the distinct hashes in order; `numpy.unique` would load numpy.ma for it."""
    ordered = np.sort(hashes)
    return ordered[np.concatenate(([True], ordered[1:] != ordered[:-1]))] if len(ordered) else ordered


def _is_in(hashes: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Return whether each hash is among `known`, which are distinct and in order."""
    if not len(known):
        return np.zeros(len(hashes), bool)
    places = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    result: NDArray[np.bool_] = known[places] == hashes
    return result


def _word_pairs(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return hashes[:-1] * np.uint64(31) + hashes[1:]


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


def _structure_columns(page: Page, elements: Elements, text: _Text, layout: Layout) -> Columns:
    links = np.minimum(np.array(page.link_chars, np.float32), text.chars)
    columns: Columns = {
        "link_density": links / text.chars,
        "strong_density": np.array(page.strong_chars, np.float32) / text.chars,
        "log_links": np.log1p(np.array(page.links, np.float32)),
        "log_media": np.log1p(np.array(page.media, np.float32)),
        "log_controls": np.log1p(np.array(page.controls, np.float32)),
    }
    columns |= _landmark_columns(elements, layout)
    sums = _prefix_sums(text, links)
    stats = sums[layout.last] - sums[layout.first]  # per element: chars, link chars, long chars, blocks
    columns |= _ancestor_columns(layout, stats)
    columns |= _branch_columns(layout, stats)
    columns |= _group_columns(text, links, layout)
    return columns


def _landmark_columns(elements: Elements, layout: Layout) -> Columns:
    """Return one over the distance (plus one) to the nearest ancestor of each tag; 0 where there is none."""
    numbers = {tag: number for number, tag in enumerate(LANDMARKS, 1)}
    # A name begins with the tag, and a page has far fewer names than elements.
    of_name = np.array([*(numbers.get(name.split(" ", 1)[0], 0) for name in elements.names), 0], np.int64)
    ids = of_name[layout.names]
    near = np.zeros((len(ids), len(LANDMARKS) + 1), np.float32)
    index = np.arange(len(ids))
    for level in range(DEPTH - 1, -1, -1):
        near[index, ids[:, level]] = 1 / (1 + level)
    columns: Columns = {f"near_{tag}": near[:, number] for tag, number in numbers.items()}
    columns["depth"] = (layout.chains >= 0).sum(axis=1)
    return columns


def _prefix_sums(text: _Text, links: Floats) -> NDArray[np.float64]:
    running = text.chars * is_running(text.chars, links)
    per_block = np.column_stack((text.chars, links, running, np.ones_like(links)))
    return np.concatenate((np.zeros((1, 4)), np.cumsum(per_block, axis=0, dtype=np.float64)))


def _ancestor_columns(layout: Layout, stats: NDArray[np.float64]) -> Columns:
    columns: Columns = {}
    chains, first, last = layout.chains, layout.first, layout.last
    page = np.maximum(stats[-1], 1)
    index = np.arange(len(chains))
    for level in _LEVELS:
        element = chains[:, level]
        chars, links, good, blocks = stats[element].T
        columns[f"up{level}_chars"] = chars / page[0]
        columns[f"up{level}_links"] = links / np.maximum(chars, 1)
        columns[f"up{level}_good"] = good / page[2]
        columns[f"up{level}_good_share"] = good / np.maximum(chars, 1)
        columns[f"up{level}_blocks"] = np.log1p(blocks)
        columns[f"up{level}_mean"] = np.log1p(chars / np.maximum(blocks, 1))
        columns[f"up{level}_place"] = (index - first[element]) / np.maximum(last[element] - first[element], 1)
    return columns


def _branch_columns(layout: Layout, stats: NDArray[np.float64]) -> Columns:
    """Return where a block stands relative to the centre: the deepest element with most running text.

    Its branch is its highest ancestor that does not hold the centre (or, inside the centre, the child
    of the centre that it is in).
    """
    chains, first, last = layout.chains, layout.first, layout.last
    n_blocks = len(chains)
    page = np.maximum(stats[-1], 1)
    index = np.arange(n_blocks)
    columns: Columns = {}
    for share in (0.4, 0.75):
        heavy = np.flatnonzero(stats[:-1, 2] >= share * page[2])
        centre = int(heavy[-1]) if len(heavy) else -1
        low, high = first[centre], last[centre]
        steps = (_holds(layout, low, high) & (chains <= centre)).argmax(axis=1)
        branch = chains[index, np.maximum(steps - 1, 0)]
        chars, links, good, blocks = stats[branch].T
        name = f"centre{int(share * 100)}"
        columns[f"{name}_inside"] = ((index >= low) & (index < high)).astype(np.float32)
        columns[f"{name}_steps"] = steps.astype(np.float32)
        columns[f"{name}_offset"] = signed_log(np.where(index < low, index - low, np.maximum(index - high + 1, 0)))
        columns[f"{name}_through"] = np.clip((index - low) / max(high - low, 1), -1, 2)
        columns[f"{name}_branch_chars"] = chars / page[0]
        columns[f"{name}_branch_links"] = links / np.maximum(chars, 1)
        columns[f"{name}_branch_good"] = good / np.maximum(chars, 1)
        columns[f"{name}_branch_blocks"] = np.log1p(blocks)
        columns[f"{name}_branch_mean"] = np.log1p(chars / np.maximum(blocks, 1))
        columns[f"{name}_share"] = np.full(n_blocks, stats[centre, 0] / page[0])
    return columns


def _headline_columns(columns: Columns, layout: Layout) -> Columns:
    """Return where a block stands relative to the headline: the ``h1`` or block that says what the page's title says.

    A page can hold a second story, with a headline of its own, or a programme above the first.
    """
    is_h1 = columns["near_h1"] >= _IN_H1
    score = is_h1 + sum(columns[name] for name in ("title_cover", "title_equal") if name in columns)
    headline = int(score.argmax())
    if score[headline] < 1:
        return {}
    chains = layout.chains
    index = np.arange(len(chains))
    holds = _holds(layout, headline, headline + 1)
    holds[:, -1] = True
    steps = holds.argmax(axis=1)
    shared = chains[index, steps]
    heads = np.cumsum(is_h1)
    article = _nearest(columns["near_article"], chains)
    inside = layout.last[shared] - layout.first[shared]
    return {
        "headline_offset": signed_log(index - headline),
        "headline_steps": steps.astype(np.float32),
        "headline_blocks": np.log1p(inside),
        "headline_place": (index - layout.first[shared]) / np.maximum(inside, 1),
        "headline_rivals": np.log1p(np.abs(heads - heads[headline])),
        "headline_article": (article == article[headline]).astype(np.float32),
    }


def _holds(layout: Layout, low: int, high: int) -> NDArray[np.bool_]:
    """Return whether each ancestor of each block, and what is above the root, holds the blocks from `low` to `high`."""
    chains = layout.chains
    result: NDArray[np.bool_] = (chains < 0) | ((layout.first[chains] <= low) & (layout.last[chains] >= high))
    return result


def _nearest(near: Floats, chains: Ints) -> Ints:
    """Return the ancestor that a landmark column speaks of; -1 where there is none."""
    level = np.rint(1 / np.maximum(near, 1 / DEPTH) - 1).astype(np.int64)
    return np.where(near > 0, chains[np.arange(len(chains)), level], -1)


def _group_columns(text: _Text, links: Floats, layout: Layout) -> Columns:
    """Return what the blocks of one DOM signature (element and parents alike) have in common."""
    columns: Columns = {}
    for name, group in layout.groups.items():
        size = np.maximum(np.bincount(group), 1)
        chars = np.bincount(group, text.chars)
        columns[f"{name}_size"] = np.log1p(size[group])
        columns[f"{name}_mean"] = np.log1p(chars / size)[group]
        columns[f"{name}_links"] = (np.bincount(group, links) / np.maximum(chars, 1))[group]
    return columns


# --------------------------------------------------------------------------------------------- neighbours

_NEIGHBOURS = (
    "log_chars ends_stop upper_per_word share_digit repeats shared_words title_words link_density up1_chars"
    " near_p near_li near_h2 near_a"
).split()


def _neighbour_columns(columns: dict[str, Floats]) -> Columns:
    present = [name for name in _NEIGHBOURS if name in columns]
    moved = around(np.column_stack([columns[name] for name in present]), _REACH)
    names = (f"{name}{shift:+d}" for shift in shifts(_REACH) for name in present)
    return dict(zip(names, moved.T, strict=True))


def shifts(reach: int) -> tuple[int, ...]:
    """Return how far away the neighbours are that `around` gives, in its order."""
    return (*range(-reach, 0), *range(1, reach + 1))


def around(rows: Floats, reach: int) -> Floats:
    """Return the `reach` rows before and after each row, side by side; zeros beyond the ends."""
    n_rows, n_columns = rows.shape
    result = np.zeros((n_rows, 2 * reach, n_columns), np.float32)
    for number, shift in enumerate(shifts(reach)):
        if shift > 0:
            result[:-shift, number] = rows[shift:]
        else:
            result[-shift:, number] = rows[:shift]
    return result.reshape(n_rows, -1)


def window_sum(values: NDArray[np.floating], width: int) -> Floats:
    """Return the sum over each value and the `width` values before and after it; along the first axis."""
    sums = np.concatenate((np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0, dtype=np.float64)))
    index = np.arange(len(values))
    result: Floats = (sums[np.minimum(index + width + 1, len(values))] - sums[np.maximum(index - width, 0)]).astype(
        np.float32
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
    result: Floats = (np.sign(values) * np.log1p(np.abs(values))).astype(np.float32)
    return result
