"""The one place where the stages meet: source → blocks → probabilities → labels → document."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice, repeat
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from filter.blocks import Page, block_tag, blocks_from_text, blocks_of_page, locators
from filter.decode import decode, looks_like_html
from filter.document import Columns, Document, Line, Link
from filter.errors import DeadlineError, InputError, TooLargeError
from filter.features import Floats, Ints
from filter.labels import DEFAULT_KEEP, LABELS, Label, decide
from filter.model import Model, load
from filter.shipped import MODEL_FILE, MODEL_SHA256
from filter.text import squeeze
from filter.tree import walk_markup, walk_soup

if TYPE_CHECKING:
    from bs4 import Tag

    from filter.rules import Rules

Input = Literal["auto", "html", "text"]
#: Enough pages for the fixed cost of a numpy call to fade, few enough to stay in the cache.
BATCH = 16
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


class Source(NamedTuple):
    """One page or text among many, with what is known of it."""

    content: str | bytes | Tag
    url: str | None = None
    input: Input = "auto"
    encoding: str | None = None


class Classifier:
    """Classifies pages and texts with one model; holds no state between them and may be shared by threads.

    Parameters
    ----------
    model : Model, optional
        The shipped one if not given.
    options : Options, optional
    rules : Rules, optional
        Site rules (see `filter.rules`); they need the address of each page.
    """

    def __init__(self, model: Model | None = None, options: Options | None = None, rules: Rules | None = None) -> None:
        self.model = model or shipped_model()
        self.options = options or Options()
        self.rules = rules

    def classify(self, source: str | bytes | Tag, *, url: str | None = None, input: Input = "auto") -> Document:  # noqa: A002 - the word users know
        """Return the labelled lines of `source`; see `filter.classify`."""
        check = deadline_check(self.options.deadline)
        page = read_page(source, url=url, input=input, options=self.options, check=check)
        if check:
            check()
        probabilities = self.model.probabilities(page)
        if check:
            check()
        return self._document(page, probabilities, Source(source, url), check)

    def classify_many(self, sources: Iterable[str | bytes | Tag], *, input: Input = "auto") -> Iterator[Document]:  # noqa: A002
        """Yield the document of each source, in order; at most `BATCH` sources are read ahead."""
        for result in self.classify_each(Source(content, input=input) for content in sources):
            if isinstance(result, InputError):
                raise result
            yield result

    def classify_each(self, sources: Iterable[Source]) -> Iterator[Document | InputError]:
        """Yield the document of each source, in order, or the error that it met: no source takes others along.

        At most `BATCH` sources are read ahead. The deadline counts for reading a source, which is where a page
        can be slow out of proportion to its size.
        """
        stream = iter(sources)
        while batch := list(islice(stream, BATCH)):
            pages = [self._page_or_error(source) for source in batch]
            results = self.model.probabilities_of([page for page in pages if isinstance(page, Page)])
            for source, page in zip(batch, pages, strict=True):
                yield self._document(page, next(results), source) if isinstance(page, Page) else page

    def _page_or_error(self, source: Source) -> Page | InputError:
        options = replace(self.options, encoding=source.encoding) if source.encoding else self.options
        try:
            check = deadline_check(options.deadline)
            return read_page(source.content, url=source.url, input=source.input, options=options, check=check)
        except InputError as error:
            return error

    def _document(
        self, page: Page, probabilities: Floats, source: Source, check: Callable[[], None] | None = None
    ) -> Document:
        columns = decide(probabilities, page.sizes)
        confidence = self.model.confidence(page, probabilities, columns)
        document = to_document(page, probabilities, columns, url=source.url, confidence=confidence)
        rules = self.rules.of(source.url) if self.rules else ()
        if not rules:
            return document
        from filter.rules import Classified, apply  # noqa: PLC0415 - for who has rules

        content, encoding = source.content, source.encoding or self.options.encoding
        tree = decode(content, encoding=encoding) if isinstance(content, bytes) else content
        return apply(rules, Classified(tree, page, probabilities, document), check)


def classify(
    source: str | bytes | Tag,
    *,
    url: str | None = None,
    input: Input = "auto",  # noqa: A002
    options: Options | None = None,
    rules: Rules | None = None,
) -> Document:
    """Return every block of a page, or line of a text, with its label and probability.

    Parameters
    ----------
    source : str, bytes, BeautifulSoup or Tag
        A page, a part of one, or text that somebody already extracted. A soup is not changed.
    url : str, optional
        Where the page came from. Kept in the document; tells which `rules` are for the page; where the page gives no
        address of its own, what this one looks like is evidence, as that would be.
    input : {"auto", "html", "text"}
        What a str or bytes is; "auto" tells by its look.
    options : Options, optional
    rules : Rules, optional
        Site rules; see `read_rules`.

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
    return Classifier(options=options, rules=rules).classify(source, url=url, input=input)


