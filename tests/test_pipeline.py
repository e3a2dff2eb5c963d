from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from filter import (
    DEFAULT_KEEP,
    Classifier,
    DeadlineError,
    DecodeError,
    Document,
    InputError,
    KeepError,
    Label,
    Options,
    Status,
    TooLargeError,
    classify,
    classify_many,
    clean,
)
from filter.pipeline import Source, shipped_model

ROOT = Path(__file__).parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.html"))
PAGES = [*EXAMPLES, *sorted(ROOT.glob("tests/pages/*/page.html"))]
SEED = ROOT.parent / "shared" / "seed"
SENTENCE = "Rain is due in the hills tonight, the weather office said on Monday."
PARSERS = ("lxml", "html.parser", "html5lib")


def page_name(path: Path) -> str:
    return path.parent.name if path.name == "page.html" else path.stem


# ------------------------------------------------------------------------------------------------ sources


def test_str_and_bytes_give_the_same() -> None:
    markup = EXAMPLES[0].read_text("utf-8")
    assert classify(markup) == classify(markup.encode()) == classify(markup.encode("utf-8-sig"))


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_a_soup_gives_the_text_of_its_markup(path: Path, parser: str) -> None:
    markup = path.read_text("utf-8")
    assert classify(BeautifulSoup(markup, parser)).text() == classify(markup).text()


@pytest.mark.parametrize("parser", PARSERS)
def test_a_soup_is_not_changed(parser: str) -> None:
    soup = BeautifulSoup(EXAMPLES[0].read_text("utf-8"), parser)
    before = str(soup), [id(node) for node in soup.descendants]
    classify(soup)
    assert (str(soup), [id(node) for node in soup.descendants]) == before


def test_a_tag_is_a_page_of_its_own() -> None:
    soup = BeautifulSoup(f"<nav><a href=x>Home</a></nav><article><p>{SENTENCE}</p><p>{SENTENCE}</p></article>", "lxml")
    assert soup.article is not None
    document = classify(soup.article)
    assert [line.text for line in document.lines] == [SENTENCE, SENTENCE]
    assert document.lines[1].source == "/article[1]/p[2]"


def test_only_its_own_text_is_read_of_a_tag() -> None:
    soup = BeautifulSoup(f"<p>{SENTENCE}</p>Sun<p>Hail</p>", "html.parser")
    assert soup.p is not None
    assert [line.text for line in classify(soup.p).lines] == [SENTENCE]


@pytest.mark.parametrize("source", [None, 7, ["<p>Rain"], {"html": "<p>Rain"}, bytearray(b"Rain"), Path("page.html")])
def test_other_sources_are_refused(source: object) -> None:
    with pytest.raises(InputError, match=type(source).__name__):
        classify(source)  # type: ignore[arg-type]


@pytest.mark.parametrize("data", [b"%PDF-1.7\n", gzip.compress(b"<p>Rain"), b"\x89PNG\r\n\x1a\n" + bytes(40)])
def test_bytes_that_are_no_text_are_refused(data: bytes) -> None:
    with pytest.raises(DecodeError):
        classify(data)


def test_the_encoding_of_the_header_counts() -> None:
    data = "<p>Дождь ожидается в горах сегодня вечером.</p>".encode("koi8-r")
    (line,) = classify(data, options=Options(encoding="koi8-r")).lines
    assert line.text == "Дождь ожидается в горах сегодня вечером."


def test_input_says_what_a_source_is() -> None:
    markup = f"<p>{SENTENCE}</p>"
    assert [line.text for line in classify(markup).lines] == [SENTENCE]
    assert [line.text for line in classify(markup, input="text").lines] == [markup]
    assert [line.text for line in classify(f"{SENTENCE}\nSun", input="html").lines] == [f"{SENTENCE} Sun"]
    assert [line.text for line in classify(f"{SENTENCE}\nSun").lines] == [SENTENCE, "Sun"]


# --------------------------------------------------------------------------------------------- plain text


