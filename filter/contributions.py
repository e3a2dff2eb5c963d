"""How much each kind of evidence speaks for a block's label, in log-odds.

The model's columns are gathered in kinds of evidence that a person understands: links, length, words, what stands
above. A kind's contribution is what the label's log-odds lose when its columns are set to their training mean
(occlusion: Zeiler and Fergus 2014, https://doi.org/10.1007/978-3-319-10590-1_53). The networks that gave the label
judge again; that of a text's context sees the changed columns and what the first one makes of them. What that one said
of *other* lines stays as it is: it is evidence of its own (`Evidence.ABOVE`, ...). What a block's label gains or loses
where it decides together with those alike (`filter.agreement`) is `Evidence.ALIKE`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from filter import context
from filter.agreement import rest_of
from filter.blocks import Page
from filter.context import context_table
from filter.features import Floats, Ints
from filter.inputs import HTML, TEXT
from filter.labels import LABELS
from filter.layout import Layout, lay_out
from filter.model import Model, in_doubt, name_grams, softmax, standardise, text_grams
from filter.neighbours import shifts


class Evidence(StrEnum):
    """The kinds of evidence."""

    LINKS = "links"
    EMPHASIS = "emphasis"
    MEDIA = "media"
    CONTROLS = "controls"
    LENGTH = "length"
    SENTENCES = "sentences"
    LETTERS = "letters"
    DIGITS = "digits"
    QUOTES = "quotes"
    SIGNS = "signs"
    WORDS = "words"
    NAME = "name"
    FRAME = "frame"
    TAGS = "tags"
    BOX = "box"
    CENTRE = "centre"
    HEADLINE = "headline"
    ALIKE = "alike"
    REPEATS = "repeats"
    POSITION = "position"
    SURROUNDINGS = "surroundings"
    VOCABULARY = "vocabulary"
    TITLE = "title"
    DESCRIPTION = "description"
    STRUCTURED_DATA = "structured data"
    KIND_OF_PAGE = "kind of page"
    ADDRESS = "address"
    ARTICLE = "article"
    ABOVE = "above"
    BELOW = "below"
    #: Not of the model: a site rule set the label.
    RULE = "rule"


#: A probability under this is taken for it, so that its logarithm is a number.
_LEAST = np.float32(1e-30)
_LABEL = f"({'|'.join(LABELS)})"
#: The columns of each kind of evidence; every name matches one pattern. What a line is taken for by itself (``own_…``)
#: is no evidence but follows from it.
_PATTERNS = {
    Evidence.LINKS: "link_density|log_links",
    Evidence.EMPHASIS: "strong_density",
    Evidence.MEDIA: "log_media",
    Evidence.CONTROLS: "log_controls",
    Evidence.LENGTH: "log_chars|log_words|word_length",
    Evidence.SENTENCES: "log_stops|log_commas|words_per_stop|share_stop|share_comma|ends_stop|ends_comma",
    Evidence.LETTERS: "upper_(of_letters|per_word)|share_(lower|upper|unspaced|uncased)|begins_(lower|upper)",
    Evidence.DIGITS: "(share|ends|begins)_digit",
    Evidence.QUOTES: "(share|ends|begins)_quote",
    Evidence.SIGNS: "log_[^a-z]|(share|ends|begins)_(punct|currency|symbol|format|dash|separator|space)",
    Evidence.WORDS: f"text_{_LABEL}",
    Evidence.NAME: f"near_names_{_LABEL}",
    Evidence.FRAME: f"far_names_{_LABEL}",
    Evidence.TAGS: "near_[a-z0-9]+|depth",
    Evidence.BOX: "up[0-9]+_[a-z_]+",
    Evidence.CENTRE: "centre_.*",
    Evidence.HEADLINE: "headline_.*|titles_(before|after)|likeliest_title|title_offset",
    Evidence.REPEATS: "repeats",
    Evidence.POSITION: "position|log_index|log_from_end|chars_before|log_chars_(before|after)"
    "|log_blocks|log_page_chars|long_share",
    Evidence.SURROUNDINGS: "since_(first|last)_long|to_long_(before|after)|long_chars_[0-9]+|short_run",
    Evidence.VOCABULARY: "shared_words|common_words|mean_log_long_count|page_words|top_overlap",
    Evidence.TITLE: "title_(words|cover|equal)",
    Evidence.DESCRIPTION: "description_.*",
    Evidence.STRUCTURED_DATA: "article_body",
    Evidence.KIND_OF_PAGE: "meta_.*",
    Evidence.ADDRESS: "address_.*",
    Evidence.ARTICLE: "body_(before|after|share)|log_body",
    Evidence.ABOVE: f".*-[0-9]|before[0-9]+_({_LABEL}|text)",
    Evidence.BELOW: f".*\\+[0-9]|after[0-9]+_({_LABEL}|text)",
}


#: The parts of `Evidence.ABOVE` and `Evidence.BELOW`: the line so many lines away, and windows of lines.
_NEIGHBOURS = {
    **{f"{distance:+d}": f".*{re.escape(f'{distance:+d}')}" for distance in shifts(max(HTML.reach, TEXT.reach))},
    "before": "before[0-9]+_.*",
    "after": "after[0-9]+_.*",
}


@dataclass(frozen=True, slots=True)
class Contributions:
    """What the evidence on one page weighs.

    Attributes
    ----------
    probabilities : ndarray of shape (n_blocks, 9), float32
        Those of `Model.probabilities`.
    weights : dict of Evidence to ndarray of shape (n_blocks,), float32
        Log-odds that the block's label loses without this evidence; negative where it spoke against the label.
    neighbours : dict of str to ndarray of shape (n_blocks,), float32
        The same for the parts of what stands above and below: ``"-1"`` is the line above, ``"+2"`` the second one
        below, ``"before"`` and ``"after"`` are windows of lines. Only those that the model sees of such a page.
    columns : dict of str to ndarray of shape (n_blocks,), float32
        The model's inputs by name; NaN where the page cannot tell.
    deviations : dict of str to ndarray of shape (n_blocks,), float32
        Their distance from the training mean in standard deviations, limited to ±4; 0 where the page cannot tell.
    """

    probabilities: Floats
    weights: dict[Evidence, Floats]
    neighbours: dict[str, Floats]
    columns: dict[str, Floats]
    deviations: dict[str, Floats]


def column_names(*, has_markup: bool) -> tuple[str, ...]:
    """Return the names of the columns of a table for `Model.judge`, in order."""
    return HTML.names if has_markup else (*TEXT.names, *context.NAMES)


@cache
def column_groups(*, has_markup: bool) -> dict[Evidence, tuple[str, ...]]:
    """Return the names of the columns of each kind of evidence that there is for pages with or without markup."""
    names = column_names(has_markup=has_markup)
    return {evidence: found for evidence, pattern in _PATTERNS.items() if (found := _like(names, pattern))}


def _like(names: Sequence[str], pattern: str) -> tuple[str, ...]:
    return tuple(name for name in names if re.fullmatch(pattern, name))


def evidence_of(column: str) -> tuple[Evidence, ...]:
    """Return the kinds of evidence that a column belongs to: one, none for the block's own first judgement."""
    return tuple(evidence for evidence, pattern in _PATTERNS.items() if re.fullmatch(pattern, column))


