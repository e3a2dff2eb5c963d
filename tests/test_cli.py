"""The command line: plumbing, streams and exit codes. What a page is cleaned to is tested where it is decided."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from filter import Options, __version__, classify, clean
from filter.output import Format, jsonl_lines, render

EXAMPLES = Path(__file__).parent.parent / "examples"
TRAINING_DATA = EXAMPLES.parent / "training_data" / "en-1.jsonl"
MARKET = EXAMPLES / "market.txt"
JAPANESE = EXAMPLES / "japanese.html"
SENTENCES = (
    "The council voted on Tuesday to reopen the river ferry, which has been closed since the flood in March.\n"
    "Tickets will cost two euros, and children will travel for free, the mayor said after the meeting.\n"
)


@pytest.fixture
def start(tmp_path):
    """Start the program as a shell does, with real pipes."""

    def popen(*arguments, **streams):
        program = "from filter.cli import main; main()"
        environment = {**os.environ, "PYTHONPATH": str(EXAMPLES.parent), **streams.pop("env", {})}
        command = [sys.executable, "-c", program, *map(str, arguments)]
        return subprocess.Popen(command, env=environment, cwd=tmp_path, **streams)

    return popen


@pytest.mark.parametrize("form", list(Format))
def test_clean_writes_what_render_returns(run, form):
    result = run("clean", MARKET, "--format", form, "--keep", "title,body,byline")
    expected = render(classify(MARKET.read_bytes()), form, "title,body,byline")
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{expected}\n", "")


def test_clean_keeps_title_and_body(run):
    assert run("clean", MARKET).stdout == clean(MARKET.read_bytes()) + "\n"


def test_classify_writes_one_object_a_block(run):
    result = run("classify", MARKET)
    records = [json.loads(line) for line in result.stdout.splitlines()]
    lines = [line for line in MARKET.read_text("utf-8").split("\n") if line.strip()]
    assert [record["text"] for record in records] == lines
    assert {record["document"] for record in records} == {str(MARKET)}
    assert result.stdout.splitlines() == list(jsonl_lines(classify(MARKET.read_bytes()), name=str(MARKET)))


def test_several_files_keep_their_order(run):
    files = [JAPANESE, MARKET, JAPANESE]
    result = run("clean", *files)
    assert result.stdout == "".join(clean(file.read_bytes()) + "\n" for file in files)


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_stdin(run, arguments):
    result = run("clean", *arguments, stdin=MARKET.read_bytes())
    assert (result.exit_code, result.stdout) == (0, clean(MARKET.read_bytes()) + "\n")


def test_stdin_stands_where_the_dash_stands(run):
    result = run("classify", JAPANESE, "-", stdin=MARKET.read_bytes())
    names = [json.loads(line)["document"] for line in result.stdout.splitlines()]
    assert list(dict.fromkeys(names)) == [str(JAPANESE), "-"]


def test_input_is_what_the_option_says(run):
    markup = f"<p>{SENTENCES}"
    sources = {kind: run("classify", "--input", kind, stdin=markup).stdout for kind in ("html", "text")}
    assert json.loads(sources["html"].splitlines()[0])["source"].startswith("/html")
    assert json.loads(sources["text"].splitlines()[0])["source"] == "line 1"


def test_url_reaches_the_document(run):
    result = run("clean", "--url", "https://example.org/ferry", "--format", "json", stdin=SENTENCES)
    assert json.loads(result.stdout)["url"] == "https://example.org/ferry"


def test_url_goes_with_one_file(run):
    result = run("clean", "--url", "https://example.org/ferry", MARKET, JAPANESE)
    assert result.exit_code == 2
    assert "goes with a single FILE" in result.stderr


def test_output_file_may_be_the_input(run, tmp_path):
    file = tmp_path / "ferry.txt"
    file.write_text(SENTENCES + "\n\n", "utf-8")
    result = run("clean", file, "-o", file)
    assert (result.exit_code, result.stdout) == (0, "")
    assert file.read_bytes() == (clean(SENTENCES) + "\n").encode()


def test_output_file_stays_where_nothing_could_be_done(run, tmp_path):
    file = tmp_path / "kept.txt"
    file.write_text("kept", "utf-8")
    assert run("clean", tmp_path / "missing.html", "-o", file).exit_code == 2
    assert file.read_text("utf-8") == "kept"


def test_output_that_cannot_be_written(run, tmp_path):
    result = run("clean", MARKET, "-o", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"newsfilter: {tmp_path}: Is a directory\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "is a PDF, not text"),
        (gzip.compress(SENTENCES.encode()), "is gzip data, not text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is a PNG image, not text"),
    ],
)
def test_bytes_that_are_no_text(run, tmp_path, data, reason):
    file = tmp_path / "page"
    file.write_bytes(data)
    result = run("clean", file)
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", f"newsfilter: {file}: {reason}\n")


def test_missing_file(run, tmp_path):
    file = tmp_path / "missing.html"
    result = run("clean", file)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"newsfilter: {file}: No such file or directory\n"


def test_directory(run, tmp_path):
    result = run("classify", tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"newsfilter: {tmp_path}: Is a directory\n"


@pytest.mark.parametrize("from_stdin", [False, True])
def test_input_over_the_limit(start, tmp_path, from_stdin):
    file = tmp_path / "large.txt"
    with file.open("wb") as stream:
        stream.truncate(Options().max_bytes + 1)
    name = "-" if from_stdin else file
    with file.open("rb") as stdin:
        process = start("clean", name, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output, message = process.communicate()
    assert (process.returncode, output) == (2, b"")
    assert message.decode().startswith(f"newsfilter: {name}: ")
    assert b"over the limit" in message
    assert message.count(b"\n") == 1


def test_one_of_several_files_fails(run, tmp_path):
    result = run("clean", tmp_path / "missing.html", MARKET)
    assert (result.exit_code, result.stdout) == (1, clean(MARKET.read_bytes()) + "\n")
    assert result.stderr.count("\n") == 1


def test_all_of_several_files_fail(run, tmp_path):
    result = run("clean", tmp_path / "missing.html", tmp_path)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 2)


def test_unknown_label(run):
    result = run("clean", "--keep", "body,sport", MARKET)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith("newsfilter: no label is called 'sport'")


@pytest.mark.parametrize("arguments", [["clean", "--colour"], ["clean", "--format", "pdf"], ["tidy"], []])
def test_wrong_usage(run, arguments):
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage: newsfilter" in result.output


@pytest.mark.parametrize("command", ["clean", "classify"])
def test_an_empty_page_is_no_failure(run, command):
    result = run(command, stdin="")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "newsfilter: -: empty\n")


def test_version(run):
    assert run("--version").stdout == f"newsfilter {__version__}\n"


def test_model_info(run):
    info = json.loads(run("model", "info").stdout)
    assert info["labels"][:2] == ["title", "body"]
    assert Path(info["file"]).is_file()


def test_model_info_of_a_file_that_is_no_model(run):
    result = run("model", "info", MARKET)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith(f"newsfilter: {MARKET}: no model file")


def test_data_check(run, tmp_path):
    record = {
        "id": "en-ferry",
        "lang": "en",
        "genre": "local",
        "lines": [
            {"text": "The ferry reopens after the flood", "label": "title", "pair": "p1"},
            {"text": SENTENCES.splitlines()[0], "label": "body"},
        ],
    }
    file = tmp_path / "lines.jsonl"
    file.write_text(json.dumps(record) + "\n", "utf-8")
    result = run("data", "check", file)
    assert result.exit_code == 1
    assert "1 violations\npair 'p1'" in result.stdout

    del record["lines"][0]["pair"]
    file.write_text(json.dumps(record) + "\n", "utf-8")
    result = run("data", "check", tmp_path)
    assert result.exit_code == 0
    assert result.stdout.endswith("0 violations\n")


def test_data_check_of_a_missing_file(run, tmp_path):
    result = run("data", "check", tmp_path / "missing.jsonl")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


@pytest.fixture
def clone(tmp_path):
    """Return a folder laid out as the repository of Readability.js, with one page."""
    folder = tmp_path / "readability/test/test-pages/ferry"
    folder.mkdir(parents=True)
    (folder / "source.html").write_text(f"<title>Ferry</title><p>{SENTENCES}</p><nav>Home News</nav>", "utf-8")
    (folder / "expected.html").write_text(f"<div><p>{SENTENCES}</p></div>", "utf-8")
    return tmp_path / "readability"


@pytest.fixture
def corpus(run, clone, tmp_path):
    file = tmp_path / "readability.parquet"
    result = run("corpus", "import", "readability", clone, "-o", file)
    assert (result.exit_code, result.stdout, result.stderr) == (0, f"{file}\n", "newsfilter: 1 written\n")
    return file


def test_corpus_import_leaves_named_domains_out(run, clone, corpus, tmp_path):
    (clone / "test/test-pages/ferry/source.html").write_text(
        f"<link rel=canonical href=https://quay.example.org/ferry><p>{SENTENCES}", "utf-8"
    )
    (tmp_path / "reserved.txt").write_text("example.org\n", "utf-8")
    result = run("corpus", "import", "readability", clone, "-o", corpus, "--exclude-domains", tmp_path / "reserved.txt")
    assert (result.exit_code, result.stderr) == (0, "newsfilter: 1 excluded\n")


def test_corpus_import_of_an_unknown_source(run, clone):
    result = run("corpus", "import", "wikipedia", clone)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)


def test_corpus_import_into_a_missing_folder(run, clone, tmp_path):
    result = run("corpus", "import", "readability", clone, "-o", tmp_path / "missing/pages.parquet")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "No such file or directory" in result.stderr


def test_train_writes_a_model_that_loads(run, corpus, tmp_path):
    documents = TRAINING_DATA.read_text("utf-8").splitlines(keepends=True)[:15]
    (tmp_path / "lines.jsonl").write_text("".join(documents), "utf-8")
    out = tmp_path / "models"
    result = run("train", "--lines", tmp_path / "lines.jsonl", "--pages", corpus, "--out", out, "--jobs", 1)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == str(out / "newsfilter.npz")
    assert "newsfilter: 15 documents\n" in result.stderr

    info = json.loads(run("model", "info", out / "newsfilter.npz").stdout)
    assert info["counts"]["pages"] == 1
    assert info["recipe"]["seed"] == 0


def test_train_with_too_little_data(run, tmp_path):
    (tmp_path / "lines.jsonl").write_text(TRAINING_DATA.read_text("utf-8").splitlines()[0], "utf-8")
    result = run("train", "--lines", tmp_path, "--out", tmp_path / "models")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines()[-1].startswith("newsfilter: too little data")


def test_evaluate_takes_several_corpora_after_one_option(run, clone, corpus, tmp_path):
    other = tmp_path / "other.parquet"
    other.write_bytes(corpus.read_bytes())
    result = run("evaluate", "--corpus", corpus, other, "--peers", "", "--out", tmp_path / "reports")
    assert result.exit_code == 0
    files = [Path(line) for line in result.stdout.splitlines()]
    assert {file.parent for file in files} == {tmp_path / "reports"}
    (report,) = (json.loads(file.read_text("utf-8")) for file in files if file.suffix == ".json")
    assert [(each["source"], each["pages"]) for each in report["corpora"]] == [("readability", 2)]
    assert {each["name"] for each in report["systems"]} == {"newsfilter-html", "newsfilter-text", "visible-text"}


def test_evaluate_knows_no_such_peer(run, corpus, tmp_path):
    result = run("evaluate", "--corpus", corpus, "--peers", "lynx", "--out", tmp_path / "reports")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "newsfilter: no peer is called 'lynx'" in result.stderr


# ------------------------------------------------------------------------------------------- as a shell runs it


def test_output_is_utf8_whatever_the_locale(start):
    process = start(
        "clean", JAPANESE, stdout=subprocess.PIPE, env={"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    )
    assert process.communicate()[0] == (clean(JAPANESE.read_bytes()) + "\n").encode()


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_closed_pipe_ends_quietly(start):
    reader, writer = os.pipe()
    os.close(reader)
    process = start("classify", *[MARKET] * 5, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert process.communicate()[1] == b""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_is_one_line(start):
    with Path("/dev/full").open("wb") as full:
        process = start("clean", MARKET, stdout=full, stderr=subprocess.PIPE)
    assert process.communicate()[1] == b"newsfilter: stdout: No space left on device\n"
    assert process.returncode == 2


@pytest.mark.skipif(os.name == "nt", reason="a shell that closes streams")
@pytest.mark.parametrize(
    ("redirection", "message"), [("<&-", "-: stdin is closed"), (f"<{MARKET} >&-", "stdout is closed")]
)
def test_closed_stream_is_one_line(redirection, message):
    command = f"{sys.executable} -c 'from filter.cli import main; main()' clean {redirection}"
    run = subprocess.run(["sh", "-c", command], cwd=EXAMPLES.parent, capture_output=True, check=False)
    assert (run.returncode, run.stdout, run.stderr.decode()) == (2, b"", f"newsfilter: {message}\n")


@pytest.mark.skipif(sys.platform != "linux", reason="file names of any bytes")
def test_file_name_that_is_no_utf8(start, tmp_path):
    file = os.fsencode(tmp_path) + b"/ferry\xff.txt"
    Path(os.fsdecode(file)).write_text(SENTENCES, "utf-8")
    process = start("classify", os.fsdecode(file), stdout=subprocess.PIPE)
    first = process.communicate()[0].splitlines()[0]
    assert json.loads(first)["document"] == os.fsdecode(file)


def test_cleaning_loads_no_offline_module(start):
    process = start(
        "clean", MARKET, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env={"PYTHONPROFILEIMPORTTIME": "1"}
    )
    loaded = {line.rpartition(b"|")[2].strip().decode() for line in process.communicate()[1].splitlines()}
    heavy = {"sklearn", "scipy", "joblib", "pyarrow", "rich", "bs4", "filter.train", "filter.corpora"}
    assert "filter.pipeline" in loaded
    assert not loaded & heavy