def test_lines_of_a_text_come_back_unchanged_and_in_order() -> None:
    lines = ["  Rain \t is due ", "", "Sun\u00a0", " \t", "<b>Hail</b>", "Sun\u00a0", "e\u0301 → é", "\u200bwind"]
    document = classify("\n".join(lines), input="text")
    assert [line.text for line in document.lines] == [line for line in lines if line.strip()]
    assert [line.source for line in document.lines] == [f"line {number}" for number in (1, 3, 5, 6, 7, 8)]
    assert {(line.tag, line.links) for line in document.lines} == {("", ())}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_ends_a_line(end: str) -> None:
    assert [line.text for line in classify(f"Rain{end}{end}Sun{end}").lines] == ["Rain", "Sun"]


def test_kept_lines_are_lines_of_the_text() -> None:
    text = (ROOT / "examples" / "market.txt").read_text("utf-8")
    kept = clean(text).splitlines()
    remaining = iter(text.splitlines())
    assert kept
    assert all(line in remaining for line in kept)  # consumes: each after the one before


# -------------------------------------------------------------------------------------------------- edges


def test_a_title_inside_the_text_is_no_block() -> None:
    soup = BeautifulSoup("<p>Rain is due tonight.</p>and<title>Rain<img></title>", "html.parser")
    assert [line.text for line in classify(soup).lines] == ["Rain is due tonight.", "and"]


@pytest.mark.parametrize("source", ["", " \n ", b"", "<html><body></body></html>", "<script>rain()</script>"])
def test_an_empty_page_says_so(source: str | bytes) -> None:
    document = classify(source)
    assert document == Document((), confidence=0.0)
    assert (document.status, document.text()) == (Status.EMPTY, "")


def test_a_page_without_an_article_says_so() -> None:
    items = "".join(f"<li><a href='/{name}'>{name}</a></li>" for name in ("Home", "Sport", "Weather", "Log in"))
    document = classify(f"<html><body><nav><ul>{items}</ul></nav></body></html>")
    assert document.status is Status.NO_ARTICLE
    assert len(document.lines) == 4


@pytest.mark.parametrize(
    "text",
    [
        SENTENCE,
        "🌧️",
        "مطر متوقع الليلة في التلال",
        "גשם צפוי הלילה",
        "今夜、丘陵で雨が降る見込み。",
        "\u202eniar",
        "x" * 200_000,
    ],
    ids=["one sentence", "emoji", "Arabic", "Hebrew", "Japanese", "turned round", "giant line"],
)
def test_one_line_is_one_line(text: str) -> None:
    for document in (classify(text), classify(f"<p>{text}</p>", input="html")):
        (line,) = document.lines
        assert line.text == text
        assert document.text() in ("", text)


# ------------------------------------------------------------------------------------------------- limits


def test_a_source_over_the_limit_of_bytes_is_refused() -> None:
    options = Options(max_bytes=len(SENTENCE))
    for source in (SENTENCE, SENTENCE.encode()):
        assert len(classify(source, options=options).lines) == 1
    for source in (f"{SENTENCE}!", f"{SENTENCE}!".encode()):
        with pytest.raises(TooLargeError, match=str(len(SENTENCE))):
            classify(source, options=options)


@pytest.mark.parametrize("source", ["Rain\n" * 4, "<p>Rain</p>" * 4, BeautifulSoup("<p>Rain</p>" * 4, "lxml")])
def test_a_source_over_the_limit_of_blocks_is_refused(source: str | BeautifulSoup) -> None:
    assert len(classify(source, options=Options(max_blocks=4)).lines) == 4
    with pytest.raises(TooLargeError, match="3"):
        classify(source, options=Options(max_blocks=3))


@pytest.mark.parametrize("source", [SENTENCE, f"<p>{SENTENCE}</p>", BeautifulSoup(SENTENCE, "lxml")])
def test_a_deadline_that_is_over_ends_the_work(source: str | BeautifulSoup) -> None:
    assert classify(source, options=Options(deadline=60)).lines
    with pytest.raises(DeadlineError):
        classify(source, options=Options(deadline=0))


