"""A page's own look, made harmless: its elements and inline styles, coloured by label, without anything that loads."""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from filter.blocks import MAX_STEPS
from filter.document import Document
from filter.labels import Label

#: What runs, loads, or changes how the rest is read.
_REMOVED = frozenset(
    "script noscript template link meta base title iframe frame frameset object embed applet portal audio video source "
    "track canvas svg math plaintext".split()
)
#: What changes the look and can do nothing else.
_KEPT_ATTRIBUTES = frozenset(
    "class id style dir lang align valign width height alt title colspan rowspan start reversed value placeholder "
    "type hidden open checked disabled bgcolor color face size border cellpadding cellspacing nowrap".split()
)
#: What makes CSS load something.
_LOADING = re.compile(r"url\s*\(|image-set|src\s*\(|@import", re.IGNORECASE)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
#: Comes first, so that the page's own styles win.
_STYLE = (
    "html{background:#fff;color:#1b1e24;color-scheme:light}body{font:15px/1.5 system-ui,sans-serif;margin:1rem}"
    "img{background:#e5e7eb;max-width:100%}"
    "[data-label]{background-color:var(--tint)!important;box-shadow:-4px 0 var(--line)!important}"
    "span[data-label],a[data-label],b[data-label],em[data-label],strong[data-label]{box-shadow:none!important;"
    "border-bottom:2px solid var(--line)!important}"
)


def shown_original(markup: str, document: Document, colours: str) -> str:
    """Return `markup` as a document for a sandboxed frame: nothing in it runs, loads or leads away.

    Parameters
    ----------
    markup : str
    document : Document
        The classified page; the elements of its lines are coloured by label.
    colours : str
        CSS that gives elements with ``data-label`` the properties ``--tint`` and ``--line``.
    """
    tree = LexborHTMLParser(markup)
    labels: dict[str, Label] = {}
    for line in document.lines:
        labels.setdefault(line.source, line.label)
    for node, path in list(_elements(tree)):
        if node.tag in _REMOVED:
            node.decompose()
            continue
        _clean(node)
        if path in labels:
            node.attrs["data-label"] = labels[path]
    return (
        f'<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f"<style>{_STYLE}{colours}</style>{tree.html or ''}"
    )


def _elements(tree: LexborHTMLParser) -> Iterator[tuple[LexborNode, str]]:
    """Yield each element with its XPath, as `filter.blocks.locators` writes it; nothing inside a removed one."""
    stack: list[tuple[LexborNode, str]] = [(tree.root, "/html[1]")] if tree.root is not None else []
    while stack:
        node, path = stack.pop()
        yield node, path
        if node.tag in _REMOVED:
            continue
        full = path.count("/") >= MAX_STEPS
        counts: dict[str, int] = {}
        child = node.child
        while child is not None:
            tag = child.tag
            if tag and tag[0] not in "-_!":
                counts[tag] = counts.get(tag, 0) + 1
                stack.append((child, path if full else f"{path}/{tag}[{counts[tag]}]"))
            child = child.next


def _clean(node: LexborNode) -> None:
    for name, value in dict(node.attributes).items():
        if name not in _KEPT_ATTRIBUTES:
            del node.attrs[name]
        elif name == "style" and value:
            node.attrs[name] = _quiet(value)
    if node.tag == "style" and node.child is not None:
        node.child.replace_with(_quiet(node.text(deep=True)))


def _quiet(css: str) -> str:
    return _LOADING.sub("nothing", css)
