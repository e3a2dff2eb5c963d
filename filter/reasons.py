"""The strongest evidence for each block's label, in words a person understands.

A reason states a fact of the page that its kind of evidence measures. Where the kind has many columns, the fact is
that of the column furthest from the training mean: what is most unusual about the block.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from filter.blocks import LONG, Page
from filter.characters import CharClass, CharTables, code_points, look_up
from filter.contributions import Contributions, Evidence, column_groups, name_weights, word_weights
from filter.document import Line
from filter.features import MARKS, Floats
from filter.labels import LABELS, Label
from filter.layout import Layout, lay_out
from filter.model import FAR_LEVELS, NEAR_LEVELS, Model
from filter.ngrams import clip
from filter.text import words

#: Most reasons of a block.
COUNT = 3
#: Less than this many log-odds do not deserve a sentence.
_LEAST = 0.05
#: Lines that "right above" and "right below" speak of: the middle one of the windows in `filter.context`.
_WINDOW = 10
_QUOTED_CHARS = 40
#: Tags that tell a person nothing, though the model has a weight for them.
_DULL = frozenset(("html", "body", "div", "span"))
#: What a page may call itself, the most telling first.
_KINDS_OF_PAGE = {
    "meta_type_forum": "a discussion",
    "meta_type_product": "a product",
    "meta_og_product": "a product",
    "meta_type_news": "news",
    "meta_type_article": "an article",
    "meta_og_article": "an article",
    "meta_type_list": "a list",
    "meta_og_website": "a website",
}
#: An address whose last part has so many hyphens holds a headline.
_STORY_HYPHENS = 3
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_SHORT_WORDS, _LONG_WORDS = 8, 25
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_SIGNS = (CharClass.PUNCT, CharClass.CURRENCY, CharClass.SYMBOL, CharClass.SEPARATOR, CharClass.DASH)
#: What a line of each label is, as one and as many.
_NOUNS = {
    Label.TITLE: ("a headline", "headlines"),
    Label.BODY: ("a line of the article", "paragraphs"),
    Label.BYLINE: ("a byline", "bylines"),
    Label.CAPTION: ("a caption", "captions"),
    Label.DISCLAIMER: ("a disclaimer", "disclaimers"),
    Label.RELATED: ("a link to another story", "links to other stories"),
    Label.PROMO: ("an advert", "adverts"),
    Label.SIGNUP: ("a call to sign up or share", "calls to sign up or share"),
    Label.NAVIGATION: ("a line of navigation", "lines of navigation"),
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason for a block's label.

    Attributes
    ----------
    evidence : Evidence
    weight : float
        Log-odds that the label would lose without it; infinite for a site rule, which decides alone.
    text : str
        A short phrase about the block, for a person to read: ``"has no links"``.
    """

    evidence: Evidence
    weight: float
    text: str


def reasons(model: Model, page: Page, lines: Sequence[Line], found: Contributions) -> list[tuple[Reason, ...]]:
    """Return the strongest reasons for the label of each line, at most `COUNT`, the strongest first.

    Parameters
    ----------
    model : Model
    page : Page
    lines : sequence of Line, length n_blocks
    found : Contributions
        For the labels of `lines`.
    """
    kinds = list(found.weights)
    weights = np.stack([found.weights[kind] for kind in kinds], axis=1)
    order = np.argsort(-weights, axis=1, kind="stable")[:, :COUNT]
    chosen = [
        [(kinds[column], float(weights[row, column])) for column in columns if weights[row, column] >= _LEAST]
        for row, columns in enumerate(order.tolist())
    ]
    wording = _Wording(model, page, lines, found, _like_words(model, page, lines, chosen))
    return [tuple(_of_line(wording, row, line, own)) for row, (line, own) in enumerate(zip(lines, chosen, strict=True))]


def _of_line(wording: _Wording, row: int, line: Line, chosen: list[tuple[Evidence, float]]) -> Iterator[Reason]:
    if line.rule:
        yield Reason(Evidence.RULE, math.inf, f"the site rule {_quoted(line.rule)} says so")
    for evidence, weight in chosen[: COUNT - bool(line.rule)]:
        yield Reason(evidence, weight, wording.phrase(evidence, row))


