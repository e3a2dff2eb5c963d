"""A walk, or plain lines, as the blocks of a page.

A block is what a reader sees as one paragraph, heading, list item or table cell: inline elements
join, block elements and two ``<br>`` in a row split, and no text node is in two blocks. A page is
held as columns, not as objects, because features are computed for a whole page at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from filter.errors import TooLargeError
from filter.markdown import read_line
from filter.text import lines, squeeze
from filter.tree import UNSEEN, Attributes, Walk

#: Elements that run on inside a paragraph; every other element is a block of its own.
INLINE = frozenset(
    "a abbr acronym b basefont bdi bdo big cite code data del dfn em font i img ins kbd mark meter nobr "
    "noindex output progress q rb rt ruby s samp small span strike strong sub sup time tt u var wbr picture "
    "source slot link map math noscript rp script style svg template".split()
)
STRONG = frozenset("b strong h1 h2 h3 h4 h5 h6 th".split())
MEDIA = frozenset("img picture figure video iframe audio svg object embed amp-img canvas".split())
#: Elements that say what a block is, though its text may be in a paragraph inside them.
TELLING = frozenset("h1 h2 h3 h4 h5 h6 li dt dd blockquote pre td th figcaption caption".split())
MAX_STEPS = 200
_SHORTEST_STEP = len("/p[1]")
#: A page that hides at least so many characters, and so many times those that it shows, waits for a script (`_SHOWN`).
_HIDDEN, _TIMES = 500, 3
#: Running text: a block of at least so many characters (jusText's LENGTH_LOW is 70), less than this share in links.
LONG, _LINKED = 80, 0.4
_TAG_LEVELS = 4
#: May raise to end what takes too long.
Check = Callable[[], object]
_Block = tuple[str, int, int, int, int, int, int, Sequence[tuple[str, str]]]
Builder = TypeVar("Builder", bound="_Builder")
#: No text is ever in these (`noscript` may be read), so nothing asks what they are called.
_TEXTLESS = UNSEEN - {"noscript"} | frozenset("area base br col hr img input link meta".split())
#: What the builder has to know of a tag, as one set of bits a tag; none for most block elements.
_IN_LINE, _LINK, _STRONG, _MEDIA, _CONTROL, _BREAK, _META, _TITLE, _NAMELESS = (1 << bit for bit in range(9))
_TAGS: dict[int, Iterable[str]] = {
    _IN_LINE: INLINE,
    _LINK: ("a",),
    _STRONG: STRONG,
    _MEDIA: MEDIA,
    _CONTROL: ("input", "button", "select", "textarea", "form"),
    _BREAK: ("br",),
    _META: ("meta", "link"),
    _TITLE: ("title",),
    _NAMELESS: _TEXTLESS,
}
_KINDS = {tag: sum(bit for bit in _TAGS if tag in _TAGS[bit]) for tag in chain(*_TAGS.values())}
#: Tags of which more is kept than their place.
_COUNTED = _LINK | _STRONG | _MEDIA | _CONTROL | _BREAK | _META | _TITLE
#: Attributes whose words tell what an element is for, and what stands before them in its name.
_NAMING = {"class": " ", "id": " "} | {
    key: f" {key} "
    for key in (
        *("itemprop", "itemtype", "role", "data-testid", "data-component", "data-type", "data-qa", "aria-label"),
        *("property", "rel", "type", "name"),
    )
}
#: How often the clock is asked: once in so many elements, or in so many texts in a row.
_OFTEN = 0x3FF
_HEAD_META = {
    "og:title": "titles",
    "twitter:title": "titles",
    "description": "descriptions",
    "og:description": "descriptions",
}


@dataclass(slots=True)
class Elements:
    """The elements of a page in document order, as parallel lists.

    Attributes
    ----------
    tags : list of str
    parents : list of int
        Index of the parent element; -1 for a root.
    signatures : list of int
        Index into `names`: elements of one tag, class and id share it.
    names : list of str
        ``"tag class … id …"`` of each signature; the tag alone where no text can be.
    name_tags : list of str
        The tag of each of these.
    first, last : list of int
        The element holds blocks ``first:last``.
    hrefs : dict of int to str
        Address of each ``a``; empty where it has none.
    """

    tags: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    signatures: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    name_tags: list[str] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    hrefs: dict[int, str] = field(default_factory=dict)


@dataclass(slots=True)
class Head:
    """What the page says of itself outside its visible text.

    Attributes
    ----------
    titles, descriptions : list of str
    ld_json : list of str
        JSON-LD scripts, as they are.
    properties : dict of str to str
        Content of each ``meta`` with a property or name, of several the first.
    canonical : str
        Address that the page gives as its own; empty if none.
    url : str
        Address that the page came from; empty if nobody said.
    """

    titles: list[str] = field(default_factory=list)
    descriptions: list[str] = field(default_factory=list)
    ld_json: list[str] = field(default_factory=list)
    properties: dict[str, str] = field(default_factory=dict)
    canonical: str = ""
    url: str = ""

    @property
    def address(self) -> str:
        """The page's address: the one that it gives itself, else the one that it came from; empty if there is none."""
        return self.canonical or self.properties.get("og:url") or self.url


