"""Confidence and status of a page: what they say, how they are fitted and how they are judged."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from filter import Document, Label, Line, Link, Status, classify, pipeline
from filter.cli import app
from filter.evaluate.out_of_fold import OutOfFold
from filter.evaluate.quality import rank_correlation, score_quality
from filter.labels import LABELS, decide
from filter.model import dumps, loads
from filter.pipeline import Classifier, shipped_model
from filter.quality import MEASURES, Quality, measures
from filter.train.quality import fit_quality, fit_weights

BODY, NAVIGATION = LABELS.index(Label.BODY), LABELS.index(Label.NAVIGATION)
EXAMPLES = Path(__file__).parent.parent / "examples"
#: The less error is to be expected and the less is undecided, the better.
QUALITY = Quality(np.array([[-1.5, 0, -0.5, -1], [-1, 0, -0.5, -1]], np.float32))


def rows(*body: float) -> np.ndarray:
    """Probabilities of blocks that are body, or else navigation."""
    table = np.zeros((len(body), len(LABELS)), np.float32)
    table[:, BODY] = body
    table[:, NAVIGATION] = 1 - table[:, BODY]
    return table


def confidence(*body: float, has_markup: bool = True) -> float:
    return confidence_of(QUALITY, rows(*body), np.full(len(body), 200), has_markup=has_markup)


def confidence_of(quality, probabilities, sizes, *, has_markup):
    return quality.confidence(probabilities, decide(probabilities, sizes), sizes, has_markup=has_markup)


def measures_of(probabilities, sizes):
    return measures(probabilities, decide(probabilities, sizes), sizes)


# --------------------------------------------------------------------------------------------------- confidence


def test_measures_of_a_small_page():
    values = measures_of(rows(0.1, 0.9, 0.6, 0.0), np.array([10, 100, 40, 50]))
    f1 = 2 * (90 + 24) / (1 + 90 + 24 + 100 + 40)
    assert dict(zip(MEASURES, values, strict=True)) == {
        "expected_error": pytest.approx(np.log(1.02 - f1)), "span": 2 / 4, "undecided": pytest.approx(40 / 140),
    }  # fmt: skip


def test_a_page_without_body_has_no_measures_and_no_confidence():
    assert measures_of(rows(0.1, 0.05), np.array([10, 20])) is None
    assert measures_of(rows(), np.zeros(0, np.int64)) is None
    assert confidence(0.1, 0.05) == 0.0


def test_a_clear_page_is_trusted_more_than_a_doubtful_one():
    assert 0 < confidence(0.55, 0.6, 0.4) < confidence(0.8, 0.8, 0.2) < confidence(0.99, 0.99, 0.01) < 1


def test_markup_and_plain_text_have_weights_of_their_own():
    assert confidence(0.9, 0.1, has_markup=True) > confidence(0.9, 0.1, has_markup=False)


@pytest.fixture(scope="module")
def model():
    return replace(shipped_model(), quality=QUALITY)


def test_a_document_has_the_confidence_of_its_model(model):
    page = (EXAMPLES / "local-paper.html").read_bytes()
    document = Classifier(model).classify(page)
    assert 0 < document.confidence < 1
    assert [each.confidence for each in Classifier(model).classify_many([page, "", page])] == pytest.approx(
        [document.confidence, 0.0, document.confidence]
    )
    assert Classifier(replace(model, quality=None)).classify(page).confidence is None


def test_a_model_file_holds_the_weights_if_there_are_any(model):
    assert np.array_equal(loads(dumps(model)).quality.weights, QUALITY.weights)
    assert loads(dumps(replace(model, quality=None))).quality is None


# -------------------------------------------------------------------------------------------------------- fitting


def test_weights_give_back_the_function_behind_the_scores():
    random = np.random.default_rng(1)
    values = random.normal(size=(4000, 3))
    truth = np.array([-1.0, 0.5, 0.0, 1.0])
    f1 = 1 / (1 + np.exp(-(values @ truth[:3] + truth[3])))
    assert fit_weights(values, f1) == pytest.approx(truth, abs=0.05)


def test_pages_that_all_went_well_do_not_make_certain():
    weights = fit_weights(np.full((4, 3), 0.5), np.ones(4))
    chance = 1 / (1 + np.exp(-(weights[:3].sum() / 2 + weights[3])))
    assert chance == pytest.approx(4.5 / 5, abs=0.01)


SENTENCES = ("The ferry runs again from Monday.", "Cars pay two euros.", "Home News Sport")


def answers_of(text: np.ndarray, html: np.ndarray) -> OutOfFold:
    n_pages = len(text) // 3
    return OutOfFold(
        ids=np.array([f"p{number}" for number in range(n_pages)]),
        offsets=np.arange(0, len(text) + 1, 3),
        html=html,
        text=text,
        sizes=np.tile([len(sentence) for sentence in SENTENCES], n_pages),
        fold=np.arange(n_pages) % 2,
        confidence=np.full((n_pages, 2), np.nan, np.float32),
        truth=np.full(len(text), -1),
    )


def pages_of(count: int) -> tuple[OutOfFold, list[str | None]]:
    """Pages of three lines; where the second is in doubt it is no part of the article."""
    sure = np.arange(count) // 2 % 2 == 0
    table = np.concatenate([rows(0.98, 0.97, 0.02) if each else rows(0.8, 0.6, 0.1) for each in sure])
    golds: list[str | None] = ["\n".join(SENTENCES[:2]) if each else SENTENCES[0] for each in sure]
    return answers_of(table, table), golds


def test_confidence_is_near_the_score_of_pages_that_were_not_fitted_on():
    answers, golds = pages_of(40)
    quality, found = fit_quality(answers, [SENTENCES] * 40, golds)
    assert found[0] == pytest.approx([1.0, 1.0], abs=0.06)
    assert found[2] == pytest.approx([0.75, 0.75], abs=0.06)
    certain = confidence_of(quality, answers.html[:3], answers.sizes[:3], has_markup=True)
    assert certain == pytest.approx(1.0, abs=0.06)


def test_the_confidence_of_a_page_does_not_know_its_own_score():
    answers, golds = pages_of(40)
    before = fit_quality(answers, [SENTENCES] * 40, golds)[1]
    other = ["nothing of the kind" if fold == 0 else gold for fold, gold in zip(answers.fold, golds, strict=True)]
    after = fit_quality(answers, [SENTENCES] * 40, other)[1]
    assert np.array_equal(before[::2], after[::2])
    assert (after[1::2] < before[1::2] - 0.2).all()


def test_pages_without_gold_text_get_a_confidence_and_teach_none():
    answers, golds = pages_of(40)
    expected = fit_quality(answers, [SENTENCES] * 40, golds)[1]
    for unknown in (38, 39):
        golds[unknown] = None
    found = fit_quality(answers, [SENTENCES] * 40, golds)[1]
    assert found == pytest.approx(expected, abs=0.03)
    assert not np.array_equal(found, expected)


def test_without_pages_markup_has_the_weights_of_plain_text():
    answers, golds = pages_of(40)
    lines_only = replace(answers, html=np.full_like(answers.html, np.nan))
    quality, found = fit_quality(lines_only, [SENTENCES] * 40, golds)
    assert np.array_equal(quality.weights[0], quality.weights[1])
    assert np.isnan(found[:, 0]).all()
    assert not np.isnan(found[:, 1]).any()


# -------------------------------------------------------------------------------------------------------- judging


def test_a_confidence_that_knows_the_scores_is_perfect():
    f1 = np.linspace(0.31, 1, 100) ** 0.5
    f1[:8] = 0.2
    scores = score_quality("all", f1 + 0.0, f1)
    assert (scores.n_pages, scores.n_bad) == (100, 8)
    assert (scores.correlation, scores.caught, scores.lowest, scores.reachable) == (pytest.approx(1), 1, 1, 1)
    assert scores.calibration_error == pytest.approx(0, abs=1e-9)


def test_a_confidence_that_is_blind_catches_nothing():
    f1 = np.where(np.arange(100) >= 60, 0.1, 0.9)
    scores = score_quality("all", np.full(100, 0.8), f1)
    assert np.isnan(scores.correlation)
    assert (scores.caught, scores.lowest, scores.reachable) == (0, 0, 0.25)
    assert scores.calibration_error == pytest.approx(0.34, abs=1e-9)


def test_at_most_one_good_page_in_twenty_is_a_false_alarm():
    confidence = np.linspace(0, 1, 42)
    f1 = np.ones(42)
    f1[[1, 3]] = 0.0
    assert score_quality("all", confidence, f1).caught == 0.5


def test_where_no_page_is_bad_none_can_be_caught():
    scores = score_quality("all", np.array([0.5, 0.9]), np.array([0.8, 0.9]))
    assert np.isnan([scores.caught, scores.lowest, scores.reachable]).all()
    assert score_quality("all", np.array([0.5, 0.9]), np.array([0.1, 0.2])).n_bad == 2


def test_ties_share_their_rank():
    assert rank_correlation(np.array([1.0, 1, 2, 3]), np.array([10.0, 20, 30, 40])) == pytest.approx(0.9486833)
    assert rank_correlation(np.array([1.0, 2, 3]), np.array([9.0, 5, 1])) == pytest.approx(-1)


# --------------------------------------------------------------------------------------------------------- status

PARAGRAPH = (
    "The council voted on Tuesday to reopen the river ferry, which has been closed since the flood in March, and to "
    "let children travel for free until the new bridge is ready next year."
)


def line(text: str, label: Label = Label.BODY, *, is_link: bool = False) -> Line:
    return Line(text, label, 0.9, 0.9, "/p[1]", "p", (Link(text, "/x"),) if is_link else ())


STORIES = [f"Story {number}: what the harbour town heard about its new market hall today" for number in range(12)]
MENU = [line(story, Label.NAVIGATION, is_link=True) for story in STORIES]
WALL = line("Subscribe to continue reading, or log in if you are already a subscriber.", Label.SIGNUP)
FORM = line("Sign up for our newsletter and get the day's news by e-mail.", Label.SIGNUP)
COOKIES = line("We and our 214 partners use cookies to store and read data on your device.", Label.NAVIGATION)


@pytest.mark.parametrize(
    ("expected", "lines"),
    [
        (Status.EMPTY, []),
        (Status.ARTICLE, [line(PARAGRAPH)]),
        (Status.ARTICLE, [line(PARAGRAPH), FORM]),
        (Status.ARTICLE, [*[line(PARAGRAPH)] * 6, WALL]),
        (Status.PAYWALL, [line("Ferry to reopen", Label.TITLE), line(PARAGRAPH), WALL]),
        (Status.PAYWALL, [line("Cut off after a few"), line("Weiterlesen mit Abo", Label.SIGNUP)]),
        (Status.ARTICLE, [WALL, line(PARAGRAPH)]),
        (Status.ARTICLE, [line(PARAGRAPH), *[line("Home", Label.NAVIGATION)] * 6, WALL]),
        (Status.TOO_SHORT, [line("The ferry runs again from Monday, the mayor said.")]),
        (Status.NO_ARTICLE, [line("Home", Label.NAVIGATION), line("Harbour festival", Label.TITLE)]),
        (Status.LISTING, [line(story, Label.RELATED) for story in STORIES]),
        (Status.LISTING, [line("All about the harbour"), *MENU]),
        (Status.LISTING, [*[line(story, is_link=True) for story in STORIES[:4]], *MENU]),
        (Status.ARTICLE, [line(PARAGRAPH), *[line(story, Label.RELATED) for story in STORIES * 3]]),
        (Status.NO_ARTICLE, [line(story, Label.RELATED) for story in STORIES[:9]]),
        (Status.CONSENT, [line("Your privacy", Label.TITLE), COOKIES, line("Accept all", Label.NAVIGATION)]),
        (Status.CONSENT, [line("Just a moment..."), line("Enable JavaScript and cookies to continue")]),
        (Status.ARTICLE, [line(PARAGRAPH), line(PARAGRAPH), COOKIES]),
        (Status.NO_ARTICLE, [line("Today in the harbour town and around it", Label.NAVIGATION)] * 5 + [COOKIES]),
    ],
)  # fmt: skip
def test_status_of_lines(expected, lines):
    assert Document(tuple(lines)).status is expected


PAGES = {
    Status.CONSENT: """<html><head><title>Just a moment...</title></head><body><h1>harbour-times.example</h1>
        <p>Checking your browser before you go on. Please enable JavaScript and cookies to continue.</p>
        <p>Verify you are human by completing the action below.</p><p>Ray ID: 7c1f0aa2</p></body></html>""",
    Status.LISTING: "<html><body><nav><a href='/'>Home</a> <a href='/sport'>Sport</a></nav><h1>Latest news</h1><ul>"
    + "".join(f"<li class='teaser'><a href='/story-{number}'>{text}</a></li>" for number, text in enumerate(STORIES))
    + "</ul></body></html>",
    Status.PAYWALL: f"""<html><body><nav><a href='/'>Home</a></nav><article><h1>River ferry to reopen</h1>
        <p>{PARAGRAPH}</p></article><div class='paywall'><p>Subscribe to continue reading</p>
        <p>Already a subscriber? Log in</p></div></body></html>""",
    Status.NO_ARTICLE: "<nav><a href='/'>Home</a> <a href='/sport'>Sport</a></nav><footer>Imprint</footer>",
    Status.EMPTY: "<html><body><img src='map.png'></body></html>",
    Status.ARTICLE: (EXAMPLES / "local-paper.html").read_text("utf-8"),
}


@pytest.mark.parametrize("expected", PAGES, ids=str)
def test_status_of_pages(expected):
    assert classify(PAGES[expected], input="html").status is expected


# --------------------------------------------------------------------------------------------------- command line


@pytest.fixture
def run(monkeypatch, model, tmp_path):
    monkeypatch.setattr(pipeline, "shipped_model", lambda: model)
    (tmp_path / "menu.html").write_text(PAGES[Status.NO_ARTICLE], encoding="utf-8")

    def invoke(*arguments):
        files = [str(EXAMPLES / "local-paper.html"), str(tmp_path / "menu.html")]
        return CliRunner().invoke(app, [*arguments, *files])

    return invoke


def test_clean_leaves_out_what_is_under_the_least_confidence(run):
    everything, some, none = (
        run("clean"),
        run("clean", "--min-confidence", "0.2"),
        run("clean", "--min-confidence", "1"),
    )
    assert (everything.exit_code, some.exit_code, none.exit_code) == (0, 1, 2)
    assert some.stdout == everything.stdout != ""
    assert "menu.html: confidence 0.00, not 0.2 or more" in some.stderr
    assert none.stdout == ""


def test_a_model_that_gives_no_confidence_passes_nothing(run, monkeypatch, model):
    monkeypatch.setattr(pipeline, "shipped_model", lambda: replace(model, quality=None))
    refused = run("clean", "--min-confidence", "0")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "confidence unknown, not 0 or more" in refused.stderr


def test_the_least_confidence_is_a_share(run):
    assert run("clean", "--min-confidence", "1.5").exit_code == 2


def test_classify_tells_status_and_confidence_with_each_line(run):
    records = [json.loads(text) for text in run("classify").stdout.splitlines()]
    assert {record["status"] for record in records} == {"article", "no-article"}
    assert {record["confidence"] for record in records if record["status"] == "no-article"} == {0.0}
    assert all(0 < record["confidence"] < 1 for record in records if record["status"] == "article")
