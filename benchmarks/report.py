"""Fill the tables of ``docs/performance.md`` and ``docs/explain.md``, and draw pictures, from the newest records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from benchmarks.pages import ROOT
from benchmarks.plot import bars
from benchmarks.record import latest

DOCS = ROOT / "docs"
RESULTS = ROOT / "benchmarks" / "results"
Record = Mapping[str, Any]

_OWN = "newsfilter"
#: What a reader calls the stages, and as which difference of measured times each comes about.
_STAGES = {
    "decode": ("decode", None),
    "parse": ("parse", None),
    "walk": ("parse, walk", "parse"),
    "blocks": ("parse, walk, blocks", "parse, walk"),
    "features": ("features", None),
    "n-grams": ("features, n-grams", "features"),
    "networks": ("model", "features, n-grams"),
    "document": ("document", None),
}
_LINES = "lines"


def main() -> None:
    """Write the documents and the pictures."""
    for document, sections in SECTIONS.items():
        fill(document, dict(_rendered(sections)))
    speed = latest(RESULTS, "speed")
    if speed:
        (RESULTS / "speed.svg").write_text(_speed_plot(speed), "utf-8")


def _rendered(sections: Mapping[str, Callable[[Record], str]]) -> Iterator[tuple[str, str]]:
    """Yield the name and content of each section that has a record."""
    for name, render in sections.items():
        record = latest(RESULTS, name.partition("-")[0])
        if record:
            source = "" if "-" in name else f"\n\n{provenance(record)}"
            yield name, render(record) + source


def fill(document: str, sections: Mapping[str, str]) -> None:
    """Put the content of each of `sections` between its marks in a document of ``docs/``; see `filled`."""
    path = DOCS / document
    text = path.read_text("utf-8")
    for name, content in sections.items():
        text = filled(text, name, content)
    path.write_text(text, "utf-8")


def filled(text: str, name: str, content: str) -> str:
    """Return `text` with `content` between the marks of section `name`.

    Raises
    ------
    ValueError
        There is no such section: a record would be lost.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    result, count = re.subn(
        f"{begin}.*?{end}", lambda _: f"{begin}\n\n{content}\n\n{end}", text, count=1, flags=re.DOTALL
    )
    if not count:
        raise ValueError(f"there is no section {name!r}")
    return result


