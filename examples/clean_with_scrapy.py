"""A Scrapy spider whose items carry the article of each page.

scrapy runspider clean_with_scrapy.py -a start=https://example.org/ -O articles.jsonl
"""

from collections.abc import Iterator
from typing import Any, ClassVar

import scrapy
from scrapy.http import HtmlResponse, Response


class NewsSpider(scrapy.Spider):
    """Follows the links of one page and hands each answer to newsfilter."""

    name = "news"
    custom_settings: ClassVar[dict[str, Any]] = {
        "ITEM_PIPELINES": {"filter.scrapy.NewsfilterPipeline": 300},
        # Without this, Scrapy itself drops and counts what is not 200: newsfilter would never hear of it.
        "HTTPERROR_ALLOW_ALL": True,
    }

    def __init__(self, start: str) -> None:
        super().__init__()
        self.start_urls = [start]

    def parse(self, response: HtmlResponse) -> Iterator[scrapy.Request]:
        """Ask for every page that the first one links to."""
        yield from response.follow_all(css="a", callback=self.parse_story)

    def parse_story(self, response: Response) -> Iterator[dict[str, object]]:
        """Yield the answer; the pipeline takes the response out and puts text, status and error in."""
        yield {"url": response.url, "response": response}
