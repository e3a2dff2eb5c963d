"""Mutated and monstrous pages through ``classify``: nothing but a `FilterError` may come, and none may take long."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from time import process_time
from typing import Any, NamedTuple

from benchmarks.pages import Sample, draw, parser
from benchmarks.record import write
from filter import Classifier, FilterError

_TAG = re.compile(rb"<[^<>]*>")
_SENTENCE = b"Rain is due in the hills tonight, the weather office said on Monday. "
_PARAGRAPH = b"<p>" + _SENTENCE + b"</p>"
_DEPTH = 10_000
_HUGE = 20_000_000
Mutation = Callable[[bytes, random.Random], bytes]


class Outcome(NamedTuple):
    """What became of one page."""

    kind: str
    number: int
    seconds: float
    error: str
    refused: bool


def main() -> None:
    """Measure and write the record; exit code 1 if anything but a `FilterError` came."""
    options = parser(__doc__)
    options.add_argument("--mutants", type=int, default=2000)
    options.add_argument("--seed", type=int, default=0)
    arguments = options.parse_args()
    samples = draw(arguments.corpus, arguments.pages)
    outcomes = [*run(mutants(samples, arguments.mutants, arguments.seed)), *run(extremes())]
    print(write("hostile", arguments, summary(outcomes) | {"seed": arguments.seed}))
    raise SystemExit(any(outcome.error and not outcome.refused for outcome in outcomes))


def mutants(samples: Sequence[Sample], count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield `count` pages, each a sample mutated in one of five ways; the same for the same seed."""
    rng = random.Random(seed)
    names = rng.choices(list(MUTATIONS), [weight for weight, _ in MUTATIONS.values()], k=count)
    for name in names:
        data = rng.choice(samples).markup.encode("utf-8", "replace")
        yield name, MUTATIONS[name][1](data, rng)


def truncated(data: bytes, rng: random.Random) -> bytes:
    """Return the page up to anywhere."""
    return data[: rng.randrange(len(data) + 1)]


def shuffled(data: bytes, rng: random.Random) -> bytes:
    """Return the page with its tags in another order."""
    tags = _TAG.findall(data)
    rng.shuffle(tags)
    return _TAG.sub(lambda _: tags.pop(), data)


def flipped(data: bytes, rng: random.Random) -> bytes:
    """Return the page with up to 1 % of its bytes replaced."""
    changed = bytearray(data)
    for _ in range(rng.randint(1, len(data) // 100 + 1)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def nested(data: bytes, rng: random.Random) -> bytes:
    """Return the page inside 10,000 elements."""
    tag = rng.choice((b"div", b"b", b"ul><li", b"table><tr><td", b"blockquote", b"a href=x", b"font", b"section"))
    return b"<" + (tag + b"><") * _DEPTH + b"p>" + data


def enlarged(data: bytes, rng: random.Random) -> bytes:
    """Return the page again and again, up to 20 MB."""
    return (data * (_HUGE // max(len(data), 1) + 1))[:_HUGE]


MUTATIONS: dict[str, tuple[int, Mutation]] = {
    "truncated": (320, truncated),
    "tags shuffled": (320, shuffled),
    "bytes flipped": (300, flipped),
    "10,000 deep": (55, nested),
    "20 MB": (5, enlarged),
}


def extremes() -> Iterator[tuple[str, bytes]]:
    """Yield the named monsters."""
    yield "100,000 siblings", b"<p>Rain.</p>" * 100_000
    yield "one line of 5 MB, markup", b"<html><p>" + _SENTENCE * (5_000_000 // len(_SENTENCE))
    yield "one line of 5 MB, text", _SENTENCE * (5_000_000 // len(_SENTENCE))
    yield "one word of 5 MB", b"<html><p>" + b"x" * 5_000_000
    yield "colspan 9e15", b"<table><tr><td colspan=9000000000000000 rowspan=9000000000000000>Rain.</table>"
    yield "10,000 unclosed <b>", b"<html>" + b"<b>" * _DEPTH + _PARAGRAPH
    yield "10,000 unclosed <p><a>", b"<html>" + b"<p><a href=x>Rain " * _DEPTH
    yield "10,000 unclosed <font><i>", b"<html>" + b"<font><i><p>Rain " * _DEPTH
    yield "10,000 deep, closed", b"<html>" + b"<div>" * _DEPTH + _PARAGRAPH + b"</div>" * _DEPTH
    yield (
        "10,000 attributes",
        b"<html><p " + b" ".join(b"a%d=1" % number for number in range(_DEPTH)) + b">" + _SENTENCE,
    )
    yield "class of 5 MB", b"<html><p class='" + b"menu " * 1_000_000 + b"'>" + _SENTENCE
    yield "20 MB of one paragraph", _PARAGRAPH * (_HUGE // len(_PARAGRAPH))


def run(pages: Iterable[tuple[str, bytes]]) -> Iterator[Outcome]:
    """Yield what becomes of each page."""
    classifier = Classifier()
    for number, (kind, data) in enumerate(pages):
        since = process_time()
        error, refused = "", False
        try:
            classifier.classify(data).text()
        except FilterError as problem:
            error, refused = type(problem).__name__, True
        except Exception as problem:  # this is what is looked for
            error = repr(problem)[:200]
        yield Outcome(kind, number, process_time() - since, error, refused)


def summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return, by kind, how many pages there were, what was refused, what failed and what took longest."""
    kinds = list(dict.fromkeys(outcome.kind for outcome in outcomes))
    return {
        "pages": len(outcomes),
        "failures": [outcome._asdict() for outcome in outcomes if outcome.error and not outcome.refused],
        "slowest_seconds": max(outcome.seconds for outcome in outcomes),
        "kinds": {kind: _of_kind([outcome for outcome in outcomes if outcome.kind == kind]) for kind in kinds},
    }


def _of_kind(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        "pages": len(outcomes),
        "refused": Counter(outcome.error for outcome in outcomes if outcome.refused),
        "failed": sum(bool(outcome.error) and not outcome.refused for outcome in outcomes),
        "slowest_seconds": max(outcome.seconds for outcome in outcomes),
    }


if __name__ == "__main__":
    main()
