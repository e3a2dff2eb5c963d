"""The Scrapy pipeline: a real crawl of a site on loopback, and each setting and kind of item alone."""

import asyncio
import dataclasses
import gzip
import json
import logging
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import attrs
import pytest
import scrapy
from itemadapter import ItemAdapter
from news_site import answers, serve, story_pages, whole_pages
from scrapy.exceptions import DropItem
from scrapy.http import HtmlResponse, Response
from scrapy.settings import BaseSettings
from scrapy.statscollectors import StatsCollector

from filter import DEFAULT_KEEP, FilterError, Label, Model, classify, clean
from filter.scrapy import NewsfilterPipeline, PipelineSettings

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "examples" / "market.html").read_bytes()
PDF = answers()["/report.pdf"].body
CRAWL = """
import json, sys
from scrapy.crawler import CrawlerProcess
sys.path.insert(0, sys.argv[1])
from clean_with_scrapy import NewsSpider
settings = {"FEEDS": {sys.argv[3]: {"format": "jsonlines"}}, "LOG_LEVEL": "INFO", **json.loads(sys.argv[4])}
process = CrawlerProcess(settings)
crawler = process.create_crawler(NewsSpider)
process.crawl(crawler, start=sys.argv[2])
process.start()
print(json.dumps(crawler.stats.get_stats(), default=str))
"""
ALL = ",".join(Label)
REACTORS = ["asyncioreactor.AsyncioSelectorReactor", "selectreactor.SelectReactor"]


def crawl(folder, **settings):
    """Return the items of a crawl of the whole site by path, and its stats."""
    feed = folder / "items.jsonl"
    with serve() as address:
        command = [sys.executable, "-c", CRAWL, ROOT / "examples", address, feed, json.dumps(settings)]
        run = subprocess.run(
            [*map(str, command)], cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT)}
        )
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr, run.stderr
    items = [json.loads(line) for line in feed.read_text("utf-8").splitlines()]
    return {item["url"].removeprefix(address): item for item in items}, len(items), json.loads(run.stdout)


def command_line(run, pages, folder):
    """Return what ``newsfilter clean`` prints as the text of each of these bytes, by their addresses."""
    file, texts = folder / "page", {}
    for url, body in pages.items():
        file.write_bytes(body)
        texts[url] = json.loads(run("clean", "--format", "json", "--url", url, file).stdout)["text"]
    return texts


def test_the_site_has_enough_pages_of_many_kinds():
    pages = [*story_pages().values(), *whole_pages().values()]
    assert len(pages) == len(set(pages)) >= 40
    assert len({path.split("/")[1] for path in story_pages()}) >= 12


@pytest.mark.parametrize("reactor", REACTORS)
def test_every_page_is_an_item_or_a_counted_failure(tmp_path, reactor, run):
    items, count, stats = crawl(tmp_path, TWISTED_REACTOR=f"twisted.internet.{reactor}")
    bodies = {path: answer.body for path, answer in answers().items() if path not in ("/", "/moved")}
    bodies["/packed"] = gzip.decompress(bodies["/packed"])
    assert (items.keys(), count) == (bodies.keys(), len(bodies))
    assert not [item for item in items.values() if "response" in item]
    for path, error in {"/gone": "the server answered 404", "/report.pdf": "is a PDF, not text"}.items():
        assert items.pop(path).items() >= {"status": "failed", "text": None, "error": error}.items()
        del bodies[path]
    texts = command_line(run, {items[path]["url"]: body for path, body in bodies.items()}, tmp_path)
    assert {item["url"]: item["text"] for item in items.values()} == texts
    assert {(item["status"], item["error"]) for item in items.values()} == {("article", None), ("empty", None)}
    counts = {name: value for name, value in stats.items() if name.startswith("newsfilter/")}
    assert counts.pop("newsfilter/seconds") > 0
    assert counts == {
        "newsfilter/pages": count,
        "newsfilter/status/article": count - 3,
        "newsfilter/status/empty": 1,
        "newsfilter/status/failed": 2,
        "newsfilter/failed/http-404": 1,
        "newsfilter/failed/DecodeError": 1,
    }