def contributions(model: Model, page: Page, labels: Ints, check: Callable[[], None] | None = None) -> Contributions:
    """Return what each kind of evidence weighs for the label of each block.

    Parameters
    ----------
    model : Model
    page : Page
        At least one block.
    labels : ndarray of shape (n_blocks,), int64
        Column of each block's label.
    check : callable, optional
        Called before each kind of evidence; may raise to end what takes too long.
    """
    layout = lay_out(page, page.elements) if page.elements else None
    has_markup = layout is not None
    table, doubtful = _table(model, page, layout)
    logits = model.judge(table, doubtful)
    score = log_odds(model.calibrated(logits, has_markup=has_markup), labels)
    probabilities = model.settle(logits, page, layout)
    names = column_names(has_markup=has_markup)
    mean, scale = moments(model, has_markup=has_markup)

    def weight(group: Sequence[str]) -> Floats:
        if check:
            check()
        without = neutral(table, mean, [names.index(name) for name in group])
        return score - log_odds(model.calibrated(model.judge(without, doubtful), has_markup=has_markup), labels)

    weights = {evidence: weight(group) for evidence, group in column_groups(has_markup=has_markup).items()}
    if has_markup:
        weights[Evidence.ALIKE] = log_odds(np.log(np.maximum(probabilities, _LEAST)), labels) - score
    parts = {part: _like(names, pattern) for part, pattern in _NEIGHBOURS.items()}
    return Contributions(
        probabilities=probabilities,
        weights=weights,
        neighbours={part: weight(group) for part, group in parts.items() if group},
        columns=dict(zip(names, table.T, strict=True)),
        deviations=dict(zip(names, standardise(table, mean, scale).T, strict=True)),
    )


def _table(model: Model, page: Page, layout: Layout | None) -> tuple[Floats, NDArray[np.bool_] | None]:
    """Return the table for `Model.judge`, and which lines are judged in their context; None with markup."""
    (inputs,) = model.inputs([page], [layout])
    if layout:
        return inputs, None
    alone = softmax(model.text.logits(inputs))
    return np.hstack((inputs, context_table(page, alone))), in_doubt(alone)


def neutral(table: Floats, mean: Floats, columns: Sequence[int]) -> Floats:
    """Return a table for `Model.judge` with `columns` at their training mean where they have a value."""
    without = table.copy()
    values = table[:, columns]
    without[:, columns] = np.where(np.isnan(values), values, mean[columns])
    return without


def moments(model: Model, *, has_markup: bool) -> tuple[Floats, Floats]:
    """Return mean and inverse deviation of the columns of a table for `Model.judge` in training."""
    if has_markup:
        return model.html.mean, model.html.scale
    n_own = len(TEXT.own)
    mean, scale = (
        np.concatenate((getattr(model.text, what), getattr(model.context, what)[n_own:])) for what in ("mean", "scale")
    )
    return mean, scale


def log_odds(logits: Floats, labels: Ints) -> Floats:
    """Return the log-odds of each row's label against all others, shape (n_rows,)."""
    result: Floats = logits[np.arange(len(logits)), labels] - rest_of(logits, labels)
    return result


def word_weights(model: Model, words: Sequence[str]) -> Floats:
    """Return what each word adds to the text score of each label, shape (n_words, 9)."""
    return model.text_weights.sums(text_grams([f" {word} " for word in words], model.tables))


def name_weights(model: Model, names: Sequence[str]) -> tuple[Floats, Floats]:
    """Return what each class or tag adds to the scores of near and of far names, each of shape (n_names, 9)."""
    sums = model.name_weights.sums(name_grams([f" {name} " for name in names], model.tables))
    return sums[:, : len(LABELS)], sums[:, len(LABELS) :]
