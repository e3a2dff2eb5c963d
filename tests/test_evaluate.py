"""One evaluation from end to end on invented pages, and its parts."""

import json
import re
import socket
from dataclasses import replace

import numpy as np
import pytest

from filter.blocks import Page
from filter.corpora.lines import LabelledLine, LineDocument
from filter.corpora.pages import PageRecord
from filter.errors import CorpusError
from filter.evaluate import peers, run
from filter.evaluate.clean_others import clean_outputs
from filter.evaluate.out_of_fold import OTHER, UNKNOWN, OutOfFold, read_out_of_fold, write_out_of_fold
from filter.evaluate.peer_cache import page_key, peer_outputs
from filter.evaluate.peers import FLOOR, Peer, run_peer, select_peers, visible_text
from filter.evaluate.predictions import from_folds, from_model, html_blocks, predict_lines, predict_page
from filter.evaluate.report import as_json, markdown_report, write_report
from filter.evaluate.run import HTML, TEXT, EvaluateOptions, evaluate, pages_digest
from filter.evaluate.scores import METRICS, Column, metric_values, score_page, score_pages
from filter.evaluate.slices import slices_of
from filter.evaluate.worst import lines_not_in, worst_pages
from filter.labels import LABELS, Label

BODY, PROMO, NAVIGATION = (LABELS.index(label) for label in (Label.BODY, Label.PROMO, Label.NAVIGATION))
STORY = (
    "The ferry to Holm island will sail twice a day from Monday, the harbour office said.",
    "Captain Ida Rask said the second crossing had been asked for by the island school.",
    "Tickets stay at four crowns, and bicycles travel free until the end of September.",
)
PITCH = "Buy two crates of Holm cider and get the third crate free this week only."


def page(identity: str, *, body=STORY, **fields) -> PageRecord:
    paragraphs = "".join(f"<p>{text}</p>" for text in body)
    markup = f"<html><body><nav>Home</nav><article>{paragraphs}</article><aside>{PITCH}</aside></body></html>"
    record = PageRecord(
        id=identity, source="north", url=f"https://{identity}.example/", domain=f"{identity}.example", kind="article",
        lang="en", title=None, html=markup, text="\n".join(body), must_have=(), must_not_have=(), licence="none",
    )  # fmt: skip
    return replace(record, **fields)


@pytest.fixture
def pages() -> tuple[PageRecord, ...]:
    return (
        *(page(f"n{number}", lang="en-GB") for number in range(6)),
        page("s1", source="south", lang=None),
        page("s2", source="south", kind="forum", text=None, must_have=(STORY[0][:30],), must_not_have=(PITCH[:30],)),
    )


def probabilities(page: Page) -> np.ndarray:
    """A model that knows the story, and calls the rest what it is."""
    columns = [BODY if text in STORY else PROMO if text == PITCH else NAVIGATION for text in page.texts]
    rows = np.full((len(columns), len(LABELS)), 0.0125, np.float32)
    rows[np.arange(len(columns)), columns] = 0.9
    return rows


class KnowsTheStory:
    """Stands in for a trained model."""

    def confidence(self, page: Page, probabilities: np.ndarray, columns: np.ndarray) -> float:
        return 0.8

    def probabilities(self, page: Page) -> np.ndarray:
        return probabilities(page)


def folds(pages, documents=()) -> OutOfFold:
    """Right answers from the markup; from plain text the pitch is taken for body."""
    blocks = [html_blocks(each) for each in pages]
    html = [probabilities(each) for each in blocks]
    text = [own.copy() for own in html]
    for own in text:
        own[-1] = own[1]
    truth = [np.array([OTHER, *[BODY] * (len(own) - 2), PROMO]) for own in html]
    for document in documents:
        html.append(np.full((len(document.lines), len(LABELS)), np.nan, np.float32))
        text.append(probabilities(Page(texts=[line.text for line in document.lines])))
        truth.append(np.full(len(document.lines), UNKNOWN))
    return OutOfFold(
        ids=np.array([each.id for each in (*pages, *documents)]),
        offsets=np.concatenate(([0], np.cumsum([len(own) for own in html]))),
        html=np.concatenate(html),
        text=np.concatenate(text),
        sizes=np.full(sum(map(len, html)), 100),
        fold=np.arange(len(html)) % 2,
        confidence=np.tile(np.float32([0.9, 0.6]), (len(html), 1)),
        truth=np.concatenate(truth),
    )


DOCUMENT = LineDocument(
    "d1", "en", "brief", (LabelledLine(STORY[0], Label.BODY), LabelledLine(PITCH, Label.PROMO),
                          LabelledLine("About the harbour", Label.RELATED)),
)  # fmt: skip


