from __future__ import annotations

import json
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filter.document import Document, Line, Link
from filter.errors import KeepError
from filter.labels import Label
from filter.output import Format, jsonl_lines, render, to_html, to_json, to_markdown, to_text


def line(text: str, tag: str = "p", source: str = "/p[1]", *links: tuple[str, str], label: Label = Label.BODY) -> Line:
    return Line(text, label, 0.912345, 0.95, source, tag, tuple(Link(*link) for link in links))


def page(*lines: Line, url: str | None = None, confidence: float | None = None) -> Document:
    return Document(lines, url, confidence)


ARTICLE = page(
    line("Home", label=Label.NAVIGATION),
    line("Rain & <wind>", "div", "/div[1]", label=Label.TITLE),
    line("See the report now.", "p", "/p[2]", ("report", "/r?a=1&b=2"), ("now", "https://x.example/n")),
    line("Sign up", label=Label.SIGNUP),
    url="https://news.example/a/b.html",
    confidence=0.91234,
)


def test_text_is_the_kept_lines() -> None:
    assert to_text(ARTICLE) == "Rain & <wind>\nSee the report now."
    assert to_text(ARTICLE, "signup,navigation") == "Home\nSign up"


def test_json_has_every_line() -> None:
    record = json.loads(to_json(ARTICLE))
    assert list(record) == ["url", "status", "confidence", "text", "lines"]
    assert record["url"] == "https://news.example/a/b.html"
    assert (record["status"], record["confidence"]) == ("too-short", 0.9123)
    assert record["text"] == to_text(ARTICLE)
    assert [entry["label"] for entry in record["lines"]] == ["navigation", "title", "body", "signup"]
    assert record["lines"][0] == {
        "text": "Home", "label": "navigation", "probability": 0.9123, "keep_probability": 0.95, "source": "/p[1]",
    }  # fmt: skip


def test_json_takes_numpy_numbers() -> None:
    odd = Line("x", Label.BODY, np.float32(0.5), np.float32(0.25), "line 1")  # type: ignore[arg-type]
    assert json.loads(to_json(page(odd)))["lines"][0]["probability"] == 0.5


def test_jsonl_is_one_object_a_line() -> None:
    lines = list(jsonl_lines(ARTICLE, name="a.html"))
    assert len(lines) == 4
    assert all("\n" not in text for text in lines)
    whole = json.loads(to_json(ARTICLE))
    page = {"document": "a.html", "status": whole["status"], "confidence": whole["confidence"]}
    assert json.loads(lines[1]) == {**page, **whole["lines"][1]}


def test_letters_of_all_scripts_stand_as_they_are() -> None:
    assert "日本 🙂" in to_json(page(line("日本 🙂")))


@pytest.mark.parametrize("form", list(Format))
def test_an_empty_document_is_rendered(form: Format) -> None:
    expected = {
        Format.TEXT: "",
        Format.MARKDOWN: "",
        Format.JSON: '{"url": null, "status": "empty", "confidence": null, "text": "", "lines": []}',
        Format.HTML: "<article>\n</article>",
    }
    assert render(page(), form) == expected[form]


@pytest.mark.parametrize("form", list(Format))
def test_an_unknown_label_is_refused(form: Format) -> None:
    with pytest.raises(KeepError, match="nonsense"):
        render(ARTICLE, form, "nonsense")


def test_render_knows_its_formats() -> None:
    assert render(ARTICLE, Format("markdown"), "title") == to_markdown(ARTICLE, "title")
    assert render(ARTICLE, Format("html"), "title") == to_html(ARTICLE, "title")


def test_markdown_of_an_article() -> None:
    assert to_markdown(ARTICLE) == (
        "# Rain & \\<wind\\>\n\nSee the [report](https://news.example/r?a=1&b=2) [now](https://x.example/n)."
    )


def test_html_of_an_article() -> None:
    assert to_html(ARTICLE) == (
        "<article>\n<h1>Rain &amp; &lt;wind&gt;</h1>\n"
        '<p>See the <a href="https://news.example/r?a=1&amp;b=2">report</a> <a href="https://x.example/n">now</a>.</p>\n'
        "</article>"
    )


STRUCTURED = page(
    line("Head", "h1", "/h1[1]", label=Label.TITLE),
    line("Part", "h3", "/h3[1]"),
    line("one", "li", "/ul[1]/li[1]"),
    line("two", "li", "/ul[1]/li[2]/p[1]/b[1]"),
    line("first", "li", "/ol[1]/li[1]"),
    line("second", "li", "/ol[1]/li[2]"),
    line("said", "blockquote", "/blockquote[1]/p[1]"),
    line("she", "blockquote", "/blockquote[1]/p[2]"),
    line("x = ```1```", "pre", "/pre[1]"),
    line("Year", "th", "/table[1]/tbody[1]/tr[1]/th[1]"),
    line("Rain | mm", "th", "/table[1]/tbody[1]/tr[1]/th[2]"),
    line("2024", "td", "/table[1]/tbody[1]/tr[2]/td[1]"),
    line("in one", "td", "/table[2]/tr[1]/td[1]/p[1]"),
    line("cell", "td", "/table[2]/tr[1]/td[1]/p[2]"),
)


def test_markdown_of_structures() -> None:
    assert (
        to_markdown(STRUCTURED)
        == """# Head

### Part

- one
- two

1. first
2. second

> said
>
> she

````
x = ```1```
````

| Year | Rain \\| mm |
| --- | --- |
| 2024 |  |

in one

cell"""
    )


