"""Site rules: whose they are, what they fit, what they change, and what is wrong with a file."""

from __future__ import annotations

import json
import pickle
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from filter import Classifier, Document, Label, Options, Rules, RulesError, classify, clean, read_rules, strip
from filter.blocks import ancestors
from filter.cli import app
from filter.errors import DeadlineError, InputError
from filter.pipeline import Source, read_page
from filter.rules import Classified, effects
from filter.selection import select_blocks
from filter.trial import try_rules

EXAMPLES = Path(__file__).parent.parent / "examples"
LOCAL_PAPER = EXAMPLES / "local-paper.html"
RULES = EXAMPLES / "rules.toml"
MARKET = EXAMPLES / "market.txt"
URL = "https://www.westmoor.example/news/library-van"
BUILDERS = ["html.parser", "lxml", "html5lib"]
PAGE = """<html><head><title>Ferry</title></head><body><div id="top"><h1 class="x">Ferry to reopen in May</h1>
<p>The council voted on Tuesday to reopen the river ferry, closed since the flood in March.</p>
<div class="box"><p>The ferry was built in 1931 and carries forty people.</p><p hidden class="box">Unseen.</p></div>
<p>Tickets will cost two euros, <a class="part">children will travel for free</a>, the mayor said.</p>
<a class="whole"><p>A paragraph in a link</p></a></div></body></html>"""
Write = Callable[..., Rules]


@pytest.fixture
def rules(tmp_path: Path) -> Write:
    """Return what writes rules, one dict each, to a file and reads them."""

    def write(*tables: dict[str, str]) -> Rules:
        text = ""
        for table in tables:
            text += "[[rule]]\n"
            for key, value in ({"site": "a.example"} | table).items():
                text += f"{key} = {json.dumps(value, ensure_ascii=False)}\n"
            text += "\n"
        path = tmp_path / "rules.toml"
        path.write_text(text, "utf-8")
        return read_rules(path)

    return write


def ruled(rules: Rules, source: object = PAGE, url: str | None = "https://a.example/x") -> Document:
    return classify(source, url=url, rules=rules)  # type: ignore[arg-type]


def changed(document: Document) -> dict[str, str]:
    """Return the label of each line that a rule changed, by the first word of its text."""
    return {line.text.split()[0]: line.label.value for line in document.lines if line.rule}


# -------------------------------------------------------------------------------------------------- sites


@pytest.mark.parametrize(
    ("site", "url", "counts"),
    [
        ("a.example", "https://a.example/x", True),
        ("a.example", "https://www.a.example/x", True),
        ("a.example", "http://user:secret@sport.www.A.EXAMPLE.:8080/x?y#z", True),
        ("A.Example", "https://a.example", True),
        ("www.a.example", "https://a.example/x", False),
        ("a.example", "https://ba.example/x", False),
        ("a.example", "https://example/a.example", False),
        ("a.example", "https://b.example/?u=a.example", False),
        ("example", "https://a.example/x", True),
        ("localhost", "http://localhost:8000/", True),
        ("münchen.example", "https://xn--mnchen-3ya.example/x", True),
        ("xn--mnchen-3ya.example", "https://www.münchen.example/x", True),
        ("a.example", None, False),
        ("a.example", "", False),
        ("a.example", "article 17", False),
        ("a.example", "https://[a.example/", False),
        ("a.example", f"https://{'ü' * 80}.example/", False),
    ],
)
def test_whose_rules_count(rules: Write, site: str, url: str | None, counts: bool) -> None:
    some = rules({"site": site, "selector": "h1", "action": "related"})
    assert bool(some.of(url)) is counts
    assert bool(changed(ruled(some, url=url))) is counts


