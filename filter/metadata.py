"""What a page says of itself to machines: that it is an article, a product or a thread, and under which address it is.

Types come from Open Graph (https://ogp.me/#types) and schema.org (https://schema.org/docs/full.html), there as JSON-LD
or as microdata; the address is the canonical one (RFC 6596) or, where the page has none, the one that it came from. All
blocks of a page share these columns: how much of a page is the article, and what it looks like, differs between a
story, a shop and a forum.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import chain
from urllib.parse import SplitResult, urlsplit

from filter.blocks import Page

#: Types of schema.org by what a page of them is.
_TYPES = {
    "article": "Article NewsArticle BlogPosting LiveBlogPosting ReportageNewsArticle AnalysisNewsArticle "
    "OpinionNewsArticle ReviewNewsArticle TechArticle ScholarlyArticle Report",
    "news": "NewsArticle ReportageNewsArticle AnalysisNewsArticle OpinionNewsArticle NewsMediaOrganization",
    "product": "Product ProductGroup Offer",
    "forum": "DiscussionForumPosting QAPage",
    "comment": "Comment",
    "list": "CollectionPage ItemList SearchResultsPage",
    "faq": "FAQPage",
    "rating": "AggregateRating",
}
_MEMBERS = {kind: frozenset(types.split()) for kind, types in _TYPES.items()}
_OG_TYPES = ("article", "website", "product")
_ADDRESS = ("depth", "hyphens", "digit", "dated", "query", "home")
#: Names of the columns of `metadata`, in order.
NAMES = (
    *(f"meta_og_{kind}" for kind in (*_OG_TYPES, "any")),
    *(f"meta_type_{kind}" for kind in (*_TYPES, "any")),
    *("meta_article_tags", "meta_published", "meta_author", "meta_label", "meta_date", "meta_headline"),
    *("meta_log_articles", "meta_log_items"),
    *(f"address_{part}" for part in _ADDRESS),
)
_TYPE = re.compile(r'"@type"\s*:\s*(?:"([^"]{1,100})"|\[([^\]]{1,200})\])')
_QUOTED = re.compile(r'"([^"]+)"')
#: Microdata, as the name of an element has it.
_ITEM_TYPE = re.compile(r" itemtype \S*/(\w+)")
_YEAR = re.compile(r"/(?:19|20)\d\d/")
_DIGIT = re.compile(r"\d")


def metadata(page: Page) -> tuple[float, ...]:
    """Return what the page says of itself, one number for each of `NAMES`: 1 or 0, or a count.

    NaN for all that is said of the address where the page has none.

    Parameters
    ----------
    page : Page
        With elements.
    """
    head = page.head
    declared = [*chain.from_iterable(map(_json_types, head.ld_json))]
    types = {*declared, *_ITEM_TYPE.findall("\n".join(page.elements.names if page.elements else ()))}
    og_type = head.properties.get("og:type", "").lower()
    return (
        *(float(kind in og_type) for kind in _OG_TYPES),
        float(bool(og_type)),
        *(float(not types.isdisjoint(members)) for members in _MEMBERS.values()),
        float(bool(types)),
        float(any(name.startswith("article:") for name in head.properties)),
        float("article:published_time" in head.properties),
        float(any("author" in name for name in head.properties)),
        float("twitter:label1" in head.properties),
        float(any('"datePublished"' in script for script in head.ld_json)),
        float(any('"headline"' in script for script in head.ld_json)),
        float(sum(name in ("Article", "NewsArticle") for name in declared)),
        float(declared.count("ListItem")),
        *_address(head.address),
    )


def _json_types(script: str) -> Iterator[str]:
    """Yield the types that JSON-LD declares, as often as it does; broken JSON is read as far as it goes."""
    for one, several in _TYPE.findall(script):
        for name in (one,) if one else _QUOTED.findall(several):
            yield name.rpartition("/")[2]


def _address(url: str) -> tuple[float, ...]:
    """Return what the shape of an address tells: stories have long last parts, lists and front pages short ones."""
    address = _split(url)
    if address is None:
        return (math.nan,) * len(_ADDRESS)
    parts = [part for part in address.path.split("/") if part]
    last = parts[-1] if parts else ""
    return (
        float(len(parts)),
        float(last.count("-")),
        float(bool(_DIGIT.search(last))),
        float(bool(_YEAR.search(address.path))),
        float(bool(address.query)),
        float(not parts),
    )


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url) if url else None
    except ValueError:
        return None