@dataclass
class Page:
    """The blocks of one page, as parallel lists, each of length ``n_blocks``; what is measured of them is kept.

    Attributes
    ----------
    texts : list of str
        What a reader reads: never blank, whitespace squeezed, plain lines without marks of Markdown.
    lines : list of str
        Plain text: the input lines, unchanged. Empty for HTML.
    places : list of int
        HTML: index of the innermost element that holds all of the block. Plain text: line number.
    link_chars, strong_chars : list of int
        Characters inside ``a`` and inside bold or heading elements.
    links : list of int
        Number of ``a`` elements.
    media, controls : list of int
        Pictures, players or form controls since the block before.
    anchors : list of sequences of (str, str)
        Text (whitespace as in the page) and address of each link that ends in the block.
    elements : Elements or None
        None for plain text.
    head : Head
    """

    texts: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    link_chars: list[int] = field(default_factory=list)
    strong_chars: list[int] = field(default_factory=list)
    links: list[int] = field(default_factory=list)
    media: list[int] = field(default_factory=list)
    controls: list[int] = field(default_factory=list)
    anchors: list[Sequence[tuple[str, str]]] = field(default_factory=list)
    elements: Elements | None = None
    head: Head = field(default_factory=Head)

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def shown(self) -> list[str]:
        """What a document shows of each block: plain lines as they came."""
        return self.texts if self.elements else self.lines

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """The number of characters of each block, shape (n_blocks,)."""
        return np.fromiter(map(len, self.texts), np.int64, len(self.texts))

    def chars(self) -> int:
        """Return the number of characters of all blocks."""
        return int(self.sizes.sum())

    def running_chars(self) -> int:
        """Return how many characters are running text, not headings, items or links."""
        sizes = self.sizes
        return int(sizes[is_running(sizes, np.array(self.link_chars, np.int64))].sum())


def is_running(sizes: NDArray[Any], link_sizes: NDArray[Any]) -> NDArray[np.bool_]:
    """Return whether each block is running text, from its characters and those of them in links."""
    result: NDArray[np.bool_] = (sizes >= LONG) & (link_sizes < _LINKED * sizes)
    return result


#: Measures of a page, and how much one that waits for a script shows at most.
_SHOWN: tuple[tuple[Callable[[Page], int], int], ...] = ((Page.chars, 500), (Page.running_chars, 1500))


def blocks_from_text(text: str, *, max_blocks: int) -> Page:
    """Return one block for each non-blank line of `text`, in order.

    Raises
    ------
    TooLargeError
        More than `max_blocks` lines.
    """
    page = Page()
    for number, line in lines(text):
        page.texts.append(read_line(line))
        page.lines.append(line)
        page.places.append(number)
    if len(page) > max_blocks:
        raise TooLargeError(f"more than {max_blocks:,} lines")
    return page


def blocks_of_page(
    walk: Callable[[bool], Walk], *, max_blocks: int, url: str | None = None, check: Check | None = None
) -> Page:
    """Return the blocks that a page shows, or all that it has where nearly all its running text waits for a script.

    Parameters
    ----------
    walk : callable
        Gives the walk (see `filter.tree`) without what is hidden, or, told True, with it.
    url : str, optional
        Where the page came from.
    max_blocks, check
        See `blocks_from_walk`, as for what is raised.
    """
    page = _built_from_page(walk, lambda: _Builder(max_blocks, check)).page
    page.head.url = url or ""
    return page


def block_strings(walk: Callable[[bool], Walk], *, max_blocks: int) -> list[list[str]]:
    """Return the texts that each block of `blocks_of_page` is made of, as the walk gave them, with blank ones.

    Raises
    ------
    TooLargeError
        More than `max_blocks` blocks.
    """
    return _built_from_page(walk, lambda: _StringBuilder(max_blocks)).strings


def blocks_from_walk(walk: Walk, *, max_blocks: int, check: Check | None = None) -> Page:
    """Return the blocks of a walk (see `filter.tree`).

    Parameters
    ----------
    walk : callable
    max_blocks : int
    check : callable, optional
        Called now and then; may raise to end a walk that takes too long.

    Raises
    ------
    TooLargeError
        More than `max_blocks` blocks.
    """
    return _built(_Builder(max_blocks, check), walk).page


