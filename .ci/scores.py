"""Check that the model scores alike in two environments: `scores.py write RECORD PAGE...` in one, then `compare`."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path

from filter import classify

_TOLERANCE = 1e-5
#: Page, label, probability of the label, probability that the block is kept.
Score = list[str | float]


def main(mode: str, record: Path, pages: list[str]) -> None:
    """Write the scores of every block, or compare them with those in `record`."""
    found = [score for page in pages for score in scores(page)]
    if mode == "write":
        record.write_text(json.dumps(found), "utf-8")
    else:
        compare(json.loads(record.read_text("utf-8")), found)
    sys.stdout.write(f"scikit-learn {version('scikit-learn')}: {len(found)} blocks of {len(pages)} pages\n")


def scores(page: str) -> list[Score]:
    """Return the score of each block of a page."""
    lines = classify(Path(page).read_bytes()).lines
    return [[page, line.label.value, line.probability, line.keep_probability] for line in lines]


def compare(expected: list[Score], found: list[Score]) -> None:
    """Exit with the first two scores that are not alike."""
    for first, second in zip(expected, found, strict=True):
        if not alike(first, second):
            sys.exit(f"not alike: {first} and {second}")


def alike(first: Score, second: Score) -> bool:
    """Return whether two scores have the same label and the same probabilities; NaN is like nothing."""
    pairs = zip(first[2:], second[2:], strict=True)
    return first[:2] == second[:2] and all(abs(float(a) - float(b)) <= _TOLERANCE for a, b in pairs)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3:])
