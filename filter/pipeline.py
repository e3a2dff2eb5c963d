"""The one place where the stages meet: source → blocks → probabilities → labels → document."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Literal

import numpy as np

from filter.blocks import Elements, Page, block_tag, blocks_from_text, blocks_from_walk, locators
from filter.decode import decode, looks_like_html
from filter.document import Document, Line, Link
from filter.errors import DeadlineError, InputError, TooLargeError
from filter.features import Floats
from filter.labels import DEFAULT_KEEP, LABELS, Label, decide
from filter.model import Model, load
from filter.shipped import MODEL_FILE, MODEL_SHA256
from filter.text import squeeze
from filter.tree import walk_markup, walk_soup

if TYPE_CHECKING:
    from bs4 import Tag

Input = Literal["auto", "html", "text"]
#: Enough pages for the fixed cost of a numpy call to fade, few enough to stay in the cache.
_BATCH = 8
_BODY, _TITLE = LABELS.index(Label.BODY), LABELS.index(Label.TITLE)


@dataclass(frozen=True, slots=True)
class Options:
    """Limits and hints for reading one source.

    Attributes
    ----------
    max_bytes : int
        Longest source, in bytes, or in characters for a str.
    max_blocks : int
        Most blocks of a page, or lines of a text.
    deadline : float or None
        Most seconds for one source; checked between steps, without signals, so it works in any thread.
    encoding : str or None
        Character encoding that the server declared; the bytes' own declarations come after it.
    """

    max_bytes: int = 64_000_000
    max_blocks: int = 100_000
    deadline: float | None = None
    encoding: str | None = None


class Classifier:
    """Classifies pages and texts with one model; holds no state between them and may be shared by threads.

    Parameters
    ----------
    model : Model, optional
        The shipped one if not given.
    options : Options, optional
    """

    def __init__(self, model: Model | None = None, options: Options | None = None) -> None:
        self.model = model or shipped_model()
        self.options = options or Options()

    def classify(self, source: str | bytes | Tag, *, url: str | None = None, input: Input = "auto") -> Document:  # noqa: A002 - the word users know
        """Return the labelled lines of `source`; see `filter.classify`."""
        check = _deadline(self.options.deadline)
        page = read_page(source, input=input, options=self.options, check=check)
        if check:
            check()
        probabilities = self.model.probabilities(page)
        if check:
            check()
        return to_document(page, probabilities, url=url)

    def classify_many(self, sources: Iterable[str | bytes | Tag], *, input: Input = "auto") -> Iterator[Document]:  # noqa: A002
        """Yield the document of each source, in order; at most `_BATCH` sources are read ahead."""
        stream = iter(sources)
        while batch := list(islice(stream, _BATCH)):
            pages = [read_page(source, input=input, options=self.options) for source in batch]
            for page, probabilities in zip(pages, self.model.probabilities_of(pages), strict=True):
                yield to_document(page, probabilities)


def classify(
    source: str | bytes | Tag,
    *,
    url: str | None = None,
    input: Input = "auto",  # noqa: A002
    options: Options | None = None,
) -> Document:
    """Return every block of a page, or line of a text, with its label and probability.

    Parameters
    ----------
    source : str, bytes, BeautifulSoup or Tag
        A page, a part of one, or text that somebody already extracted. A soup is not changed.
    url : str, optional
        Kept in the document.
    input : {"auto", "html", "text"}
        What a str or bytes is; "auto" tells by its look.
    options : Options, optional

    Returns
    -------
    Document
        Plain text: one line for each non-blank input line, in order, unchanged.

    Raises
    ------
    InputError
        Bytes that are no text, or a source over a limit of `options`.

    Examples
    --------
    >>> from filter import classify
    >>> document = classify("Rain is due in the hills tonight, the weather office said on Monday.")
    >>> document.lines[0].source
    'line 1'
    """
    return Classifier(options=options).classify(source, url=url, input=input)


def clean(
    source: str | bytes | Tag,
    keep: Iterable[str] | str = DEFAULT_KEEP,
    *,
    url: str | None = None,
    input: Input = "auto",  # noqa: A002
    options: Options | None = None,
) -> str:
    """Return the article's text: the lines of `source` whose label is in `keep`; see `classify`."""
    return classify(source, url=url, input=input, options=options).text(keep)


def classify_many(
    sources: Iterable[str | bytes | Tag],
    *,
    input: Input = "auto",  # noqa: A002
    options: Options | None = None,
) -> Iterator[Document]:
    """Yield the document of each source, in order and lazily; see `classify`."""
    return Classifier(options=options).classify_many(sources, input=input)


@cache
def shipped_model() -> Model:
    """Return the model that comes with this version; its file is checked against a digest in the code."""
    return load(MODEL_FILE, sha256=MODEL_SHA256)


def read_page(
    source: str | bytes | Tag,
    *,
    input: Input = "auto",  # noqa: A002
    options: Options | None = None,
    check: Callable[[], None] | None = None,
) -> Page:
    """Return the blocks of `source`.

    Raises
    ------
    InputError
        See `classify`.
    """
    options = options or Options()
    if not isinstance(source, str | bytes):
        if not hasattr(source, "descendants"):
            raise InputError(f"a source is str, bytes or a bs4 tree, not {type(source).__name__}")
        return blocks_from_walk(walk_soup(source), max_blocks=options.max_blocks, check=check)
    if len(source) > options.max_bytes:
        raise TooLargeError(f"over the limit of {options.max_bytes:,} bytes")
    text = decode(source, encoding=options.encoding) if isinstance(source, bytes) else source
    if input == "html" or (input == "auto" and looks_like_html(text)):
        return blocks_from_walk(walk_markup(text), max_blocks=options.max_blocks, check=check)
    return blocks_from_text(text, max_blocks=options.max_blocks)


def to_document(page: Page, probabilities: Floats, *, url: str | None = None) -> Document:
    """Return the document of a page and the probabilities of its labels, shape (n_blocks, 9)."""
    columns = decide(probabilities)
    chosen = probabilities[np.arange(len(page)), columns].tolist()
    kept = (probabilities[:, _BODY] + probabilities[:, _TITLE]).tolist()
    labels = [LABELS[column] for column in columns.tolist()]
    places = _line_numbers(page) if page.elements is None else _places(page, page.elements)
    return Document(
        tuple(
            Line(text, label, probability, keep, *place)
            for text, label, probability, keep, place in zip(page.texts, labels, chosen, kept, places, strict=True)
        ),
        url=url,
    )


def _line_numbers(page: Page) -> Iterator[tuple[str, str, tuple[Link, ...]]]:
    for number in page.places:
        yield f"line {number}", "", ()


def _places(page: Page, elements: Elements) -> Iterator[tuple[str, str, tuple[Link, ...]]]:
    for path, place, anchors in zip(locators(elements, page.places), page.places, page.anchors, strict=True):
        links = tuple([Link(squeeze(text), href) for text, href in anchors]) if anchors else ()
        yield path, block_tag(elements, place), links


def _deadline(seconds: float | None) -> Callable[[], None] | None:
    """Return what raises once `seconds` from now are over; None where there is no deadline."""
    if seconds is None:
        return None
    end = time.monotonic() + seconds

    def check() -> None:
        if time.monotonic() > end:
            raise DeadlineError(f"took longer than {seconds:g} s")

    return check