# -------------------------------------------------------------------------------------------------- blocks


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"selector": ".box"}, ["The"]),
        ({"selector": "h1, .box > p"}, ["Ferry", "The"]),
        ({"selector": "#top"}, ["Ferry", "The", "The", "Tickets", "A"]),
        ({"selector": "div:has(> h1) > p:not(:has(a))"}, ["The"]),
        ({"selector": "a.part"}, []),
        ({"selector": "a.whole"}, ["A"]),
        ({"selector": "p[hidden], title, .none"}, []),
        ({"selector": "html"}, ["Ferry", "The", "The", "Tickets", "A"]),
        ({"text": "ferry"}, ["The", "The"]),
        ({"text": "(?i)ferry"}, ["Ferry", "The", "The"]),
        ({"text": "^The .*[.]$"}, ["The", "The"]),
        ({"text": r"\d{4}"}, ["The"]),
        ({"text": "Unseen"}, []),
        ({"selector": ".box", "text": "(?i)ferry"}, ["The"]),
        ({"selector": ".box", "text": "council"}, []),
    ],
)
@pytest.mark.parametrize("kind", ["markup", "bytes", *BUILDERS])
def test_what_a_rule_fits(rules: Write, table: dict[str, str], words: list[str], kind: str) -> None:
    sources = {"markup": PAGE, "bytes": PAGE.encode("utf-16")}
    document = ruled(rules(table | {"action": "promo"}), sources.get(kind) or BeautifulSoup(PAGE, kind))
    assert [line.text.split()[0] for line in document.lines if line.label is Label.PROMO] == words
    assert [line.text.split()[0] for line in document.lines if line.rule] == words


def test_a_rule_fits_the_tag_that_is_classified_and_sees_what_is_around_it(rules: Write) -> None:
    box = BeautifulSoup(PAGE, "lxml").select_one(".box")
    for selector in (".box", "#top > .box", "#top p"):
        assert changed(ruled(rules({"selector": selector, "action": "promo"}), box)) == {"The": "promo"}


def test_a_text_has_no_elements(rules: Write) -> None:
    some = rules({"selector": "*", "action": "drop"}, {"text": "(?i)ferry", "action": "promo"})
    text = "Ferry to reopen in May\nThe council voted on Tuesday to open <b>the market</b> again.\n"
    assert changed(classify(text, url="https://a.example/", rules=some, input="text")) == {"Ferry": "promo"}


markups = st.lists(
    st.sampled_from(["<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "one ", "two ", "<br>", "<svg>", "</svg>", "<td>",
                     "<table>", "<p hidden>", "<template>", "</template>", "<!--x-->", "<title>", "<a>", "<body>"]),
    max_size=40,
).map("".join)  # fmt: skip


@settings(deadline=None)
@given(markups)
def test_a_selector_selects_the_blocks_inside_what_it_matches(markup: str) -> None:
    for tree in (markup, *(BeautifulSoup(markup, builder) for builder in BUILDERS)):
        page = read_page(tree, input="html")
        assert page.elements is not None
        selected = select_blocks(tree, page, ["p", "div", "b", "*"])
        for tag in ("p", "div", "b", "*"):
            around = [{page.elements.tags[number] for number in ancestors(page.elements, at)} for at in page.places]
            assert selected[tag] == {block for block, tags in enumerate(around) if tag in tags or (tag == "*" and tags)}


# -------------------------------------------------------------------------------------------------- actions


def test_what_is_not_fitted_is_as_the_model_left_it(rules: Write) -> None:
    some = rules({"selector": ".box", "action": "promo"})
    before, after = classify(PAGE, url="https://a.example/x"), ruled(some)
    assert [line for line in after.lines if not line.rule] == [line for line in before.lines if "1931" not in line.text]
    (line,) = [line for line in after.lines if line.rule]
    (was,) = [line for line in before.lines if "1931" in line.text]
    assert (line.label, line.rule) == (Label.PROMO, "rules.toml:1: promo selector .box")
    assert (line.keep_probability, line.source, line.tag) == (was.keep_probability, was.source, was.tag)
    assert line.probability < was.probability


def test_drop_and_keep_change_only_what_is_not_so_already(rules: Write) -> None:
    labels = {
        (action, label): rules({"text": "x", "action": action}).rules[0].label(label, [0] * 5 + [0.1, 0.3, 0.2, 0])  # type: ignore[arg-type]
        for action in ("drop", "keep", "caption")
        for label in Label
    }
    article = (Label.TITLE, Label.BODY, Label.BYLINE, Label.CAPTION)
    for label in Label:
        assert labels["drop", label] is (Label.PROMO if label in article else label)
        assert labels["keep", label] is (label if label in (Label.TITLE, Label.BODY) else Label.BODY)
        assert labels["caption", label] is Label.CAPTION


def test_the_last_rule_decides_and_rules_of_a_domain_join_those_of_its_hosts(rules: Write) -> None:
    some = rules(
        {"selector": "p", "action": "drop"},
        {"site": "www.a.example", "selector": ".box", "action": "keep"},
        {"selector": "h1", "action": "promo"},
        {"site": "b.example", "selector": "*", "action": "signup"},
    )
    document = ruled(some, url="https://www.a.example/")
    assert [line.rule.split(":")[1] for line in document.lines[:4]] == ["11", "1", "6", "1"]
    assert {line.label for line in document.kept()} == {Label.BODY}
    assert document.text().startswith("The ferry was built in 1931")
    assert "1931" not in ruled(some, url="https://a.example/").text()


