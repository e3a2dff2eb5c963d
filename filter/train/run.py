"""`newsfilter train`: labelled lines and page corpora in; model, manifest, card and out-of-fold answers out."""

from __future__ import annotations

import hashlib
import json
import platform
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray

from filter import __version__, features
from filter.characters import CharTables, build_tables
from filter.corpora.lines import LineDocument, assign_folds, group_documents, read_lines
from filter.corpora.pages import PageRecord, read_pages
from filter.errors import CorpusError
from filter.evaluate.out_of_fold import OutOfFold, write_out_of_fold
from filter.features import Floats, Ints
from filter.labels import LABELS, Label
from filter.model import PROTOCOL, Model, calibrated, dumps, softmax
from filter.train.bare import bare_markup, cut_lines
from filter.train.calibrate import calibrate
from filter.train.card import card
from filter.train.compose import compose
from filter.train.fit import Fitted, Parts, Progress, Recipe, fit
from filter.train.graft import with_second_story
from filter.train.quality import fit_quality
from filter.train.samples import UNKNOWN, Sample, is_trusted, line_sample, page_samples

MODEL_NAME = "newsfilter.npz"
#: A labelled line tells its kind for certain and there are few: it counts this much more than a block.
LINE_WEIGHT, COMPOSED_WEIGHT = 6.0, 1.5
#: Composed documents for each labelled one.
COMPOSED = 2
#: How many articles also come with a second story, and how much such a page counts.
_SECOND_STORIES, _SECOND_WEIGHT = 0.4, 0.5
_BATCH = 64
_BODY = LABELS.index(Label.BODY)


@dataclass(frozen=True, slots=True)
class Training:
    """What a training run gave.

    Attributes
    ----------
    model : Path
    sha256 : str
        Digest of the model file, to be pinned in `filter.shipped`.
    counts : dict of str to int
        Pages and documents used, and left out by reason.
    """

    model: Path
    sha256: str
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Data:
    """Samples with their folds, and how many inputs were used or left out.

    `made` are those that are made of the labelled documents: composed ones and bare pages.
    """

    pages: list[tuple[Sample, ...]]
    documents: list[Sample]
    made: list[Sample]
    document_folds: NDArray[np.int64]
    made_folds: NDArray[np.int64]
    counts: dict[str, int]

    @property
    def samples(self) -> list[Sample]:
        return [*(sample for page in self.pages for sample in page), *self.documents, *self.made]

    @property
    def owners(self) -> list[Sample]:
        """The sample of each page and of each labelled document that out-of-fold answers are given for."""
        return [*(samples[0] for samples in self.pages), *self.documents]

    @property
    def judged(self) -> list[int]:
        """Which of `samples` are met in life: each page in both modes, and the labelled documents as they are."""
        starts = np.cumsum([0, *map(len, self.pages)])
        pages = [int(start) + mode for start in starts[:-1] for mode in range(2)]
        return [*pages, *range(int(starts[-1]), int(starts[-1]) + len(self.documents))]

    def folds(self, recipe: Recipe) -> NDArray[np.int64]:
        pages = [fold_of(sample.group, recipe.folds) for page in self.pages for sample in page]
        return np.concatenate((np.array(pages, np.int64), self.document_folds, self.made_folds))


def train(lines: Sequence[Path], pages: Sequence[Path], out: Path, *, recipe: Recipe, progress: Progress) -> Training:
    """Fit a model and write it to the folder `out`.

    Parameters
    ----------
    lines : sequence of Path
        Files or folders of labelled lines.
    pages : sequence of Path
        Parquet files of pages with gold text; may be empty.
    out : Path
        Receives ``newsfilter.npz``, ``manifest.json`` and ``CARD.md``; for evaluation also ``out-of-fold.npz``
        and, in ``folds/``, the models fitted without each fold.
    recipe : Recipe
    progress : callable
        Called with a step's name, how much of it is done and of how much.

    Returns
    -------
    Training

    Raises
    ------
    CorpusError
        The data breaks its schema, or there is too little of it for the folds.
    """
    tables = build_tables()
    data = _read(lines, pages, tables, recipe, progress)
    samples, folds = data.samples, data.folds(recipe)
    if not samples or len(np.unique(folds)) < recipe.folds:
        raise CorpusError(f"too little data: {len(samples)} samples do not fill {recipe.folds} folds")
    fitted = fit(samples, folds, recipe, progress)
    judged = data.judged
    calibration = calibrate([samples[index] for index in judged], [fitted.logits[index] for index in judged])
    manifest = _manifest(lines, pages, recipe, data.counts)
    models = [_model(tables, parts, calibration, manifest) for parts in fitted.parts]
    answers = _out_of_fold(data, fitted, calibration, recipe)
    quality, confidence = fit_quality(answers, [owner.page.texts for owner in data.owners], _golds(data, pages))
    models[-1] = replace(models[-1], quality=quality)
    answers = replace(answers, confidence=confidence)
    return _write(out, models, answers, data.counts)