def test_html_of_structures() -> None:
    assert (
        to_html(STRUCTURED)
        == """<article>
<h1>Head</h1>
<h3>Part</h3>
<ul>
<li>one</li>
<li>two</li>
</ul>
<ol>
<li>first</li>
<li>second</li>
</ol>
<blockquote>
<p>said</p>
<p>she</p>
</blockquote>
<pre>x = ```1```</pre>
<table>
<tr><th>Year</th><th>Rain | mm</th></tr>
<tr><td>2024</td></tr>
</table>
<p>in one</p>
<p>cell</p>
</article>"""
    )


def test_paragraphs_of_one_cell_stay_in_it() -> None:
    table = page(
        line("a", "td", "/table[1]/tr[1]/td[1]/p[1]"),
        line("b", "td", "/table[1]/tr[1]/td[1]/p[2]"),
        line("c", "td", "/table[1]/tr[1]/td[2]"),
    )
    assert to_markdown(table) == "| a b | c |\n| --- | --- |"
    assert "<tr><td>a<br>b</td><td>c</td></tr>" in to_html(table)


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("a_b *c* `d` [e](f) \\ ~g~", "a\\_b \\*c\\* \\`d\\` \\[e\\](f) \\\\ \\~g\\~"),
        ("AT&T &amp; &#38;", "AT&T \\&amp; \\&#38;"),
        ("# no heading", "\\# no heading"),
        ("#hashtag", "#hashtag"),
        ("- no item", "\\- no item"),
        ("+ no item", "\\+ no item"),
        ("1. no item", "1\\. no item"),
        ("12) no item", "12\\) no item"),
        ("3.5 per cent", "3.5 per cent"),
        ("---", "\\---"),
        ("===", "\\==="),
        ("> no quote", "\\> no quote"),
        ("    no code", "no code"),
        ("a - b # c 1. d", "a - b # c 1. d"),
        ("<b>x</b>", "\\<b\\>x\\</b\\>"),
        ("one\r\ntwo\u2028three", "one two three"),
    ],
)
def test_plain_text_is_no_markdown(text: str, markdown: str) -> None:
    assert to_markdown(page(line(text, "", "line 1"))) == markdown


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " \x01javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://x.example/",
        "",
        "  ",
    ],
)
def test_addresses_that_could_run_are_dropped(href: str) -> None:
    document = page(line("go on", "p", "/p[1]", ("go", href)))
    assert to_html(document) == "<article>\n<p>go on</p>\n</article>"
    assert to_markdown(document) == "go on"


@pytest.mark.parametrize(
    "href", ["https://x.example/", "HTTP://x.example/", "mailto:a@b.example", "/a", "a.html?b=1:2", "#x", "//x.example"]
)
def test_other_addresses_stay(href: str) -> None:
    assert f'<a href="{href}">go</a>' in to_html(page(line("go", "p", "/p[1]", ("go", href))))


def test_an_address_that_no_base_can_resolve_is_dropped() -> None:
    assert to_markdown(page(line("go", "p", "/p[1]", ("go", "http://[x")), url="https://a.example/")) == "go"


def test_links_are_replaced_in_order() -> None:
    document = page(line("map map map", "p", "/p[1]", ("map", "/1"), ("", "/image"), ("gone", "/2"), ("map", "/3")))
    assert to_markdown(document) == "[map](/1) [map](/3) map"


def test_an_address_cannot_leave_its_markdown_link() -> None:
    assert to_markdown(page(line("go", "p", "/p[1]", ("go", "/a) [b](c <d>")))) == "[go](/a%29%20[b]%28c%20%3Cd%3E)"


def test_an_address_cannot_leave_its_attribute() -> None:
    assert '<a href="/&quot;&gt;&lt;script&gt;">go</a>' in to_html(
        page(line("go", "p", "/p[1]", ("go", '/"><script>')))
    )


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= {"href"}

    def handle_data(self, data: str) -> None:
        self.text += data


_TAGS = ("p", "li", "td", "th", "h2", "pre", "blockquote", "", "div", "figcaption")
_LINES = st.lists(
    st.builds(
        Line,
        st.text(min_size=1),
        st.sampled_from(Label),
        st.floats(0, 1),
        st.floats(0, 1),
        st.sampled_from(
            ["/table[1]/tr[1]/td[1]", "/table[1]/tr[1]/td[2]", "/ul[1]/li[1]", "/ol[1]/li[2]/a[1]", "line 3", "/"]
        ),
        st.sampled_from(_TAGS),
        st.lists(st.builds(Link, st.text(max_size=2), st.text()), max_size=2).map(tuple),
    ),
    max_size=6,
)


@settings(deadline=None)
@given(_LINES, st.none() | st.just("https://a.example/b"))
def test_any_document_is_safe_html_with_all_its_text(lines: list[Line], url: str | None) -> None:
    reader = _Reader()
    reader.feed(to_html(Document(tuple(lines), url=url), list(Label)))
    reader.close()
    assert reader.tags <= set("article h1 h2 p ul ol li blockquote pre table tr td th a br".split())
    assert "".join(reader.text.split()) == "".join("".join(entry.text for entry in lines).split())


@settings(deadline=None)
@given(_LINES)
def test_any_document_is_rendered(lines: list[Line]) -> None:
    document = Document(tuple(lines))
    assert isinstance(to_markdown(document, list(Label)), str)
    assert json.loads(to_json(document))["text"] == document.text()