def pipeline(**settings):
    """Return a pipeline with these settings, without their prefix, and its stats."""
    crawler = SimpleNamespace(settings=BaseSettings({f"NEWSFILTER_{name}": value for name, value in settings.items()}))
    crawler.stats = StatsCollector(crawler)
    return NewsfilterPipeline.from_crawler(crawler), crawler.stats


def run(*items, **settings):
    """Return the items as they leave the pipeline, and the stats."""
    made, stats = pipeline(**settings)

    async def process():
        return [await made.process_item(item) for item in items]

    try:
        return asyncio.run(process()), stats.get_stats()
    finally:
        made.close_spider()


def response(body=PAGE, url="https://news.example/market", **more):
    return HtmlResponse(url, body=body, **more)


class ScrapyItem(scrapy.Item):
    response = scrapy.Field()
    text = scrapy.Field()
    status = scrapy.Field()
    confidence = scrapy.Field()
    error = scrapy.Field()


@dataclasses.dataclass
class DataclassItem:
    response: Response | None
    text: str | None = None
    status: str | None = None
    confidence: float | None = None
    error: str | None = None


@attrs.define
class AttrsItem:
    response: Response | None
    text: str | None = None
    status: str | None = None
    confidence: float | None = None
    error: str | None = None


@pytest.mark.parametrize("kind", [dict, ScrapyItem, DataclassItem, AttrsItem])
def test_every_kind_of_item(kind):
    (item,), stats = run(kind(response=response()))
    assert type(item) is kind
    adapter = ItemAdapter(item)
    assert adapter["text"] == clean(PAGE)
    assert (adapter["status"], adapter["error"]) == ("article", None)
    assert adapter["confidence"] == classify(PAGE).confidence
    assert adapter.get("response") is None
    assert not [name for name in stats if "unwritable" in name]


@pytest.mark.parametrize("page", [PAGE, PAGE.decode()])
def test_a_field_may_hold_the_markup_itself(page):
    (item,), _ = run({"html": page, "url": "https://news.example/"}, SOURCE_FIELD="html")
    assert (item["text"], item["html"]) == (clean(PAGE), page)


def test_an_item_without_a_page_passes_unchanged():
    (author,), stats = run({"name": "A. Person"})
    assert (author, stats) == ({"name": "A. Person"}, {"newsfilter/skipped": 1})


def test_the_charset_of_the_header_is_used():
    # So few letters look alike in all code pages: only the header tells them apart.
    body = "<html><body><p>Orléans fête Pâques à Bruges.</p></body></html>".encode("mac-roman")
    header = {"Content-Type": "text/html; charset=macintosh"}
    (item, guessed), _ = run({"response": response(body, headers=header)}, {"response": response(body)}, KEEP=ALL)
    assert item["text"] == "Orléans fête Pâques à Bruges."
    assert guessed["text"] != item["text"]


def test_fields_and_labels_as_set():
    fields = {"text": "article", "lines": "blocks"}
    (item,), _ = run({"response": response()}, FIELDS=json.dumps(fields), KEEP="title, byline")
    assert item.keys() == {"article", "blocks"}
    assert item["article"] == clean(PAGE, "title,byline")
    first = item["blocks"][0]
    assert json.loads(json.dumps(first)) == first
    assert first.keys() == {"text", "label", "probability", "keep_probability", "source"}


@pytest.mark.parametrize(
    ("item", "reason", "error"),
    [
        ({"response": Response("https://news.example/r.pdf", body=PDF)}, "DecodeError", "is a PDF, not text"),
        ({"response": response(status=503)}, "http-503", "the server answered 503"),
        ({"response": 12}, "InputError", "a source is str, bytes or a bs4 tree, not int"),
    ],
)
def test_a_failure_is_a_counted_status(item, reason, error):
    (item,), stats = run(item)
    assert (item["status"], item["text"], item["error"]) == ("failed", None, error)
    assert stats[f"newsfilter/failed/{reason}"] == stats["newsfilter/status/failed"] == stats["newsfilter/pages"] == 1


