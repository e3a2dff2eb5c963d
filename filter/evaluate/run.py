"""One evaluation: newsfilter and its peers on the same pages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from filter import __version__
from filter.blocks import Page
from filter.corpora.lines import read_lines
from filter.corpora.pages import PageRecord, read_pages
from filter.errors import CorpusError
from filter.evaluate.bootstrap import RESAMPLES, resample
from filter.evaluate.clean_others import clean_outputs
from filter.evaluate.details import line_scores, mode_details
from filter.evaluate.evaluation import CorpusInfo, Evaluation, LineScores, SliceScores, System
from filter.evaluate.out_of_fold import OutOfFold, read_out_of_fold
from filter.evaluate.peer_cache import Progress, page_key, peer_outputs
from filter.evaluate.peers import FLOOR, PEERS, Peer, run_peer, select_peers, visible_text
from filter.evaluate.predictions import (
    Prediction,
    Predictor,
    from_folds,
    from_model,
    html_blocks,
    predict_lines,
    predict_page,
    text_blocks,
)
from filter.evaluate.scores import score_pages
from filter.evaluate.slices import score_slice, slices_of
from filter.labels import Label
from filter.model import Model, load
from filter.pipeline import shipped_model

#: Newsfilter's two modes: from the markup, and from the lines of the page's whole visible text.
HTML, TEXT = "newsfilter-html", "newsfilter-text"


@dataclass(frozen=True, slots=True)
class EvaluateOptions:
    """What to evaluate.

    Attributes
    ----------
    corpora : tuple of Path
        Parquet files of pages.
    out : Path
        Folder for the peers' cached outputs; it then holds texts of the corpus.
    lines : tuple of Path
        Files of labelled lines.
    peers : tuple of str
        Names in `filter.evaluate.peers.PEERS`.
    model : Path or None
        The shipped model if None. Its scores on pages that it was fitted on say nothing of unseen sites.
    out_of_fold : Path or None
        Training's out-of-fold answers; then no model is asked for `corpora` and `lines`.
    fold_models : tuple of Path
        Model ``i`` was not fitted on fold ``i``; they clean the outputs of peers.
    clean_others : bool
        Whether to give each peer's output to newsfilter too.
    keep : frozenset of Label
        What newsfilter's outputs hold. Gold texts are the body.
    resamples, seed : int
        Of the bootstrap.
    jobs : int
        Processes for the peers.
    """

    corpora: tuple[Path, ...]
    out: Path
    lines: tuple[Path, ...] = ()
    peers: tuple[str, ...] = tuple(PEERS)
    model: Path | None = None
    out_of_fold: Path | None = None
    fold_models: tuple[Path, ...] = ()
    clean_others: bool = False
    keep: frozenset[Label] = frozenset({Label.BODY})
    resamples: int = RESAMPLES
    seed: int = 0
    jobs: int = 1


def evaluate(options: EvaluateOptions, progress: Progress = lambda *_: None) -> Evaluation:
    """Return the scores of newsfilter and its peers.

    Parameters
    ----------
    options : EvaluateOptions
    progress : callable, optional
        Told ``(what, done, total)`` after each step.

    Raises
    ------
    CorpusError
        No pages, a peer that does not exist, or out-of-fold answers that do not fit the pages.
    ModelError
        The model cannot be read.
    """
    pages = tuple(read_pages(options.corpora))
    if not pages:
        raise CorpusError("no pages to evaluate on")
    peers, missing = select_peers(options.peers)
    folds = read_out_of_fold(options.out_of_fold) if options.out_of_fold else None
    predictor = from_folds(folds) if folds else from_model(_model(options))
    predictions = {mode: _predict(mode, pages, predictor, progress) for mode in (HTML, TEXT)}
    ours = [_our_system(mode, pages, *predictions[mode], options) for mode in predictions]
    others = [_floor(pages), *(_peer_system(peer, pages, options, progress) for peer in peers)]
    cleaned = _cleaned_systems(pages, others, _cleaners(options, folds), options) if options.clean_others else []
    systems = (*ours, *others, *cleaned)
    return Evaluation(
        corpora=_corpus_infos(pages),
        pages=pages,
        systems=systems,
        missing_peers=missing,
        keep=options.keep,
        slices=_score_slices(pages, systems, options, progress),
        modes={own.name: mode_details(pages, predictions[own.name][0], own.table, options.keep) for own in ours},
        lines=_line_scores(options, predictor),
    )


def _model(options: EvaluateOptions) -> Model:
    return load(options.model) if options.model else shipped_model()


def _predict(
    mode: str, pages: Sequence[PageRecord], predictor: Predictor, progress: Progress
) -> tuple[list[Prediction | None], float]:
    """Return the prediction for each page, and the mean milliseconds."""
    predictions = []
    start = perf_counter()
    for done, page in enumerate(pages, 1):
        predictions.append(predict_page(page.id, blocks_of(page, mode), predictor))
        progress(mode, done, len(pages))
    return predictions, 1000 * (perf_counter() - start) / len(pages)


def blocks_of(page: PageRecord, mode: str) -> Page:
    """Return the blocks of a page as a mode of newsfilter sees them."""
    blocks = html_blocks(page)
    return blocks if mode == HTML else text_blocks(blocks.texts)


def _our_system(
    mode: str,
    pages: Sequence[PageRecord],
    predictions: Sequence[Prediction | None],
    milliseconds: float,
    options: EvaluateOptions,
) -> System:
    outputs = tuple(prediction.text(options.keep) if prediction else "" for prediction in predictions)
    failures = sum(prediction is None for prediction in predictions)
    time = None if options.out_of_fold else milliseconds
    return System(mode, __version__, score_pages(pages, outputs), outputs, failures, time)


def _floor(pages: Sequence[PageRecord]) -> System:
    outputs = [run_peer(visible_text, page.html, page.lang) for page in pages]
    texts = tuple(output.text for output in outputs)
    milliseconds = 1000 * float(np.mean([output.seconds for output in outputs]))
    failures = sum(output.error is not None for output in outputs)
    return System(FLOOR, __version__, score_pages(pages, texts), texts, failures, milliseconds)


def _peer_system(peer: Peer, pages: Sequence[PageRecord], options: EvaluateOptions, progress: Progress) -> System:
    outputs = peer_outputs(peer, pages, options.out / "peers", jobs=options.jobs, progress=progress)
    texts = tuple(output.text for output in outputs)
    return System(
        name=peer.name,
        version=str(peer.version),
        table=score_pages(pages, texts),
        outputs=texts,
        failures=sum(output.error is not None for output in outputs),
        milliseconds=1000 * float(np.mean([output.seconds for output in outputs])),
    )


def cleaned_name(name: str) -> str:
    """Return what a system is called whose output newsfilter has cleaned."""
    return f"{name} + newsfilter"


def _cleaned_systems(
    pages: Sequence[PageRecord],
    systems: Sequence[System],
    predictor_of: Callable[[str], Predictor],
    options: EvaluateOptions,
) -> list[System]:
    cleaned = []
    for system in systems:
        if system.name != FLOOR:  # that is newsfilter's text mode
            outputs = tuple(clean_outputs([page.id for page in pages], system.outputs, predictor_of, options.keep))
            table = score_pages(pages, outputs)
            cleaned.append(System(cleaned_name(system.name), system.version, table, outputs, system.failures))
    return cleaned


def _cleaners(options: EvaluateOptions, folds: OutOfFold | None) -> Callable[[str], Predictor]:
    """Return what finds the model that was not fitted on a page."""
    if not options.fold_models:
        predictor = from_model(_model(options))
        return lambda _: predictor
    if folds is None:
        raise CorpusError("models of folds need out-of-fold answers, which tell the fold of a page")
    predictors = [from_model(load(path)) for path in options.fold_models]
    if folds.fold.max(initial=-1) >= len(predictors):
        raise CorpusError(f"{folds.fold.max() + 1} folds, but {len(predictors)} models of folds")
    fold_of = dict(zip(folds.ids.tolist(), folds.fold.tolist(), strict=True))
    # A page that training left out is in no model's training set.
    return lambda identity: predictors[fold_of.get(identity, 0)]


def _score_slices(
    pages: Sequence[PageRecord], systems: Sequence[System], options: EvaluateOptions, progress: Progress
) -> tuple[SliceScores, ...]:
    slices = slices_of(pages)
    scored = []
    for done, part in enumerate(slices, 1):
        weights = resample(len(part.indices), resamples=options.resamples, seed=options.seed)
        scored.append(score_slice(part, systems, (HTML, TEXT), weights))
        progress("intervals", done, len(slices))
    return tuple(scored)


def _line_scores(options: EvaluateOptions, predictor: Predictor) -> LineScores | None:
    if not options.lines:
        return None
    answers = [predict_lines(document, predictor) for document in read_lines(options.lines)]
    answered = [answer for answer in answers if answer is not None]
    if not answered:
        raise CorpusError("no answers for any of the labelled lines")
    return line_scores(answered)


def _corpus_infos(pages: Sequence[PageRecord]) -> tuple[CorpusInfo, ...]:
    infos = []
    for source in sorted({page.source for page in pages}):
        own = [page for page in pages if page.source == source]
        infos.append(CorpusInfo(source, len(own), len({page.domain for page in own}), pages_digest(own)))
    return tuple(infos)


def pages_digest(pages: Sequence[PageRecord]) -> str:
    """Return a digest of ids, markup and gold of `pages`; their order does not matter."""
    digest = hashlib.sha256()
    for page in sorted(pages, key=lambda page: page.id):
        snippets = "\n".join((*(page.must_have or ()), "", *(page.must_not_have or ())))
        gold = f"{page.text}\n\n{snippets}".encode(errors="surrogatepass")
        digest.update(f"{page.id} {page_key(page)} {hashlib.sha256(gold).hexdigest()}\n".encode())
    return digest.hexdigest()
