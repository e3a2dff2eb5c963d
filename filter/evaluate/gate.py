"""Floors that scores may not fall under, pinned to the digest of the pages that they were measured on.

The file holds for each set of pages its digest and the floors. A score is below its floor when it is more
than the tolerance under it: the last digits of a sum differ between machines, and nothing else may.
Floors rise with `update_floors`; to lower one takes a flag, so that a regression is a decision. The idea is
that of trafilatura's ``eval_gate.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from filter.corpora.pages import PageRecord, read_pages
from filter.errors import CorpusError
from filter.evaluate.out_of_fold import read_out_of_fold
from filter.evaluate.predictions import Predictor, from_folds, from_model, predict_page
from filter.evaluate.run import HTML, TEXT, blocks_of, pages_digest
from filter.evaluate.scores import metric_values, score_pages
from filter.labels import Label
from filter.pipeline import shipped_model

TOLERANCE = 0.0005
_GATED = ("word_f1", "shingle_f1", "paragraph_f1", "exact", "snippet_f1")
_DECIMALS = 4


@dataclass(frozen=True, slots=True)
class GateSet:
    """What was measured, or is demanded, on one set of pages.

    Attributes
    ----------
    digest : str
        Of the pages; see `filter.evaluate.run.pages_digest`.
    scores : mapping
        Mode of newsfilter → metric → value in [0, 1].
    """

    digest: str
    scores: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Violation:
    """One reason why the gate stays shut."""

    page_set: str
    reason: str

    def __str__(self) -> str:
        """Return it as one line."""
        return f"{self.page_set}: {self.reason}"


def measure(pages: Sequence[PageRecord], predictor: Predictor) -> dict[str, GateSet]:
    """Return newsfilter's scores on `pages`, body text kept, by source."""
    sets = {}
    for source in sorted({page.source for page in pages}):
        own = [page for page in pages if page.source == source]
        scores = {mode: _mode_scores(own, mode, predictor) for mode in (HTML, TEXT)}
        sets[source] = GateSet(pages_digest(own), scores)
    return sets


def check_gate(measured: Mapping[str, GateSet], floors: Mapping[str, GateSet]) -> list[Violation]:
    """Return what is wrong with the scores `measured`; sets of which nothing was measured are left alone."""
    violations = []
    for name, own in measured.items():
        if name not in floors:
            violations.append(Violation(name, "has no floors yet; update them"))
        elif own.digest != floors[name].digest:
            violations.append(Violation(name, "the pages are not those that the floors were measured on"))
        else:
            violations += _below(name, own, floors[name])
    return violations


def update_floors(
    measured: Mapping[str, GateSet], floors: Mapping[str, GateSet], *, allow_lower: bool = False
) -> dict[str, GateSet]:
    """Return `floors` risen to what was measured, and pinned to its pages.

    Raises
    ------
    CorpusError
        A floor would sink, and `allow_lower` is not given.
    """
    drops = [drop for name, own in measured.items() if name in floors for drop in _below(name, own, floors[name])]
    if drops and not allow_lower:
        raise CorpusError(f"refused to lower a floor: {'; '.join(map(str, drops))}")
    return {**floors, **{name: _risen(own, floors.get(name), allow_lower) for name, own in measured.items()}}


def read_floors(path: Path) -> dict[str, GateSet]:
    """Return the floors in the file `path`.

    Raises
    ------
    CorpusError
        It cannot be read.
    """
    try:
        return {name: GateSet(**each) for name, each in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CorpusError(f"no floors ({error})", source=str(path)) from error


def write_floors(path: Path, floors: Mapping[str, GateSet]) -> None:
    """Write `floors` to the file `path`."""
    content = {name: asdict(each) for name, each in sorted(floors.items())}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_page_set(folder: Path) -> list[PageRecord]:
    """Return the self-written pages in ``folder/<name>/{page.html,gold.txt}``.

    Raises
    ------
    CorpusError
        There are none, or one lacks a file.
    """
    pages = []
    for path in sorted(path for path in folder.iterdir() if path.is_dir()):
        try:
            markup, gold = ((path / name).read_text(encoding="utf-8") for name in ("page.html", "gold.txt"))
        except (OSError, UnicodeDecodeError) as error:
            raise CorpusError(f"not a page with its gold ({error})", source=str(path)) from error
        pages.append(_own_page(path.name, markup, gold))
    if not pages:
        raise CorpusError("no pages", source=str(folder))
    return pages


@dataclass(frozen=True, slots=True)
class GateOptions:
    """What the gate looks at.

    Attributes
    ----------
    floors : Path
    page_set : Path
        Folder of self-written pages; the shipped model is measured on them.
    corpora : tuple of Path
        Parquet files of pages, measured with training's out-of-fold answers.
    out_of_fold : Path or None
        Needed where `corpora` are given.
    update, allow_lower : bool
        Whether to write the floors anew, and whether some of them may sink.
    """

    floors: Path
    page_set: Path
    corpora: tuple[Path, ...] = ()
    out_of_fold: Path | None = None
    update: bool = False
    allow_lower: bool = False


def run_gate(options: GateOptions) -> list[Violation]:
    """Return what is wrong with newsfilter's scores; with `options.update`, write the floors instead.

    Raises
    ------
    CorpusError
        Pages or floors cannot be read, or a floor would sink without leave.
    """
    measured = measure(read_page_set(options.page_set), from_model(shipped_model()))
    if options.corpora:
        if options.out_of_fold is None:
            raise CorpusError("the shipped model was fitted on the corpora: give out-of-fold answers")
        answers = from_folds(read_out_of_fold(options.out_of_fold))
        measured |= measure(list(read_pages(options.corpora)), answers)
    floors = read_floors(options.floors) if options.floors.exists() or not options.update else {}
    if not options.update:
        return check_gate(measured, floors)
    write_floors(options.floors, update_floors(measured, floors, allow_lower=options.allow_lower))
    return []


def _mode_scores(pages: Sequence[PageRecord], mode: str, predictor: Predictor) -> dict[str, float]:
    answers = (predict_page(page.id, blocks_of(page, mode), predictor) for page in pages)
    outputs = [answer.text({Label.BODY}) if answer else "" for answer in answers]
    values = metric_values(score_pages(pages, outputs), np.ones((1, len(pages))))
    return {name: round(float(values[name][0]), _DECIMALS) for name in _GATED if name in values}


def _below(name: str, own: GateSet, floors: GateSet) -> Iterable[Violation]:
    for mode, metrics in floors.scores.items():
        for metric, floor in metrics.items():
            value = own.scores.get(mode, {}).get(metric)
            if value is None:
                yield Violation(name, f"{mode} {metric} was not measured")
            elif value < floor - TOLERANCE:
                yield Violation(name, f"{mode} {metric} is {value:.4f}, its floor {floor:.4f}")


def _risen(own: GateSet, floors: GateSet | None, allow_lower: bool) -> GateSet:
    if floors is None or allow_lower:
        return own
    old = floors.scores
    return GateSet(
        own.digest,
        {
            mode: {metric: max(value, old.get(mode, {}).get(metric, 0.0)) for metric, value in metrics.items()}
            for mode, metrics in own.scores.items()
        },
    )


def _own_page(name: str, markup: str, gold: str) -> PageRecord:
    return PageRecord(
        id=name, source="pages", url=None, domain=name, kind="article", lang=None, title=None,
        html=markup, text=gold, must_have=(), must_not_have=(), licence="Apache-2.0",
    )  # fmt: skip