# ----------------------------------------------------------------------------------------- words and class names


def _like_words(
    model: Model, page: Page, lines: Sequence[Line], chosen: list[list[tuple[Evidence, float]]]
) -> dict[int, list[str]]:
    """Return the words that speak most for the label, of each block whose words are a reason."""
    rows = [row for row, own in enumerate(chosen) if any(evidence is Evidence.WORDS for evidence, _ in own)]
    own_words = {row: list(dict.fromkeys(_words_of(page.texts[row], model.tables))) for row in rows}
    known = {
        word: number for number, word in enumerate(dict.fromkeys(word for own in own_words.values() for word in own))
    }
    if not known:
        return {}
    weights = word_weights(model, list(known))
    return {
        row: _best(own, weights[[known[word] for word in own], LABELS.index(lines[row].label)])
        for row, own in own_words.items()
        if own
    }


def _words_of(text: str, tables: CharTables) -> Iterator[str]:
    """Yield the words that the model looks at, lower-cased; of scripts without spaces pairs of letters."""
    for run in _WORD.findall(clip(text).lower()):
        if look_up(tables.classes, code_points(run[:1]))[0] == CharClass.UNSPACED:
            yield from (run[start : start + 2] for start in range(max(len(run) - 1, 1)))
        elif len(run) > 1:
            yield run


def _names_of(model: Model, page: Page) -> _Names | None:
    if not page.elements:
        return None
    tokens = list(dict.fromkeys(token for name in page.elements.names for token in name.split()))
    near, far = name_weights(model, tokens)
    return _Names(page.elements.names, lay_out(page, page.elements), {t: n for n, t in enumerate(tokens)}, near, far)


@dataclass(frozen=True, slots=True)
class _Names:
    """The tags and classes of a page, and what they say to the model."""

    names: list[str]
    layout: Layout
    numbers: dict[str, int]
    near: Floats
    far: Floats

    def best(self, row: int, label: Label, levels: slice, weights: Floats) -> list[str]:
        """Return the names in `levels` above a block that speak most for `label`."""
        signatures = [number for number in self.layout.names[row, levels].tolist() if number >= 0]
        tokens = list(dict.fromkeys(token for number in signatures for token in self.names[number].split()))
        tokens = [token for token in tokens if token not in _DULL]
        column = LABELS.index(label)
        return _best(tokens, weights[[self.numbers[token] for token in tokens], column]) if tokens else []


def _best(tokens: list[str], weights: Floats) -> list[str]:
    """Return at most three tokens of positive weight, none far weaker than the first."""
    order = np.argsort(-weights, kind="stable")[:3]
    least = max(float(weights[order[0]]) * 0.4, 1e-6)
    return [tokens[number] for number in order.tolist() if weights[number] >= least]


# ----------------------------------------------------------------------------------------------------- phrases