def test_a_deadline_ends_a_long_walk_before_its_end() -> None:
    limited = Options(deadline=0, max_blocks=2_000)
    with pytest.raises(DeadlineError):  # and not TooLargeError, which the end of the page would give
        classify("<p>Rain</p>" * 100_000, options=limited)


# ---------------------------------------------------------------------------------------------------- API


def test_the_address_is_kept() -> None:
    assert classify(SENTENCE, url="https://example.org/rain").url == "https://example.org/rain"
    assert classify(SENTENCE).url is None


def test_the_address_changes_nothing_of_a_plain_text() -> None:
    assert classify(SENTENCE, url="https://example.org/").lines == classify(SENTENCE).lines


def test_the_address_is_evidence_where_the_page_gives_none_of_its_own() -> None:
    url = "https://example.org/weather/2025/03/01/rain-is-due-in-the-hills-tonight"
    anonymous, named = (f"<title>Rain</title>{head}<p>{SENTENCE}" for head in ("", '<link rel="canonical" href="/a">'))
    assert classify(anonymous, url=url).lines[0].probability != classify(anonymous).lines[0].probability
    assert classify(named, url=url).lines == classify(named).lines
    itself = classify(f'<link rel="canonical" href="{url}">{anonymous}').lines[0].probability
    for given in (Source(anonymous, url), Source(BeautifulSoup(anonymous, "lxml"), url)):
        (document,) = Classifier().classify_each([given])
        assert isinstance(document, Document)
        assert document.lines[0].probability == pytest.approx(itself, abs=1e-6)


@pytest.mark.parametrize("url", ["https://[example.org/a", "rain", "//", "http://example.org:port/a\ud800", ""])
def test_an_address_that_is_none_does_no_harm(url: str) -> None:
    assert classify(f"<p>{SENTENCE}", url=url).url == url


def test_clean_is_the_text_of_classify() -> None:
    markup = EXAMPLES[0].read_text("utf-8")
    document = classify(markup)
    assert clean(markup) == document.text() == document.text(DEFAULT_KEEP) == document.text("title,body")
    assert clean(markup, [Label.NAVIGATION]) == document.text("navigation") != ""
    assert clean(markup, list(Label)) == "\n".join(line.text for line in document.lines)


@pytest.mark.parametrize("keep", ["bodies", "", ["body", "rain"], [], "title;body"])
def test_keep_must_name_labels(keep: str | list[str]) -> None:
    with pytest.raises(KeepError):
        clean(SENTENCE, keep)
    with pytest.raises(KeepError):
        classify(SENTENCE).kept(keep)


@pytest.mark.parametrize("path", PAGES, ids=page_name)
def test_a_line_says_how_sure_it_is(path: Path) -> None:
    for line in classify(path.read_bytes()).lines:
        assert 0 < line.probability <= 1
        assert 0 <= line.keep_probability <= 1 + 1e-6
        if line.label in DEFAULT_KEEP:
            assert line.keep_probability >= line.probability


def test_links_and_tags_of_a_block() -> None:
    document = classify(f"<h2>Rain</h2><p>{SENTENCE} <a href='/more'>Read  on</a></p>")
    assert [line.tag for line in document.lines] == ["h2", "p"]
    assert document.lines[1].links == (("Read on", "/more"),)


def test_many_pages_give_what_each_gives_in_order() -> None:
    sources: list[str | bytes] = [path.read_text("utf-8") for path in PAGES]
    sources += ["", SENTENCE, f"<p>{SENTENCE}".encode()]
    assert [document.text() for document in classify_many(sources)] == [clean(source) for source in sources]
    # To the last bit, in whatever company a page comes.
    assert list(classify_many(sources)) == [classify(source) for source in sources]


