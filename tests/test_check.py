"""Tests of `filter.corpora.check`, and of the repository's own `training_data`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from filter.corpora.check import Report, Tally, check
from filter.errors import CorpusError
from filter.labels import Label

TRAINING_DATA = Path(__file__).parent.parent / "training_data"
WALL = "The sea wall at Ludworth gave way in two places shortly before nine in the evening."


def report_on(folder: Path, *documents: object) -> Report:
    path = folder / "lines.jsonl"
    path.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf-8")
    return check([path])


def document(name: str, *lines: tuple[str, ...], lang: str = "en") -> dict[str, object]:
    rows = [dict(zip(("label", "text", "pair"), line, strict=False)) for line in lines]
    return {"id": name, "lang": lang, "genre": "brief", "lines": rows}


def test_counts_by_language_genre_and_label(tmp_path: Path) -> None:
    report = report_on(
        tmp_path,
        document("a", ("title", "Storm"), ("body", "How it fell", "p1")),
        document("b", ("related", "How it fell", "p1")),
        document("c", ("body", "Regen"), lang="de"),
    )
    assert report.violations == ()
    assert report.total == Tally(documents=3, lines=4, labels=3, pairs=1)
    assert report.languages == {"en": Tally(2, 3, 3, 1), "de": Tally(1, 1, 1, 0)}
    assert report.genres == {"brief": report.total}
    assert (report.labels[Label.BODY], report.labels[Label.PROMO]) == (2, 0)
    assert report.groups == (2, 1)


def test_table_shows_counts_and_violations(tmp_path: Path) -> None:
    report = report_on(tmp_path, document("a", ("title", "Storm"), ("body", WALL)), {"id": "b"})
    table = report.table().splitlines()
    assert table[1].split() == ["all", "1", "2", "2", "0"]
    assert "body                           1   50.0%" in table
    assert table[-2] == "1 violations"
    assert table[-1].startswith(str(tmp_path / "lines.jsonl:2: document lacks"))


def test_every_broken_row_is_reported_not_only_the_first(tmp_path: Path) -> None:
    report = report_on(tmp_path, [], document("a", ("body", "x")), document("a", ("body", "y")), {})
    assert [violation.rsplit(": ", 1)[-1] for violation in report.violations] == [
        "document is no object",
        "second document with id 'a'",
        "document lacks ['genre', 'id', 'lang', 'lines'], has unknown []",
    ]
    assert report.total.documents == 1


def test_repeats_are_counted_but_lines_of_one_pair_are_not(tmp_path: Path) -> None:
    report = report_on(
        tmp_path,
        document("a", ("body", WALL), ("body", WALL.replace("nine", "ten")), ("navigation", "Ad")),
        document("b", ("related", WALL.upper()), ("navigation", "AD"), ("navigation", "Ad")),
        document("c", ("body", "A quoted promise of one hundred times your money", "p1")),
        document("d", ("promo", "A quoted promise of one hundred times your money", "p1")),
    )
    assert report.exact == (1, 2)
    assert report.near == (1, 2)


def test_line_in_four_documents_is_a_violation_in_three_it_is_not(tmp_path: Path) -> None:
    documents = [document(name, ("navigation", "Menu")) for name in "abc"]
    assert report_on(tmp_path, *documents).violations == ()
    documents.append(document("d", ("navigation", "MENU")))
    assert report_on(tmp_path, *documents).violations == ("'menu' is in 4 documents: a, b, c, d",)


@pytest.mark.parametrize("labels", [["body"], ["body", "body"], ["body", "related", "promo"]])
def test_pair_is_two_lines_of_two_labels(tmp_path: Path, labels: list[str]) -> None:
    lines = [(label, "What happens next", "p1") for label in labels]
    (violation,) = report_on(tmp_path, document("a", *lines)).violations
    assert violation.startswith("pair 'p1' has the labels body")


def test_folds_that_divide_repeats_or_pairs_are_leaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = [
        document("a", ("body", WALL)),
        document("b", ("body", WALL)),
        document("c", ("body", "More", "p1")),
        document("d", ("related", "More", "p1")),
    ]
    assert report_on(tmp_path, *documents).leaks == 0
    monkeypatch.setattr("filter.corpora.check.assign_folds", _each_in_its_own_fold)
    report = report_on(tmp_path, *documents)
    assert report.leaks == 2
    assert report.violations == ("near-duplicate lines in two folds: a, b", "pair 'p1' in two folds: c, d")


def _each_in_its_own_fold(documents: list[object], groups: object) -> NDArray[np.int64]:
    return np.arange(len(documents))


def test_nothing_to_check_and_no_such_place(tmp_path: Path) -> None:
    assert check([tmp_path]).total == Tally(0, 0, 0, 0)
    with pytest.raises(CorpusError, match="no such file"):
        check([tmp_path / "none"])


@pytest.fixture(scope="module")
def own() -> Report:
    return check([TRAINING_DATA])


def test_training_data_breaks_no_rule(own: Report) -> None:
    assert own.violations == ()


def test_training_data_is_as_large_and_wide_as_the_datasheet_says(own: Report) -> None:
    english = own.languages["en"]
    assert own.total.documents >= 600
    assert own.total.lines >= 15_000
    assert own.total.pairs >= 400
    assert own.total.pairs - english.pairs >= 100
    assert english.documents / own.total.documents > 0.395
    assert len(own.languages) >= 28
    assert {name: count for name, count in own.labels.items() if count < 400} == {}
    thin = {name for name, tally in own.languages.items() if tally.lines < 150 or tally.labels < 6}
    assert thin == set()


def test_datasheet_states_the_counts_of_today(own: Report) -> None:
    sheet = (TRAINING_DATA / "DATASHEET.md").read_text(encoding="utf-8")
    counts = own.table().split("\n\nexact repeats")[0]
    assert counts in sheet