class _Wording:
    """Finds the words for what the evidence on one page says."""

    def __init__(
        self, model: Model, page: Page, lines: Sequence[Line], found: Contributions, like: dict[int, list[str]]
    ) -> None:
        self.tables = model.tables
        self.page = page
        self.lines = lines
        self.columns = found.columns
        self.neighbours = found.neighbours
        self.deviations = found.deviations
        self.like = like
        self.names = names = _names_of(model, page)
        self.groups = column_groups(has_markup=names is not None)
        self.repeats = Counter(page.texts)
        self.paragraphs = np.flatnonzero(
            (found.columns["ends_stop"] > 0) & (np.fromiter(map(len, page.texts), np.int64) >= LONG)
        )
        self.alike: dict[int, Counter[Label]] = {}
        if names:
            for line, group in zip(lines, names.layout.like.tolist(), strict=True):
                self.alike.setdefault(group, Counter())[line.label] += 1
        self.phrases: dict[Evidence, Callable[[int], str]] = {
            Evidence.LINKS: self._links,
            Evidence.EMPHASIS: self._emphasis,
            Evidence.MEDIA: self._media,
            Evidence.CONTROLS: self._controls,
            Evidence.LENGTH: self._length,
            Evidence.SENTENCES: self._sentences,
            Evidence.LETTERS: self._letters,
            Evidence.DIGITS: self._digits,
            Evidence.QUOTES: self._quotes,
            Evidence.SIGNS: self._signs,
            Evidence.WORDS: self._wording,
            Evidence.NAME: self._name,
            Evidence.FRAME: self._frame,
            Evidence.TAGS: self._tags,
            Evidence.BOX: self._box,
            Evidence.CENTRE: self._centre,
            Evidence.HEADLINE: self._headline,
            Evidence.ALIKE: self._alike,
            Evidence.REPEATS: self._repeats,
            Evidence.POSITION: self._position,
            Evidence.SURROUNDINGS: self._surroundings,
            Evidence.VOCABULARY: self._vocabulary,
            Evidence.TITLE: self._title,
            Evidence.DESCRIPTION: self._description,
            Evidence.STRUCTURED_DATA: self._structured_data,
            Evidence.KIND_OF_PAGE: self._kind_of_page,
            Evidence.ADDRESS: self._address,
            Evidence.ARTICLE: self._article,
            Evidence.ABOVE: self._above,
            Evidence.BELOW: self._below,
        }

    def phrase(self, evidence: Evidence, row: int) -> str:
        return self.phrases[evidence](row)

    def _value(self, column: str, row: int) -> float:
        return float(self.columns[column][row])

    def _most_unusual(self, evidence: Evidence, row: int) -> str:
        return max(self.groups[evidence], key=lambda name: abs(self.deviations[name][row]))

    # -- the block itself

    def _links(self, row: int) -> str:
        share = self.page.link_chars[row] / len(self.page.texts[row])
        return f"{_percent(share)} of its characters are links" if share else "has no links"

    def _emphasis(self, row: int) -> str:
        share = self.page.strong_chars[row] / len(self.page.texts[row])
        return f"{_percent(share)} of its characters are bold or a heading" if share else "is not bold"

    def _media(self, row: int) -> str:
        return f"{'a' if self.page.media[row] else 'no'} picture or player stands right before it"

    def _controls(self, row: int) -> str:
        return f"{'a' if self.page.controls[row] else 'no'} form field or button stands at it"

    def _length(self, row: int) -> str:
        text = self.page.texts[row]
        if self._value("share_unspaced", row) > 0.5:
            return f"is {_count(len(text), 'character')} long"
        count = len(words(text))
        if count <= _SHORT_WORDS:
            return f"is short: {_count(count, 'word')}"
        return f"is long: {count} words" if count >= _LONG_WORDS else f"is {count} words long"

    def _sentences(self, row: int) -> str:
        stops = round(math.expm1(self._value("log_stops", row)))
        if not self._value("ends_stop", row):
            return f"does not end like a sentence{'' if stops else ' and has no full stop'}"
        return "ends like a sentence" if stops < 2 else f"ends like a sentence and has {stops} full stops"

    def _letters(self, row: int) -> str:
        if self._value("share_unspaced", row) + self._value("share_uncased", row) > 0.3:
            return "is in a script without capitals"
        found = _WORD.findall(self.page.texts[row])
        if not found:
            return "has no words of letters"
        capitals = sum(word[0].isupper() for word in found)
        if len(found) > 1 and all(word.isupper() for word in found):
            return "is written in capitals"
        return f"{capitals} of its {_count(len(found), 'word')} {'begins' if capitals == 1 else 'begin'} with a capital"

    def _digits(self, row: int) -> str:
        share = self._value("share_digit", row)
        return f"{_percent(share)} of its characters are digits" if share else "has no digits"

    def _quotes(self, row: int) -> str:
        return "has quotation marks" if self._value("share_quote", row) else "has no quotation marks"

    def _signs(self, row: int) -> str:
        characters = list(dict.fromkeys(self.page.texts[row]))
        classes = look_up(self.tables.classes, code_points("".join(characters))).tolist()
        signs = [char for char, own in zip(characters, classes, strict=True) if own in _SIGNS or char in MARKS]
        return f"contains {_list(signs[:3])}" if signs else "has no special signs"

    def _wording(self, row: int) -> str:
        found = self.like.get(row)
        kind = self._kind(row)
        return f"has words of {kind}, like: {_list(found)}" if found else f"is worded as {kind} often are"

    def _kind(self, row: int) -> str:
        return _NOUNS[self.lines[row].label][1]

    # -- its element and the tree

    def _name(self, row: int) -> str:
        assert self.names
        found = self.names.best(row, self.lines[row].label, NEAR_LEVELS, self.names.near)
        return f"is marked up as {_list(found)}" if found else f"is marked up as {self._kind(row)} often are"

    def _frame(self, row: int) -> str:
        assert self.names
        found = self.names.best(row, self.lines[row].label, FAR_LEVELS, self.names.far)
        return f"stands inside {_list(found)}" if found else f"stands in elements where {self._kind(row)} often stand"

    def _tags(self, row: int) -> str:
        columns = [name for name in self.groups[Evidence.TAGS] if name != "depth" and self._value(name, row) > 0]
        if not columns:
            return "stands in none of the usual elements"
        name = max(columns, key=lambda column: (self.deviations[column][row], self.columns[column][row]))
        tag = f"<{name.removeprefix('near_')}>"
        return f"is {tag}" if self._value(name, row) == 1 else f"stands inside {tag}"

    def _box(self, row: int) -> str:
        name = self._most_unusual(Evidence.BOX, row)
        level, _, what = name.partition("_")
        value = self._value(name, row)
        if what == "links":
            return f"{_percent(value)} of the text in the box around it is links"
        if what in ("good", "good_share"):
            value = self._value(f"{level}_good", row)
            return f"the box around it holds {_percent(value) if value else 'none'} of the page's paragraphs"
        count = round(math.expm1(self._value(f"{level}_blocks", row)))
        if what == "mean":
            return f"the lines in the box around it have {round(math.expm1(value))} characters on average"
        return f"the box around it holds {_count(count, 'line')}" if count > 1 else "has a box of its own"

    def _centre(self, row: int) -> str:
        if self._value("centre_inside", row):
            return "stands in the main text's part of the page"
        offset = self._value("centre_offset", row)
        count = max(round(math.expm1(abs(offset))), 1)
        return f"stands {_count(count, 'line')} {'above' if offset < 0 else 'below'} the main text's part of the page"

    def _headline(self, row: int) -> str:
        offset = self._value("headline_offset" if self.names else "title_offset", row)
        if math.isnan(offset):
            return "the page has no headline that its title names"
        count = round(math.expm1(abs(offset)))
        if not count:
            return "stands where the headline does"
        return f"stands {_count(count, 'line')} {'above' if offset < 0 else 'below'} the headline"

    def _alike(self, row: int) -> str:
        assert self.names
        group = self.alike[int(self.names.layout.like[row])].copy()
        group[self.lines[row].label] -= 1
        total = group.total()
        if not total:
            return "no other line of the page is built like it"
        label, most = group.most_common(1)[0]
        share = "" if most * 2 <= total else f", {'all' if most == total else 'most'} of them {label}"
        if total == 1:
            return f"is built like one other line, which is {label}"
        return f"is built like {total} other lines{share}"

    def _repeats(self, row: int) -> str:
        others = self.repeats[self.page.texts[row]] - 1
        return f"same words as {_count(others, 'other line')}" if others else "no other line has the same words"

    # -- the page

    def _position(self, row: int) -> str:
        total = len(self.page)
        if total == 1:
            return "is the only line of the page"
        left = total - 1 - row
        if not left:
            return "is the last line of the page"
        return (
            f"is line {row + 1} of {total}"
            if row < 0.8 * total
            else f"stands {_count(left, 'line')} before the page's end"
        )

    def _surroundings(self, row: int) -> str:
        others = self.paragraphs[self.paragraphs != row]
        if not len(others):
            return "the page has no other paragraph"
        distance = int(np.abs(others - row).min())
        return (
            "a paragraph stands right beside it" if distance == 1 else f"the nearest paragraph is {distance} lines away"
        )

    def _vocabulary(self, row: int) -> str:
        share = self._value("shared_words", row)
        return f"{_percent(share) if share else 'none'} of its words stand in the page's paragraphs too"

    def _title(self, row: int) -> str:
        if self._value("title_equal", row):
            return "is the page's title"
        return self._cover("title", "the page's title", row)

    def _description(self, row: int) -> str:
        return self._cover("description", "the page's description", row)

    def _cover(self, kind: str, name: str, row: int) -> str:
        share = self._value(f"{kind}_words", row)
        return f"{_percent(share)} of its words stand in {name}" if share else f"has no word of {name}"

    def _structured_data(self, row: int) -> str:
        share = self._value("article_body", row)
        return f"{_percent(share) if share else 'nothing'} of it is in the article text that the page gives to machines"

    def _kind_of_page(self, row: int) -> str:
        kind = next((noun for name, noun in _KINDS_OF_PAGE.items() if self._value(name, row)), None)
        return f"the page calls itself {kind}" if kind else "the page does not say of what kind it is"

    def _address(self, row: int) -> str:
        hyphens = self._value("address_hyphens", row)
        if math.isnan(hyphens):
            return "the address of the page is not known"
        if self._value("address_home", row):
            return "the page's address is that of a front page"
        if hyphens >= _STORY_HYPHENS:
            return "the page's address ends in the words of a headline"
        return "the page's address does not end in the words of a headline"

    def _article(self, row: int) -> str:
        before, after = self._value("body_before", row), self._value("body_after", row)
        if before < 0.02:
            return (
                "the article's text begins further down" if after > 0.02 else "the page has little other article text"
            )
        if after < 0.02:
            return "the article's text ends further up"
        return f"about {_percent(before)} of the article's text stands above it"

    def _above(self, row: int) -> str:
        part = self._strongest(("-", "before"), row)
        if not row:
            return "nothing stands above it"
        if part == "before":
            return f"most lines right above it are {self._most(range(max(row - _WINDOW, 0), row))}"
        above = row + int(part)
        if above < 0:
            return f"only {_count(row, 'line')} {'stands' if row == 1 else 'stand'} above it"
        if self._is_heading(above, row):
            return f"stands under {_quoted(self.page.texts[above])}"
        distance = "follows" if part == "-1" else f"stands {-int(part)} lines below"
        return f"{distance} {_NOUNS[self.lines[above].label][0]}: {_quoted(self.page.texts[above])}"

    def _below(self, row: int) -> str:
        part = self._strongest(("+", "after"), row)
        last = len(self.page) - 1
        if row == last:
            return "nothing stands below it"
        if part == "after":
            return f"most lines right below it are {self._most(range(row + 1, min(row + _WINDOW, last) + 1))}"
        below = row + int(part)
        if below > last:
            return f"only {_count(last - row, 'line')} {'stands' if row == last - 1 else 'stand'} below it"
        noun, text = _NOUNS[self.lines[below].label][0], _quoted(self.page.texts[below])
        return f"{noun} follows: {text}" if part == "+1" else f"{noun} stands {int(part)} lines below it: {text}"

    def _strongest(self, side: tuple[str, str], row: int) -> str:
        parts = [part for part in self.neighbours if part.startswith(side)]
        return max(parts, key=lambda part: float(self.neighbours[part][row]))

    def _most(self, rows: range) -> str:
        return _NOUNS[Counter(self.lines[row].label for row in rows).most_common(1)[0][0]][1]

    def _is_heading(self, above: int, row: int) -> bool:
        """Return whether a line is the heading of a later one: of its label, and in a heading or first and short."""
        label = self.lines[row].label
        if any(line.label is not label for line in self.lines[above:row]):
            return False
        begins = not above or self.lines[above - 1].label is not label
        is_short = len(words(self.page.texts[above])) <= _SHORT_WORDS
        return self.lines[above].tag in _HEADINGS or (begins and is_short and not self._is_built_alike(above, row))

    def _is_built_alike(self, one: int, other: int) -> bool:
        if not self.names:
            return False
        groups = self.names.layout.like
        return bool(groups[one] == groups[other])


def _percent(share: float) -> str:
    """Return a share that is not 0; only the whole is called all."""
    if share >= 1:
        return "all"
    return f"{min(max(round(100 * share), 1), 99)}%"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _list(words_: Sequence[str]) -> str:
    return ", ".join(map(_quoted, words_))


def _quoted(text: str) -> str:
    text = " ".join(text.split())
    return f"'{text if len(text) <= _QUOTED_CHARS else text[: _QUOTED_CHARS - 1].rstrip() + '…'}'"