def shouting(markup: str, language: str | None) -> str:
    """A peer that keeps everything, in capitals."""
    return visible_text(markup).upper()


def failing(markup: str, language: str | None) -> str:
    raise RecursionError("too deep")


@pytest.fixture
def options(pages, tmp_path, monkeypatch) -> EvaluateOptions:
    """Options for the pages, with two invented peers and a missing one."""
    for name, distribution, extract in (
        ("shouter", "numpy", shouting), ("failer", "numpy", failing), ("absent", "no-such-distribution", shouting),
    ):  # fmt: skip
        monkeypatch.setitem(peers.PEERS, name, Peer(name, distribution, extract))
    monkeypatch.setattr(run, "read_pages", lambda paths: iter(pages))
    monkeypatch.setattr(run, "read_lines", lambda paths: (DOCUMENT,))
    write_out_of_fold(tmp_path / "oof.npz", folds(pages, (DOCUMENT,)))
    return EvaluateOptions(
        corpora=(tmp_path / "north.parquet",), out=tmp_path / "out", peers=("shouter", "failer", "absent"),
        out_of_fold=tmp_path / "oof.npz", resamples=50,
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------- out of fold


def test_out_of_fold_answers_survive_a_file(pages, tmp_path):
    written = folds(pages)
    write_out_of_fold(tmp_path / "oof.npz", written)
    read = read_out_of_fold(tmp_path / "oof.npz")
    for name in ("ids", "offsets", "html", "text", "fold", "truth"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"html": np.zeros((3, 9), np.float32)}, "html has the shape"),
        ({"fold": np.zeros(1, np.int64)}, "fold has the shape"),
        ({"offsets": np.zeros(9, np.int64)}, "offsets do not cut up"),
        ({"ids": np.array(["n0"] * 8)}, "an id occurs twice"),
    ],
)
def test_arrays_that_do_not_fit_together_are_refused(pages, tmp_path, change, reason):
    write_out_of_fold(tmp_path / "oof.npz", replace(folds(pages), **change))
    with pytest.raises(CorpusError, match=reason):
        read_out_of_fold(tmp_path / "oof.npz")


def test_a_file_that_is_no_archive_is_refused(tmp_path):
    path = tmp_path / "oof.npz"
    path.write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(CorpusError, match="no out-of-fold predictions"):
        read_out_of_fold(path)


def test_other_blocks_than_in_training_are_refused(pages):
    predictor = from_folds(folds(pages))
    changed = html_blocks(page("n0", body=STORY[:2]))
    with pytest.raises(CorpusError, match="n0: cut into other blocks"):
        predict_page("n0", changed, predictor)


def test_a_page_without_an_answer_has_no_prediction(pages):
    assert predict_page("n9", html_blocks(pages[0]), from_folds(folds(pages))) is None


# ------------------------------------------------------------------------------------------------- predictions


def test_kept_text_is_the_blocks_with_the_wanted_labels(pages):
    prediction = predict_page("n0", html_blocks(pages[0]), from_model(KnowsTheStory()))
    assert prediction.text({Label.BODY}) == "\n".join(STORY)
    assert prediction.text({Label.BODY, Label.PROMO}).endswith(PITCH)
    assert prediction.keep[1] == pytest.approx(0.9125)
    assert (prediction.truth == UNKNOWN).all()


def test_labelled_lines_bring_their_own_truth():
    prediction = predict_lines(DOCUMENT, from_model(KnowsTheStory()))
    assert [LABELS[column] for column in prediction.truth] == [line.label for line in DOCUMENT.lines]
    assert prediction.texts == tuple(line.text for line in DOCUMENT.lines)


def test_outputs_of_others_are_cleaned_line_by_line():
    output = f"{STORY[0]}\n{PITCH}\n\n{STORY[1]}"
    cleaned = clean_outputs(["a", "b"], [output, ""], lambda _: from_model(KnowsTheStory()), {Label.BODY})
    assert cleaned == [f"{STORY[0]}\n{STORY[1]}", ""]


# ------------------------------------------------------------------------------------------------------- peers


@pytest.mark.parametrize("name", sorted(peers.PEERS))
@pytest.mark.filterwarnings("ignore")
def test_an_installed_peer_finds_the_article_and_never_connects(name, monkeypatch):
    def refuse(*_: object) -> None:
        pytest.fail("a peer asked the network")

    peer = peers.PEERS[name]
    if peer.version is None:
        pytest.skip(f"{peer.distribution} is not installed")
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    body = tuple(" ".join((first, second, third)) for first in STORY for second in STORY for third in STORY)
    output = run_peer(peer.extract, page("p", body=body).html, "en")
    assert output.error is None
    assert sum(text in output.text for text in body) >= 24