def fold_of(group: str, folds: int) -> int:
    """Return the fold of a registrable domain; the same on every machine."""
    return zlib.crc32(group.encode()) % folds


def _read(
    lines: Sequence[Path], pages: Sequence[Path], tables: CharTables, recipe: Recipe, progress: Progress
) -> _Data:
    documents = read_lines(lines)
    groups = group_documents(documents)
    folds = assign_folds(documents, groups, count=recipe.folds)
    labelled = [
        line_sample(document, f"lines-{group}", tables, LINE_WEIGHT)
        for document, group in zip(documents, groups, strict=True)
    ]
    composed, composed_folds = composed_samples(documents, folds, tables, recipe)
    bare, bare_folds = bare_samples(documents, folds, tables, recipe)
    found, counts = _read_pages(pages, tables, recipe, progress)
    counts |= {"documents": len(documents), "composed documents": len(composed), "bare documents": len(bare)}
    return _Data(found, labelled, [*composed, *bare], folds, np.concatenate((composed_folds, bare_folds)), counts)


def composed_samples(
    documents: Sequence[LineDocument], folds: Ints, tables: CharTables, recipe: Recipe
) -> tuple[list[Sample], Ints]:
    """Return the documents composed from those of each fold, and their folds.

    Parameters
    ----------
    documents : sequence of LineDocument
    folds : ndarray of shape (n_documents,), int64
    tables : CharTables
    recipe : Recipe
    """
    samples: list[Sample] = []
    own_folds: list[int] = []
    for fold in range(recipe.folds):
        own = [document for document, its in zip(documents, folds, strict=True) if its == fold]
        for document in compose(own, count=COMPOSED * len(own), seed=recipe.seed + fold):
            samples.append(line_sample(document, f"composed-{fold}", tables, COMPOSED_WEIGHT))
            own_folds.append(fold)
    return samples, np.array(own_folds, np.int64)


def bare_samples(
    documents: Sequence[LineDocument], folds: Ints, tables: CharTables, recipe: Recipe
) -> tuple[list[Sample], Ints]:
    """Return the documents, or a few lines of each, as small pages and as plain lines, and their folds.

    Parameters
    ----------
    documents : sequence of LineDocument
    folds : ndarray of shape (n_documents,), int64
    tables : CharTables
    recipe : Recipe
    """
    random = np.random.default_rng(recipe.seed)
    samples: list[Sample] = []
    own_folds: list[int] = []
    for document, fold in zip(documents, folds.tolist(), strict=True):
        part = replace(document, lines=cut_lines(document.lines, random))
        is_cut = len(part.lines) < len(document.lines)
        for markup in (bare_markup(part, random), *((None,) if is_cut else ())):
            samples.append(line_sample(part, f"bare-{fold}", tables, COMPOSED_WEIGHT, markup))
            own_folds.append(fold)
    return samples, np.array(own_folds, np.int64)


def _read_pages(
    paths: Sequence[Path], tables: CharTables, recipe: Recipe, progress: Progress
) -> tuple[list[tuple[Sample, ...]], dict[str, int]]:
    """Return the samples of all pages, and how many were used or left out."""
    found: list[tuple[Sample, ...]] = []
    outcomes: Counter[str] = Counter()
    parallel = joblib.Parallel(n_jobs=recipe.jobs)
    for batch in _batches(read_pages(paths) if paths else ()):
        guests = _guests(batch, recipe)
        tasks = zip(batch, guests, strict=True)
        for samples in parallel(joblib.delayed(_samples)(record, guest, tables) for record, guest in tasks):
            if not samples:
                outcomes["pages without blocks or with too many"] += 1
                continue
            outcomes["pages" if is_trusted(samples[0]) else "pages whose gold is not in them"] += 1
            found.append(samples)
        progress("pages", len(found), 0)
    return found, dict(outcomes)


def _guests(batch: Sequence[PageRecord], recipe: Recipe) -> list[PageRecord | None]:
    """Return for some articles of a batch another one of the same fold, to be a second story; None for the others."""
    guests: list[PageRecord | None] = []
    for record in batch:
        random = np.random.default_rng(zlib.crc32(f"guest of {record.id}".encode()))
        fold = fold_of(record.domain, recipe.folds)
        others = [
            other
            for other in batch
            if other.kind == "article" and other.domain != record.domain and fold_of(other.domain, recipe.folds) == fold
        ]
        wanted = record.kind == "article" and others and random.random() < _SECOND_STORIES
        guests.append(others[int(random.integers(len(others)))] if wanted else None)
    return guests


