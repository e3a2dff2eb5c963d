"""The command line: a command parses, calls one library function, writes.

Data goes to stdout or to ``-o``, always as UTF-8; messages go to stderr. Exit codes: 0 done, 1 some of several
documents failed, 2 wrong usage or nothing could be done.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

# Before numpy is loaded: it would start a BLAS thread for each processor, which costs more than one page has to
# compute. Training and scoring run one thread a worker anyway.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import typer
from typer.core import TyperGroup

from filter import __version__
from filter.document import Document, Status
from filter.errors import FilterError, InputError
from filter.labels import LABELS, parse_keep
from filter.output import Format, jsonl_lines, render
from filter.pipeline import Classifier, Options
from filter.text import squeeze

if TYPE_CHECKING:
    from rich.progress import TaskID

    from filter.batch.progress import Tally
    from filter.rules import Rules

#: What a shell reports for a program that a closed pipe ended: 128 + SIGPIPE.
_CLOSED_PIPE = 141
#: And for one that Ctrl-C ended: 128 + SIGINT.
_INTERRUPTED = 130
BatchForm = Literal["jsonl", "jsonl.gz", "jsonl.zst", "parquet", "txt", "md"]


class Input(StrEnum):
    """What the input is."""

    AUTO = "auto"
    HTML = "html"
    TEXT = "text"


class Commands(TyperGroup):
    """A group whose commands report what stopped them as one line on stderr, and exit code 2."""

    def invoke(self, ctx: Any) -> Any:
        """Return what the command returns."""
        try:
            return super().invoke(ctx)
        except FilterError as error:
            _say(str(error))
        except OSError as error:
            _say(f"{error.filename or 'stdout'}: {_reason(error)}")
        raise typer.Exit(2)


def _typer(help: str) -> typer.Typer:  # noqa: A002 - typer's own word
    """Return a group of commands that starts without rich and without shell completion."""
    return typer.Typer(
        cls=Commands,
        help=help,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


app = _typer("Keep the article of a news page, label the rest.")
model_commands = _typer("Look at models.")
data_commands = _typer("Look at training data.")
corpus_commands = _typer("Build page corpora.")
rules_commands = _typer("Try site rules.")
app.add_typer(model_commands, name="model")
app.add_typer(data_commands, name="data")
app.add_typer(corpus_commands, name="corpus")
app.add_typer(rules_commands, name="rules")

Files = Annotated[list[str] | None, typer.Argument(metavar="[FILE|-]", help="Pages or texts; - is stdin.")]
InputOption = Annotated[Input, typer.Option("--input", help="What the input is.")]
Url = Annotated[str | None, typer.Option("--url", help="Address of the page; goes with a single FILE.")]
RulesFile = Annotated[
    Path | None, typer.Option("--rules", metavar="FILE", help="Site rules (TOML) to apply; goes with --url.")
]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file, not to stdout.")]
Keep = Annotated[str, typer.Option("--keep", help=f"Labels to keep, with commas: {', '.join(LABELS)}.")]
Lines = Annotated[list[Path], typer.Option(help="Labelled lines: .jsonl files, or folders of them.")]
MoreCorpora = Annotated[
    list[Path] | None, typer.Argument(metavar="[CORPUS]", help="More corpora, as a shell pattern gives them.")
]
Jobs = Annotated[int, typer.Option(min=1, help="Processes.")]


def main() -> None:
    """Run the program."""
    # What is loaded by now lives to the end. Searched for garbage when Python shuts down, it takes a tenth of the run.
    gc.freeze()
    app(prog_name="newsfilter")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"newsfilter {__version__}")
        raise typer.Exit


@app.callback()
def _global_options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def clean(  # noqa: PLR0913 - an argument is an option of the command
    files: Files = None,
    keep: Keep = "title,body",
    form: Annotated[Format, typer.Option("--format", help="Form of the output.")] = Format.TEXT,
    source: InputOption = Input.AUTO,
    url: Url = None,
    rules: RulesFile = None,
    output: Output = None,
    least: Annotated[
        float | None,
        typer.Option("--min-confidence", min=0, max=1, help="Leave out, as failed, what went less well than this."),
    ] = None,
) -> None:
    """Print the article of each FILE."""
    labels = parse_keep(keep)
    classifier = Classifier(rules=_rules(rules, url))

    def write(document: Document, name: str) -> str | None:
        if least is not None and (document.confidence is None or document.confidence < least):
            found = "unknown" if document.confidence is None else f"{document.confidence:.2f}"
            _say(f"{name}: confidence {found}, not {least:g} or more")
            return None
        return render(document, form, labels)

    _run(classifier, files or ["-"], source, url, output, write)


@app.command()
def classify(
    files: Files = None,
    source: InputOption = Input.AUTO,
    url: Url = None,
    rules: RulesFile = None,
    output: Output = None,
) -> None:
    """Print every block of each FILE with its label, as JSON Lines."""
    classifier = Classifier(rules=_rules(rules, url))

    def write(document: Document, name: str) -> str:
        return "\n".join(jsonl_lines(document, name=name))

    _run(classifier, files or ["-"], source, url, output, write)


@app.command()
def explain(
    file: Annotated[str, typer.Argument(metavar="[FILE|-]", help="A page or a text; - is stdin.")] = "-",
    html: Annotated[bool, typer.Option("--html", help="Write one HTML page that needs nothing from outside.")] = False,
    source: InputOption = Input.AUTO,
    url: Url = None,
    rules: RulesFile = None,
    output: Output = None,
) -> None:
    """Print every block of FILE with its label and the strongest reasons for it."""
    from filter.explanation import explain
    from filter.explanation_html import explanation_page

    try:
        data = _read(file, Options().max_bytes)
        explanation = explain(data, url=url, input=source.value, rules=_rules(rules, url))
    except InputError as error:
        raise error.at(file) from error
    name = url or ("stdin" if file == "-" else file)
    _write([explanation_page(explanation, name=name) if html else explanation.text()], output)


@app.command()
def batch(  # noqa: PLR0913 - an argument is an option of the command
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT", help="Files, folders, patterns, addresses; - is stdin.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the output; a run that was broken off goes on there.")],
    form: Annotated[BatchForm, typer.Option("--format", help="Form of the output.")] = "jsonl",
    keep: Keep = "title,body",
    lines: Annotated[bool, typer.Option("--lines", help="Write all lines with their labels too.")] = False,
    rejects: Annotated[bool, typer.Option("--rejects", help="Write each dropped line to OUT/rejects.")] = False,
    source: Annotated[
        Literal["auto", "html", "text"] | None, typer.Option("--input", help="What the records are; by their look.")
    ] = None,
    id_field: Annotated[str | None, typer.Option(help="Field of the id; id if not given.")] = None,
    url_field: Annotated[str | None, typer.Option(help="Field of the address; url if not given.")] = None,
    content_field: Annotated[str | None, typer.Option(help="Field of the page; html, text or content.")] = None,
    pattern: Annotated[str, typer.Option(help="Which files of a folder are read.")] = "*",
    max_bytes: Annotated[int, typer.Option(min=1, help="Longest record.")] = 16_000_000,
    deadline: Annotated[float, typer.Option(min=0.001, help="Most seconds for a record.")] = 30,
    model: Annotated[Path | None, typer.Option(help="A model file; the shipped one if not given.")] = None,
    jobs: Jobs = 2,
    backend: Annotated[Literal["loky", "dask", "ray"], typer.Option(help="What runs the workers.")] = "loky",
    scheduler: Annotated[str | None, typer.Option(help="Address of the cluster, for dask and ray.")] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Throw away what an earlier run wrote.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Show neither progress nor counts.")] = False,
) -> None:
    """Clean the records of many files; each gets a row, with its text or with why it has none."""
    from filter.batch.backends import Backend, Workers
    from filter.batch.progress import table
    from filter.batch.records import Reading
    from filter.batch.run import run
    from filter.batch.settings import Settings
    from filter.batch.writing import Form

    reading = Reading(id_field, url_field, content_field, input=source, pattern=pattern, max_bytes=max_bytes)
    options = Options(max_bytes=max_bytes, deadline=deadline)
    settings = Settings(reading, options, Form(form), parse_keep(keep), lines, rejects, model)
    workers = Workers(jobs, Backend(backend), scheduler)
    with _counted(quiet) as tally:
        summary = run(inputs, out, settings, workers=workers, restart=restart, tally=tally)
    if not quiet:
        _print(table(summary.outcomes, summary.labels))
    if summary.failed:
        _say(f"{summary.failed:,} of {summary.outcomes.total():,} records failed; their rows say why")
        raise typer.Exit(1)


@app.command()
def train(
    lines: Lines,
    out: Annotated[Path, typer.Option(help="Folder for the model, its manifest and its card.")],
    pages: Annotated[list[Path] | None, typer.Option(help="Page corpora (Parquet) to learn from too.")] = None,
    more_pages: MoreCorpora = None,
    seed: Annotated[int, typer.Option(help="The same seed and data give the same model.")] = 0,
    jobs: Jobs = 2,
) -> None:
    """Train a model on labelled lines, and on page corpora where given."""
    from filter.train.fit import Recipe
    from filter.train.run import train

    corpora = [*(pages or ()), *(more_pages or ())]
    with _progress() as progress:
        training = train(lines, corpora, out, recipe=Recipe(seed=seed, jobs=jobs), progress=progress)
    for what, count in training.counts.items():
        _say(f"{count} {what}")
    _print(f"{training.model}\nsha256 {training.sha256}")


@app.command()
def evaluate(  # noqa: PLR0913 - an argument is an option of the command
    corpus: Annotated[list[Path], typer.Option(help="Page corpora (Parquet).")],
    out: Annotated[Path, typer.Option(help="Folder for the reports, and for what the peers returned.")],
    more_corpora: MoreCorpora = None,
    lines: Annotated[list[Path] | None, typer.Option(help="Labelled lines to score labels on.")] = None,
    peers: Annotated[str | None, typer.Option(help="Extractors to compare with, with commas; all by default.")] = None,
    model: Annotated[Path | None, typer.Option(help="A model file; the shipped one if not given.")] = None,
    out_of_fold: Annotated[Path | None, typer.Option(help="Training's answers for pages it had not seen.")] = None,
    clean_others: Annotated[bool, typer.Option("--clean-others", help="Clean the peers' outputs too.")] = False,
    fold_models: Annotated[
        Path | None, typer.Option(help="Training's folder of models without a fold, for --clean-others.")
    ] = None,
    keep: Annotated[str, typer.Option("--keep", help="Labels that newsfilter's outputs hold.")] = "body",
    jobs: Jobs = 2,
) -> None:
    """Score newsfilter and other extractors on page corpora."""
    from filter.evaluate.report import write_report
    from filter.evaluate.run import EvaluateOptions, evaluate

    options = EvaluateOptions(
        corpora=(*corpus, *(more_corpora or ())),
        out=out,
        lines=tuple(lines or ()),
        model=model,
        out_of_fold=out_of_fold,
        clean_others=clean_others,
        keep=parse_keep(keep),
        fold_models=tuple(sorted(fold_models.glob("fold-*.npz"))) if fold_models else (),
        jobs=jobs,
    )
    if peers is not None:
        options = replace(options, peers=tuple(name.strip() for name in peers.split(",") if name.strip()))
    with _progress() as progress:
        evaluation = evaluate(options, progress)
    for name in evaluation.missing_peers:
        _say(f"{name} is not installed and was skipped: pip install 'newsfilter[eval]'")
    _print("\n".join(map(str, write_report(evaluation, out))))


@model_commands.command("info")
def model_info(
    file: Annotated[Path | None, typer.Argument(help="A model file; the shipped one if not given.")] = None,
) -> None:
    """Print what a model was made from, as JSON."""
    from filter.model import load
    from filter.shipped import MODEL_FILE

    path = file or MODEL_FILE
    _print(json.dumps({"file": str(path), **load(path).manifest}, indent=2, ensure_ascii=False))


@data_commands.command("check")
def data_check(
    paths: Annotated[list[Path], typer.Argument(help="Files of labelled lines (.jsonl), or folders of them.")],
) -> None:
    """Print counts and flaws of labelled lines; exit code 1 where something must be mended."""
    from filter.corpora.check import check

    report = check(paths)
    _print(report.table())
    if report.violations:
        raise typer.Exit(1)


@corpus_commands.command("import")
def corpus_import(
    name: Annotated[str, typer.Argument(help="wcxb, fundus, magic-html, readability or trafilatura.")],
    clone: Annotated[Path, typer.Argument(metavar="CLONE_DIR", help="Folder of the cloned repository.")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file, not NAME.parquet.")] = None,
    exclude_domains: Annotated[
        Path | None, typer.Option(help="File of registrable domains, one a line, to leave out.")
    ] = None,
) -> None:
    """Build a page corpus (Parquet) from a local clone of a public source."""
    from filter.corpora.importers import import_corpus

    path = output or Path(f"{name}.parquet")
    for outcome, count in import_corpus(name, clone, path, exclude_domains=exclude_domains).items():
        _say(f"{count} {outcome}")
    _print(str(path))


@rules_commands.command("test")
def rules_test(
    rules: Annotated[Path, typer.Argument(metavar="RULES", help="Site rules (TOML).")],
    pages: Annotated[list[str], typer.Argument(metavar="PAGE", help="Pages of one site; - is stdin.")],
    url: Annotated[str, typer.Option("--url", help="An address on the site.")],
) -> None:
    """Print what each rule for a site fits on its pages and changes; exit code 1 where one fits nothing."""
    from filter.rules import read_rules
    from filter.trial import try_rules

    limit = Options().max_bytes
    trial = try_rules(read_rules(rules), ((name, _read(name, limit)) for name in pages), url)
    _print(trial.table())
    if trial.idle:
        raise typer.Exit(1)


# ------------------------------------------------------------------------------------------- reading and writing


def _rules(path: Path | None, url: str | None) -> Rules | None:
    """Return the rules in a file, None without one."""
    if path is None:
        return None
    if not url:
        raise typer.BadParameter("goes with --url: rules are for a site", param_hint="--rules")
    from filter.rules import read_rules

    return read_rules(path)


def _run(
    classifier: Classifier,
    files: list[str],
    source: Input,
    url: str | None,
    output: Path | None,
    write: Callable[[Document, str], str | None],
) -> None:
    """Classify each file and write what `write` makes of its document and name; None counts as a failure."""
    if url and len(files) > 1:
        raise typer.BadParameter("goes with a single FILE", param_hint="--url")
    failures: list[str] = []
    documents = _documents(classifier, files, source, url, failures)

    def texts() -> Iterator[str]:
        for name, document in documents:
            text = write(document, name)
            if text is None:
                failures.append(name)
            else:
                yield text

    _write(texts(), output)
    if failures:
        raise typer.Exit(1 if len(failures) < len(files) else 2)


def _documents(
    classifier: Classifier, files: list[str], source: Input, url: str | None, failures: list[str]
) -> Iterator[tuple[str, Document]]:
    """Yield name and document of each file that can be read; report the others and add them to `failures`."""
    for name in files:
        try:
            data = _read(name, classifier.options.max_bytes)
            document = classifier.classify(data, url=url, input=source.value)
        except InputError as error:
            _say(str(error.at(name)))
            failures.append(name)
            continue
        if document.status is not Status.ARTICLE:
            _say(f"{name}: {document.status}")
        yield name, document


def _read(name: str, limit: int) -> bytes:
    """Return the bytes of a file or of stdin; one more than `limit` is enough to see that there are too many."""
    if name == "-" and sys.stdin is None:
        raise InputError("stdin is closed", source=name)
    try:
        if name == "-":
            return sys.stdin.buffer.read(limit + 1)
        with Path(name).open("rb") as stream:
            return stream.read(limit + 1)
    except OSError as error:
        raise InputError(_reason(error), source=name) from error


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """Give what shows a bar on stderr for each step, told ``(step, done, total)``; total 0 is unknown."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    steps: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def show(step: str, done: int, total: int) -> None:
            if step not in steps:
                steps[step] = bars.add_task(step)
            bars.update(steps[step], completed=done, total=total or None)

        yield show


