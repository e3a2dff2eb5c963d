"""Labelled blocks as the arrays that the stages are fitted on.

A sample is one page as HTML, the visible text of the same page as plain lines, the part of it that
another extractor might have left, one of these hard-wrapped, or one labelled document. Labels are columns of
`LABELS`, or `UNKNOWN` (nothing is known) or `OTHER` (not body, kind unknown). What is told by gold text is body
or not; what kind the rest is, weak labels tell where markup is certain (`filter.train.weak`).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from filter.blocks import Page, blocks_from_text, blocks_of_page
from filter.characters import CharTables
from filter.corpora.lines import LineDocument
from filter.corpora.pages import PageRecord
from filter.features import Floats, Ints, feature_table
from filter.labels import LABELS, Label
from filter.layout import Layout, lay_out
from filter.model import FAR_LEVELS, NAME_BITS, NEAR_LEVELS, TEXT_BITS, name_grams, text_grams
from filter.ngrams import Hashed
from filter.text import words
from filter.train.align import align
from filter.train.weak import weak_labels
from filter.train.wrap import draw_width, wrap
from filter.tree import walk_markup

UNKNOWN, OTHER = -1, -2
#: Pages whose aligned blocks do not give the gold back teach wrong labels (FINDINGS: 0.8).
MIN_ALIGNED_F1 = 0.8
#: Blocks are body from here, not body up to there, and undecided between.
BODY_FROM, OTHER_TO = 0.7, 0.3
#: Gold of these sources leaves captions and bylines in at will.
_LOOSE_SOURCES = frozenset(("magic-html", "readability"))
#: Longer pages count as much as one of this many blocks; past the other limit they are left out.
_HEAVY_BLOCKS, _MAX_BLOCKS = 2500, 20_000
#: How much of the boilerplate an extractor leaves, one of these by chance: often none at all.
_LEFT_OVER = (0.0, 0.0, 0.0, 0.03, 0.1, 0.3)
#: What stands between paragraphs slips through more often than what stands around the article.
_LEFT_INSIDE = 3
#: How many pages also come hard-wrapped.
_WRAPPED = 0.3
_BODY, _TITLE = LABELS.index(Label.BODY), LABELS.index(Label.TITLE)


@dataclass(frozen=True, slots=True)
class Sample:
    """One page or document, ready to fit on.

    Attributes
    ----------
    id : str
    group : str
        Samples of one group are always in one fold: a registrable domain, or a group of documents.
    page : Page
    layout : Layout or None
        None for plain text.
    table : ndarray of shape (n_blocks, n_features), float32
    text : csr_matrix of shape (n_blocks, 2 ** TEXT_BITS)
    near, far : csr_matrix of shape (n_blocks, 2 ** NAME_BITS) or None
        None for plain text.
    labels : ndarray of shape (n_blocks,), int64
    weights : ndarray of shape (n_blocks,), float32
    aligned_f1 : float
        Word F1 of the labelled body with the gold, in [0, 1]; 1 for labelled lines.
    is_twin : bool
        The sample is visible text, or a part of it, of a page that is there as HTML too.
    """

    id: str
    group: str
    page: Page
    layout: Layout | None
    table: Floats
    text: csr_matrix
    near: csr_matrix | None
    far: csr_matrix | None
    labels: Ints
    weights: Floats
    aligned_f1: float
    is_twin: bool = False


def page_samples(record: PageRecord, tables: CharTables) -> tuple[Sample, ...]:
    """Return a page as HTML, as plain lines, and as the lines that an extractor left, if its article is known.

    Some pages come hard-wrapped too. Nothing for a page that has no block or far too many.
    """
    page = blocks_of_page(partial(walk_markup, record.html), url=record.url, max_blocks=10**6)
    if not 0 < len(page) <= _MAX_BLOCKS:
        return ()
    labels, weights, aligned = _page_labels(record, page)
    html = _sample(record.id, record.domain, page, tables, labels, weights, aligned)
    samples = [html, _twin(html, np.arange(len(page)), tables)]
    rng = np.random.default_rng(zlib.crc32(record.id.encode()))
    rows = _left_over(labels, rng)
    if record.text is not None and len(rows) and is_trusted(html):
        samples.append(_twin(html, rows, tables))
    if rng.random() < _WRAPPED:
        samples.append(_wrapped(samples[int(rng.integers(1, len(samples)))], tables, rng))
    return tuple(samples)


def _twin(html: Sample, rows: Ints, tables: CharTables) -> Sample:
    """Return some blocks of a page as plain lines."""
    lines = blocks_from_text("\n".join(html.page.texts[row] for row in rows), max_blocks=10**6)
    return replace(
        html, page=lines, layout=None, table=feature_table(lines, tables), text=html.text[rows], near=None, far=None,
        labels=html.labels[rows], weights=html.weights[rows], is_twin=True,
    )  # fmt: skip


def _wrapped(sample: Sample, tables: CharTables, rng: np.random.Generator) -> Sample:
    """Return a sample of plain lines with its long lines cut; the words of a line weigh what they weighed."""
    width = draw_width(rng)
    parts = [wrap(text, width) for text in sample.page.texts]
    sizes = np.array([len(lines) for lines in parts])
    page = blocks_from_text("\n".join(line for lines in parts for line in lines), max_blocks=10**6)
    labels, weights = np.repeat(sample.labels, sizes), np.repeat(sample.weights / sizes, sizes)
    wrapped = _sample(sample.id, sample.group, page, tables, labels, weights.astype(np.float32), sample.aligned_f1)
    return replace(wrapped, is_twin=True)


def _left_over(labels: Ints, random: np.random.Generator) -> Ints:
    """Return the blocks of a page that an extractor may have left: its article, and some runs of boilerplate."""
    body = np.flatnonzero(labels == _BODY)
    if not len(body):
        return body
    share = random.choice(_LEFT_OVER)
    with_title, with_unknown = random.random(2) < 0.5
    kept: list[int] = []
    for label, run in groupby(range(len(labels)), key=lambda row: labels[row]):
        rows = list(run)
        inside = body[0] < rows[0] < body[-1]
        chance = {_BODY: 1.0, _TITLE: float(with_title), UNKNOWN: float(with_unknown)}.get(
            int(label), min(1.0, share * (_LEFT_INSIDE if inside else 1))
        )
        if random.random() < chance:
            kept += rows
    return np.array(kept)


def line_sample(
    document: LineDocument, group: str, tables: CharTables, weight: float, markup: str | None = None
) -> Sample:
    """Return a labelled document, as plain lines or as `markup`; each line weighs `weight` times the root of its words.

    Parameters
    ----------
    document : LineDocument
    group : str
    tables : CharTables
    weight : float
    markup : str, optional
        A page in which each line is one block.
    """
    if markup is None:
        page = blocks_from_text("\n".join(line.text for line in document.lines), max_blocks=10**6)
    else:
        page = blocks_of_page(partial(walk_markup, markup), max_blocks=10**6)
    labels = np.array([LABELS.index(line.label) for line in document.lines])
    n_words = np.array([len(words(line.text)) for line in document.lines])
    weights = (weight * np.sqrt(np.maximum(n_words, 4))).astype(np.float32)
    return _sample(document.id, group, page, tables, labels, weights, 1.0)


def _sample(  # noqa: PLR0913 - the fields of a Sample
    identity: str, group: str, page: Page, tables: CharTables, labels: Ints, weights: Floats, aligned: float
) -> Sample:
    near = far = layout = None
    if page.elements:
        layout = lay_out(page, page.elements)
        names = to_csr(name_grams(page.elements.names, tables), NAME_BITS)
        near, far = (_named(layout.names[:, levels], names) for levels in (NEAR_LEVELS, FAR_LEVELS))
    return Sample(
        id=identity, group=group, page=page, layout=layout, table=feature_table(page, tables, layout),
        text=to_csr(text_grams(page.texts, tables), TEXT_BITS), near=near, far=far,
        labels=labels, weights=weights, aligned_f1=aligned,
    )  # fmt: skip


def to_csr(hashed: Hashed, bits: int) -> csr_matrix:
    """Return hashed rows as a sparse matrix whose product with weights is `filter.packed.Packed.means`."""
    buckets, offsets = hashed.by_row()
    sizes = np.diff(offsets)
    data = np.repeat(1 / np.sqrt(np.maximum(sizes, 1)), sizes).astype(np.float32)
    return csr_matrix((data, buckets, offsets), shape=(len(sizes), 1 << bits))


def _named(columns: Ints, names: csr_matrix) -> csr_matrix:
    known = columns >= 0
    rows = np.repeat(np.arange(len(columns)), known.sum(axis=1))
    shape = len(columns), names.shape[0]
    incidence = csr_matrix((np.ones(len(rows), np.float32), (rows, columns[known])), shape=shape)
    return incidence @ names


def _page_labels(record: PageRecord, page: Page) -> tuple[Ints, Floats, float]:
    """Return labels and weights of a page's blocks, and how well its gold was found in it."""
    # The rules were measured on articles; in a forum or a shop the same markup means other things.
    weak = np.full(len(page), UNKNOWN)
    if record.kind == "article":
        weak = np.array([UNKNOWN if label is None else LABELS.index(label) for label in weak_labels(page)])
    n_words = np.array([len(words(text)) for text in page.texts])
    weights = np.sqrt(np.maximum(n_words, 1)).astype(np.float32) * min(1, _HEAVY_BLOCKS / len(page))
    if record.text is None:
        return _snippet_labels(record, page, weak), weights, 1.0
    alignment = align(page.texts, record.text)
    coverage = alignment.coverage
    labels = np.full(len(page), UNKNOWN)
    labels[coverage >= BODY_FROM] = _BODY
    rest = coverage <= OTHER_TO
    labels[rest] = np.where(weak[rest] >= 0, weak[rest], OTHER)
    labels[rest & (weak == _BODY)] = OTHER
    # A gold may hold the headline, and some hold captions and bylines; ours holds neither in the body.
    labels[weak == _TITLE] = _TITLE
    if record.source in _LOOSE_SOURCES:
        labels[(coverage > OTHER_TO) & (weak >= 0) & (weak != _TITLE)] = UNKNOWN
    return labels, weights, alignment.f1


def _snippet_labels(record: PageRecord, page: Page, weak: NDArray[np.int64]) -> Ints:
    """Return labels of a page of which only snippets are known."""
    labels = weak.copy()
    for row, text in enumerate(page.texts):
        if any(snippet in text for snippet in record.must_have):
            labels[row] = _BODY
        elif labels[row] < 0 and any(snippet in text for snippet in record.must_not_have):
            labels[row] = OTHER
    return labels


def is_trusted(sample: Sample) -> bool:
    """Return whether the sample's labels are good enough to fit on."""
    return sample.aligned_f1 >= MIN_ALIGNED_F1