def test_an_exception_of_a_peer_is_an_empty_output():
    output = run_peer(failing, "<p>Rain</p>", None)
    assert (output.text, output.error) == ("", "RecursionError")


def test_the_floor_is_every_visible_block(pages):
    assert visible_text(pages[0].html).split("\n") == ["Home", *STORY, PITCH]


def test_missing_peers_are_told_apart(options):
    present, missing = select_peers(options.peers)
    assert [peer.name for peer in present] == ["shouter", "failer"]
    assert missing == ("absent",)


def test_an_unknown_peer_is_refused():
    with pytest.raises(CorpusError, match="no peer is called 'magic'"):
        select_peers(["magic"])


def test_outputs_are_asked_for_once(pages, tmp_path):
    asked = []

    def extract(markup: str, language: str | None) -> str:
        asked.append(markup)
        return "text"

    def outputs() -> list[str]:
        peer = Peer("counter", "numpy", extract)
        found = peer_outputs(peer, pages[:2], tmp_path, jobs=1, progress=lambda *_: None)
        return [output.text for output in found]

    changed = replace(pages[1], html="<p>other")
    pages = (pages[0], changed)
    assert outputs() == outputs() == ["text", "text"]
    assert asked == [pages[0].html, "<p>other"]


def test_a_line_that_was_cut_off_is_asked_for_again(pages, tmp_path):
    peer = Peer("shouter", "numpy", shouting)
    path = tmp_path / f"shouter-{peer.version}.jsonl"
    path.write_text('{"page": "' + page_key(pages[0])[:9], encoding="utf-8")
    for _ in range(2):
        (output,) = peer_outputs(peer, pages[:1], tmp_path, jobs=1, progress=lambda *_: None)
        assert output.text == shouting(pages[0].html, None)
    assert len(path.read_text("utf-8").splitlines()) == 2


def test_the_language_is_part_of_what_a_peer_is_given(pages):
    assert page_key(pages[0]) != page_key(replace(pages[0], lang="de"))
    assert page_key(pages[0]) == page_key(replace(pages[0], id="other"))


# ------------------------------------------------------------------------------------------------------ scores


def test_a_page_is_scored_by_what_gold_it_has(pages):
    row = score_page(pages[0], "\n".join(STORY))
    assert row[Column.WORD_F1] == row[Column.ROUGE_LSUM] == row[Column.EXACT] == 1
    assert row[Column.FAILED] == 0
    assert np.isnan(row[Column.WANTED_FOUND :]).all()
    snippets = score_page(pages[-1], STORY[0] + PITCH)
    assert snippets[Column.WANTED_FOUND :] == [1, 1, 0, 0]
    assert np.isnan(snippets[: Column.WANTED_FOUND]).all()


def test_metrics_of_many_pages(pages):
    # one page right, one empty: shingle precision is the mean over pages with an output
    table = score_pages((pages[0], pages[1], pages[-1]), ["\n".join(STORY), "", STORY[0] + PITCH])
    values = {name: value[0] for name, value in metric_values(table, np.ones((1, 3))).items()}
    assert values.keys() == METRICS.keys()
    assert (values["word_f1"], values["exact"], values["failed"]) == (0.5, 0.5, 0.5)
    assert (values["shingle_precision"], values["shingle_recall"]) == (1, 0.5)
    assert values["shingle_f1"] == pytest.approx(2 / 3)
    assert values["snippet_f1"] == pytest.approx(2 / 3)
    assert values["snippet_accuracy"] == 0.5
    assert (values["must_have"], values["must_not_have"]) == (1, 0)


def test_metrics_without_gold_are_left_out(pages):
    values = metric_values(score_pages(pages[:1], [""]), np.ones((1, 1)))
    assert "snippet_f1" not in values
    assert values["word_f1"] == 0


def test_slices(pages):
    found = {(part.by, part.name): part.indices.tolist() for part in slices_of(pages)}
    assert found == {
        ("source", "north"): [0, 1, 2, 3, 4, 5],
        ("source", "south"): [6, 7],
        ("kind", "south/article"): [6],
        ("kind", "south/forum"): [7],
        ("language", "en"): [0, 1, 2, 3, 4, 5, 7],
        ("language", "other"): [6],
    }


