"""The recipes of ``examples/``, run on the site on loopback."""

import asyncio
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import pytest
import requests
from bs4 import BeautifulSoup
from news_site import answers, serve, story_pages

from filter import DecodeError, Document, clean

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def site():
    with serve() as address:
        yield address


@pytest.fixture(autouse=True)
def _examples(monkeypatch):
    monkeypatch.syspath_prepend(EXAMPLES)


def program(name, *arguments):
    """Return what the recipe prints, started as its docstring says."""
    command = [sys.executable, str(EXAMPLES / name), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=EXAMPLES, env={"PYTHONPATH": str(EXAMPLES.parent)}
    ).stdout


def words(text):
    return " ".join(text.split())


def test_a_soup_without_its_boilerplate(site):
    from clean_with_requests import article_of

    with requests.Session() as session:
        for path, page in story_pages().items():
            soup = article_of(session, site + path)
            soup.title.decompose()  # of the head: no part of the text
            expected = clean(BeautifulSoup(page, "lxml"), url=site + path)
            assert "".join(soup.get_text().split()) == "".join(expected.split()), path
        with pytest.raises(requests.HTTPError):
            article_of(session, f"{site}/gone")


def test_the_clean_with_requests_as_a_program(site):
    path, page = next(iter(story_pages().items()))
    printed = program("clean_with_requests.py", site + path)
    assert clean(page).splitlines()[-1] in printed
    assert printed.splitlines()[-1] == "[]"


def test_every_page_at_once(site):
    from clean_with_aiohttp import fetch_all

    known = {path: answer for path, answer in answers().items() if path not in ("/moved", "/packed")}
    with ThreadPoolExecutor(max_workers=1) as executor:
        results = asyncio.run(fetch_all([f"{site}{path}" for path in known], executor))
    found = dict(zip(known, results, strict=True))
    assert isinstance(found.pop("/report.pdf"), DecodeError)
    error = found.pop("/gone")
    assert (type(error), error.status) == (aiohttp.ClientResponseError, 404)
    expected = {path: clean(known[path].body, url=f"{site}{path}") for path in found}
    assert {path: result.text() for path, result in found.items()} == expected
    assert all(isinstance(result, Document) for result in found.values())


def test_the_clean_with_aiohttp_as_a_program(site):
    path, page = next(iter(story_pages().items()))
    printed = program("clean_with_aiohttp.py", f"{site}{path}", f"{site}/gone", f"{site}/moved", f"{site}/packed")
    assert printed.startswith(f"{clean(page)}\nfailed: 404")
    assert "\n".join(map(clean, [answers()["/new-place"].body, list(story_pages().values())[1]])) in printed
