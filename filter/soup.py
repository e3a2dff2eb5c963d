"""A soup without its boilerplate: the blocks that are not kept, taken out of the tree they stand in.

What is not a block has no label: pictures, players, rules, scripts, styles, comments, empty and hidden elements. It
stays where the element around it stays, and goes where that goes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from bs4.element import NavigableString, PageElement, Tag

from filter.blocks import INLINE, MEDIA, block_strings
from filter.document import Document, Line
from filter.errors import InputError
from filter.labels import DEFAULT_KEEP, Label, parse_keep
from filter.pipeline import Classifier, Options
from filter.tree import TEXT, events, walk_soup

if TYPE_CHECKING:
    from filter.rules import Rules

#: Without them a soup is no page any more.
_SKELETON = frozenset(("html", "head", "body"))
#: What a caption tells of; svg is mostly an icon beside words.
_PICTURES = MEDIA - {"figure", "svg"}


@dataclass(frozen=True, slots=True)
class Removed:
    """Something that `strip` took out of a soup.

    Attributes
    ----------
    node : Tag or NavigableString
        As it was, with all that it holds; no longer part of the soup.
    lines : tuple of Line
        The blocks that it held, or that it was a part of.
    """

    node: Tag | NavigableString
    lines: tuple[Line, ...]

    @property
    def label(self) -> Label:
        """The label of most characters of the blocks."""
        sizes = dict.fromkeys((line.label for line in self.lines), 0)
        for line in self.lines:
            sizes[line.label] += len(line.text)
        return max(sizes, key=lambda label: sizes[label])


@dataclass(slots=True)
class _Cut:
    """A node to take out, and whether kept blocks on both sides of it would then run together."""

    parent: Tag
    index: int
    parts: bool = False

    @property
    def node(self) -> Tag | NavigableString:
        return cast("Tag | NavigableString", self.parent.contents[self.index])


class _Marks:
    """Which strings are kept and which go, and which elements hold them.

    Blank strings do neither: they stay, and keep the words of `get_text` apart.
    """

    __slots__ = ("dropped", "going", "holding", "kept", "pictured")

    def __init__(self, root: Tag, document: Document, wanted: frozenset[Label]) -> None:
        strings: list[tuple[NavigableString, int]] = [
            (cast("NavigableString", string), number)
            for number, run in enumerate(block_strings(partial(walk_soup, root), max_blocks=sys.maxsize))
            for string in run
            if not string.isspace()
        ]
        labels = [line.label for line in document.lines]
        self.kept = {id(string): number for string, number in strings if labels[number] in wanted}
        self.dropped = {id(string): number for string, number in strings if labels[number] not in wanted}
        staying = _holders(string for string, _ in strings if id(string) in self.kept)
        self.holding = _holders(string for string, _ in strings)
        self.going = self.holding - staying
        pictures = _holders(tag for tag in _tags(root) if tag.name.lower() in _PICTURES)
        other = _holders(string for string, number in strings if labels[number] not in wanted | {Label.CAPTION})
        self.pictured = pictures - other

    def goes(self, node: PageElement) -> bool:
        """Return whether `node` is to be taken out as a whole."""
        if not isinstance(node, Tag):
            return id(node) in self.dropped
        return id(node) in self.going and id(node) not in self.pictured and node.name.lower() not in _SKELETON

    def blocks(self, node: Tag | NavigableString) -> Iterable[int]:
        """Return the numbers of the dropped blocks that have a part in `node`."""
        told = events(walk_soup(node, True)) if isinstance(node, Tag) else [(TEXT, node)]
        strings = [value for name, value in told if name is TEXT]
        return dict.fromkeys(self.dropped[id(string)] for string in strings if id(string) in self.dropped)


def strip(
    soup: Tag,
    keep: Iterable[str] | str = DEFAULT_KEEP,
    *,
    url: str | None = None,
    options: Options | None = None,
    rules: Rules | None = None,
) -> tuple[Removed, ...]:
    """Take the boilerplate out of a soup, in place, and return what was taken out.

    Parameters
    ----------
    soup : BeautifulSoup or Tag
        Of any parser. A Tag is itself never removed, nor is anything outside it.
    keep : iterable of str, or str with commas
        Labels to keep.
    url : str, optional
        Address of the page, for `rules`.
    options : Options, optional
    rules : Rules, optional
        Site rules; see `read_rules`.

    Returns
    -------
    tuple of Removed
        In page order. The largest elements that hold dropped blocks and no kept one; where a block shares its element
        with a kept one, its strings and inline elements.

    Raises
    ------
    InputError
        `soup` is no soup, or over a limit of `options`.
    KeepError
        `keep` names a label that does not exist.

    Notes
    -----
    - An element that holds a kept block is never removed, and ``html``, ``head`` and ``body`` stay.
    - What holds no text (a picture, a player, a rule, a script, a comment) and what a reader does not see (a hidden
      element) has no label. It goes only with an element around it.
    - Where all that a figure or another element with pictures would lose is captions, the captions go and the
      pictures stay.
    - Where kept blocks would run together because only what went stood between them, two ``br`` take its place.

    Examples
    --------
    >>> from bs4 import BeautifulSoup
    >>> soup = BeautifulSoup("<p>Share this article</p><aside>Sign up for our newsletter</aside>", "html.parser")
    >>> [removed.node.name for removed in strip(soup)]
    ['p', 'aside']
    >>> str(soup)
    ''
    """
    wanted = parse_keep(keep)
    if not isinstance(soup, Tag):
        raise InputError(f"only a bs4 tree can be stripped, not {type(soup).__name__}")
    document = Classifier(options=options, rules=rules).classify(soup, url=url)
    return remove(soup, document, wanted)


def remove(root: Tag, document: Document, wanted: frozenset[Label]) -> tuple[Removed, ...]:
    """Take the blocks of `root` whose line in its `document` has another label than those `wanted`; see `strip`."""
    marks = _Marks(root, document, wanted)
    removed = []
    # From the end, so that the places of the cuts before are still right.
    for cut in reversed(_cuts(root, marks)):
        node = cut.node
        lines = tuple(document.lines[number] for number in marks.blocks(node))
        # bs4 would look the place up, which takes a time that grows with the square of the number of siblings.
        node.extract(_self_index=cut.index)
        if cut.parts:
            cut.parent.insert(cut.index, *(Tag(name="br", can_be_empty_element=True) for _ in range(2)))
        removed.append(Removed(node, lines))
    return tuple(reversed(removed))


def _cuts(root: Tag, marks: _Marks) -> list[_Cut]:
    """Return what is to be taken out, in page order."""
    cuts: list[_Cut] = []
    first: _Cut | None = None  # since the last kept string
    block, breaks = -1, 2
    for node, cut in _remaining(root, marks):
        if cut:
            cuts.append(cut)
            first = first or cut
        elif isinstance(node, Tag):
            if node.name.lower() not in INLINE:
                # As in filter.blocks: two line breaks part blocks, any other element that is not inline does so alone.
                breaks += 1 if node.name.lower() == "br" else 2
        elif id(node) in marks.kept:
            if first and breaks < 2 and marks.kept[id(node)] != block:
                first.parts = True
            block, breaks, first = marks.kept[id(node)], 0, None
    return cuts


def _remaining(root: Tag, marks: _Marks) -> Iterator[tuple[PageElement, _Cut | None]]:
    """Yield what remains of the tree in page order, and each cut; an element that holds blocks also where it closes."""
    stack: list[tuple[Tag, Iterator[tuple[int, PageElement]]]] = [(root, enumerate(root.contents))]
    while stack:
        parent, children = stack[-1]
        index, node = next(children, (-1, parent))
        if index >= 0 and marks.goes(node):
            yield node, _Cut(parent, index)
            continue
        if index < 0:
            stack.pop()
        # A line break with content, as some parsers make it, still breaks once.
        if index >= 0 or parent.name.lower() != "br":
            yield node, None
        if index >= 0 and isinstance(node, Tag) and id(node) in marks.holding:
            stack.append((node, enumerate(node.contents)))


def _tags(root: Tag) -> Iterator[Tag]:
    """Yield the elements in `root`, in any order."""
    stack = [root]
    while stack:
        tags = [child for child in stack.pop().contents if isinstance(child, Tag)]
        yield from tags
        stack += tags


def _holders(nodes: Iterable[PageElement]) -> set[int]:
    """Return the ids of all elements that hold one of `nodes`."""
    holders: set[int] = set()
    for node in nodes:
        parent = node.parent
        while parent is not None and id(parent) not in holders:
            holders.add(id(parent))
            parent = parent.parent
    return holders
