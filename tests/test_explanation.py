"""Explanations as a library and as a command."""

import math
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from filter import DecodeError, Label, classify, explain, explanation_page, read_rules
from filter.contributions import Evidence

EXAMPLES = Path(__file__).parent.parent / "examples"
MARKET = EXAMPLES / "market.html"
ADDRESS = "https://www.graindesk.example/markets/wheat-climbs-rain"


@pytest.fixture
def rules(tmp_path):
    file = tmp_path / "rules.toml"
    file.write_text('[[rule]]\nsite = "graindesk.example"\nselector = "figcaption"\naction = "keep"\n', "utf-8")
    return file


def test_the_document_is_that_of_classify():
    data = MARKET.read_bytes()
    explanation = explain(data, url=ADDRESS)
    assert explanation.document == classify(data, url=ADDRESS)
    assert tuple(block.line for block in explanation.blocks) == explanation.document.lines
    for block in explanation.blocks:
        assert sum(block.probabilities.values()) == pytest.approx(1, abs=1e-5)
        assert block.probabilities[block.line.label] == pytest.approx(block.line.probability, abs=1e-5)


def test_the_address_counts_as_it_does_for_classify():
    url = "https://example.org/weather/rain-is-due-in-the-hills-tonight"
    markup = "<p>Rain is due in the hills tonight, the weather office said on Monday.</p><a href=x>Read more</a>"
    explained, known = explain(markup, url=url), classify(markup, url=url)
    for block, line in zip(explained.blocks, known.lines, strict=True):
        assert block.probabilities[line.label] == pytest.approx(line.probability, abs=1e-5)


def test_most_blocks_have_three_reasons():
    counts = [len(block.reasons) for block in explain(MARKET.read_bytes()).blocks]
    assert max(counts) == 3
    assert sum(count == 3 for count in counts) >= 0.9 * len(counts)


def test_a_soup_is_explained_as_its_markup():
    data = MARKET.read_bytes()
    soup = BeautifulSoup(data, "lxml")
    assert [block.line.text for block in explain(soup).blocks] == [block.line.text for block in explain(data).blocks]


@pytest.mark.parametrize("source", ["", " \n ", "<html><body></body></html>", b""])
def test_nothing_to_explain(source):
    explanation = explain(source)
    assert (explanation.blocks, explanation.text()) == ((), "")
    assert "Empty · 0 of 0 lines kept" in explanation_page(explanation)


def test_plain_text_has_no_markup():
    assert explain("Rain is due in the hills tonight, the weather office said on Monday.").markup is None
    assert explain(MARKET.read_bytes()).markup == MARKET.read_text("utf-8")


def test_a_site_rule_is_the_first_reason(rules):
    explanation = explain(MARKET.read_bytes(), url=ADDRESS, rules=read_rules(rules))
    (block,) = [block for block in explanation.blocks if block.line.rule]
    assert block.line.label is Label.BODY
    first, *others = block.reasons
    assert (first.evidence, first.weight) == (Evidence.RULE, math.inf)
    assert first.text == "the site rule 'rules.toml:1: keep selector figcaption' says so"
    assert len(others) <= 2
    assert not [
        reason for block in explain(MARKET.read_bytes()).blocks for reason in block.reasons if math.isinf(reason.weight)
    ]
    assert "rules.toml:1" in explanation_page(explanation)


def test_bad_bytes_are_refused():
    with pytest.raises(DecodeError):
        explain(b"%PDF-1.7\n%\xe2\xe3")


def test_the_text_has_each_block_with_its_place_and_reasons():
    explanation = explain(MARKET.read_bytes())
    parts = explanation.text().split("\n\n")
    assert len(parts) == len(explanation.blocks)
    for part, block in zip(parts, explanation.blocks, strict=True):
        head, text, *reasons = part.split("\n")
        assert head.split() == [block.line.label, f"{block.line.probability:.0%}", block.line.source]
        assert text == f"    {block.line.text}"
        assert reasons == [f"    - {reason.text}" for reason in block.reasons]


def test_command_prints_the_text(run):
    expected = explain(MARKET.read_bytes()).text()
    result = run("explain", MARKET)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{expected}\n", "")
    assert run("explain", "-", stdin=MARKET.read_bytes()).stdout == result.stdout
    assert run("explain", stdin=MARKET.read_bytes()).stdout == result.stdout


def test_command_writes_the_page(run, tmp_path):
    file = tmp_path / "why.html"
    result = run("explain", MARKET, "--html", "-o", file)
    assert (result.exit_code, result.stdout) == (0, "")
    expected = explanation_page(explain(MARKET.read_bytes()), name=str(MARKET))
    assert file.read_text("utf-8") == f"{expected}\n"


def test_command_takes_input_address_and_rules(run, rules):
    result = run("explain", MARKET, "--url", ADDRESS, "--rules", rules)
    assert "- the site rule 'rules.toml:1: keep selector figcaption' says so" in result.stdout
    assert " line 1\n" in run("explain", "--input", "text", stdin=b"<p>Rain is due in the hills tonight.</p>").stdout
    page = run("explain", MARKET, "--html", "--url", ADDRESS).stdout
    assert f"<h1>{ADDRESS}</h1>" in page


def test_command_reports_what_it_cannot_explain(run, tmp_path):
    file = tmp_path / "page"
    file.write_bytes(b"%PDF-1.7\n%\xe2\xe3")
    result = run("explain", file)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"newsfilter: {file}: is a PDF, not text\n")
    result = run("explain", tmp_path / "missing")
    assert (result.exit_code, result.stderr) == (2, f"newsfilter: {tmp_path / 'missing'}: No such file or directory\n")