def test_many_pages_are_read_lazily() -> None:
    taken = 0

    def endless() -> Iterator[str]:
        nonlocal taken
        while True:
            taken += 1
            yield SENTENCE

    documents = classify_many(endless())
    assert taken == 0
    assert next(documents).lines[0].text == SENTENCE
    assert taken < 1_000


def test_many_pages_share_options_and_input() -> None:
    (document,) = classify_many(["<p>Rain"], input="text")
    assert document.lines[0].text == "<p>Rain"
    with pytest.raises(TooLargeError):
        list(classify_many(["Rain\nSun"], options=Options(max_blocks=1)))


def test_a_classifier_holds_nothing_between_pages() -> None:
    classifier = Classifier()
    first = classifier.classify(EXAMPLES[0].read_text("utf-8"))
    for path in PAGES:
        classifier.classify(path.read_text("utf-8"))
    assert classifier.classify(EXAMPLES[0].read_text("utf-8")) == first


def test_a_classifier_takes_a_model_and_options() -> None:
    model = shipped_model()
    classifier = Classifier(model, Options(max_blocks=1))
    assert classifier.model is model
    with pytest.raises(TooLargeError):
        classifier.classify("Rain\nSun")


# ----------------------------------------------------------------------------------------------- articles

#: A line of the article near its start and one near its end, and words of what is wrapped around it.
ARTICLES = {
    "market.html": (
        "Wheat climbs as rain delays the southern harvest",
        "300,000 to 500,000 tonnes",
        ("Share on LinkedIn", "Price tables", "4 minute read"),
    ),
    "local-paper.html": ("Library van returns to the hill villages", "", ("Log in", "Subscribe")),
    "market.txt": (
        "Copper fell for a fourth day on Monday",
        "Chile's state miner",
        ("Lunara Coin", "LuckyHarbor", "You may also like", "Gold holds near", "not investment advice", "All rights"),
    ),
}


@pytest.mark.parametrize("name", ARTICLES)
def test_an_example_is_cleaned(name: str) -> None:
    first, last, around = ARTICLES[name]
    text = clean((ROOT / "examples" / name).read_bytes())
    assert first in text
    assert last in text
    assert [words for words in around if words in text] == []


@pytest.mark.parametrize("gold_file", sorted(ROOT.glob("tests/pages/*/gold.txt")), ids=lambda path: path.parent.name)
def test_most_of_the_gold_is_kept_and_most_of_the_rest_is_not(gold_file: Path) -> None:
    document = classify((gold_file.parent / "page.html").read_bytes())
    gold = set(gold_file.read_text("utf-8").splitlines())
    body = {line.text for line in document.kept("body")}
    # By length: a number in a table weighs less than a paragraph.
    assert len("".join(body & gold)) >= 0.8 * len("".join(gold))
    assert len("".join(body - gold)) <= 0.2 * len("".join(gold))


@pytest.mark.parametrize("path", EXAMPLES, ids=page_name)
def test_an_example_has_an_article_and_more(path: Path) -> None:
    document = classify(path.read_bytes())
    assert document.status is Status.ARTICLE
    assert {Label.BODY, Label.NAVIGATION} < {line.label for line in document.lines}
    assert 0 < len(document.kept()) < len(document.lines)


def test_the_seed_article_is_labelled_as_its_readers_did() -> None:
    if not SEED.is_dir():
        pytest.skip("the seed article is not part of the repository")
    wanted = json.loads((SEED / "labels.json").read_text("utf-8"))["lines"]
    lines = classify((SEED / "article.txt").read_bytes()).lines
    assert [line.text for line in lines] == [line["text"] for line in wanted]
    kept = {line["text"]: line["label"] in DEFAULT_KEEP for line in wanted}
    assert {line.text: line.label in DEFAULT_KEEP for line in lines} == kept
    exact = {Label.DISCLAIMER, Label.PROMO}
    marked = {line["text"]: line["label"] for line in wanted if line["label"] in exact}
    assert {line.text: str(line.label) for line in lines if line.text in marked} == marked
