"""What the evidence weighs: exact on the model's columns, and true on the page itself."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from news_site import story_pages

from filter import DeadlineError, Explanation, Options, context, explain
from filter.blocks import blocks_from_text
from filter.contributions import (
    Contributions,
    Evidence,
    column_groups,
    column_names,
    contributions,
    evidence_of,
    log_odds,
    moments,
    name_weights,
    neutral,
    word_weights,
)
from filter.features import N_PLAIN, names
from filter.inputs import HTML, TEXT
from filter.labels import LABELS, Label, decide
from filter.layout import lay_out
from filter.model import in_doubt, softmax
from filter.pipeline import read_page, shipped_model, to_document

EXAMPLES = Path(__file__).parent.parent / "examples"
PAGES = sorted([*EXAMPLES.glob("*.html"), *EXAMPLES.glob("*.txt"), *Path(__file__).parent.glob("pages/*/page.html")])
MODEL = shipped_model()


def read(path: Path):
    return read_page(path.read_bytes())


def explained(path: Path) -> tuple[Contributions, np.ndarray]:
    page = read(path)
    probabilities = MODEL.probabilities(page)
    lines = to_document(page, probabilities, decide(probabilities, page.sizes)).lines
    labels = np.array([LABELS.index(line.label) for line in lines])
    return contributions(MODEL, page, labels), labels


def layout_of(page):
    return lay_out(page, page.elements) if page.elements else None


def inputs_of(page):
    (inputs,) = MODEL.inputs([page], [layout_of(page)])
    return inputs


def doubtful_in(page):
    return None if page.elements else in_doubt(softmax(MODEL.text.logits(inputs_of(page))))


def test_every_column_is_one_kind_of_evidence_but_what_a_line_is_taken_for_by_itself():
    names = {*column_names(has_markup=True), *column_names(has_markup=False)}
    kinds = {column: evidence_of(column) for column in names}
    assert {column for column, own in kinds.items() if not own} == {f"own_{label}" for label in LABELS}
    assert [column for column, own in kinds.items() if len(own) > 1] == []


def test_no_kind_of_evidence_is_without_columns():
    html, text = column_groups(has_markup=True), column_groups(has_markup=False)
    assert all((*html.values(), *text.values()))
    assert {*html, *text, Evidence.ALIKE, Evidence.RULE} == set(Evidence)
    assert sum(map(len, html.values())) == len(HTML.names)
    assert sum(map(len, text.values())) == len(TEXT.names) + context.N_CONTEXT - len(LABELS)


def test_names_are_as_many_as_columns():
    page = read(EXAMPLES / "market.html")
    assert inputs_of(page).shape[1] == len(HTML.names)
    assert HTML.names[: len(names())] == names()
    assert TEXT.names[:N_PLAIN] == names()[:N_PLAIN]
    assert context.N_CONTEXT == len(context.NAMES) == len(set(context.NAMES))


def test_names_of_the_context_are_those_of_its_columns():
    page = read(EXAMPLES / "market.html")
    page = blocks_from_text("\n".join(page.texts), max_blocks=1000)
    alone = softmax(MODEL.text.logits(inputs_of(page)))
    columns = dict(zip(context.NAMES, context.context_table(page, alone).T, strict=True))
    related, body = LABELS.index(Label.RELATED), LABELS.index(Label.BODY)
    np.testing.assert_array_equal(columns["own_related"], np.log(np.maximum(alone[:, related], 1e-4)))
    np.testing.assert_array_equal(columns["first_related-1"][1:], alone[:-1, related])
    np.testing.assert_array_equal(columns["first_body+2"][:-2], alone[2:, body])
    np.testing.assert_allclose(columns["before3_body"][3:], (alone[:-3] + alone[1:-2] + alone[2:-1])[:, body] / 3, 1e-4)
    np.testing.assert_allclose(
        columns["after3_related"][:-3], (alone[1:-2] + alone[2:-1] + alone[3:])[:, related] / 3, 1e-4
    )
    assert columns["body_before"][0] == 0
    assert columns["body_after"][-1] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_what_is_explained_is_what_the_model_answers(path):
    found, _ = explained(path)
    np.testing.assert_allclose(found.probabilities, MODEL.probabilities(read(path)), atol=1e-6)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_weight_is_what_the_label_loses_without_the_columns(path):
    """Each block by itself, its table put together by hand."""
    found, labels = explained(path)
    page = read(path)
    has_markup = page.elements is not None
    all_columns = column_names(has_markup=has_markup)
    means = dict(zip(all_columns, moments(MODEL, has_markup=has_markup)[0], strict=True))
    doubtful = doubtful_in(page)

    def scores(rows, row):
        own = slice(row, row + 1)
        logits = MODEL.judge(rows, None if doubtful is None else doubtful[own])
        return log_odds(MODEL.calibrated(logits, has_markup=has_markup), labels[own])

    for evidence in {Evidence.WORDS, Evidence.ABOVE, Evidence.LENGTH, Evidence.TAGS} & found.weights.keys():
        for row in range(0, len(page), 7):
            rows = np.array([[found.columns[name][row] for name in all_columns]])
            whole = scores(rows.copy(), row)
            for number, name in enumerate(all_columns):
                if name in column_groups(has_markup=has_markup)[evidence] and not np.isnan(rows[0, number]):
                    rows[0, number] = means[name]
            loss = whole - scores(rows, row)
            assert found.weights[evidence][row] == pytest.approx(loss[0], abs=2e-2)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_what_blocks_agree_on_is_evidence_of_being_alike(path):
    """The weights without it tell what the row says alone; with it, what the page says."""
    found, labels = explained(path)
    page = read(path)
    if not page.elements:
        assert Evidence.ALIKE not in found.weights
        return
    alone = log_odds(MODEL.calibrated(MODEL.judge(inputs_of(page), None), has_markup=True), labels)
    together = log_odds(np.log(np.maximum(found.probabilities, 1e-30)), labels)
    np.testing.assert_allclose(found.weights[Evidence.ALIKE], together - alone, atol=2e-2)
    assert (np.abs(together - alone) > 0.05).any()


def test_neutral_leaves_what_the_page_cannot_tell():
    page = read_page("<p>Rain is due in the hills tonight.</p><a href=x>Read more</a>", input="html")
    table = inputs_of(page)
    mean = moments(MODEL, has_markup=True)[0]
    columns = [HTML.names.index("title_words"), HTML.names.index("log_chars")]
    changed = neutral(table, mean, columns)
    assert np.isnan(changed[:, columns[0]]).all()
    assert (changed[:, columns[1]] == mean[columns[1]]).all()


def test_log_odds_are_those_of_the_probabilities():
    logits = np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 3.0]], np.float32)
    probabilities = softmax(logits)[[0, 1], [0, 2]]
    np.testing.assert_allclose(log_odds(logits, np.array([0, 2])), np.log(probabilities / (1 - probabilities)), 1e-5)


def test_words_and_names_weigh_for_their_labels():
    subscribe, copper = word_weights(MODEL, ["subscribe", "copper"])[:, LABELS.index(Label.SIGNUP)]
    assert subscribe > max(copper, 0)
    near, far = name_weights(MODEL, ["byline", "footer"])
    assert near[0].argmax() == LABELS.index(Label.BYLINE)
    assert far[1].argmax() == LABELS.index(Label.NAVIGATION)


def test_the_deadline_holds():
    lines = "\n".join(f"The mayor opened bridge number {number} on Monday." for number in range(3000))
    with pytest.raises(DeadlineError):
        explain(lines, options=Options(deadline=0.05))


# ------------------------------------------------------------------------------- the named evidence, off the page


@cache
def explanation_of(source: bytes) -> Explanation:
    return explain(source)


def without_words(page, row, reason):
    text = page.texts[row]
    named = re.findall(r"'([^']+)'", reason.text)
    for word in named:
        text = re.sub(re.escape(word), "", text, flags=re.IGNORECASE)
    page.texts[row] = " ".join(text.split())
    return bool(named and page.texts[row])


def without_links(page, row, _):
    had_links = page.links[row] > 0
    page.links[row] = page.link_chars[row] = 0
    return had_links


def without_title(page, _, reason):
    page.head.titles[:] = ["Something else"]
    return reason.text == "is the page's title"


def without_names(page, _, reason):
    named = set(re.findall(r"'([^']+)'", reason.text)) - {name.split()[0] for name in page.elements.names}
    page.elements.names = [" ".join(part for part in name.split() if part not in named) for name in page.elements.names]
    return bool(named)


@pytest.mark.parametrize(
    ("evidence", "remove", "at_least"),
    [
        (Evidence.LINKS, without_links, 0.8),
        (Evidence.TITLE, without_title, 0.8),
        (Evidence.WORDS, without_words, 0.7),
        (Evidence.NAME, without_names, 0.7),
        (Evidence.FRAME, without_names, 0.7),
    ],
)
def test_a_page_without_the_named_evidence_scores_lower(evidence, remove, at_least):
    """A change of the page moves more than one column, so the share is below one; by chance it were a half."""
    lowered = []
    for source in (*(path.read_bytes() for path in PAGES), *story_pages().values()):
        probabilities = MODEL.probabilities(read_page(source))
        for row, block in enumerate(explanation_of(source).blocks):
            for reason in block.reasons:
                page = read_page(source)
                if reason.evidence is evidence and remove(page, row, reason):
                    column = LABELS.index(block.line.label)
                    lowered.append(MODEL.probabilities(page)[row, column] < probabilities[row, column])
    assert len(lowered) >= 4
    assert np.mean(lowered) >= at_least
