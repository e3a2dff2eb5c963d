"""CSS selectors on a page, evaluated by the parser that its blocks come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from selectolax.lexbor import LexborHTMLParser, LexborNode

from filter.blocks import Page

if TYPE_CHECKING:
    from bs4 import Tag


def check_selector(selector: str) -> None:
    """Raise `ValueError` unless both markup and soups can be searched with `selector`."""
    from bs4 import BeautifulSoup  # noqa: PLC0415 - only who has selectors needs it

    try:
        BeautifulSoup("", "html.parser").css.compile(selector)
        LexborHTMLParser("<p>").css(selector)
    except Exception as error:  # both raise exceptions of several kinds
        raise ValueError(str(error).partition("\n")[0]) from error


def select_blocks(tree: str | Tag, page: Page, selectors: Iterable[str]) -> dict[str, frozenset[int]]:
    """Return the numbers of the blocks that each selector selects: those inside an element that it matches.

    Parameters
    ----------
    tree : str, BeautifulSoup or Tag
        What `page` was read from.
    page : Page
        Selectors select nothing of a plain text.
    selectors : iterable of str
        Each of which `check_selector` let pass.
    """
    if page.elements is None:
        return dict.fromkeys(selectors, frozenset())
    parents = page.elements.parents
    numbers, matches = _of_markup(tree, parents) if isinstance(tree, str) else _of_soup(tree, parents)
    selected = {}
    for selector in selectors:
        matched = {numbers[key] for key in matches(selector) if key in numbers}
        inside = _inside(parents, matched)
        selected[selector] = frozenset(block for block, place in enumerate(page.places) if place >= 0 and inside[place])
    return selected


def _inside(parents: Sequence[int], matched: set[int]) -> list[bool]:
    """Return for each element whether it or an element around it is in `matched`."""
    inside: list[bool] = []
    for number, parent in enumerate(parents):
        inside.append(number in matched or (parent >= 0 and inside[parent]))
    return inside


def _of_markup(markup: str, parents: Sequence[int]) -> tuple[dict[int, int], Callable[[str], Iterable[int]]]:
    """Return the number of each element, by an identity, and what gives the identities that a selector matches."""
    parser = LexborHTMLParser(markup)
    nodes = _in_order(parents, _siblings(parser.root), lambda node: _siblings(node.child))
    numbers = {node.mem_id: number for number, node in enumerate(nodes)}
    return numbers, lambda selector: (node.mem_id for node in parser.css(selector))


def _siblings(node: LexborNode | None) -> Iterator[LexborNode]:
    while node is not None:
        if node.tag is not None and node.tag[0] not in "-_!":
            yield node
        node = node.next


def _of_soup(root: Tag, parents: Sequence[int]) -> tuple[dict[int, int], Callable[[str], Iterable[int]]]:
    from bs4 import BeautifulSoup, Tag  # noqa: PLC0415 - only a soup needs bs4

    def tags(parent: Tag) -> Iterator[Tag]:
        return (child for child in parent.contents if isinstance(child, Tag))

    roots = tags(root) if isinstance(root, BeautifulSoup) else iter((root,))
    numbers = {id(tag): number for number, tag in enumerate(_in_order(parents, roots, tags))}

    def matches(selector: str) -> Iterator[int]:
        if root.css.match(selector):
            yield id(root)
        yield from map(id, root.css.select(selector))

    return numbers, matches


def _in_order(parents: Sequence[int], roots: Iterator[Any], children: Callable[[Any], Iterator[Any]]) -> list[Any]:
    """Return the nodes of a page's elements, in their order, from the children of each; unseen ones are not asked."""
    nodes: list[Any] = []
    following = {-1: roots}
    for parent in parents:
        if parent not in following:
            following[parent] = children(nodes[parent])
        nodes.append(next(following[parent]))
    return nodes
