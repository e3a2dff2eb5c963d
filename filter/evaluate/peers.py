"""Other extractors behind one signature, for comparison; they live in the ``eval`` extra.

Each is called as its own documentation recommends for main text, gets the decoded markup as a string
and never fetches anything. What differs from a tool's defaults is said beside its function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from time import perf_counter

from filter.blocks import blocks_from_walk
from filter.errors import CorpusError
from filter.tree import walk_markup

#: ``(markup, language or None) -> text``
Extract = Callable[[str, str | None], str]
FLOOR = "visible-text"
_MAX_BLOCKS = 10**6


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to call another extractor.

    Attributes
    ----------
    name : str
        How reports call it.
    distribution : str
        What it is called in the package index; its version is recorded.
    extract : callable
        Takes markup and the page's language (or None), returns text.
    """

    name: str
    distribution: str
    extract: Extract

    @property
    def version(self) -> str | None:
        """Version of the installed distribution; None where it is missing."""
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            return None


@dataclass(frozen=True, slots=True)
class PeerOutput:
    """What a peer made of one page.

    Attributes
    ----------
    text : str
        Empty where the peer found nothing or failed.
    seconds : float
    error : str or None
        Name of the exception that the peer raised.
    """

    text: str
    seconds: float
    error: str | None = None


def _trafilatura(markup: str, language: str | None, *, mode: str = "") -> str:
    """Comments and formatting off, tables on, as in trafilatura's own evaluation."""
    from trafilatura import extract  # noqa: PLC0415 - an optional peer

    return extract(
        markup, include_comments=False, include_tables=True, include_formatting=False,
        favor_precision=mode == "precision", favor_recall=mode == "recall",
    ) or ""  # fmt: skip


def _readability(markup: str, language: str | None) -> str:
    """Its result is markup, of which our blocks are the text."""
    from readability import Document  # noqa: PLC0415 - an optional peer

    return visible_text(Document(markup).summary(), language)


def _newspaper(markup: str, language: str | None) -> str:
    """Pictures are not fetched."""
    from newspaper import Article  # noqa: PLC0415 - an optional peer

    article = Article("http://localhost/", fetch_images=False)
    article.download(input_html=markup)
    article.parse()
    return str(article.text)


def _resiliparse(markup: str, language: str | None) -> str:
    """Alternative texts of pictures and list bullets are off: they are not text of the article."""
    from resiliparse.extract.html2text import extract_plain_text  # noqa: PLC0415 - an optional peer

    return str(extract_plain_text(markup, main_content=True, alt_texts=False, list_bullets=False))


def _justext(markup: str, language: str | None) -> str:
    """Stop words of the page's language, or of all languages where it is unknown."""
    import justext  # noqa: PLC0415 - an optional peer

    name = _STOPLISTS.get((language or "").partition("-")[0].lower())
    names = [name] if name else justext.get_stoplists()
    stoplist = frozenset().union(*(justext.get_stoplist(each) for each in names))
    return "\n".join(part.text for part in justext.justext(markup, stoplist) if not part.is_boilerplate)


def _goose(markup: str, language: str | None) -> str:
    """Pictures are not fetched."""
    from goose3 import Goose  # noqa: PLC0415 - an optional peer

    with Goose({"enable_image_fetching": False}) as goose:
        return str(goose.extract(raw_html=markup).cleaned_text)


def _boilerpy(markup: str, language: str | None) -> str:
    from boilerpy3.extractors import ArticleExtractor  # noqa: PLC0415 - an optional peer

    return str(ArticleExtractor().get_content(markup))


def visible_text(markup: str, language: str | None = None) -> str:
    """Return every block of the page, one a line: the floor that any extractor must beat."""
    return "\n".join(blocks_from_walk(walk_markup(markup), max_blocks=_MAX_BLOCKS).texts)


_STOPLISTS = {
    "ar": "Arabic", "bg": "Bulgarian", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "es": "Spanish", "et": "Estonian", "fa": "Persian", "fi": "Finnish",
    "fr": "French", "he": "Hebrew", "hi": "Hindi", "hr": "Croatian", "hu": "Hungarian", "id": "Indonesian",
    "is": "Icelandic", "it": "Italian", "ko": "Korean", "lt": "Lithuanian", "lv": "Latvian",
    "nb": "Norwegian_Bokmal", "nl": "Dutch", "nn": "Norwegian_Nynorsk", "no": "Norwegian_Bokmal",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sk": "Slovak",
    "sl": "Slovenian", "sr": "Serbian", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian",
    "vi": "Vietnamese",
}  # fmt: skip

PEERS = {
    peer.name: peer
    for peer in (
        Peer("trafilatura", "trafilatura", _trafilatura),
        Peer("trafilatura-precision", "trafilatura", partial(_trafilatura, mode="precision")),
        Peer("trafilatura-recall", "trafilatura", partial(_trafilatura, mode="recall")),
        Peer("readability-lxml", "readability-lxml", _readability),
        Peer("newspaper4k", "newspaper4k", _newspaper),
        Peer("resiliparse", "resiliparse", _resiliparse),
        Peer("justext", "jusText", _justext),
        Peer("goose3", "goose3", _goose),
        Peer("boilerpy3", "boilerpy3", _boilerpy),
    )
}


def select_peers(names: Iterable[str]) -> tuple[tuple[Peer, ...], tuple[str, ...]]:
    """Return the installed peers among `names`, and the names of those that are not installed.

    Raises
    ------
    CorpusError
        A name that is no peer.
    """
    chosen = []
    for name in names:
        if name not in PEERS:
            raise CorpusError(f"no peer is called {name!r}; there are {', '.join(PEERS)}")
        chosen.append(PEERS[name])
    present = tuple(peer for peer in chosen if peer.version)
    return present, tuple(peer.name for peer in chosen if not peer.version)


def run_peer(extract: Extract, markup: str, language: str | None) -> PeerOutput:
    """Return what a peer makes of one page; an exception of the peer is an empty output, and named."""
    start = perf_counter()
    try:
        text, error = extract(markup, language), None
    except Exception as problem:  # a peer may raise anything, and must not end the run
        text, error = "", type(problem).__name__
    return PeerOutput(text, perf_counter() - start, error)