def _samples(record: PageRecord, guest: PageRecord | None, tables: CharTables) -> tuple[Sample, ...]:
    """Return the samples of a page; where it has a guest, two more of the page with both stories."""
    own = page_samples(record, tables)
    if not own or guest is None:
        return own
    both = with_second_story(record, guest, np.random.default_rng(zlib.crc32(record.id.encode())))
    grafted = page_samples(both, tables)[:2] if both else ()
    weight = np.float32(_SECOND_WEIGHT)
    return *own, *(replace(sample, weights=sample.weights * weight, is_twin=True) for sample in grafted)


def _batches(records: Iterable[PageRecord]) -> Iterator[list[PageRecord]]:
    stream = iter(records)
    while batch := list(islice(stream, _BATCH)):
        yield batch


def _model(tables: CharTables, parts: Parts, calibration: Floats, manifest: dict[str, Any]) -> Model:
    return Model(
        tables=tables,
        text_weights=parts.linear.text,
        name_weights=parts.linear.names,
        html=parts.html,
        text=parts.text,
        context=parts.context,
        calibration=calibration,
        manifest=manifest,
    )


def _manifest(lines: Sequence[Path], pages: Sequence[Path], recipe: Recipe, counts: dict[str, int]) -> dict[str, Any]:
    return {
        "protocol": PROTOCOL,
        "features": features.schema(),
        "labels": list(LABELS),
        "newsfilter": __version__,
        "recipe": asdict(recipe),
        "data": {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in _files(lines, pages)},
        "counts": counts,
        "versions": {"python": platform.python_version()}
        | {name: version(name) for name in ("numpy", "scipy", "scikit-learn", "joblib", "selectolax")},
    }


def _files(lines: Sequence[Path], pages: Sequence[Path]) -> Iterator[Path]:
    for path in (*lines, *pages):
        yield from sorted(path.rglob("*.jsonl")) if path.is_dir() else (path,)


def _out_of_fold(data: _Data, fitted: Fitted, calibration: Floats, recipe: Recipe) -> OutOfFold:
    """Return the answers for pages in both modes and for labelled documents; the other samples have none."""
    probabilities = (
        softmax(calibrated(logits, calibration[0 if sample.page.elements else 1]))
        for sample, logits in zip(data.samples, fitted.logits, strict=True)
    )
    pages = [list(islice(probabilities, len(samples))) for samples in data.pages]
    documents = list(islice(probabilities, len(data.documents)))
    owners = data.owners
    missing = [np.full_like(rows, np.nan) for rows in documents]
    page_folds = [fold_of(samples[0].group, recipe.folds) for samples in data.pages]
    return OutOfFold(
        ids=np.array([owner.id for owner in owners]),
        offsets=np.concatenate(([0], np.cumsum([len(owner.labels) for owner in owners]))).astype(np.int64),
        html=np.concatenate([html for html, *_ in pages] + missing),
        text=np.concatenate([text for _, text, *_ in pages] + documents),
        sizes=np.concatenate([owner.page.sizes for owner in owners]),
        fold=np.array([*page_folds, *data.document_folds], np.int64),
        confidence=np.full((len(owners), 2), np.nan, np.float32),
        truth=np.concatenate([own.labels if is_trusted(own) else np.full_like(own.labels, UNKNOWN) for own in owners]),
    )


def _golds(data: _Data, paths: Sequence[Path]) -> list[str | None]:
    """Return the text of the article of each of the data's owners; None where only snippets of it are known."""
    golds = {record.id: record.text for record in read_pages(paths)}
    pages = [golds[samples[0].id] for samples in data.pages]
    documents = [
        "\n".join(text for text, label in zip(own.page.texts, own.labels.tolist(), strict=True) if label == _BODY)
        for own in data.documents
    ]
    return [*pages, *documents]


def _write(out: Path, models: Sequence[Model], answers: OutOfFold, counts: dict[str, int]) -> Training:
    folds = out / "folds"
    folds.mkdir(parents=True, exist_ok=True)
    for fold, model in enumerate(models[:-1]):
        (folds / f"fold-{fold}.npz").write_bytes(dumps(model))
    content = dumps(models[-1])
    sha256 = hashlib.sha256(content).hexdigest()
    (out / MODEL_NAME).write_bytes(content)
    manifest = {**models[-1].manifest, "sha256": sha256, "bytes": len(content)}
    (out / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    (out / "CARD.md").write_text(card(manifest, answers), encoding="utf-8")
    write_out_of_fold(out / "out-of-fold.npz", answers)
    return Training(out / MODEL_NAME, sha256, counts)
