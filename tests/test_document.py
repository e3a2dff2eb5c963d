"""A document made of columns is the document made of its lines."""

import pickle
from pathlib import Path

import pytest

from filter import Document, Label, classify
from filter.document import Columns, Line

ROOT = Path(__file__).parent.parent
SOURCES = [path.read_text("utf-8") for path in sorted((ROOT / "examples").glob("*.html"))]
LINES = (
    Line("Rain is due", Label.TITLE, 0.9, 0.95, "/html/body/h1"),
    Line("Read more", Label.RELATED, 0.8, 0.1, "/html/body/p"),
)


def columns_of(lines: tuple[Line, ...], asked: list[int]) -> Columns:
    def make() -> tuple[Line, ...]:
        asked.append(len(lines))
        return lines

    return Columns([line.text for line in lines], [line.label for line in lines], make)


@pytest.mark.parametrize("source", [*SOURCES, "Rain is due in the hills tonight.\n\nRead more", ""])
def test_the_text_is_that_of_the_lines(source: str) -> None:
    document = classify(source)
    assert isinstance(document.content, Columns)
    for keep in ("title,body", "related,promo", list(Label)):
        text = document.text(keep)
        assert text == Document(document.lines).text(keep)
        assert text == "\n".join(line.text for line in document.kept(keep))


def test_lines_are_made_when_asked_for_and_once() -> None:
    asked: list[int] = []
    document = Document(columns_of(LINES, asked))
    assert document.text() == "Rain is due"
    assert asked == []
    assert document.lines is document.lines
    assert document.lines == LINES
    assert asked == [2]


def test_documents_of_the_same_lines_are_equal() -> None:
    lazy, eager = (
        Document(columns_of(LINES, []), "https://example.com", 0.5),
        Document(LINES, "https://example.com", 0.5),
    )
    assert lazy == eager
    assert hash(lazy) == hash(eager)
    assert lazy != Document(LINES[:1], "https://example.com", 0.5)
    assert lazy != Document(LINES, None, 0.5)
    assert lazy != Document(LINES, "https://example.com", 0.6)
    assert lazy != LINES


def test_a_pickled_document_holds_its_lines_alone() -> None:
    document = classify(SOURCES[0], url="https://example.com/")
    copy = pickle.loads(pickle.dumps(document))  # noqa: S301 - our own bytes
    assert copy == document
    assert copy.content == document.lines
