"""Read by mypy, never run: a line with ``type: ignore`` must fail, or mypy calls the comment unused."""

from collections.abc import Iterator
from typing import assert_type

from bs4 import BeautifulSoup

from filter import Classifier, Document, Label, Line, Options, classify, classify_many, clean

soup = BeautifulSoup("<p>Rain is due.</p>", "html.parser")

assert_type(classify("Rain is due."), Document)
assert_type(classify(b"Rain is due.", url="https://example.org/rain", input="text"), Document)
assert_type(classify(soup), Document)
assert_type(classify(soup.p or soup), Document)
assert_type(classify_many(["Rain is due.", b"<p>Rain is due."]), Iterator[Document])
assert_type(clean("Rain is due.", keep="title,body"), str)
assert_type(clean("Rain is due.", {Label.BODY, Label.CAPTION}), str)

document = Classifier(options=Options(max_blocks=100, deadline=1.5)).classify("Rain is due.")
assert_type(document.lines, tuple[Line, ...])
assert_type(document.lines[0].label, Label)
assert_type(document.lines[0].probability, float)
assert_type(document.text(keep=[Label.BODY]), str)

classify(None)  # type: ignore[arg-type]
classify("Rain is due.", input="pdf")  # type: ignore[arg-type]
classify("Rain is due.", "https://example.org/rain")  # type: ignore[call-arg]
clean("Rain is due.", keep=3)  # type: ignore[arg-type]
Options(10_000, deadline="1 s")  # type: ignore[arg-type]
Options().max_blocks = 5  # type: ignore[misc]
document.lines[0].label = Label.BODY  # type: ignore[misc]
document.lines.append(document.lines[0])  # type: ignore[attr-defined]