def test_the_digest_sees_gold_and_markup_but_not_order(pages):
    digest = pages_digest(pages)
    assert pages_digest(pages[::-1]) == digest
    for change in ({"text": "other"}, {"html": "other"}, {"must_have": ("other",)}, {"id": "other"}):
        assert pages_digest((replace(pages[0], **change), *pages[1:])) != digest


# ------------------------------------------------------------------------------------------------ from end to end


def test_an_evaluation_out_of_fold(options):
    steps = []
    found = evaluate(replace(options, lines=(options.out,)), lambda *step: steps.append(step))
    assert [system.name for system in found.systems] == [HTML, TEXT, FLOOR, "shouter", "failer"]
    assert found.missing_peers == ("absent",)
    assert found.system("failer").failures == 8
    north = found.slices[0]
    assert (north.by, north.name, north.n_pages) == ("source", "north", 6)
    assert north.metrics[HTML]["word_f1"] == (1, 1, 1)
    assert north.metrics["failer"]["failed"].value == 1
    assert north.metrics["shouter"]["word_f1"] == north.metrics[FLOOR]["word_f1"]
    assert north.metrics[TEXT]["word_precision"].value < 1
    gain = north.differences[HTML]["shouter"]["word_f1"]
    assert gain.low == gain.high == pytest.approx(1 - north.metrics["shouter"]["word_f1"].value)
    assert ("shouter", 3, 3) in steps  # six of the eight pages are alike
    assert (HTML, 8, 8) in steps


def test_details_of_newsfilter(options):
    found = evaluate(replace(options, lines=(options.out,)))
    html, text = found.modes[HTML], found.modes[TEXT]
    assert [point.threshold for point in html.curve] == pytest.approx(np.arange(0.1, 1, 0.1))
    assert html.curve[4].precision == html.curve[4].recall == 1
    assert html.calibration_error == pytest.approx(0.6 * 0.0875 + 0.4 * 0.025, abs=0.002)
    assert (html.missed_words, html.extra_words) == ({}, {})
    assert text.extra_words == {"promo": 15 * 8}
    assert found.lines.labels.removed == {Label.PROMO: 1, Label.RELATED: 1}
    assert (found.lines.labels.body_lost, found.lines.n_lines) == (0, 3)


def test_pages_that_training_left_out_count_as_failures(options, pages):
    write_out_of_fold(options.out_of_fold, folds(pages[:-2]))
    found = evaluate(options)
    assert found.system(HTML).failures == 2
    assert found.system(HTML).outputs[-2] == ""


def test_an_evaluation_of_a_model(options, monkeypatch):
    monkeypatch.setattr(run, "shipped_model", KnowsTheStory)
    found = evaluate(replace(options, out_of_fold=None, peers=("shouter",)))
    assert found.slices[0].metrics[TEXT]["exact"].value == 1
    assert found.system(HTML).milliseconds > 0
    assert np.isnan(found.modes[HTML].calibration_error)


def test_cleaning_others_raises_them(options, monkeypatch):
    lower = Peer("lower", "numpy", lambda markup, language: visible_text(markup))
    monkeypatch.setitem(peers.PEERS, "lower", lower)
    monkeypatch.setattr(run, "load", lambda path: KnowsTheStory())
    models = (options.out / "fold-0.npz", options.out / "fold-1.npz")
    found = evaluate(replace(options, peers=("lower",), clean_others=True, fold_models=models))
    before, after = (found.slices[0].metrics[name]["word_f1"].value for name in ("lower", "lower + newsfilter"))
    assert before < after == 1


def test_each_page_is_cleaned_by_the_model_that_did_not_see_it(options, pages, monkeypatch):
    class KeepsNothing(KnowsTheStory):
        def confidence(self, page: Page, probabilities: np.ndarray, columns: np.ndarray) -> float:
            return 0.8

        def probabilities(self, page: Page) -> np.ndarray:
            return np.roll(probabilities(page), 1, axis=1)

    lower = Peer("lower", "numpy", lambda markup, language: visible_text(markup))
    monkeypatch.setitem(peers.PEERS, "lower", lower)
    monkeypatch.setattr(run, "load", lambda path: KnowsTheStory() if path.stem == "fold-0" else KeepsNothing())
    models = (options.out / "fold-0.npz", options.out / "fold-1.npz")
    found = evaluate(replace(options, peers=("lower",), clean_others=True, fold_models=models))
    assert [bool(output) for output in found.system("lower + newsfilter").outputs] == [True, False] * 4


