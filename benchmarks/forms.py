"""Accuracy on the forms that extracted text comes in: `python -m benchmarks.forms --corpus FILE... --folds DIR`.

The visible text of each page as plain lines, indented, hard-wrapped and as Markdown, each cleaned by the model that was
not fitted on the page's fold. The text that is kept is compared with the gold, without the marks of its form.
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.pages import parser
from benchmarks.record import write
from filter.corpora.pages import PageRecord, read_pages
from filter.document import Document
from filter.evaluate.bootstrap import interval, resample, weighted_means
from filter.evaluate.metrics import cut, word_overlap
from filter.labels import LABELS
from filter.markdown import read_line
from filter.model import load
from filter.output import to_markdown
from filter.pipeline import Classifier, Options
from filter.train.run import fold_of

_COLUMNS = 72


def forms(document: Document) -> dict[str, str]:
    """Return the whole text of a page in each form."""
    texts = [line.text for line in document.lines]
    wrapped = ["\n".join(textwrap.wrap(text, _COLUMNS)) for text in texts]
    return {
        "plain lines": "\n".join(texts),
        "indented": "\n".join(f"        {text}" for text in texts),
        "wrapped": "\n".join(wrapped),
        "wrapped, blank lines between": "\n\n".join(wrapped),
        "Markdown": to_markdown(document, LABELS),
    }


def measure(corpora: list[Path], folder: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Return for each source and form the mean word F1 of the body of articles, with its interval."""
    options = Options(max_blocks=10**6)
    models = [Classifier(load(path), options) for path in sorted(folder.glob("fold-*.npz"))]
    scores: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for record in read_pages(corpora):
        if record.text is not None and record.kind == "article":
            classifier = models[fold_of(record.domain, len(models))]
            for form, f1 in _scores(record, record.text, classifier):
                scores[record.source][form].append(f1)
    return {source: {form: _mean(own) for form, own in by_form.items()} for source, by_form in scores.items()}


def _mean(scores: list[float]) -> dict[str, float]:
    means = weighted_means(np.array(scores)[:, None], resample(len(scores)))
    return interval(means[:, 0])._asdict()


def _scores(record: PageRecord, gold: str, classifier: Classifier) -> Iterator[tuple[str, float]]:
    page = classifier.classify(record.html, input="html")
    for form, text in forms(page).items():
        kept = classifier.classify(text, input="text").kept("body")
        yield form, word_overlap(cut(gold), cut("\n".join(read_line(line.text) for line in kept))).f1


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("--folds", required=True, type=Path, metavar="DIR", help="models fitted without each fold")
    arguments = options.parse_args()
    print(write("forms", arguments, {"word_f1": measure(arguments.corpus, arguments.folds)}))
