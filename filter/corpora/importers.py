"""Page corpora from local clones of the public repositories that hold them.

===============  ===============================================  =====================================================
name             repository                                       pages and gold
===============  ===============================================  =====================================================
``wcxb``         Murrough-Foley/web-content-extraction-benchmark  ``dev/html``, ``dev/ground-truth``
``fundus``       flairNLP/fundus                                  ``tests/resources/parser/test_data/{country}``
``magic-html``   opendatalab/magic-html                           ``benchmark/data/{article,forum}``
``readability``  mozilla/readability                              ``test/test-pages/{page}``
``trafilatura``  adbar/trafilatura                                ``tests/evaldata.json``, ``tests/{cache,eval}``
===============  ===============================================  =====================================================

Nothing is downloaded here: clone the repository, then import the clone.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Any

from filter.blocks import blocks_from_walk
from filter.corpora.pages import PageRecord, registrable_domain, write_pages
from filter.decode import decode
from filter.errors import CorpusError, DecodeError
from filter.tree import Attributes, events, walk_markup

_MAX_BLOCKS = 1_000_000
_HTML = re.compile(r"\.html(?:\.gz)?$")


class Outcome(StrEnum):
    """What became of a page of the clone."""

    WRITTEN = "written"
    EXCLUDED = "excluded"
    NO_PAGE = "no page"
    NO_GOLD = "no gold"


@dataclass(frozen=True, slots=True)
class Draft:
    """What a source says of one page; the page itself tells the rest.

    Attributes
    ----------
    id : str
    file : Path
        The page, gzipped where the name ends so.
    text : str or None
    url, title : str or None
    kind : str
    must_have, must_not_have : tuple of str
    """

    id: str
    file: Path
    text: str | None
    url: str | None = None
    title: str | None = None
    kind: str = "article"
    must_have: tuple[str, ...] = ()
    must_not_have: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A public corpus: its name in the records, the licence of its labels, and how a clone is read."""

    name: str
    licence: str
    drafts: Callable[[Path], Iterator[Draft]]


def import_corpus(name: str, clone: Path, out: Path, *, exclude_domains: Path | None = None) -> Mapping[Outcome, int]:
    """Write the pages of a clone to the Parquet file `out` and return how many had which outcome.

    Parameters
    ----------
    name : str
        A key of `SOURCES`.
    clone : Path
        Folder of the cloned repository.
    out : Path
    exclude_domains : Path, optional
        One registrable domain a line: pages of the reserved public test sets are never trained on.

    Raises
    ------
    CorpusError
        An unknown name, a folder that is no such clone, or a broken file in it.
    """
    if name not in SOURCES:
        raise CorpusError(f"no importer is called {name!r}; there are {', '.join(SOURCES)}")
    source = SOURCES[name]
    excluded = _domains(exclude_domains) if exclude_domains else frozenset()
    outcomes: Counter[Outcome] = Counter()

    def records() -> Iterator[PageRecord]:
        for draft in _drafts(source, clone):
            record = _record(draft, source)
            if isinstance(record, PageRecord) and record.domain in excluded:
                record = Outcome.EXCLUDED
            if isinstance(record, PageRecord):
                outcomes[Outcome.WRITTEN] += 1
                yield record
            else:
                outcomes[record] += 1

    write_pages(records(), out)
    return outcomes


def _drafts(source: Source, clone: Path) -> Iterator[Draft]:
    try:
        yield from source.drafts(clone)
    except (KeyError, TypeError, AttributeError) as error:
        raise CorpusError(f"an entry is not as {source.name} has them: {error!r}", source=str(clone)) from error


def _record(draft: Draft, source: Source) -> PageRecord | Outcome:
    if draft.text is None and not draft.must_have:
        return Outcome.NO_GOLD
    html = _page(draft.file)
    if html is None:
        return Outcome.NO_PAGE
    lang, declared_url = _declarations(html)
    url = draft.url or declared_url
    return PageRecord(
        id=draft.id,
        source=source.name,
        url=url,
        domain=(url and registrable_domain(url)) or f"unknown-{draft.id}",
        kind=draft.kind,
        lang=lang,
        title=draft.title,
        html=html,
        text=draft.text,
        must_have=draft.must_have,
        must_not_have=draft.must_not_have,
        licence=source.licence,
    )


def _page(path: Path) -> str | None:
    try:
        data = path.read_bytes()
        return decode(gzip.decompress(data) if path.suffix == ".gz" else data)
    except (OSError, EOFError, zlib.error, DecodeError):
        return None


def _declarations(html: str) -> tuple[str | None, str | None]:
    """Return the language and the address that the page declares of itself."""
    lang = shared = canonical = None
    for name, value in events(walk_markup(html)):
        attributes: Attributes = value if isinstance(value, dict) else {}
        if name == "html":
            lang = attributes.get("lang") or attributes.get("xml:lang")
        elif name == "meta" and attributes.get("property") == "og:url":
            shared = shared or attributes.get("content")
        elif name == "link" and attributes.get("rel") == "canonical":
            canonical = canonical or attributes.get("href")
    primary = re.match(r"\s*([A-Za-z]+)", lang or "")
    addresses = (url for url in (shared, canonical) if url and url.startswith(("http://", "https://", "//")))
    return primary and primary[1].lower(), next(addresses, None)


