"""The documentation: every example in it runs, and the site is built without a warning."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from bs4 import BeautifulSoup

from filter import __all__ as public_names
from filter import errors

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
#: Languages that are shown and not run: ``console`` is what a person types and sees.
SHOWN = {"console", "html", "ini", "json", "jsonl", "markdown", "text", "toml", "yaml"}
#: Blocks that are not run, by page and first line, with the reason; a page may say it itself, see `MARKED`.
NOT_RUN = {
    (
        "README.md",
        "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/newsfilter clean examples/market.txt",
    ): ("installs from the package index; .ci/run runs it"),
    ("evaluation.md", "pip install -e '.[corpora,eval]'"): "needs clones of public repositories and an hour",
}
_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<why>[^\n]+) -->\n\n?)?^```(?P<language>\w*)\n(?P<code>.*?)\n?^```$",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    page: str
    number: int
    language: str
    code: str
    why_not: str


def blocks(page):
    """Return the fenced blocks of a page, in order; a python block that is not run is compiled."""
    text = page.read_text("utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        code = match["code"]
        why_not = match["why"] or NOT_RUN.get((page.name, code.split("\n")[0]), "")
        found.append(Block(page.name, text.count("\n", 0, match.start("code")), match["language"], code, why_not))
    assert 2 * len(found) == len(re.findall(r"^\s*```", text, re.MULTILINE)), f"{page.name}: a block is not closed"
    return found


@pytest.fixture
def examples(tmp_path, monkeypatch):
    """Work in a copy of ``examples/``, which is there as ``examples/`` too, as seen from the top of the repository."""
    folder = shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "examples").symlink_to(folder)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PATH", os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_example_runs(page, examples):
    # What the README's example speaks of: a page, as markup and as a soup.
    html = Path("market.html").read_text("utf-8")
    names = (
        {"__name__": "example", "html": html, "soup": BeautifulSoup(html, "lxml")} if page.name == "README.md" else {}
    )
    for block in blocks(page):
        where = f"{block.page}:{block.number}"
        if block.language == "python":
            # The same number of lines before it: a traceback names the line of the page.
            code = compile("\n" * block.number + block.code, str(page), "exec")
            if not block.why_not:
                exec(code, names)
        elif block.language == "sh" and not block.why_not:
            run = subprocess.run(
                ["sh", "-eu", "-c", block.code], capture_output=True, text=True, check=False, timeout=60
            )
            assert run.returncode == 0, f"{where}: {run.stderr}"
        else:
            assert block.why_not or block.language in SHOWN, f"{where}: not run, and no reason given"


def test_the_reference_has_every_public_name():
    listed = set(re.findall(r"^::: filter\.(\w+)$", (ROOT / "docs" / "api.md").read_text("utf-8"), re.MULTILINE))
    assert set(public_names) - set(dir(errors)) <= listed


def test_reasons_are_of_blocks_that_exist():
    first_lines = {(page.name, block.code.split("\n")[0]) for page in PAGES for block in blocks(page)}
    assert NOT_RUN.keys() <= first_lines


def test_blocks_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("<!-- not run: slow -->\n```python\na = 1\n\nb = 2\n```\n\n```sh\nls\n```\n", "utf-8")
    assert blocks(page) == [
        Block("page.md", 2, "python", "a = 1\n\nb = 2", "slow"),
        Block("page.md", 8, "sh", "ls", ""),
    ]


def test_the_site_is_built_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    pages = list((tmp_path / "site").rglob("*.html"))
    assert len(pages) > len(PAGES)
    fetched = re.compile(
        r"<(?:script|img|iframe|link(?=[^>]*stylesheet))[^>]*(?:src|href)=[\"']?(?:https?:)?//", re.ASCII
    )
    assert not [page.name for page in pages if fetched.search(page.read_text("utf-8"))]
