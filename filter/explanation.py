"""Why each block of a page has its label."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from filter.contributions import contributions
from filter.decode import decode
from filter.document import Document, Line
from filter.labels import LABELS, Label
from filter.pipeline import Classifier, Input, Options, deadline_check, read_page
from filter.reasons import Reason, reasons

if TYPE_CHECKING:
    from bs4 import Tag

    from filter.rules import Rules


@dataclass(frozen=True, slots=True)
class Explained:
    """One line with the reasons for its label.

    Attributes
    ----------
    line : Line
    reasons : tuple of Reason
        The strongest first, at most three; none where no single evidence speaks for the label.
    probabilities : dict of Label to float
        Of every label; they sum to 1.
    """

    line: Line
    reasons: tuple[Reason, ...]
    probabilities: dict[Label, float]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A classified page with the reasons for its labels.

    Attributes
    ----------
    document : Document
        What `filter.classify` returns.
    blocks : tuple of Explained
        One for each line of the document, in page order.
    markup : str or None
        The page that was explained; None for plain text.
    """

    document: Document
    blocks: tuple[Explained, ...]
    markup: str | None = None

    def text(self) -> str:
        """Return the blocks with label, probability, place, text and reasons, for a person to read."""
        return "\n\n".join("\n".join(_text_lines(block)) for block in self.blocks)


def explain(
    source: str | bytes | Tag,
    *,
    url: str | None = None,
    input: Input = "auto",  # noqa: A002 - the word users know
    options: Options | None = None,
    rules: Rules | None = None,
) -> Explanation:
    """Return every block of a page, or line of a text, with its label and the strongest reasons for it.

    Parameters
    ----------
    source, url, input, options, rules
        As in `filter.classify`. The deadline counts once for classifying and once for explaining.

    Returns
    -------
    Explanation

    Raises
    ------
    InputError
        As `filter.classify`.

    Examples
    --------
    >>> from filter import explain
    >>> explanation = explain("Rain is due in the hills tonight, the weather office said on Monday.")
    >>> explanation.blocks[0].line.label
    <Label.BODY: 'body'>
    """
    classifier = Classifier(options=options, rules=rules)
    document = classifier.classify(source, url=url, input=input)
    if not document.lines:
        return Explanation(document, ())
    check = deadline_check(classifier.options.deadline)
    page = read_page(source, url=url, input=input, options=classifier.options, check=check)
    labels = np.array([LABELS.index(line.label) for line in document.lines], np.int64)
    found = contributions(classifier.model, page, labels, check)
    why = reasons(classifier.model, page, document.lines, found)
    blocks = tuple(
        Explained(line, own, dict(zip(LABELS, probabilities, strict=True)))
        for line, own, probabilities in zip(document.lines, why, found.probabilities.tolist(), strict=True)
    )
    return Explanation(document, blocks, _markup(source, classifier.options) if page.elements else None)


def _markup(source: str | bytes | Tag, options: Options) -> str:
    return decode(source, encoding=options.encoding) if isinstance(source, bytes) else str(source)


def _text_lines(block: Explained) -> Iterator[str]:
    line = block.line
    yield f"{line.label:<10} {line.probability:4.0%}  {line.source}"
    yield f"    {line.text.strip()}"
    for reason in block.reasons:
        yield f"    - {reason.text}"