def test_clean_strip_and_the_classifier_take_rules(rules: Write) -> None:
    some, url = rules({"selector": ".box", "action": "drop"}), "https://a.example/x"
    expected = ruled(some)
    assert "1931" not in expected.text()
    assert clean(PAGE, url=url, rules=some) == expected.text()
    classifier = Classifier(rules=some)
    assert classifier.classify(PAGE, url=url) == expected
    sources = [Source(PAGE, url), Source(PAGE.encode("utf-16-le"), url, "html", "utf-16-le"), Source(PAGE)]
    first, second, other = classifier.classify_each(sources)
    assert (first, second) == (expected, expected)
    assert other == classify(PAGE)
    soup = BeautifulSoup(PAGE, "lxml")
    removed = strip(soup, url=url, rules=some)
    assert any(line.rule for each in removed for line in each.lines)
    assert soup.select_one(".box") is None
    assert [line.text for line in expected.kept()] == read_page(soup).texts


def test_rules_cross_process_boundaries(rules: Write) -> None:
    some = rules({"selector": ".box", "text": "(?i)FERRY", "action": "drop"})
    assert ruled(pickle.loads(pickle.dumps(some))) == ruled(some)  # noqa: S301


# -------------------------------------------------------------------------------------------------- patterns


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*)(.*)(.*)[^a]$", "(x+x+)+y"])
def test_no_pattern_takes_longer_than_the_text_is_long(rules: Write, pattern: str) -> None:
    (rule,) = rules({"text": pattern, "action": "drop"}).rules
    text = b"a" * 2_000_000 + b"b"
    since = time.process_time()
    rule.says(text)
    assert time.process_time() - since < 2


def test_texts_of_any_characters(rules: Write) -> None:
    some = rules({"text": "größe|ferry", "action": "promo"})
    for text in ("\ud800 ferry\0", "\udfffGröße größe", "e\u0301 ferry \U0001f6a2"):
        for source in (text, f"<p>{text}</p>", BeautifulSoup(f"<p>{text}</p>", "html.parser")):
            assert [line.label for line in ruled(some, source).lines] == [Label.PROMO]


def test_a_deadline_holds_between_rules(rules: Write) -> None:
    some, page = rules(*({"text": f"{number}", "action": "drop"} for number in range(9))), read_page(PAGE)
    classified = Classified(PAGE, page, Classifier().model.probabilities(page), classify(PAGE))

    def check() -> None:
        raise DeadlineError("over")

    with pytest.raises(DeadlineError):
        list(effects(some.rules, classified, check))
    assert classify(PAGE, url="https://a.example/", rules=some, options=Options(deadline=60))


# -------------------------------------------------------------------------------------------------- files