def _built_from_page(walk: Callable[[bool], Walk], new: Callable[[], Builder]) -> Builder:
    builder = _built(new(), walk(False))
    if builder.hidden_chars < _HIDDEN:
        return builder
    measured = [(measure, measure(builder.page), limit) for measure, limit in _SHOWN]
    waiting = [
        (measure, max(_HIDDEN, _TIMES * shown) + shown)
        for measure, shown, limit in measured
        if shown < limit and builder.hidden_chars >= _TIMES * shown
    ]
    if not waiting:
        return builder
    whole = _built(new(), walk(True))
    return whole if any(measure(whole.page) >= least for measure, least in waiting) else builder


def _built(builder: Builder, walk: Walk) -> Builder:
    walk(builder)
    builder.finish()
    return builder


def locators(elements: Elements, places: Sequence[int]) -> list[str]:
    """Return the XPath of each element in `places`, every step numbered among siblings of its tag.

    -1 is the page itself. An element deeper than `MAX_STEPS` gets the path of its ancestor at that depth, so
    that the length of all paths together stays linear in the size of the page.
    """
    parents = elements.parents
    holders = {-1}
    for place in places:
        while place not in holders:
            holders.add(place)
            place = parents[place]
    paths = {-1: ""}
    counts: dict[tuple[int, str], int] = {}
    for index, key in enumerate(zip(parents, elements.tags, strict=True)):
        counts[key] = number = counts.get(key, 0) + 1
        if index in holders:
            parent, tag = key
            path = paths[parent]
            full = len(path) >= _SHORTEST_STEP * MAX_STEPS and path.count("/") >= MAX_STEPS
            paths[index] = path if full else f"{path}/{tag}[{number}]"
    return [paths[place] or "/" for place in places]


def ancestors(elements: Elements, index: int) -> Iterator[int]:
    """Yield `index`, its parent, and so on up to the root."""
    while index >= 0:
        yield index
        index = elements.parents[index]


def block_tag(elements: Elements, index: int) -> str:
    """Return what kind of block element `index` stands in: a heading, item, quote, cell, or its nearest block.

    Only a few ancestors are looked at: a paragraph in an article in a table is no cell.
    """
    nearest = ""
    for _ in range(_TAG_LEVELS):
        if index < 0:
            break
        tag = elements.tags[index]
        if tag in TELLING:
            return tag
        if not nearest and tag not in INLINE:
            nearest = tag
        index = elements.parents[index]
    return nearest


