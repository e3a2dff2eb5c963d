"""What comes out: a page's lines with their labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from filter.labels import DEFAULT_KEEP, Label, parse_keep


class Status(StrEnum):
    """What a page turned out to be."""

    ARTICLE = "article"
    NO_ARTICLE = "no-article"
    EMPTY = "empty"


class Link(NamedTuple):
    """An ``a`` element inside a block: its text as in the block, and its address as in the page."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Line:
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
    """

    text: str
    label: Label
    probability: float
    keep_probability: float
    source: str
    tag: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A classified page.

    Attributes
    ----------
    lines : tuple of Line
        All blocks in page order, dropped ones too.
    url : str or None
    """

    lines: tuple[Line, ...]
    url: str | None = None

    @property
    def status(self) -> Status:
        """What the page turned out to be: empty, without an article, or an article."""
        if not self.lines:
            return Status.EMPTY
        has_body = any(line.label is Label.BODY for line in self.lines)
        return Status.ARTICLE if has_body else Status.NO_ARTICLE

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
        return "\n".join(line.text for line in self.kept(keep))