GOOD = '[[rule]]\nsite = "a.example"\nselector = "p"\naction = "drop"\n'


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ('[[rule]]\nsite = "a.example"\nselektor = "p"\naction = "drop"', 1, "unknown key 'selektor'; there are site,"),
        (f'{GOOD}\n\n[[rule]] # no\nsite = "a.example"\nselector = "b"\naction = "cut"', 7, "unknown action 'cut'"),
        (f'{GOOD}[[rule]]\nselector = "p"\naction = "drop"', 5, "a rule needs a site, an action"),
        (f'{GOOD}[[rule]]\nsite = "a.example"\nselector = "p"', 5, "a rule needs a site, an action"),
        (f'{GOOD}[[rule]]\nsite = "a.example"\naction = "drop"', 5, "a rule needs a site, an action"),
        (f"{GOOD}[[rule]]", 5, "a rule needs a site, an action, and a selector or a text"),
        (f'{GOOD}[[rule]]\nsite = ["a.example"]', 5, "site must be a string that is not empty"),
        (f'{GOOD}[[rule]]\nsite = "a.example"\ntext = ""\naction = "drop"', 5, "text must be a string"),
        (f'{GOOD}[[rule]]\nsite = "a.example"\ntext = 3', 5, "text must be a string that is not empty"),
        (f"{GOOD}[[rule]]\n[rule.more]\na = 1", 5, "unknown key 'more'"),
        (f"{GOOD}{GOOD}", 5, "the same site, selector and text as in rules.toml:1"),
        (f"{GOOD}{GOOD.replace('drop', 'keep').replace('a.ex', 'A.ex')}", 5, "the same site, selector and text as in"),
        *(
            (GOOD.replace("a.example", site), 1, f"site '{site}' is no host, such as example.com")
            for site in ("https://a.example", "a.example/x", "a.example:80", "*.a.example", "a..example", ".a", "a b")
        ),
        (GOOD.replace('"p"', '"p["'), 1, "selector 'p[': Malformed attribute selector at position 1"),
        (GOOD.replace('"p"', '"p:visited-once"'), 1, "selector 'p:visited-once': ':visited-once' was detected as"),
        (GOOD.replace('"p"', "\"p:lexbor-contains('x')\""), 1, "selector \"p:lexbor-contains('x')\": ':lexbor"),
        (GOOD.replace('"p"', "\"p:-soup-contains('x')\""), 1, "selector \"p:-soup-contains('x')\": Can't parse CSS"),
        (GOOD.replace('"p"', "\"p:contains('x')\""), 1, "selector \"p:contains('x')\": "),
        (GOOD.replace("selector", "text").replace('"p"', '"(a"'), 1, "text '(a': missing ): (a"),
        (GOOD.replace("selector", "text").replace('"p"', "'(?=a)'"), 1, "text '(?=a)': invalid perl operator: (?="),
        (GOOD.replace("selector", "text").replace('"p"', r"'(a)\1'"), 1, r"text '(a)\\1': invalid escape sequence: \1"),
        (f"{GOOD}[[rule]\n", 5, "no TOML: "),
        (f"{GOOD}action = 'keep'\n", 5, "no TOML: Cannot overwrite a value"),
        ('\n[rule]\nsite = "a.example"', 2, "a rule is a table [[rule]], with two brackets"),
        ("rule = [{site = 'a.example'}]\n", 1, "a rule is a table [[rule]], with two brackets"),
        ("# rule\nrule = 3\n", 2, "a rule is a table [[rule]], with two brackets"),
        (f'{GOOD}[[rules]]\nsite = "a.example"', 5, "unknown 'rules'; a rule is a table [[rule]]"),
        ('["a.example"]\ndrop = "p"', 1, "unknown 'a.example'; a rule is a table [[rule]]"),
        (f"version = 1\n{GOOD}", 1, "unknown 'version'; a rule is a table [[rule]]"),
    ],
)  # fmt: skip
def test_a_bad_rule_gives_file_line_and_reason(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], text: str, line: int, reason: str
) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(RulesError) as caught:
        read_rules(path)
    assert str(caught.value).startswith(f"{path}:{line}: {reason}")
    assert capfd.readouterr() == ("", "")


def test_lines_are_right_whatever_stands_before(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    odd = "# [[rule]]\n[[rule]]\nsite = 'a.example'\ntext = '''\n[[rule]]\n''' # '''\naction = \"drop\"\n\n"
    odd += '[[rule]] \nsite = "a.example"\ntext = """a\\"""\n[[rule]]"""\naction = "drop"\n [[ "rule" ]]#\n'
    path.write_text(
        "\ufeff" + (odd + GOOD.partition("\n")[2].replace('"p"', "'''p'''")).replace("\n", "\r\n"), "utf-8", newline=""
    )
    assert [rule.source for rule in read_rules(path).rules] == ["rules.toml:2", "rules.toml:9", "rules.toml:14"]


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="No such file"):
        read_rules(tmp_path / "none.toml")
    with pytest.raises(RulesError, match="directory"):
        read_rules(tmp_path)
    (tmp_path / "rules.toml").write_bytes(b"# \xff")
    with pytest.raises(RulesError, match=r"rules\.toml: is not UTF-8"):
        read_rules(tmp_path / "rules.toml")


def test_an_empty_file_has_no_rules(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").touch()
    assert read_rules(str(tmp_path / "rules.toml")) == Rules(())


def test_only_text_patterns_need_re2(rules: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    assert changed(ruled(rules({"selector": "h1", "action": "promo"}))) == {"Ferry": "promo"}
    with pytest.raises(
        RulesError, match=r"rules\.toml:1: text patterns need google-re2: pip install 'newsfilter\[rules"
    ):
        rules({"text": "ferry", "action": "promo"})


@settings(deadline=None)
@given(st.text(st.sampled_from("[]rule=\n\"'#\\ {}.1a"), max_size=40))
def test_any_file_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_text(GOOD + text, "utf-8")
    try:
        sources = [rule.source for rule in read_rules(path).rules]
    except RulesError:
        return
    assert sources == ["any.toml:1"]


# -------------------------------------------------------------------------------------------------- trial and commands


def run(*arguments: object) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], prog_name="newsfilter")
    return result.exit_code, result.stdout, result.stderr