class _Builder:
    """Visits a page (see `filter.tree.Visitor`) and fills a `Page`.

    This is the hot loop of newsfilter: a call for each element, text and end of an element. What looks as if it could
    be shorter is so because it was measured.
    """

    __slots__ = (
        "anchor_start",
        "anchors",
        "blocks",
        "breaks",
        "check",
        "controls",
        "current",
        "elements",
        "hidden_chars",
        "holder",
        "inside_link",
        "inside_strong",
        "inside_title",
        "link_chars",
        "links",
        "max_blocks",
        "media",
        "numbers",
        "page",
        "pieces",
        "place",
        "strong_chars",
    )  # fmt: skip

    def __init__(self, max_blocks: int, check: Check | None = None) -> None:
        self.max_blocks = max_blocks
        self.check = check
        self.hidden_chars = 0
        self.elements = Elements()
        self.page = Page(elements=self.elements)
        self.blocks: list[_Block] = []
        self.numbers: dict[str, int] = {}
        self.current = -1
        self.inside_link = self.inside_strong = self.inside_title = self.breaks = 0
        self.pieces: list[str] = []
        # `holder` is the innermost open element that holds `place`: where both part, the block is in it.
        self.place = self.holder = -1
        self.link_chars = self.strong_chars = self.links = self.media = self.controls = 0
        self.anchors: list[tuple[str, str]] | None = None
        self.anchor_start = 0

    def open(self, tag: str, attributes: Attributes) -> None:
        kind = _KINDS.get(tag, 0)
        if self.pieces and not kind & (_IN_LINE | _BREAK):
            self.flush()
        elements = self.elements
        index = len(elements.tags)
        if kind & _COUNTED:
            self.count(kind, index, attributes)
        name = tag
        if not kind & _NAMELESS:
            for key in attributes:
                if key in _NAMING and attributes[key]:
                    name = f"{name}{_NAMING[key]}{attributes[key]}"
        number = self.numbers.get(name)
        if number is None:
            number = self.number(name, tag)
        elements.tags.append(tag)
        elements.parents.append(self.current)
        elements.signatures.append(number)
        elements.first.append(len(self.blocks))
        elements.last.append(0)
        self.current = index
        if self.check and not index & _OFTEN:
            self.check()

    def count(self, kind: int, index: int, attributes: Attributes) -> None:
        if kind & _LINK:
            self.inside_link += 1
            self.links += 1
            self.anchor_start = len(self.pieces)
            self.elements.hrefs[index] = attributes.get("href") or ""
        if kind & _STRONG:
            self.inside_strong += 1
        if kind & _MEDIA:
            self.media += 1
        if kind & _CONTROL:
            self.controls += 1
        if kind & _BREAK:
            self.line_break()
        if kind & _META:
            self.meta(attributes)
        if kind & _TITLE:
            self.inside_title += 1

    def number(self, name: str, tag: str) -> int:
        """Return the number of a signature; different values may differ by whitespace alone."""
        names = self.elements.names
        squeezed = squeeze(name)
        number = self.numbers.setdefault(squeezed, len(names))
        if number == len(names):
            names.append(squeezed)
            self.elements.name_tags.append(tag)
        self.numbers[name] = number
        return number

    def close(self) -> None:
        index = self.current
        elements = self.elements
        self.current = parent = elements.parents[index]
        if index == self.holder:
            self.holder = parent
        kind = _KINDS.get(elements.tags[index], 0)
        # An inline element's own text is still in the buffer: it ends in the block to come.
        pending = False
        if kind & _IN_LINE:
            pending = self.place != -1
        elif self.pieces and not kind & _BREAK:
            self.flush()
        if kind & _LINK:
            self.inside_link -= 1
            href = elements.hrefs[index]
            if href and pending:
                self.anchors = self.anchors or []
                self.anchors.append(("".join(self.pieces[self.anchor_start :]), href))
        if kind & _STRONG:
            self.inside_strong -= 1
        if kind & _TITLE:
            self.inside_title -= 1
        elements.last[index] = len(self.blocks) + pending

    def text(self, data: str) -> None:
        pieces = self.pieces
        if data.isspace():
            # Most text nodes are indentation between elements; before a block only links show it.
            if pieces or self.inside_link:
                pieces.append(data)
            return
        pieces.append(data)
        self.breaks = 0
        if self.place == -1:
            self.place = self.holder = self.current
        elif self.current != self.place:
            self.place = self.holder
        if self.inside_link or self.inside_strong:
            size = len(squeeze(data))
            if self.inside_link:
                self.link_chars += size
            if self.inside_strong:
                self.strong_chars += size
        if self.check and not len(pieces) & _OFTEN:
            self.check()

    def ld_json(self, data: str) -> None:
        self.page.head.ld_json.append(data)

    def hidden(self, size: int) -> None:
        self.hidden_chars += size

    def line_break(self) -> None:
        self.breaks += 1
        if self.breaks == 2:
            self.flush()
        self.pieces.append(" ")

    def flush(self) -> None:
        """End the block in hand, if it has any text."""
        text = squeeze("".join(self.pieces))
        if text:
            place, self.place = self.place, -1
            if self.inside_title and self.is_title(place):
                self.page.head.titles.append(text)
            else:
                self.add_block(text, place)
            self.link_chars = self.strong_chars = self.media = self.controls = 0
            self.links = self.inside_link
            self.anchors = None
        self.pieces.clear()
        self.breaks = self.anchor_start = 0

    def is_title(self, place: int) -> bool:
        """Return whether text is a title's own, and of no block inside: a title that is never closed holds them all."""
        tags = self.elements.tags
        nearest = next((tags[index] for index in ancestors(self.elements, place) if tags[index] not in INLINE), "")
        return nearest == "title"

    def add_block(self, text: str, place: int) -> None:
        self.blocks.append(
            (text, place, self.link_chars, self.strong_chars, self.links, self.media, self.controls, self.anchors or ())
        )
        if len(self.blocks) > self.max_blocks:
            raise TooLargeError(f"more than {self.max_blocks:,} blocks")

    def finish(self) -> None:
        """Fill the page with what was visited."""
        self.flush()
        page = self.page
        if self.blocks:
            (
                page.texts,
                page.places,
                page.link_chars,
                page.strong_chars,
                page.links,
                page.media,
                page.controls,
                page.anchors,
            ) = map(list, zip(*self.blocks, strict=True))

    def meta(self, attributes: Attributes) -> None:
        head = self.page.head
        name, content = attributes.get("property") or attributes.get("name"), attributes.get("content")
        if name and content and not content.isspace():
            head.properties.setdefault(name, content)
            if name in _HEAD_META:
                getattr(head, _HEAD_META[name]).append(squeeze(content))
        elif attributes.get("rel") == "canonical":
            head.canonical = head.canonical or attributes.get("href") or ""


class _StringBuilder(_Builder):
    """Remembers which texts became which block."""

    __slots__ = ("strings",)

    def __init__(self, max_blocks: int) -> None:
        super().__init__(max_blocks)
        self.strings: list[list[str]] = []

    def add_block(self, text: str, place: int) -> None:
        super().add_block(text, place)
        self.strings.append(self.pieces.copy())
