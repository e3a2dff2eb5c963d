"""Markup, or a BeautifulSoup tree, as one walk: a visitor is told what opens, what is said and what closes.

The fast parser (lexbor, through selectolax) and bs4 give the same walk, so nothing behind this
module knows which of them read the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Protocol

from selectolax.lexbor import LexborHTMLParser

from filter.errors import ParseError

if TYPE_CHECKING:
    from bs4 import Tag

Attributes = dict[str, str | None]
Event = tuple[str, Attributes | str | int | None]

#: Names of the events that are not the opening of an element.
TEXT, HIDDEN, LD_JSON, CLOSE = "#text", "#hidden", "#ld+json", "/"


class Visitor(Protocol):
    """Who is told of a page, in its order."""

    def open(self, tag: str, attributes: Attributes) -> None:
        """Take an element that opens."""

    def close(self) -> None:
        """Take that the innermost open element closes."""

    def text(self, data: str) -> None:
        """Take a text node, never empty; of a soup its own `NavigableString`, so that its place can be asked for."""

    def ld_json(self, data: str) -> None:
        """Take the content of the JSON-LD script that is open."""

    def hidden(self, size: int) -> None:
        """Take the number of characters in the open element, which is passed by unless what is hidden is walked."""


#: Tells a visitor of a page. Elements that a reader does not see open and close with no text or element between.
Walk = Callable[[Visitor], None]

#: Elements whose content a reader of the page does not see as text.
UNSEEN = frozenset(
    "script style noscript template svg math iframe object embed applet audio video canvas map "
    "select textarea datalist frameset noframes rp".split()
)
#: Elements that may be unseen whatever their attributes are.
_DOUBTFUL = UNSEEN | {"dialog"}
#: Some sites hide these until a script runs; what they hold is the page all the same.
_NEVER_HIDDEN = frozenset(("html", "body", "main", "article"))
#: What a server sends in pieces (React's streaming) comes in hidden elements of such an id, which a script then shows.
_STREAMED = re.compile(r".*S:[0-9a-f]+")


def walk_markup(markup: str, with_hidden: bool = False) -> Walk:
    """Return the walk of `markup`, parsed as a browser would (HTML5).

    Parameters
    ----------
    markup : str
    with_hidden : bool
        Also walk what is hidden and what is only for readers without scripts.

    Returns
    -------
    callable
        Takes a `Visitor`. Raises `ParseError` where the parser gives no tree.
    """
    return partial(_walk_markup, markup, with_hidden)


def walk_soup(root: Tag, with_hidden: bool = False) -> Walk:
    """Return the walk of a `BeautifulSoup` or of one `Tag` in it; see `walk_markup`."""
    return partial(_walk_soup, root, with_hidden)


def events(walk: Walk) -> list[Event]:
    """Return what a walk tells, as a list.

    Returns
    -------
    list of tuple
        ``(tag, attributes)`` where an element opens, ``("#text", str)``, ``("#ld+json", str)``,
        ``("#hidden", int)``, and ``("/", None)`` where an element closes.
    """
    recorder = _Recorder()
    walk(recorder)
    return recorder.events


class _Recorder:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def open(self, tag: str, attributes: Attributes) -> None:
        self.events.append((tag, attributes))

    def close(self) -> None:
        self.events.append((CLOSE, None))

    def text(self, data: str) -> None:
        self.events.append((TEXT, data))

    def ld_json(self, data: str) -> None:
        self.events.append((LD_JSON, data))

    def hidden(self, size: int) -> None:
        self.events.append((HIDDEN, size))


def _walk_markup(markup: str, with_hidden: bool, visitor: Visitor) -> None:
    try:
        node = LexborHTMLParser(markup).root
    except Exception as error:  # selectolax raises bare exceptions of several kinds
        raise ParseError(f"the HTML parser gave up: {error}") from error
    on_open, on_text, on_close = visitor.open, visitor.text, visitor.close
    open_nodes = []
    while node is not None:
        tag = node.tag
        if tag == "-text":
            text = node.text_content
            if text:
                on_text(text)
        elif tag is not None and tag >= "a":  # others: -comment, !doctype
            attributes: Attributes = node.attributes
            on_open(tag, attributes)
            # `is_unseen` is asked only where it may say so: a call an element is dear.
            if (tag in _DOUBTFUL or "style" in attributes or "hidden" in attributes) and is_unseen(
                tag, attributes, with_hidden
            ):
                _tell(visitor, tag, attributes, node.text)
                child = None
            else:
                child = node.child
            if child is not None:
                open_nodes.append(node)
                node = child
                continue
            on_close()
        following = node.next
        while following is None and open_nodes:
            on_close()
            following = open_nodes.pop().next
        node = following


def _walk_soup(root: Tag, with_hidden: bool, visitor: Visitor) -> None:
    from bs4 import BeautifulSoup  # noqa: PLC0415 - only a soup needs bs4
    from bs4.element import NavigableString, PreformattedString, Tag  # noqa: PLC0415

    stack: list[Iterator[object]] = [iter(root.contents if isinstance(root, BeautifulSoup) else (root,))]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            if stack:
                visitor.close()
        elif isinstance(node, Tag):
            tag = node.name.lower()
            attributes = _soup_attributes(node)
            visitor.open(tag, attributes)
            if is_unseen(tag, attributes, with_hidden):
                _tell(visitor, tag, attributes, partial(_soup_text, node))
                visitor.close()
            else:
                stack.append(iter(node.contents))
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString) and node:
            # PreformattedString: comments, doctypes, declarations
            visitor.text(node)


def _soup_text(node: Tag) -> str:
    if node.name == "script":
        # get_text knows which strings are code only if the parser marked them; html5lib does not.
        return "".join(child for child in node.contents if isinstance(child, str))
    return node.get_text()


def _tell(visitor: Visitor, tag: str, attributes: Attributes, text: Callable[[], str]) -> None:
    """Tell of an element that is not walked."""
    if tag == "script":
        if attributes.get("type") == "application/ld+json":
            visitor.ld_json(text())
    elif tag not in UNSEEN or tag == "noscript":
        visitor.hidden(len(text()))


def _soup_attributes(node: Tag) -> Attributes:
    """Return attributes as lexbor gives them: one string each, None where empty."""
    return {
        name: (" ".join(value) if isinstance(value, list) else str(value)) or None for name, value in node.attrs.items()
    }


def is_unseen(tag: str, attributes: Attributes, with_hidden: bool = False) -> bool:
    """Return whether a reader does not see what is in the element: by its kind, or as it is marked hidden."""
    if tag in UNSEEN:
        return not (with_hidden and tag == "noscript")
    if ("style" not in attributes and "hidden" not in attributes and tag != "dialog") or with_hidden:
        return False
    if tag in _NEVER_HIDDEN:
        return False
    if "hidden" in attributes:
        return attributes["hidden"] != "until-found" and not _STREAMED.fullmatch(attributes.get("id") or "")
    style = attributes.get("style")
    if style:
        compact = style.replace(" ", "").lower()
        if "display:none" in compact or "visibility:hidden" in compact:
            return True
    return tag == "dialog" and "open" not in attributes
