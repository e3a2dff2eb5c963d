"""The gate: it must shut on a regression, and floors must not sink by accident."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from filter.blocks import Page
from filter.corpora.pages import PageRecord
from filter.errors import CorpusError
from filter.evaluate import gate
from filter.evaluate.gate import (
    TOLERANCE,
    GateOptions,
    GateSet,
    check_gate,
    measure,
    read_floors,
    read_page_set,
    run_gate,
    update_floors,
    write_floors,
)
from filter.evaluate.out_of_fold import OutOfFold, write_out_of_fold
from filter.evaluate.predictions import from_model
from filter.evaluate.run import HTML, TEXT
from filter.labels import LABELS, Label

HERE = Path(__file__).parent
BODY, NAVIGATION = LABELS.index(Label.BODY), LABELS.index(Label.NAVIGATION)
STORY = "The weather office expects snow above eight hundred metres on Thursday night."


class KeepsLongLines:
    """Stands in for a trained model: what has at least `least` characters is body."""

    def __init__(self, least: int = 40) -> None:
        self.least = least

    def confidence(self, page: Page, probabilities: np.ndarray, columns: np.ndarray) -> float:
        return 0.8

    def probabilities(self, page: Page) -> np.ndarray:
        columns = [BODY if len(text) >= self.least else NAVIGATION for text in page.texts]
        return np.eye(len(LABELS), dtype=np.float32)[columns]


def floors(digest: str = "d", **scores: float) -> GateSet:
    return GateSet(digest, {HTML: scores})


@pytest.fixture
def options(tmp_path, monkeypatch) -> GateOptions:
    """A gate over one invented page that a stand-in model gets right."""
    folder = tmp_path / "pages" / "snow"
    folder.mkdir(parents=True)
    (folder / "page.html").write_text(f"<nav>Home</nav><p>{STORY}</p>", encoding="utf-8")
    (folder / "gold.txt").write_text(STORY, encoding="utf-8")
    monkeypatch.setattr(gate, "shipped_model", KeepsLongLines)
    return GateOptions(floors=tmp_path / "gate.json", page_set=tmp_path / "pages")


# ------------------------------------------------------------------------------------------------------ checking


def test_scores_on_their_floors_pass():
    assert check_gate({"pages": floors(word_f1=0.9)}, {"pages": floors(word_f1=0.9)}) == []


@pytest.mark.parametrize(("value", "shut"), [(0.9 - TOLERANCE / 2, False), (0.9 - 2 * TOLERANCE, True), (0.95, False)])
def test_the_gate_shuts_below_the_tolerance(value, shut):
    violations = check_gate({"pages": floors(word_f1=value)}, {"pages": floors(word_f1=0.9)})
    assert bool(violations) is shut


def test_a_violation_says_what_fell_and_where():
    (violation,) = check_gate({"pages": floors(word_f1=0.5)}, {"pages": floors(word_f1=0.9)})
    assert str(violation) == "pages: newsfilter-html word_f1 is 0.5000, its floor 0.9000"


def test_other_pages_shut_the_gate_whatever_their_scores():
    (violation,) = check_gate({"pages": floors("new", word_f1=1.0)}, {"pages": floors("old", word_f1=0.9)})
    assert "not those that the floors were measured on" in violation.reason


def test_a_score_that_is_no_longer_measured_shuts_the_gate():
    (violation,) = check_gate({"pages": floors()}, {"pages": floors(word_f1=0.9)})
    assert violation.reason == "newsfilter-html word_f1 was not measured"


def test_pages_without_floors_shut_the_gate():
    (violation,) = check_gate({"pages": floors(word_f1=1.0)}, {})
    assert "no floors yet" in violation.reason


def test_floors_of_a_corpus_that_is_not_here_are_left_alone():
    assert (
        check_gate({"pages": floors(word_f1=1.0)}, {"pages": floors(word_f1=0.9), "corpus": floors(word_f1=1.0)}) == []
    )


# ------------------------------------------------------------------------------------------------------ updating


def test_floors_rise_and_other_sets_stay():
    old = {"pages": floors("old", word_f1=0.8, exact=0.5), "corpus": floors(word_f1=0.9)}
    new = update_floors({"pages": floors("new", word_f1=0.9, exact=0.5)}, old)
    assert new == {"pages": floors("new", word_f1=0.9, exact=0.5), "corpus": floors(word_f1=0.9)}


def test_a_floor_does_not_creep_down_by_the_tolerance():
    new = update_floors({"pages": floors(word_f1=0.9 - TOLERANCE / 2)}, {"pages": floors(word_f1=0.9)})
    assert new["pages"].scores[HTML]["word_f1"] == 0.9


def test_lowering_is_refused_without_the_flag():
    with pytest.raises(CorpusError, match="refused to lower a floor: pages: newsfilter-html word_f1 is 0"):
        update_floors({"pages": floors(word_f1=0.5)}, {"pages": floors(word_f1=0.9)})


def test_lowering_is_done_with_the_flag():
    new = update_floors({"pages": floors(word_f1=0.5)}, {"pages": floors(word_f1=0.9)}, allow_lower=True)
    assert new == {"pages": floors(word_f1=0.5)}


def test_dropping_a_metric_is_lowering_it():
    with pytest.raises(CorpusError, match="was not measured"):
        update_floors({"pages": floors()}, {"pages": floors(word_f1=0.9)})


# ----------------------------------------------------------------------------------------------- files and a run


def test_floors_survive_a_file(tmp_path):
    written = {"b": floors(word_f1=0.9), "a": floors(exact=0.25)}
    write_floors(tmp_path / "gate.json", written)
    assert read_floors(tmp_path / "gate.json") == written


@pytest.mark.parametrize("content", ["", "[]", '{"pages": {"digest": "d"}}', '{"pages": 3}'])
def test_a_broken_file_of_floors_is_refused(tmp_path, content):
    (tmp_path / "gate.json").write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match="no floors"):
        read_floors(tmp_path / "gate.json")


@pytest.mark.parametrize("name", ["page.html", "gold.txt"])
def test_a_page_that_lacks_a_file_is_refused(options, name):
    (options.page_set / "snow" / name).unlink()
    with pytest.raises(CorpusError, match="not a page with its gold"):
        read_page_set(options.page_set)


def test_a_page_set_without_pages_is_refused(tmp_path):
    with pytest.raises(CorpusError, match="no pages"):
        read_page_set(tmp_path)


def test_both_modes_are_measured(options):
    measured = measure(read_page_set(options.page_set), from_model(KeepsLongLines()))
    expected = {"word_f1": 1, "shingle_f1": 1, "paragraph_f1": 1, "exact": 1}
    assert measured["pages"].scores == {HTML: expected, TEXT: expected}


def test_a_regression_of_the_model_shuts_the_gate(options, monkeypatch):
    assert run_gate(replace(options, update=True)) == []
    assert run_gate(options) == []
    monkeypatch.setattr(gate, "shipped_model", lambda: KeepsLongLines(least=0))
    assert {violation.reason.split()[0] for violation in run_gate(options)} == {HTML, TEXT}
    with pytest.raises(CorpusError, match="refused"):
        run_gate(replace(options, update=True))
    assert run_gate(replace(options, update=True, allow_lower=True)) == []
    assert run_gate(options) == []


def test_a_changed_page_shuts_the_gate(options):
    run_gate(replace(options, update=True))
    (options.page_set / "snow" / "gold.txt").write_text(f"{STORY} ", encoding="utf-8")
    (violation,) = run_gate(options)
    assert "not those" in violation.reason


def test_a_missing_file_of_floors_shuts_the_gate(options):
    with pytest.raises(CorpusError, match="no floors"):
        run_gate(options)


def test_corpora_are_measured_out_of_fold(options, tmp_path, monkeypatch):
    record = PageRecord(
        id="c1", source="corpus", url=None, domain="c.example", kind="article", lang=None, title=None,
        html=f"<p>{STORY}</p>", text=STORY, must_have=(), must_not_have=(), licence="none",
    )  # fmt: skip
    monkeypatch.setattr(gate, "read_pages", lambda paths: iter((record,)))
    dropped = np.eye(len(LABELS), dtype=np.float32)[[NAVIGATION]]
    one, unsure = np.zeros(1, np.int64), np.full((1, 2), 0.5, np.float32)
    answers = OutOfFold(np.array(["c1"]), np.array([0, 1]), dropped, dropped, one, one, unsure, one)
    write_out_of_fold(tmp_path / "oof.npz", answers)
    with_corpus = replace(options, corpora=(tmp_path / "c.parquet",), out_of_fold=tmp_path / "oof.npz", update=True)
    run_gate(with_corpus)
    written = json.loads(options.floors.read_text("utf-8"))
    assert (written["pages"]["scores"][HTML]["exact"], written["corpus"]["scores"][HTML]["exact"]) == (1, 0)
    with pytest.raises(CorpusError, match="give out-of-fold answers"):
        run_gate(replace(with_corpus, out_of_fold=None))


def test_the_shipped_model_passes():
    violations = run_gate(GateOptions(floors=HERE / "gate.json", page_set=HERE / "pages"))
    assert [str(violation) for violation in violations] == []