@contextmanager
def _counted(quiet: bool) -> Iterator[Tally]:
    """Give what a batch run tells how far it is, and show it; Ctrl-C ends the run and says how to go on."""
    from rich.console import Console

    from filter.batch.progress import Tally, displayed

    tally = Tally(watched=not quiet)
    try:
        with nullcontext() if quiet else displayed(tally, Console(stderr=True), _say):
            yield tally
    except KeyboardInterrupt:
        _say(f"stopped with {tally.records:,} records done; the same command goes on from there")
        raise typer.Exit(_INTERRUPTED) from None


def _write(texts: Iterable[str], output: Path | None) -> None:
    if output is None:
        for text in texts:
            _print(text)
        return
    # All at once at the end: the file may be one of those read, and stays as it was if every document fails.
    parts = [_encoded(text) for text in texts]
    if parts:
        output.write_bytes(b"".join(parts))


def _print(text: str) -> None:
    """Write `text` to stdout at once; end quietly where nobody reads any more."""
    if sys.stdout is None:
        raise FilterError("stdout is closed")
    stdout = sys.stdout.buffer
    try:
        stdout.write(_encoded(text))
        stdout.flush()
    except OSError as error:
        # What the buffer still holds must not fail a second time when Python shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
        if isinstance(error, BrokenPipeError):
            raise typer.Exit(_CLOSED_PIPE) from None
        raise


def _encoded(text: str) -> bytes:
    # A file name may hold bytes that are no UTF-8, as lone surrogates; in JSON this is their escape.
    return f"{text}\n".encode("utf-8", "backslashreplace") if text else b""


def _reason(error: OSError) -> str:
    return error.strerror or str(error)


def _say(message: str) -> None:
    """Write one line to stderr."""
    typer.echo(f"newsfilter: {squeeze(message)}", err=True)
