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
    contributions,
    evidence_of,
    log_odds,
    moments,
    name_weights,
    neutral,
    word_weights,
)
from filter.features import names
from filter.labels import LABELS, Label
from filter.layout import lay_out
from filter.model import input_names, softmax
from filter.pipeline import read_page, shipped_model, to_document

EXAMPLES = Path(__file__).parent.parent / "examples"
PAGES = sorted([*EXAMPLES.glob("*.html"), *EXAMPLES.glob("*.txt"), *Path(__file__).parent.glob("pages/*/page.html")])
MODEL = shipped_model()


def read(path: Path):
    return read_page(path.read_bytes())


def explained(path: Path) -> tuple[Contributions, np.ndarray]:
    page = read(path)
    lines = to_document(page, MODEL.probabilities(page)).lines
    labels = np.array([LABELS.index(line.label) for line in lines])
    return contributions(MODEL, page, labels), labels


def test_every_column_is_one_kind_of_evidence_but_what_the_first_stage_makes_of_them():
    kinds = {column: evidence_of(column) for column in (*input_names(), *context.NAMES)}
    assert {column for column, own in kinds.items() if not own} == {f"own_{label}" for label in LABELS}
    assert [column for column, own in kinds.items() if len(own) > 1] == []


def test_no_kind_of_evidence_is_without_columns():
    groups = column_groups()
    assert all(groups.values())
    assert {*groups, Evidence.RULE} == set(Evidence)
    assert sum(map(len, groups.values())) == len(input_names()) + context.N_CONTEXT - len(LABELS)


def test_names_are_as_many_as_columns():
    page = read(EXAMPLES / "market.html")
    assert MODEL.inputs([page], [lay_out(page, page.elements)]).shape[1] == len(input_names())
    assert input_names()[: len(names())] == names()
    assert context.N_CONTEXT == len(context.NAMES) == len(set(context.NAMES))


def test_names_of_the_context_are_those_of_its_columns():
    page = read(EXAMPLES / "market.html")
    layout = lay_out(page, page.elements)
    first = softmax(MODEL.first.logits(MODEL.inputs([page], [layout])))
    columns = dict(zip(context.NAMES, context.context_table(page, first, layout).T, strict=True))
    related, body = LABELS.index(Label.RELATED), LABELS.index(Label.BODY)
    np.testing.assert_array_equal(columns["own_related"], np.log(np.maximum(first[:, related], 1e-4)))
    np.testing.assert_array_equal(columns["first_related-1"][1:], first[:-1, related])
    np.testing.assert_array_equal(columns["first_body+2"][:-2], first[2:, body])
    np.testing.assert_allclose(columns["before3_body"][3:], (first[:-3] + first[1:-2] + first[2:-1])[:, body] / 3, 1e-4)
    np.testing.assert_allclose(
        columns["after3_related"][:-3], (first[1:-2] + first[2:-1] + first[3:])[:, related] / 3, 1e-4
    )
    assert columns["body_before"][0] == 0
    assert columns["body_after"][-1] == pytest.approx(0, abs=1e-6)
    same = layout.groups["like"] == layout.groups["like"][-1]
    assert columns["like_body"][-1] == pytest.approx(first[same, body].mean(), rel=1e-5)
    parent = layout.chains[0, 1]
    inside = slice(layout.first[parent], layout.last[parent])
    chars = np.array(list(map(len, page.texts)))[inside]
    assert columns["up1_body"][0] == pytest.approx((first[inside, body] * chars).sum() / chars.sum(), rel=1e-4)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_what_is_explained_is_what_the_model_answers(path):
    found, _ = explained(path)
    np.testing.assert_allclose(found.probabilities, MODEL.probabilities(read(path)), atol=1e-6)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_weight_is_what_the_label_loses_without_the_columns(path):
    """Each block by itself, its table put together by hand."""
    found, labels = explained(path)
    all_columns = (*input_names(), *context.NAMES)
    means = dict(zip(all_columns, moments(MODEL)[0], strict=True))
    page = read(path)
    first = softmax(MODEL.first.logits(MODEL.inputs([page], [lay_out(page, page.elements) if page.elements else None])))
    doubtful = first.max(axis=1) < 0.9

    def scores(rows, doubtful, labels):
        return log_odds(MODEL.calibrated(MODEL.judge(rows, doubtful), has_markup=page.elements is not None), labels)

    for evidence in (Evidence.WORDS, Evidence.ABOVE, Evidence.LENGTH, Evidence.TAGS):
        for row in range(0, len(page), 7):
            rows = np.array([[found.columns[name][row] for name in all_columns]])
            own = slice(row, row + 1)
            whole = scores(rows.copy(), doubtful[own], labels[own])
            for number, name in enumerate(all_columns):
                if name in column_groups()[evidence] and not np.isnan(rows[0, number]):
                    rows[0, number] = means[name]
            loss = whole - scores(rows, doubtful[own], labels[own])
            assert found.weights[evidence][row] == pytest.approx(loss[0], abs=2e-2)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_what_blocks_agree_on_is_evidence_of_being_alike(path):
    """The weights without it tell what the row says alone; with it, what the page says."""
    found, labels = explained(path)
    page = read(path)
    layout = lay_out(page, page.elements) if page.elements else None
    table = np.column_stack([found.columns[name] for name in (*input_names(), *context.NAMES)])
    doubtful = softmax(MODEL.first.logits(MODEL.inputs([page], [layout]))).max(axis=1) < 0.9

    def scores(rows, doubtful, labels):
        return log_odds(MODEL.calibrated(MODEL.judge(rows, doubtful), has_markup=page.elements is not None), labels)

    alone = scores(table, doubtful, labels)
    columns = [
        number
        for number, name in enumerate((*input_names(), *context.NAMES))
        if name in column_groups()[Evidence.ALIKE]
    ]
    without = scores(neutral(MODEL, table, columns), doubtful, labels)
    together = log_odds(np.log(np.maximum(found.probabilities, 1e-30)), labels)
    np.testing.assert_allclose(found.weights[Evidence.ALIKE], together - without, atol=2e-2)
    assert (np.abs(together - alone) > 0.05).any() == (layout is not None)


def test_neutral_leaves_what_the_page_cannot_tell():
    page = blocks_from_text("Rain is due in the hills tonight.\nRead more", max_blocks=9)
    table = np.hstack((MODEL.inputs([page], [None]), np.zeros((2, context.N_CONTEXT), np.float32)))
    columns = [input_names().index("link_density"), input_names().index("log_chars")]
    changed = neutral(MODEL, table, columns)
    assert np.isnan(changed[:, columns[0]]).all()
    assert (changed[:, columns[1]] == moments(MODEL)[0][columns[1]]).all()


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
