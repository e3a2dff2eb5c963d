"""Plain lines as a reader reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filter import classify
from filter.markdown import read_line

STORY = [
    "Ferry service to the outer islands is suspended",
    "The harbour office stopped all crossings at noon on Tuesday after a gust of 94 km/h tore a fender off the pier.",
    "Passengers with tickets for the evening boat can travel on Thursday, said the company, which runs two ships.",
    "What travellers should know",
    "Refunds are paid at the counter until Friday; the office asks travellers to bring the printed ticket with them.",
]


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("      Rain   is due.\t", "Rain is due."),
        ("### The way up ###", "The way up ###"),
        ("#rain is due", "#rain is due"),
        ("> > ## A quoted heading", "A quoted heading"),
        ("**Rain** and __snow__ are due", "Rain and snow are due"),
        ("*Rain is due in the hills.*", "Rain is due in the hills."),
        ("_Reporting by Ada Brook_", "Reporting by Ada Brook"),
        ("2 * 3 * 4 = 24 and snake_case_name", "2 * 3 * 4 = 24 and snake_case_name"),
        ("- [Storm shuts port](https://example.org/a_(b)?c=1 'Storm')", "- Storm shuts port"),
        ("[![A pier](pier.jpg)](https://example.org) at noon", "A pier at noon"),
        ("| Goals | 3 | 1 |", "Goals 3 1"),
        ("Home | News | Sport", "Home | News | Sport"),
        ("|---|---|", "--- ---"),
        ("***", "***"),
        ("![](pixel.gif)", "![](pixel.gif)"),
        ("[1] See the note (page 4)", "[1] See the note (page 4)"),
    ],
)
def test_a_line_is_read_without_its_marks(line: str, read: str) -> None:
    assert read_line(line) == read


@given(st.text(min_size=1).filter(lambda text: not text.isspace()))
def test_no_line_is_read_as_nothing(line: str) -> None:
    assert read_line(line).strip() or not line.split()


@pytest.mark.parametrize("form", ["        {}", "> {}", "**{}**", "\t\t{}  "])
def test_the_form_of_a_text_changes_no_label(form: str) -> None:
    plain = classify("\n".join(STORY), input="text")
    dressed = classify("\n".join(form.format(line) for line in STORY), input="text")
    assert [line.label for line in dressed.lines] == [line.label for line in plain.lines]
    assert [line.text for line in dressed.lines] == [form.format(line) for line in STORY]