def clean(
    source: str | bytes | Tag,
    keep: Iterable[str] | str = DEFAULT_KEEP,
    *,
    url: str | None = None,
    input: Input = "auto",  # noqa: A002
    options: Options | None = None,
    rules: Rules | None = None,
) -> str:
    """Return the article's text: the lines of `source` whose label is in `keep`; see `classify`."""
    return classify(source, url=url, input=input, options=options, rules=rules).text(keep)


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
    url: str | None = None,
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
        return blocks_of_page(partial(walk_soup, source), url=url, max_blocks=options.max_blocks, check=check)
    if len(source) > options.max_bytes:
        raise TooLargeError(f"over the limit of {options.max_bytes:,} bytes")
    text = decode(source, encoding=options.encoding) if isinstance(source, bytes) else source
    if input == "html" or (input == "auto" and looks_like_html(text)):
        return blocks_of_page(partial(walk_markup, text), url=url, max_blocks=options.max_blocks, check=check)
    return blocks_from_text(text, max_blocks=options.max_blocks)


def to_document(
    page: Page, probabilities: Floats, columns: Ints, *, url: str | None = None, confidence: float | None = None
) -> Document:
    """Return the document of a page.

    Parameters
    ----------
    page : Page
    probabilities : ndarray of shape (n_blocks, 9), float32
    columns : ndarray of shape (n_blocks,), int64
        The label of each block; see `filter.labels.decide`.
    url : str, optional
    confidence : float, optional
    """
    labels = list(map(LABELS.__getitem__, columns.tolist()))
    content = Columns(page.shown, labels, partial(_lines, page, probabilities, columns, labels))
    return Document(content, url=url, confidence=confidence)


def _lines(page: Page, probabilities: Floats, columns: Ints, labels: Sequence[Label]) -> tuple[Line, ...]:
    chosen = probabilities[np.arange(len(page)), columns].tolist()
    kept = (probabilities[:, _BODY] + probabilities[:, _TITLE]).tolist()
    return tuple(map(Line, page.shown, labels, chosen, kept, *_places(page)))


def _places(page: Page) -> tuple[Iterable[str], Iterable[str], Iterable[tuple[Link, ...]]]:
    """Return the source, tag and links of each line, column by column: that is faster than line by line."""
    elements = page.elements
    if elements is None:
        return [f"line {number}" for number in page.places], repeat(""), repeat(())
    tags = [block_tag(elements, place) for place in page.places]
    return locators(elements, page.places), tags, [_links(anchors) if anchors else () for anchors in page.anchors]


def _links(anchors: Iterable[tuple[str, str]]) -> tuple[Link, ...]:
    return tuple([Link(squeeze(text), href) for text, href in anchors])


def deadline_check(seconds: float | None) -> Callable[[], None] | None:
    """Return what raises once `seconds` from now are over; None where there is no deadline."""
    if seconds is None:
        return None
    end = time.monotonic() + seconds

    def check() -> None:
        if time.monotonic() > end:
            raise DeadlineError(f"took longer than {seconds:g} s")

    return check