def provenance(record: Record) -> str:
    """Return one line that says when, where and on what a record was made."""
    machine, versions = record["machine"], record["versions"]
    pages = f"{record['pages']:,} pages, " if "pages" in record else ""
    corpus = ", ".join(record["corpus"]) or "the repository's own"
    packages = ", ".join(f"{name} {version}" for name, version in versions.items())
    return (
        f"*{record['date']}; {pages}{corpus}; {machine['processor']}, {machine['cores']} cores, load {machine['load']};"
        f" model {record['model'][:12]}; {packages}.*"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table whose first column is text and the others numbers."""
    marks = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, marks, *rows))


def _speed(record: Record) -> str:
    milliseconds = record["milliseconds"]
    stages = {_LINES, *(name for pair in _STAGES.values() for name in pair)}
    rows = [
        [name, *(f"{each[key]:.2f}" if key in each else "" for key in ("mean", "median", "p95"))]
        for name, each in sorted(milliseconds.items(), key=lambda item: item[1]["mean"])
        if name not in stages
    ]
    return table(("ms a page", "mean", "median", "95th percentile"), rows)


def _ratios(record: Record) -> str:
    rows = [
        [name, f"{each['value']:.3f}", f"{each['low']:.3f} to {each['high']:.3f}"]
        for name, each in record["ratios"].items()
    ]
    return table(("ratio of means", "value", "95% interval"), rows)


def _stages(record: Record) -> str:
    mean = {name: each["mean"] for name, each in record["milliseconds"].items()}
    costs = {stage: mean[whole] - mean.get(part, 0.0) for stage, (whole, part) in _STAGES.items()}
    total = sum(costs.values())
    rows = [[stage, f"{cost:.2f}", f"{cost / total:.0%}"] for stage, cost in costs.items()]
    lines = ["`Document.lines`, where asked for", f"{mean[_LINES]:.2f}", ""]
    return table(("stage", "ms a page", "share"), [*rows, ["sum", f"{total:.2f}", ""], lines])


def _text(record: Record) -> str:
    text = record["text"]
    rows = [["`classify`", f"{text['a_second']:,.0f}"], ["`classify_many`", f"{text['a_second_many']:,.0f}"]]
    return table((f"{text['articles']:,} articles of 40 lines", "a second"), rows)


def _startup(record: Record) -> str:
    rows = [[name, f"{each['clock']:.0f}", f"{each['processor']:.0f}"] for name, each in record["milliseconds"].items()]
    return f"{table(('median ms from cold', 'clock', 'processor'), rows)}\n\n{_ratios(record)}"


def _memory(record: Record) -> str:
    rows = [[name, f"{megabytes:.0f}"] for name, megabytes in record["peak_megabytes"].items()]
    growth, late = record["growth_megabytes"], record["late_growth_megabytes"]
    sentence = (
        f"Growth over {record['calls']:,} calls, after one round over all pages: {growth:.1f} MB; "
        f"over the second half of them: {late:.1f} MB."
    )
    return f"{table(('process', 'peak MB'), rows)}\n\n{sentence}"


def _scaling(record: Record) -> str:
    sizes = [[f"{int(size) / 1024:,.0f} kB", f"{each:.0f}"] for size, each in record["nanoseconds_a_character"].items()]
    counts = [[count, f"{each:.2f}"] for count, each in record["milliseconds_a_page"].items()]
    processes = record["processes"]
    rates = [[count, f"{each:.0f}"] for count, each in processes["pages_a_second"].items()]
    gain = processes["gain"]
    return "\n\n".join((
        table(("size of a page", "ns a character"), sizes),
        table(("pages in one `classify_many`", "ms a page"), counts),
        table(("processes", "pages a second"), rates),
        f"Gain of the second process: {gain['value']:.2f} ({gain['low']:.2f} to {gain['high']:.2f}).",
        _ratios(record),
    ))  # fmt: skip


def _agreement(record: Record) -> str:
    rows = [[cause, str(count)] for cause, count in record["causes"].items()]
    share = f"{record['agreeing']:,} of {record['pages']:,} pages agree ({record['share']:.1%})."
    return f"{share}\n\n{table(('cause of the others', 'pages'), rows)}" if rows else share


def _hostile(record: Record) -> str:
    rows = [
        [kind, str(each["pages"]), str(sum(each["refused"].values())), str(each["failed"]),
         f"{each['slowest_seconds']:.2f}"]
        for kind, each in record["kinds"].items()
    ]  # fmt: skip
    return table(("kind", "pages", "refused", "failed", "slowest, s"), rows)


def _reasons(record: Record) -> str:
    rows = [[kind, str(each["cases"]), f"{each['fell']:.0%}"] for kind, each in record["reasons"].items()]
    return table(("named", "cases", "fell"), rows)


def _speed_plot(record: Record) -> str:
    means = {name: each["mean"] for name, each in record["milliseconds"].items()}
    stages = {_LINES, *(name for pair in _STAGES.values() for name in pair)}
    chosen = {name: mean for name, mean in means.items() if name not in stages}
    return bars("Mean processor time a page", chosen, own=_OWN, unit="ms")


#: What fills each section of a document; the record is the first word of the section's name.
SECTIONS: dict[str, dict[str, Callable[[Record], str]]] = {
    "performance.md": {
        "speed": _speed,
        "speed-ratios": _ratios,
        "speed-stages": _stages,
        "speed-text": _text,
        "startup": _startup,
        "memory": _memory,
        "scaling": _scaling,
        "agreement": _agreement,
        "hostile": _hostile,
    },
    "explain.md": {"reasons": _reasons},
}


if __name__ == "__main__":
    main()