def _domains(path: Path) -> frozenset[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise CorpusError(f"cannot be read: {error.strerror}", source=str(path)) from error
    return frozenset(line.strip().lower() for line in lines if line.strip() and not line.startswith("#"))


# One function a source: a clone in, drafts out.


def _wcxb(clone: Path) -> Iterator[Draft]:
    for path in _found(clone, "dev/ground-truth", "*.json"):
        page = _json(path)
        gold = page["ground_truth"]
        yield Draft(
            id=f"wcxb-dev-{path.stem}",
            file=clone / "dev/html" / f"{path.stem}.html.gz",
            text=gold["main_content"],
            url=page["url"],
            title=gold["title"],
            kind=page["_internal"]["page_type"]["primary"],
            must_have=tuple(gold["with"]),
            must_not_have=tuple(gold["without"]),
        )


def _fundus(clone: Path) -> Iterator[Draft]:
    for meta in _found(clone, "tests/resources/parser/test_data", "*/meta.info"):
        pages = _json(meta)
        for publisher, group in groupby(sorted(pages), key=lambda name: name.partition("_")[0]):
            files = list(group)
            versions = _versions(meta.parent / f"{publisher}.json", len(files))
            for name, version in zip(files, versions, strict=True):
                yield Draft(
                    id=f"fu-{meta.parent.name}-{_HTML.sub('', name)}",
                    file=meta.parent / name,
                    text=_article(version),
                    url=pages[name]["url"],
                    title=version.get("title"),
                )


def _versions(path: Path, count: int) -> Sequence[dict[str, Any]]:
    """Return the gold of a publisher's pages, oldest first.

    Each version of a parser (``V1``, ``V1_1``, ``V2``) has one page; dates of pages and numbers of versions
    run together. Where the counts differ nothing tells which belongs to which.
    """
    gold: dict[str, dict[str, Any]] = _json(path) if path.exists() else {}
    if len(gold) != count:
        return [{}] * count
    return [gold[key] for key in sorted(gold, key=lambda key: [int(number) for number in re.findall(r"\d+", key)])]


def _article(version: dict[str, Any]) -> str | None:
    body = version.get("body")
    if not body:
        return None
    paragraphs = list(body["summary"])
    for section in body["sections"]:
        paragraphs += [*section["headline"], *section["paragraphs"]]
    return "\n\n".join(paragraphs) or None


def _magic_html(clone: Path) -> Iterator[Draft]:
    for path in _found(clone, "benchmark/data", "*/base.json"):
        for name, page in _json(path).items():
            yield Draft(
                id=f"mh-{name[:12]}",
                file=path.parent / "htmls" / f"{name}.html",
                text=page["content"],
                url=page["url"],
                kind=path.parent.name,
            )


def _readability(clone: Path) -> Iterator[Draft]:
    for path in _found(clone, "test/test-pages", "*/expected.html"):
        folder = path.parent
        yield Draft(id=f"rd-{folder.name}", file=folder / "source.html", text=_visible_text(path))


def _visible_text(path: Path) -> str | None:
    html = _page(path)
    return html and "\n\n".join(blocks_from_walk(walk_markup(html), max_blocks=_MAX_BLOCKS).texts)


def _trafilatura(clone: Path) -> Iterator[Draft]:
    tests = clone / "tests"
    for url, page in _json(tests / "evaldata.json").items():
        name = page["file"]
        folder = "cache" if (tests / "cache" / name).exists() else "eval"
        yield Draft(
            id=f"tf-{name}",
            file=tests / folder / name,
            text=None,
            url=url,
            must_have=tuple(page["with"]),
            must_not_have=tuple(page["without"]),
        )


#: The corpora by the name of their importer.
SOURCES = {
    "wcxb": Source("wcxb-dev", "CC-BY-4.0", _wcxb),
    "fundus": Source("fundus-tests", "MIT (labels)", _fundus),
    "magic-html": Source("magic-html", "Apache-2.0", _magic_html),
    "readability": Source("readability", "Apache-2.0", _readability),
    "trafilatura": Source("trafilatura-eval", "Apache-2.0", _trafilatura),
}


def _found(clone: Path, folder: str, pattern: str) -> list[Path]:
    paths = sorted((clone / folder).glob(pattern))
    if not paths:
        raise CorpusError(f"has no {folder}/{pattern}: not a clone of that repository?", source=str(clone))
    return paths


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorpusError(f"cannot be read as JSON: {error}", source=str(path)) from error
    if not isinstance(content, dict):
        raise CorpusError("is no JSON object", source=str(path))
    return content