def test_one_model_cleans_all_pages_where_there_are_none_of_folds(options, monkeypatch):
    monkeypatch.setattr(run, "load", lambda path: KnowsTheStory())
    lower = Peer("lower", "numpy", lambda markup, language: visible_text(markup))
    monkeypatch.setitem(peers.PEERS, "lower", lower)
    found = evaluate(replace(options, peers=("lower",), clean_others=True, model=options.out / "model.npz"))
    assert set(found.system("lower + newsfilter").outputs) == {"\n".join(STORY)}


def test_labelled_lines_without_any_answer_are_refused(options, pages):
    write_out_of_fold(options.out_of_fold, folds(pages))
    with pytest.raises(CorpusError, match="no answers for any of the labelled lines"):
        evaluate(replace(options, lines=(options.out,)))


def test_pages_with_snippets_alone_have_snippet_scores_alone(options, pages, monkeypatch):
    monkeypatch.setattr(run, "read_pages", lambda paths: iter(pages[-1:]))
    found = evaluate(options)
    assert found.slices[0].metrics[HTML].keys() == {"snippet_f1", "snippet_accuracy", "must_have", "must_not_have"}
    assert found.modes[HTML].curve == ()
    assert worst_pages(found, HTML) == []
    assert "snippet F by language" in write_report(found, options.out)[1].read_text("utf-8")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"fold_models": ("one",)}, "2 folds, but 1 models"),
        ({"fold_models": ("one", "two"), "out_of_fold": None}, "models of folds need out-of-fold answers"),
    ],
)
def test_models_of_folds_must_fit_the_folds(options, monkeypatch, change, reason):
    for name in ("load", "shipped_model"):
        monkeypatch.setattr(run, name, lambda *_: KnowsTheStory())
    with pytest.raises(CorpusError, match=reason):
        evaluate(replace(options, clean_others=True, **change))


def test_no_pages_are_refused(options, monkeypatch):
    monkeypatch.setattr(run, "read_pages", lambda paths: iter(()))
    with pytest.raises(CorpusError, match="no pages"):
        evaluate(options)


# ------------------------------------------------------------------------------------------------------ report


def test_worst_pages_show_both_sides(options):
    found = evaluate(options)
    worst = worst_pages(found, TEXT, count=3)
    assert len(worst) == 3
    assert (worst[0].missed, worst[0].extra) == ((), (PITCH,))
    assert worst[0].best_other in ("shouter", FLOOR)


def test_lines_not_in_keeps_lines_as_they_are():
    assert lines_not_in(f"{STORY[0]}\n–\n{PITCH}", STORY[0]) == (PITCH,)


def test_the_report_is_three_files(options):
    found = evaluate(replace(options, lines=(options.out,)))
    paths = write_report(found, options.out)
    assert [path.name for path in paths] == ["evaluation.json", "evaluation.md", "evaluation.html"]
    assert json.loads(paths[0].read_text("utf-8")) == json.loads(json.dumps(as_json(found)))
    assert paths[1].read_text("utf-8") == markdown_report(found)


def test_numbers_can_be_published_and_hold_no_text(options):
    found = evaluate(replace(options, lines=(options.out,)))
    both = json.dumps(as_json(found)) + markdown_report(found)
    assert not any(text in both for text in (*STORY, PITCH))
    assert "NaN" not in both


def test_json_holds_intervals(options):
    report = as_json(evaluate(options))
    north = report["slices"][0]
    assert north["metrics"][HTML]["word_f1"] == [1, 1, 1]
    assert north["differences"][HTML]["failer"]["word_f1"] == [1, 1, 1]
    assert report["missing_peers"] == ["absent"]
    assert report["lines"] is None


def test_markdown_tables_have_as_many_cells_as_columns(options):
    report = markdown_report(evaluate(replace(options, lines=(options.out,))))
    for table in re.findall(r"(?:^\|.*\n)+", report, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1
    assert "| shouter | 0." in report
    assert "Not installed, so left out: absent." in report


def test_the_page_warns_escapes_and_asks_for_nothing(options, pages, monkeypatch):
    hostile = page("n0", body=(*STORY, "Then <script>alert(1)</script> was written on the harbour wall."))
    monkeypatch.setattr(run, "read_pages", lambda paths: iter((hostile,)))
    write_out_of_fold(options.out_of_fold, folds((hostile,)))
    found = evaluate(options)
    html = {path.suffix: path for path in write_report(found, options.out)}[".html"].read_text("utf-8")
    assert "For local use only" in html
    assert "<script" not in html
    assert "default-src 'none'" in html
    assert not re.search(r"""(src|href)=|url\(|@import""", html)
    assert "prefers-color-scheme:dark" in html
