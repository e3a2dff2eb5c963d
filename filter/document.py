"""What comes out: a page's lines with their labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

from filter.labels import DEFAULT_KEEP, Label, parse_keep
from filter.text import words

#: A page of fewer words of running text than this may be something else than an article.
_ARTICLE_WORDS = 150
#: A body line of fewer words is a heading, an item or a button, not running text.
_RUNNING_LINE = 12
#: Less running text than this, at least so many lines that are links, and so many times the words make a listing.
_LISTING_WORDS, _LISTING_LINKS, _LISTING_TIMES = 30, 10, 2
#: A longer page, or one of more other text, is no mere consent page; from this share of it on it is one.
_CONSENT_PAGE, _CONSENT_OTHER, _CONSENT_SHARE = 500, 50, 1 / 3
#: How many lines below the text a paywall stands.
_PAYWALL_LINES = 6
#: Fewer words of body than this are no article.
_LEAST_WORDS = 25

#: Words of pages that ask for cookies, or for a proof that the reader is no robot.
_CONSENT = (
    r"cookie|java ?script|captcha|\bconsent|\brobot\b|verif\w+ (?:that )?you are|unusual traffic|checking your browser"
    r"|just a moment|\u043a\u0443\u043a\u0438|\u30af\u30c3\u30ad\u30fc|\ucfe0\ud0a4"
)
#: What a wall before the rest of a text says; a newsletter form says other things.
_PAYWALL = (
    r"subscribers?\b|subscribe (?:now )?(?:to|and) (?:read|continue|keep|unlock|access)|already subscribed?"
    r"|(?:continue|keep) reading|(?:read|unlock|access) (?:the|this) (?:full|rest|whole|article|story)|members[- ]only"
    r"|abonnent|\babo\b|weiterlesen|weiterzulesen|abonn\u00e9s?\b|r\u00e9serv\u00e9|suscriptor|seguir leyendo"
    r"|suscr\u00edbe\w+ para|assinantes?\b|continuar lendo|abbonat[io]\b|continua a leggere|prenumerant"
    r"|\u043f\u043e \u043f\u043e\u0434\u043f\u0438\u0441\u043a\u0435"
    r"|\u043f\u043e\u0434\u043f\u0438\u0441\u0447\u0438\u043a|\u4f1a\u54e1\u9650\u5b9a|\u6709\u6599|\u8ba2\u9605\u540e|\u8a02\u95b1\u5f8c"
)


class Status(StrEnum):
    """What a page turned out to be; the first of these that fits, by rules on its labels and words.

    The rules are narrow: a page is an article unless it shows that it is not. ``docs/confidence.md`` tells how
    often each was given to real pages.
    """

    EMPTY = "empty"
    """There is no text."""
    CONSENT = "consent"
    """A short page that asks for cookies, for JavaScript or for a proof that the reader is no robot."""
    PAYWALL = "paywall"
    """A short text that ends at a request to subscribe in order to read on."""
    LISTING = "listing"
    """Mainly links to stories: next to no running text, many links, twice as many words in links as in the body."""
    NO_ARTICLE = "no-article"
    """There is text, but no line of it is body, and nothing says why."""
    TOO_SHORT = "too-short"
    """Fewer than 25 words of body: a teaser, a caption or a notice."""
    ARTICLE = "article"


class Link(NamedTuple):
    """An ``a`` element inside a block: its text as in the block, and its address as in the page."""

    text: str
    href: str


class Line(NamedTuple):
    """One block of a page, or one line of a text, with its label.

    Attributes
    ----------
    text : str
        HTML: whitespace squeezed. Plain text: the input line, unchanged.
    label : Label
    probability : float
        Calibrated probability of `label`, in [0, 1].
    keep_probability : float
        Probability that the block is title or body, in [0, 1].
    source : str
        Where it came from: an XPath for HTML, ``line N`` for plain text.
    tag : str
        The block's element (``p``, ``h2``, ``li``, ``blockquote``, ``td``, ...); empty for plain text.
    links : tuple of Link
    rule : str
        The site rule that gave the label (see `filter.rules`); empty where the model did.

    Notes
    -----
    A page has hundreds of lines: a named tuple is made in a third of the time of a frozen dataclass.
    """

    text: str
    label: Label
    probability: float
    keep_probability: float
    source: str
    tag: str = ""
    links: tuple[Link, ...] = ()
    rule: str = ""


class Columns(NamedTuple):
    """The lines of a document as columns: what most callers ask for is there, `lines` makes the rest.

    Attributes
    ----------
    texts : sequence of str
    labels : sequence of Label
        Of the same length.
    lines : callable
        Returns the lines, whose texts and labels are these.
    """

    texts: Sequence[str]
    labels: Sequence[Label]
    lines: Callable[[], tuple[Line, ...]]


@dataclass(frozen=True, eq=False)
class Document:
    """A classified page; equal to another of the same lines, address and confidence.

    Parameters
    ----------
    content : tuple of Line, or Columns
        Lines take a tenth of the time of classifying (a path for each): one who asks for the text alone is spared.
    url : str or None
    confidence : float or None
        How well it went: the word F1 to be expected of the lines labelled body, in [0, 1]; 1 is the article, whole
        and clean. 0 where no line is. None where the model cannot tell, or the document does not come from a model.
        Site rules do not change it.
    """

    content: tuple[Line, ...] | Columns = field(repr=False)
    url: str | None = None
    confidence: float | None = None

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """All blocks in page order, dropped ones too."""
        return self.content.lines() if isinstance(self.content, Columns) else self.content

    def __eq__(self, other: object) -> bool:
        """Return whether `other` is a document of the same lines, address and confidence."""
        if not isinstance(other, Document):
            return NotImplemented
        return (self.lines, self.url, self.confidence) == (other.lines, other.url, other.confidence)

    def __hash__(self) -> int:
        """Return a number that equal documents share."""
        return hash((self.lines, self.url, self.confidence))

    def __reduce__(self) -> tuple[type[Document], tuple[object, ...]]:
        """Pickle the lines, not what they are made of."""
        return Document, (self.lines, self.url, self.confidence)

    @property
    def status(self) -> Status:
        """What the page turned out to be; see `Status`."""
        body = [line for line in self.lines if line.label is Label.BODY]
        running = _running_words(body)
        if running >= _ARTICLE_WORDS:
            return Status.ARTICLE
        rules: dict[Status, Callable[[], object]] = {
            Status.EMPTY: lambda: not self.lines,
            Status.CONSENT: lambda: _is_consent(self.lines),
            Status.PAYWALL: lambda: body and _count(body) < _ARTICLE_WORDS and _has_paywall(self.lines),
            Status.LISTING: lambda: running < _LISTING_WORDS and _is_listing(self.lines),
            Status.NO_ARTICLE: lambda: not body,
            Status.TOO_SHORT: lambda: _count(body) < _LEAST_WORDS,
        }
        return next((status for status, fits in rules.items() if fits()), Status.ARTICLE)

    def kept(self, keep: Iterable[str] | str = DEFAULT_KEEP) -> tuple[Line, ...]:
        """Return the lines whose label is in `keep`, in page order.

        Raises
        ------
        KeepError
            `keep` names a label that does not exist.
        """
        wanted = parse_keep(keep)
        return tuple(line for line in self.lines if line.label in wanted)

    def text(self, keep: Iterable[str] | str = DEFAULT_KEEP) -> str:
        """Return the kept lines joined by newlines; the empty string where nothing is kept.

        Examples
        --------
        >>> from filter import classify
        >>> classify("").text()
        ''
        """
        content = self.content
        if isinstance(content, Columns):
            wanted = tuple(parse_keep(keep))  # to be looked through: hashing a member of an enumeration is slower
            pairs = zip(content.texts, content.labels, strict=True)
            return "\n".join([text for text, label in pairs if label in wanted])
        return "\n".join(line.text for line in self.kept(keep))


def _count(lines: Iterable[Line]) -> int:
    return sum(len(words(line.text)) for line in lines)


def _running_words(body: Iterable[Line]) -> int:
    """Return the words of running text, or of its first lines, where they are enough for an article."""
    total = 0
    for line in body:
        size = len(words(line.text))
        if size >= _RUNNING_LINE and not _is_link(line):
            total += size
        if total >= _ARTICLE_WORDS:
            break
    return total


def _says(line: Line, pattern: str) -> bool:
    # `re` keeps what it has compiled; most pages are articles at first sight, and no pattern is compiled for them.
    return re.search(pattern, line.text, re.IGNORECASE) is not None


def _is_link(line: Line) -> bool:
    return 2 * sum(len(link.text) for link in line.links) >= len(line.text)


def _is_consent(lines: Sequence[Line]) -> bool:
    total = _count(lines)
    if total >= _CONSENT_PAGE:
        return False
    asking = _count(line for line in lines if _says(line, _CONSENT))
    other = _count(line for line in lines if line.label is Label.BODY and not _says(line, _CONSENT))
    return other < _CONSENT_OTHER and asking >= max(1, _CONSENT_SHARE * total)


def _is_listing(lines: Sequence[Line]) -> bool:
    links = [line for line in lines if line.label is Label.RELATED or _is_link(line)]
    body = _count(line for line in lines if line.label is Label.BODY)
    return len(links) >= _LISTING_LINKS and _count(links) > _LISTING_TIMES * body


def _has_paywall(lines: Sequence[Line]) -> bool:
    last = max(number for number, line in enumerate(lines) if line.label is Label.BODY)
    below = lines[last + 1 : last + 1 + _PAYWALL_LINES]
    return any(line.label is Label.SIGNUP and _says(line, _PAYWALL) for line in below)
