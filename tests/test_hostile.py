"""Pages that nobody wrote on purpose, or somebody did: nothing but a `FilterError` comes, and soon."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from filter import Classifier, FilterError, Options, Status, TooLargeError, classify

ROOT = Path(__file__).parent.parent
PAGES = [path.read_bytes() for path in sorted([*ROOT.glob("examples/*.*"), *ROOT.glob("tests/pages/*/page.html")])]
TAG = re.compile(rb"<[^<>]*>")
SENTENCE = "Rain is due in the hills tonight, the weather office said on Monday. "
#: As small as shows a cost that grows with the square of the size, for instance in a table of 10,000 ancestors.
MOST_SECONDS = 5
MUTANTS = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

pages = st.sampled_from(PAGES)


def survives(data: bytes) -> None:
    """Classify `data` as a page and as a text; a `FilterError` is an answer."""
    for kind in ("auto", "text"):
        try:
            document = classify(data, input=kind)
        except FilterError:
            continue
        assert all(line.text.strip() and 0 <= line.probability <= 1 for line in document.lines)


def test_there_are_pages_to_mutate() -> None:
    assert len(PAGES) >= 14


@MUTANTS
@given(pages, st.floats(0, 1), st.floats(0, 1))
def test_a_part_of_a_page(page: bytes, one: float, other: float) -> None:
    low, high = sorted((int(one * len(page)), int(other * len(page))))
    survives(page[low:high])


@MUTANTS
@given(pages, st.randoms(use_true_random=False))
def test_tags_in_another_order(page: bytes, random: object) -> None:
    tags = TAG.findall(page)
    random.shuffle(tags)  # type: ignore[attr-defined]
    survives(TAG.sub(lambda _: tags.pop(), page))


@MUTANTS
@given(pages, st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=60))
def test_bytes_flipped(page: bytes, flips: list[tuple[float, int]]) -> None:
    changed = bytearray(page)
    for place, byte in flips:
        changed[int(place * len(changed))] = byte
    survives(bytes(changed))


@MUTANTS
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    survives(data)
    survives(b"<html><p>" + data)


@MUTANTS
@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_characters(text: str) -> None:
    for source in (text, f"<p>{text}</p>", BeautifulSoup(f"<p>{text}</p>", "html.parser")):
        classify(source).text()


@pytest.mark.parametrize(
    ("markup", "most_blocks"),
    [
        pytest.param("<p>Rain.</p>" * 100_000, 100_000, id="100,000 siblings"),
        pytest.param(f"<p>{SENTENCE * 75_000}", 1, id="one line of 5 MB"),
        pytest.param(f"<p>{'x' * 5_000_000}", 1, id="one word of 5 MB"),
        pytest.param(f"<p class='{'menu ' * 1_000_000}'>{SENTENCE}", 1, id="class of 5 MB"),
        pytest.param("<table><tr><td colspan=9000000000000000 rowspan=9000000000000000>Rain.</table>", 1, id="colspan"),
        pytest.param(f"{'<b>' * 10_000}<p>{SENTENCE}</p>", 1, id="10,000 unclosed"),
        pytest.param("<p><a href=x>Rain " * 10_000, 10_000, id="10,000 unclosed links"),
        pytest.param("<font><i><p>Rain " * 3_000, 3_000, id="unclosed formats over paragraphs"),
        pytest.param(f"{'<div>' * 10_000}{SENTENCE}{'</div>' * 10_000}", 1, id="10,000 deep"),
        pytest.param("<div>Rain" * 10_000, 10_000, id="10,000 deep with text at each depth"),
        pytest.param("<ul><li>" * 5_000 + SENTENCE, 1, id="lists in lists"),
        pytest.param("<table><tr><td>" * 3_000 + SENTENCE, 1, id="tables in tables"),
        pytest.param(f"<p {' '.join(f'a{n}=1' for n in range(10_000))}>{SENTENCE}", 1, id="10,000 attributes"),
        pytest.param("<p>Rain.</p>" + "<!--" * 100_000, 1, id="comments never closed"),
        pytest.param("<p>Rain.</p>" + "&" * 100_000 + "&#x110000;" * 10_000, 2, id="entities"),
    ],
)
def test_a_monster_is_read_in_time(markup: str, most_blocks: int) -> None:
    since = time.process_time()
    document = classify(markup, input="html")
    assert 1 <= len(document.lines) <= most_blocks
    assert time.process_time() - since < MOST_SECONDS


def test_a_text_of_one_line_of_5_mb_is_one_line() -> None:
    since = time.process_time()
    (line,) = classify(SENTENCE * 75_000, input="text").lines
    assert line.text == SENTENCE * 75_000
    assert time.process_time() - since < MOST_SECONDS


def test_a_deep_soup_needs_no_recursion() -> None:
    soup = BeautifulSoup("<div>" * 3_000 + SENTENCE, "html.parser")
    assert [line.text for line in classify(soup).lines] == [SENTENCE.strip()]


def test_a_page_of_20_mb_is_within_the_limits_of_somebody() -> None:
    page = "<p>" + f"{SENTENCE}<br>" * (20_000_000 // len(SENTENCE))
    with pytest.raises(TooLargeError):
        classify(page, options=Options(max_bytes=10_000_000))
    assert classify(f"<!-- {page} --><p>{SENTENCE}").lines[0].text == SENTENCE.strip()


@pytest.mark.parametrize("markup", ["<p>Rain.</p>", "<p><a href=x>Rain", "<div>Rain.", "<li>Rain.<br><br>"])
def test_time_grows_no_faster_than_the_page(markup: str) -> None:
    def seconds(count: int) -> float:
        since = time.process_time()
        classify(markup * count, input="html")
        return time.process_time() - since

    seconds(10)
    # Eight times the page: linear would be 8, quadratic 64.
    assert seconds(8_000) < 30 * seconds(1_000)


@pytest.mark.parametrize("source", ["", " \n\t", "\ufeff", "<html></html>", "<!-- rain -->", "<script>1</script>"])
def test_nothing_stays_nothing(source: str) -> None:
    document = Classifier().classify(source.encode())
    assert (document.lines, document.status, document.text()) == ((), Status.EMPTY, "")
