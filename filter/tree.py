"""Markup, or a BeautifulSoup tree, as one walk of open, text and close events.

The fast parser (lexbor, through selectolax) and bs4 give the same walk, so nothing behind this
module knows which of them read the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from selectolax.lexbor import LexborHTMLParser

from filter.errors import ParseError

if TYPE_CHECKING:
    from bs4 import Tag

Attributes = dict[str, str | None]
Event = tuple[str, Attributes | str | int | None]

TEXT = "#text"
HIDDEN = "#hidden"
LD_JSON = "#ld+json"
CLOSE = "/"
_CLOSE: Event = (CLOSE, None)

#: Elements whose content a reader of the page does not see as text.
UNSEEN = frozenset(
    "script style noscript template svg math iframe object embed applet audio video canvas map "
    "select textarea datalist frameset noframes rp".split()
)
#: Some sites hide these until a script runs; what they hold is the page all the same.
_NEVER_HIDDEN = frozenset(("html", "body", "main", "article"))
#: Attributes that can hide an element.
_HIDING = frozenset(("hidden", "style"))
#: What a server sends in pieces (React's streaming) comes in hidden elements of such an id, which a script then shows.
_STREAMED = re.compile(r".*S:[0-9a-f]+")


def walk_markup(markup: str, with_hidden: bool = False) -> Iterator[Event]:
    """Yield the events of `markup`, parsed as a browser would (HTML5).

    Parameters
    ----------
    markup : str
    with_hidden : bool
        Also walk what is hidden and what is only for readers without scripts.

    Yields
    ------
    tuple
        ``(tag, attributes)`` where an element opens, ``("#text", str)``, ``("#ld+json", str)`` for a
        JSON-LD script, ``("/", None)`` where an element closes. Unseen elements open and close with nothing
        between; of those that `with_hidden` would show, ``("#hidden", int)`` tells how many characters they hold.

    Raises
    ------
    ParseError
        The parser gives no tree.
    """
    try:
        node = LexborHTMLParser(markup).root
    except Exception as error:  # selectolax raises bare exceptions of several kinds
        raise ParseError(f"the HTML parser gave up: {error}") from error
    open_nodes = []
    while node is not None:
        tag = node.tag
        child = None
        if tag == "-text":
            text = node.text_content
            if text:
                yield TEXT, text
        elif tag is not None and tag[0] not in "-_!":
            attributes: Attributes = node.attributes
            yield tag, attributes
            if is_unseen(tag, attributes, with_hidden):
                yield from _told(tag, attributes, node.text)
            else:
                child = node.child
            if child is None:
                yield _CLOSE
            else:
                open_nodes.append(node)
                node = child
                continue
        following = node.next
        while following is None and open_nodes:
            yield _CLOSE
            following = open_nodes.pop().next
        node = following


def walk_soup(root: Tag, with_hidden: bool = False) -> Iterator[Event]:
    """Yield the events of a `BeautifulSoup` or of one `Tag` in it; see `walk_markup`.

    The str of a text event is the soup's own `NavigableString`, so that who needs its place can ask it.
    """
    from bs4 import BeautifulSoup  # noqa: PLC0415 - only a soup needs bs4
    from bs4.element import NavigableString, PreformattedString, Tag  # noqa: PLC0415

    stack: list[Iterator[object]] = [iter(root.contents if isinstance(root, BeautifulSoup) else (root,))]
    while stack:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            if stack:
                yield _CLOSE
        elif isinstance(node, Tag):
            tag = node.name.lower()
            attributes = _soup_attributes(node)
            yield tag, attributes
            if is_unseen(tag, attributes, with_hidden):
                yield from _told(tag, attributes, partial(_soup_text, node))
                yield _CLOSE
            else:
                stack.append(iter(node.contents))
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString) and node:
            # PreformattedString: comments, doctypes, declarations
            yield TEXT, node


def _soup_text(node: Tag) -> str:
    if node.name == "script":
        # get_text knows which strings are code only if the parser marked them; html5lib does not.
        return "".join(child for child in node.contents if isinstance(child, str))
    return node.get_text()


def _told(tag: str, attributes: Attributes, text: Callable[[], str]) -> Iterator[Event]:
    """Yield what is told of an element that is not walked."""
    if tag == "script":
        if attributes.get("type") == "application/ld+json":
            yield LD_JSON, text()
    elif tag not in UNSEEN or tag == "noscript":
        yield HIDDEN, len(text())


def _soup_attributes(node: Tag) -> Attributes:
    """Return attributes as lexbor gives them: one string each, None where empty."""
    return {
        name: (" ".join(value) if isinstance(value, list) else str(value)) or None for name, value in node.attrs.items()
    }


def is_unseen(tag: str, attributes: Attributes, with_hidden: bool = False) -> bool:
    """Return whether a reader does not see what is in the element: by its kind, or as it is marked hidden."""
    if tag in UNSEEN:
        return not (with_hidden and tag == "noscript")
    if with_hidden or (_HIDING.isdisjoint(attributes) and tag != "dialog") or tag in _NEVER_HIDDEN:
        return False
    if "hidden" in attributes:
        return attributes["hidden"] != "until-found" and not _STREAMED.fullmatch(attributes.get("id") or "")
    style = attributes.get("style")
    if style:
        compact = style.replace(" ", "").lower()
        if "display:none" in compact or "visibility:hidden" in compact:
            return True
    return tag == "dialog" and "open" not in attributes