def test_a_trial_tells_what_each_rule_fits_and_changes(rules: Write) -> None:
    some = rules(
        {"selector": "h1, .box", "action": "promo"},
        {"selector": ".box", "action": "promo", "text": "ferry"},
        {"selector": ".gone", "action": "drop"},
        {"site": "b.example", "selector": ".gone", "action": "drop"},
    )
    trial = try_rules(some, [("one", PAGE.encode()), ("two", b"<h1>Ferry to reopen</h1>")], "https://a.example/")
    title, box = classify(PAGE).lines[0].label, "one /html[1]/body[1]/div[1]/div[1]/p[1]"
    other = classify("<h1>Ferry to reopen</h1>").lines[0].label
    assert trial.table().split("\n") == [
        "rules.toml:1: promo selector h1, .box (fits 3, changes 3)",
        f"    one /html[1]/body[1]/div[1]/h1[1] {title} -> promo: Ferry to reopen in May",
        f"    {box} body -> promo: The ferry was built in 1931 and carries forty people.",
        f"    two /html[1]/body[1]/h1[1] {other} -> promo: Ferry to reopen",
        "rules.toml:6: promo selector .box text ferry (fits 1, changes 0)",
        f"    {box} promo as before: The ferry was built in 1931 and carries forty people.",
        "rules.toml:12: drop selector .gone (fits 0, changes 0)",
    ]  # fmt: skip
    assert trial.idle == some.rules[2:3]


def test_a_trial_without_rules_or_page(rules: Write) -> None:
    some = rules({"selector": "p", "action": "drop"})
    with pytest.raises(RulesError, match=r"https://b\.example/: no rule is for this address"):
        try_rules(some, [], "https://b.example/")
    with pytest.raises(InputError):
        try_rules(some, [("one", b"%PDF-1.7\n\0\0")], "https://a.example/")


def test_the_rules_command(tmp_path: Path) -> None:
    code, stdout, stderr = run("rules", "test", RULES, LOCAL_PAPER, "--url", URL)
    trial = try_rules(read_rules(RULES), [(str(LOCAL_PAPER), LOCAL_PAPER.read_bytes())], URL)
    assert (code, stdout, stderr) == (0, f"{trial.table()}\n", "")
    assert run("rules", "test", RULES, MARKET, "--url", URL)[0] == 1
    assert run("rules", "test", RULES, MARKET, LOCAL_PAPER, "--url", URL)[0] == 0
    code, stdout, stderr = run("rules", "test", RULES, LOCAL_PAPER, "--url", "https://b.example/")
    assert (code, stdout, stderr) == (2, "", "newsfilter: https://b.example/: no rule is for this address\n")
    assert run("rules", "test", RULES, tmp_path / "none.html", "--url", URL)[0] == 2
    (tmp_path / "bad.toml").write_text("[[rule]]\nsite = 3\n")
    code, stdout, stderr = run("rules", "test", tmp_path / "bad.toml", LOCAL_PAPER, "--url", URL)
    assert (code, stdout) == (2, "")
    assert stderr == f"newsfilter: {tmp_path / 'bad.toml'}:2: site must be a string that is not empty\n".replace(
        ":2:", ":1:"
    )


def test_commands_take_rules() -> None:
    some = read_rules(RULES)
    expected = classify(LOCAL_PAPER.read_bytes(), url=URL, rules=some)
    assert expected.text() != clean(LOCAL_PAPER.read_bytes())
    assert run("clean", LOCAL_PAPER, "--rules", RULES, "--url", URL)[:2] == (0, f"{expected.text()}\n")
    records = [
        json.loads(line) for line in run("classify", LOCAL_PAPER, "--rules", RULES, "--url", URL)[1].splitlines()
    ]
    assert [record["label"] for record in records] == [line.label for line in expected.lines]
    for command in ("clean", "classify"):
        code, stdout, stderr = run(command, LOCAL_PAPER, "--rules", RULES)
        assert (code, stdout) == (2, "")
        assert "--rules" in stderr
