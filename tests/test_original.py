"""The page's own look: coloured by label, and nothing left in it that runs or loads."""

import re
from pathlib import Path

import pytest
from selectolax.lexbor import LexborHTMLParser

from filter import classify
from filter.original import shown_original

EXAMPLES = sorted((Path(__file__).parent.parent / "examples").glob("*.html"))
COLOURS = "[data-label=body]{--tint:red;--line:blue}"
ACTIVE = """<!doctype html><html onload=a()><head><title>T</title><base href=//evil.example/>
<meta http-equiv=refresh content="0;url=//evil.example"><link rel=stylesheet href=//evil.example/a.css>
<style>@import "//evil.example/b.css"; p{background:URL (//evil.example/c.png);color:green}</style>
<script>alert(1)</script></head>
<body background=//evil.example/d.png onclick=alert(1)>
<noscript><iframe src=//evil.example><p>x</p></iframe></noscript>
<svg onload=alert(1)><a xlink:href="javascript:alert(1)"><style><img src=x onerror=alert(1)></style></a></svg>
<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>
<p style="background:url(//evil.example/e.png);color:blue" id=kept onmouseover=alert(1)>The river ferry is open again.
<a href=javascript:alert(1) ping=//evil.example>link</a>
<img src=//evil.example/f.png srcset=//evil.example/g.png alt=Boat>
<form action=//evil.example><button formaction=//evil.example>Go</button><input autofocus onfocus=alert(1)></form>
<object data=//evil.example><embed src=//evil.example><object><embed></object></object>
<video poster=//evil.example></video>
<template><script>alert(1)</script></template><iframe srcdoc="<script>alert(1)</script>"></iframe></body></html>"""


def shown(markup: str) -> str:
    return shown_original(markup, classify(markup, input="html"), COLOURS)


def test_nothing_active_or_external_is_left():
    content = shown(ACTIVE)
    body = content.split("</style>", 1)[1]
    assert not re.search("alert|javascript|<(script|iframe|object|embed|svg|math|link|base|template|video)", body)
    assert not re.search(r"url\s*\(|@import|\son\w+=|\s(src|href|action|ping|poster)=", body, re.IGNORECASE)


def test_the_look_is_left():
    tree = LexborHTMLParser(shown(ACTIVE))
    paragraph = tree.css_first("#kept")
    assert "color:blue" in paragraph.attributes["style"]
    assert "color:green" in tree.css("style")[1].text()
    assert paragraph.css_first("img").attributes["alt"] == "Boat"
    assert "The river ferry is open again." in paragraph.text()


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_line_is_coloured_by_its_label(path):
    markup = path.read_text("utf-8")
    document = classify(markup)
    tree = LexborHTMLParser(shown_original(markup, document, COLOURS))
    for unseen in tree.css("rp"):
        unseen.decompose()
    first = {}
    for line in document.lines:
        first.setdefault(line.source, line)
    marked = [(" ".join(node.text().split()), node.attributes["data-label"]) for node in tree.css("[data-label]")]
    assert len(marked) == len(first)
    for line in first.values():
        squeezed = "".join(line.text.split())
        assert any(squeezed in "".join(text.split()) and label == line.label for text, label in marked), line


def test_a_deep_page_is_shown():
    content = shown("<div>" * 5000 + "<p>The river ferry is open again, the mayor said on Monday.")
    assert "The river ferry" in content


def test_the_policy_comes_before_the_page():
    content = shown("<p>a")
    assert content.index("Content-Security-Policy") < content.index("<p")
    assert "default-src 'none'" in content
