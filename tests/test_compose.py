"""Tests of `filter.train.compose`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from filter.corpora.lines import LabelledLine, LineDocument
from filter.labels import Label
from filter.train.compose import Place, compose, runs_of

PARAGRAPH = "The council voted on {} to keep the hedge at nine feet. Nobody spoke for some time after that."
CODES = {"T": "title", "Y": "byline", "B": "body", "C": "caption", "R": "related", "P": "promo"}
CODES |= {"S": "signup", "N": "navigation", "D": "disclaimer"}


def lines(*rows: str, pair: str | None = None) -> tuple[LabelledLine, ...]:
    return tuple(LabelledLine(row[2:], Label(CODES[row[0]]), pair) for row in rows)


def article(name: str, lang: str = "en") -> LineDocument:
    days = ("Monday", "Tuesday", "Friday")
    rows = [
        f"N|{name} menu",
        f"T|{name} headline",
        f"Y|By {name} Author",
        f"Y|{name}, 3 May",
        f"S|Share {name}",
        *(f"B|{name} {PARAGRAPH.format(day)}" for day in days[:2]),
        f"R|Read also: {name} bridge",
        "B|What it means",
        f"B|{name} {PARAGRAPH.format(days[2])}",
        f"C|{name} picture",
        f"D|{name} is no advice",
        f"R|More from {name}",
        f"R|{name} ferry",
        f"P|{name} token",
        f"R|{name} harbour",
        f"N|© {name}",
    ]
    return LineDocument(name, lang, "local", lines(*rows, pair="p1"))


DOCUMENTS = [*(article(name) for name in ("Pell", "Sarn", "Tarn")), article("Ulm", "de"), article("Bonn", "de")]


@pytest.fixture(scope="module")
def composed() -> list[LineDocument]:
    return list(compose(DOCUMENTS, count=400, seed=7))


def texts(document: LineDocument, labels: Iterable[Label]) -> str:
    return " ".join(line.text for line in document.lines if line.label in labels).casefold()


def test_runs_know_their_place_and_keep_heading_and_adverts_with_the_list() -> None:
    runs = list(runs_of(article("Pell").lines))
    assert [(run.place, [line.label[0] for line in run.lines]) for run in runs] == [
        (Place.HEAD, ["n"]),
        (Place.LEAD, ["s"]),
        (Place.INLINE, ["r"]),
        (Place.TAIL, ["d"]),
        (Place.TAIL, ["r", "r", "p", "r"]),
        (Place.TAIL, ["n"]),
    ]
    orders = [run.order for run in runs if run.place is Place.TAIL]
    assert orders == sorted(orders)


def test_page_without_body_is_all_tail() -> None:
    runs = list(runs_of(lines("N|Search", "R|One", "R|Two", "S|Save this search")))
    assert [(run.place, len(run.lines)) for run in runs] == [(Place.TAIL, 1), (Place.TAIL, 2), (Place.TAIL, 1)]


def test_same_seed_same_documents_other_seed_others() -> None:
    assert list(compose(DOCUMENTS, count=5, seed=1)) == list(compose(DOCUMENTS, count=5, seed=1))
    assert list(compose(DOCUMENTS, count=5, seed=1)) != list(compose(DOCUMENTS, count=5, seed=2))


def test_count_ids_and_pairs(composed: list[LineDocument]) -> None:
    assert len({document.id for document in composed}) == 400
    assert all(line.pair is None for document in composed for line in document.lines)


def test_languages_are_never_mixed(composed: list[LineDocument]) -> None:
    names = {"en": ("pell", "sarn", "tarn"), "de": ("ulm", "bonn")}
    for document in composed:
        other = names["de" if document.lang == "en" else "en"]
        assert not any(name in texts(document, Label) for name in other)


def test_article_is_whole_and_of_one_document(composed: list[LineDocument]) -> None:
    for document in composed:
        name = document.id.split("+")[0].casefold()
        body = texts(document, {Label.BODY})
        assert [body.count(day) for day in ("monday", "tuesday", "friday")] == [1, 1, 1]
        assert body.count(name) == 3
        assert texts(document, {Label.TITLE}) == f"{name} headline"


def test_labels_stay_with_their_texts(composed: list[LineDocument]) -> None:
    marks = {
        "nobody spoke": {Label.BODY},
        "what it means": {Label.BODY},
        "menu": {Label.NAVIGATION},
        "©": {Label.NAVIGATION},
        "read also": {Label.RELATED},
        "harbour": {Label.RELATED},
        "token": {Label.PROMO},
        "no advice": {Label.DISCLAIMER},
        "picture": {Label.CAPTION},
        # A share row may be glued to the byline above it.
        "share": {Label.SIGNUP, Label.BYLINE},
    }
    seen: Counter[str] = Counter()
    for line in (line for document in composed for line in document.lines):
        for mark in (mark for mark in marks if mark in line.text.casefold()):
            assert line.label in marks[mark], line
            seen[mark] += 1
    assert all(seen[mark] > 20 for mark in marks)


def test_boilerplate_stands_above_within_and_below_the_article(composed: list[LineDocument]) -> None:
    inline = 0
    for document in composed:
        labels = [line.label for line in document.lines]
        first = labels.index(Label.BODY)
        last = len(labels) - 1 - labels[::-1].index(Label.BODY)
        assert not any("menu" in line.text.casefold() for line in document.lines[first:])
        assert not any("©" in line.text for line in document.lines[:last])
        inline += any(label is Label.RELATED for label in labels[first:last])
    assert inline > 100


def test_some_have_no_boilerplate_and_some_lists_lose_their_heading(composed: list[LineDocument]) -> None:
    article_labels = {Label.TITLE, Label.BODY, Label.BYLINE, Label.CAPTION}
    bare = sum(all(line.label in article_labels for line in document.lines) for document in composed)
    assert 10 < bare < 100
    with_list = [document for document in composed if "ferry" in texts(document, {Label.RELATED})]
    headless = sum("more from" not in texts(document, {Label.RELATED}) for document in with_list)
    assert 0.1 < headless / len(with_list) < 0.5


def test_lines_are_split_joined_shouted_and_stripped(composed: list[LineDocument]) -> None:
    bodies = [[line.text for line in document.lines if line.label is Label.BODY] for document in composed]
    assert any(len(body) > 4 for body in bodies)
    assert any(len(body) < 4 for body in bodies)
    assert any("WHAT IT MEANS" in body for body in bodies)
    assert any(all(not text.endswith(".") for text in body) for body in bodies)
    glued = [line for document in composed for line in document.lines if "3 May" in line.text and "By" in line.text]
    assert {line.label for line in glued} == {Label.BYLINE}


def test_nothing_comes_of_pages_without_an_article() -> None:
    listing = LineDocument("x", "en", "listing", lines("R|One", "N|Menu"))
    assert list(compose([listing], count=3, seed=0)) == []