def test_a_page_over_the_deadline_is_a_failure():
    (item,), stats = run({"response": response()}, DEADLINE="1e-9")
    assert (item["error"], stats["newsfilter/failed/DeadlineError"]) == ("took longer than 1e-09 s", 1)


def test_a_defect_costs_no_item(monkeypatch, caplog):
    monkeypatch.setattr(Model, "probabilities", lambda *_: 1 / 0)
    with caplog.at_level(logging.ERROR):
        (item,), stats = run({"response": response()})
    assert (item["status"], stats["newsfilter/failed/ZeroDivisionError"]) == ("failed", 1)
    assert "https://news.example/market" in caplog.text


@pytest.mark.parametrize(("body", "status"), [(PDF, "failed"), (b"", "empty")])
def test_a_setting_drops_by_status(body, status):
    with pytest.raises(DropItem, match=status):
        run({"response": Response("https://news.example/", body=body)}, DROP=f"no-article,{status}")
    (kept,), _ = run({"response": response()}, DROP=f"no-article,{status}")
    assert kept["status"] == "article"


def test_a_field_that_an_item_has_not_is_counted_and_said(caplog):
    @dataclasses.dataclass(frozen=True)
    class Frozen:
        response: Response
        text: str = ""

    (item, _), stats = run(Frozen(response()), Frozen(response()))
    assert item.text == ""
    assert {name: count for name, count in stats.items() if "unwritable" in name} == {
        f"newsfilter/unwritable/{field}": 2 for field in ("response", "text", "status", "confidence", "error")
    }
    assert len(caplog.records) == 5


def test_pages_are_classified_one_at_a_time_in_a_thread(monkeypatch):
    seen, inside, lock = set(), [], threading.Lock()
    whole = Model.probabilities

    def watched(self, page):
        assert lock.acquire(blocking=False)
        seen.add(threading.current_thread())
        inside.append(1)
        try:
            return whole(self, page)
        finally:
            lock.release()

    monkeypatch.setattr(Model, "probabilities", watched)
    made, _ = pipeline()

    async def process():
        await asyncio.gather(*(made.process_item({"response": response()}) for _ in range(8)))

    asyncio.run(process())
    made.close_spider()
    assert (len(seen), len(inside)) == (1, 8)
    assert threading.main_thread() not in seen


def test_a_model_of_your_own(tmp_path):
    with pytest.raises(FilterError, match=r"none\.npz"):
        pipeline(MODEL=str(tmp_path / "none.npz"))


def test_site_rules_by_the_address_of_the_response(tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text('[[rule]]\nsite = "news.example"\nselector = "h1"\naction = "drop"\n', "utf-8")
    (item, elsewhere), _ = run(
        {"response": response(headers={"Content-Type": "text/html; charset=utf-8"})},
        {"response": response(url="https://other.example/")},
        RULES=str(rules),
    )
    title, _, rest = clean(PAGE).partition("\n")
    assert (item["text"], elsewhere["text"]) == (rest, f"{title}\n{rest}")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("FIELDS", '{"txt": "text"}', "NEWSFILTER_FIELDS: there is no txt, only text"),
        ("FIELDS", "{", "NEWSFILTER_FIELDS"),
        ("DROP", "bad", "NEWSFILTER_DROP: there is no bad, only empty"),
        ("KEEP", "boddy", "no label is called 'boddy'"),
        ("DEADLINE", "soon", "NEWSFILTER_DEADLINE"),
    ],
)
def test_a_wrong_setting_stops_the_start(name, value, message):
    with pytest.raises(FilterError, match=message):
        PipelineSettings.read(BaseSettings({f"NEWSFILTER_{name}": value}))


def test_without_settings():
    settings = PipelineSettings.read(BaseSettings({}))
    assert (settings.keep, settings.deadline, settings.drop) == (frozenset(DEFAULT_KEEP), 10.0, frozenset())
    assert PipelineSettings.read(BaseSettings({"NEWSFILTER_DEADLINE": 0})).deadline is None
