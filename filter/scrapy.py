"""A Scrapy item pipeline: the page that an item carries becomes its text, its status and a place in the stats.

The name of this module hides nothing: ``scrapy`` is the project, ``filter.scrapy`` this file.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from itemadapter import ItemAdapter
from scrapy.exceptions import DropItem
from scrapy.http import Response
from w3lib.encoding import http_content_type_encoding

from filter.document import Document, Status
from filter.errors import FilterError
from filter.labels import DEFAULT_KEEP, parse_keep
from filter.model import load
from filter.output import line_record
from filter.pipeline import Classifier, Options
from filter.rules import read_rules

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.settings import BaseSettings
    from scrapy.statscollectors import StatsCollector

    from filter.labels import Label

#: Status of an item whose page could not be classified; the others are those of `Document`.
FAILED = "failed"
_STATUSES = (*(status.value for status in Status), FAILED)
_OUTPUTS = ("text", "status", "confidence", "error", "lines")
#: Lines repeat most of the page, so they are written only where asked for.
_DEFAULT_FIELDS = {"text": "text", "status": "status", "confidence": "confidence", "error": "error"}
_DEFAULT_DEADLINE = 10.0
#: From here on a server's answer is about an error and not the page that was asked for.
_FIRST_ERROR = 400

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PipelineSettings:
    """The ``NEWSFILTER_…`` settings of a crawl.

    Attributes
    ----------
    source_field : str
        ``NEWSFILTER_SOURCE_FIELD``: the item's field with the page, a `Response`, str, bytes or soup.
    fields : dict of str to str
        ``NEWSFILTER_FIELDS``: the item's field for each output, of "text", "status", "confidence", "error" and "lines".
    keep : frozenset of Label
        ``NEWSFILTER_KEEP``: labels of the text.
    drop : frozenset of str
        ``NEWSFILTER_DROP``: items of a status named here are dropped.
    deadline : float or None
        ``NEWSFILTER_DEADLINE``: most seconds for a page; 0 is no limit.
    model : Path or None
        ``NEWSFILTER_MODEL``: a model file; the shipped one if not given.
    rules : Path or None
        ``NEWSFILTER_RULES``: a file of site rules.
    """

    source_field: str
    fields: dict[str, str]
    keep: frozenset[Label]
    drop: frozenset[str]
    deadline: float | None
    model: Path | None
    rules: Path | None

    @classmethod
    def read(cls, settings: BaseSettings) -> PipelineSettings:
        """Return the settings of a crawl.

        Raises
        ------
        FilterError
            A setting names an output, a status or a label that does not exist, or is no number where one is needed.
        """
        try:
            fields = settings.getdict("NEWSFILTER_FIELDS", _DEFAULT_FIELDS)
            deadline = settings.getfloat("NEWSFILTER_DEADLINE", _DEFAULT_DEADLINE) or None
        except (TypeError, ValueError) as error:
            raise FilterError(f"NEWSFILTER_FIELDS or NEWSFILTER_DEADLINE: {error}") from error
        drop = frozenset(settings.getlist("NEWSFILTER_DROP"))
        _refuse_unknown("NEWSFILTER_FIELDS", fields, _OUTPUTS)
        _refuse_unknown("NEWSFILTER_DROP", drop, _STATUSES)
        keep = parse_keep(settings.get("NEWSFILTER_KEEP", DEFAULT_KEEP))
        source_field = settings.get("NEWSFILTER_SOURCE_FIELD", "response")
        model, rules = _path(settings, "NEWSFILTER_MODEL"), _path(settings, "NEWSFILTER_RULES")
        return cls(source_field, fields, keep, drop, deadline, model, rules)


@dataclass(frozen=True, slots=True)
class _Source:
    """What an item carries: a page with its address and the charset of its HTTP header, or an error's status."""

    page: Any
    url: str | None = None
    encoding: str | None = None
    http_error: int | None = None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A document, or the reason why there is none, with one line that explains it; and the seconds it took."""

    document: Document | None = None
    reason: str = ""
    error: str | None = None
    seconds: float = 0.0

    @property
    def status(self) -> str:
        return FAILED if self.document is None else self.document.status.value


class NewsfilterPipeline:
    """Reads the page that an item carries and writes what newsfilter makes of it into the item.

    An item without a page passes unchanged. A page that cannot be classified leaves the item with the status
    ``failed`` and the reason. Pages are classified one at a time in a thread of their own, so the reactor goes on; on
    a reactor without asyncio it waits for one page.

    Parameters
    ----------
    settings : PipelineSettings
    stats : StatsCollector
        Counts ``newsfilter/pages``, ``/skipped``, ``/seconds``, ``/status/<status>``, ``/failed/<reason>`` and
        ``/unwritable/<field>``.
    """

    def __init__(self, settings: PipelineSettings, stats: StatsCollector) -> None:
        self._settings = settings
        self._stats = stats
        model = load(settings.model) if settings.model else None
        rules = read_rules(settings.rules) if settings.rules else None
        self._classifier = Classifier(model, Options(deadline=settings.deadline), rules)
        # More threads would compete for the interpreter lock, and the reactor would wait longer for its turn.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="newsfilter")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> NewsfilterPipeline:
        """Return the pipeline of a crawl; Scrapy calls this."""
        if crawler.stats is None:
            raise FilterError("a pipeline is made when the crawl has its stats collector")
        return cls(PipelineSettings.read(crawler.settings), crawler.stats)

    def close_spider(self) -> None:
        """End the thread; Scrapy calls this."""
        self._thread.shutdown(wait=False)

    async def process_item(self, item: Any) -> Any:
        """Return `item` with its outputs; Scrapy calls this.

        Raises
        ------
        DropItem
            ``NEWSFILTER_DROP`` names the item's status.
        """
        adapter = ItemAdapter(item)
        value = adapter.get(self._settings.source_field)
        if value is None:
            self._stats.inc_value("newsfilter/skipped")
            return item
        source = _source(value, adapter.get("url"))
        outcome = await self._outcome(source)
        self._count(outcome)
        if outcome.status in self._settings.drop:
            raise DropItem(f"newsfilter: {outcome.status}" + (f", {outcome.error}" if outcome.error else ""))
        if isinstance(value, Response):
            self._take_out(item, adapter)
        self._write(adapter, outcome)
        return item

    async def _outcome(self, source: _Source) -> _Outcome:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # a reactor without asyncio
            return self._classify(source)
        return await loop.run_in_executor(self._thread, self._classify, source)

    def _classify(self, source: _Source) -> _Outcome:
        if source.http_error:
            return _Outcome(reason=f"http-{source.http_error}", error=f"the server answered {source.http_error}")
        start = time.perf_counter()
        classifier = self._classifier
        if source.encoding:
            options = replace(classifier.options, encoding=source.encoding)
            classifier = Classifier(classifier.model, options, classifier.rules)
        try:
            document = classifier.classify(source.page, url=source.url)
        except FilterError as error:
            logger.warning("%s: %s", source.url, error.reason)
            return _Outcome(None, type(error).__name__, error.reason, time.perf_counter() - start)
        except Exception as error:
            # A defect of newsfilter; a crawl of days must not lose the item to it.
            logger.exception("%s: not classified", source.url)
            return _Outcome(None, type(error).__name__, repr(error), time.perf_counter() - start)
        return _Outcome(document, seconds=time.perf_counter() - start)

    def _count(self, outcome: _Outcome) -> None:
        self._stats.inc_value("newsfilter/pages")
        self._stats.inc_value("newsfilter/seconds", outcome.seconds)  # type: ignore[arg-type] # adds what it is given
        self._stats.inc_value(f"newsfilter/status/{outcome.status}")
        if outcome.document is None:
            self._stats.inc_value(f"newsfilter/failed/{outcome.reason}")

    def _take_out(self, item: Any, adapter: ItemAdapter) -> None:
        """Remove the response from an item: no exporter can write it."""
        if isinstance(item, MutableMapping):
            del item[self._settings.source_field]
        else:
            self._set(adapter, self._settings.source_field, None)

    def _write(self, adapter: ItemAdapter, outcome: _Outcome) -> None:
        """Write every output, None where there is none: an exporter to CSV takes its columns from the first item."""
        document = outcome.document
        values: dict[str, Callable[[], object]] = {
            "text": lambda: document and document.text(self._settings.keep),
            "status": lambda: outcome.status,
            "confidence": lambda: document and document.confidence,
            "error": lambda: outcome.error,
            "lines": lambda: document and [line_record(line) for line in document.lines],
        }
        for output, field in self._settings.fields.items():
            self._set(adapter, field, values[output]())

    def _set(self, adapter: ItemAdapter, field: str, value: object) -> None:
        """Set a field of an item, or count that the item has no such field or is frozen."""
        try:
            adapter[field] = value
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            if not self._stats.get_value(f"newsfilter/unwritable/{field}"):
                logger.error("field %r of %s cannot be written: %s", field, type(adapter.item).__name__, error)
            self._stats.inc_value(f"newsfilter/unwritable/{field}")


def _path(settings: BaseSettings, name: str) -> Path | None:
    value = settings.get(name)
    return Path(value) if value else None


def _refuse_unknown(setting: str, names: Iterable[str], known: Iterable[str]) -> None:
    unknown = set(names).difference(known)
    if unknown:
        raise FilterError(f"{setting}: there is no {', '.join(sorted(unknown))}, only {', '.join(known)}")


def _source(value: object, url: object) -> _Source:
    """Return what stands in the page's field of an item, with the address that the item has beside it."""
    if not isinstance(value, Response):
        return _Source(value, url if isinstance(url, str) else None)
    if value.status >= _FIRST_ERROR:
        return _Source(None, value.url, http_error=value.status)
    header = value.headers.get("Content-Type")
    return _Source(value.body, value.url, http_content_type_encoding(header.decode("latin-1")) if header else None)
