"""Labels for real pages, where the markup tells for certain what a block is for.

Gold text says what is body; it does not say what the rest is. A page's own names do: ``figcaption``, a
``related-posts`` list, a cookie dialog. Each rule names an element by its tag, class, id or role, and stays
only while its hits on real pages, read one by one, are right; ``training_data/DATASHEET.md`` has the table.
The rules were read on article pages: a shop or a forum uses the same names for other things.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from filter.blocks import Elements, Page
from filter.labels import Label
from filter.text import words

Test = Callable[[Page, int], bool]
Pattern = re.Pattern[str]


def _always(_page: Page, _block: int) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """One sign in the markup, and the label that it gives.

    Attributes
    ----------
    name : str
        As in the datasheet.
    label : Label or None
        None: what is in here has no certain label.
    element : re.Pattern or None
        Searched in the description of an element (see `describe`); None for a sign in the block's own text.
    test : callable
        What the block itself must be, given page and block number.
    yields : bool
        Gives way to a rule for any element further out: the date of a related story is `related`.
    near_title : bool
        Holds only beside the page's headline: dates and names are all over a page.
    """

    name: str
    label: Label | None
    element: Pattern | None = None
    test: Test = _always
    yields: bool = False
    near_title: bool = False


def weak_labels(page: Page) -> list[Label | None]:
    """Return the label of each block that the markup tells for certain, None for all others."""
    return [rule.label if rule else None for rule in weak_rules(page)]


def weak_rules(page: Page) -> list[Rule | None]:
    """Return the rule that decides each block: the nearest element with a rule that holds, else None."""
    elements = page.elements
    if elements is None:
        return [None] * len(page)
    by_signature = [_rules_for(describe(name)) for name in elements.names]
    frame = _FRAME * len(page)
    rules = [
        () if last - first > frame else by_signature[signature]
        for signature, first, last in zip(elements.signatures, elements.first, elements.last, strict=True)
    ]
    beside_title = _beside_title(page, elements)
    return [_decide(page, elements, block, rules, block in beside_title) for block in range(len(page))]


def describe(name: str) -> str:
    """Return the tag and the class, id and role words of a signature, lower-case, as ``";nav;main menu;"``.

    Words that tell of a state (``has-sidebar``, ``tag-politics``) are left out, and so is ``aria-label``,
    which is free text.
    """
    tokens = []
    for token in name.split(" aria-label ", 1)[0].split():
        parts = _BORDER.sub(" ", token).split()
        if parts and parts[0].lower() not in _STATES and not _UTILITY.search(token):
            tokens.append(" ".join(parts).lower())
    return f";{';'.join(tokens)};"


#: The borders of the words in a name: ``postMeta`` and ``post_meta`` are both ``post meta``.
_BORDER = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
#: ``lg:hidden`` and ``w-[10px]`` tell of looks.
_UTILITY = re.compile(r"[:\[(]")
_STATES = frozenset(
    "has no not is with without hide exclude show can enable type tag category status format fs text size body single "
    "page scroll".split()
)
#: A container with more of the page than this is its frame, whatever it is called.
_FRAME = 0.5
#: Blocks before and after the headline that count as beside it.
_BEFORE_TITLE, _AFTER_TITLE = 4, 10


def _decide(
    page: Page, elements: Elements, block: int, rules: Sequence[tuple[Rule, ...]], beside_title: bool
) -> Rule | None:
    found = _first(page, block, _BY_TEXT, beside_title)
    if found and not found.yields:
        return found
    fallback, found = found, None
    element = page.places[block]
    while element >= 0:
        here = _first(page, block, rules[element], beside_title) if rules[element] else None
        if here and not here.yields:
            return here
        found = found or here
        element = elements.parents[element]
    return found or fallback


def _first(page: Page, block: int, rules: Sequence[Rule], beside_title: bool) -> Rule | None:
    for rule in rules:
        if (beside_title or not rule.near_title) and rule.test(page, block):
            return rule
    return None


def _rules_for(description: str) -> tuple[Rule, ...]:
    return tuple(rule for rule in _BY_ELEMENT if rule.element and rule.element.search(description))


def _beside_title(page: Page, elements: Elements) -> range:
    for block in range(len(page)):
        if _is_title(page, block) and _inside(elements, page.places[block], "h1"):
            return range(block - _BEFORE_TITLE, block + _AFTER_TITLE + 1)
    return range(0)


def _inside(elements: Elements, element: int, tag: str) -> bool:
    while element >= 0 and elements.tags[element] != tag:
        element = elements.parents[element]
    return element >= 0


# What the block itself must be.


def _link_share(page: Page, block: int) -> float:
    return page.link_chars[block] / len(page.texts[block])


def _text(pattern: str, most: int) -> Test:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda page, block: len(page.texts[block]) <= most and compiled.search(page.texts[block]) is not None


def _linked(most: int, unless: str = r"^\W*$") -> Test:
    refused = re.compile(unless, re.IGNORECASE)
    return lambda page, block: (
        len(page.texts[block]) <= most and _link_share(page, block) >= 0.6 and not refused.search(page.texts[block])
    )


def _unlinked(most: int, unless: str = r"^\W*$") -> Test:
    refused = re.compile(unless, re.IGNORECASE)
    return lambda page, block: (
        len(page.texts[block]) <= most and _link_share(page, block) < 0.6 and not refused.search(page.texts[block])
    )


def _is_title(page: Page, block: int) -> bool:
    """Whether a title of the page starts with the block's words: most titles end with the site's name."""
    own = words(page.texts[block][:500])
    return len(own) >= 3 and any(words(title)[: len(own)] == own for title in page.head.titles)


# How an element is found: by a word or phrase in one class, id or role; by its tag, or its role.


def _named(phrases: str) -> Pattern:
    return re.compile(rf"(?<![a-z0-9])(?:{phrases})(?![a-z0-9])")


def _is(tag: str, role: str = "") -> Pattern:
    return re.compile(rf"^;(?:{tag});|;role;(?:{role or '-'});")


_SLOT_LABEL = (
    r"^\W*(?:advertise?ments?(?: \d+)?|advertising|advertorial|ads?|ad feedback|"
    r"advertisement\W+(?:(?:article|story) )?continue[sd]? .*|"
    r"(?:article|story|content) continues? (?:after|below).*|continue reading below|scroll to continue.*|"
    r"this advertisement has not loaded yet.*|anzeigen?|werbung|publicit[eé]|publicidade?|publicidad|pubblicità|"
    r"reklam[aey]?|advertentie|annons|annonse?|реклама|广告|廣告|광고|إعلان|mainos|hirdetés|διαφήμιση|quảng cáo|"
    r"iklan|โฆษณา)\W*$"
)
_COPYRIGHT = (
    r"^\W*(?:©|\(c\) ?(?:19|20)\d\d|copyrights? ?(?:©|\(c\)|(?:19|20)\d\d))(?!.*\b(?:photos?|foto|getty|reuters)\b)"
)
_PAGE_NUMBER = (
    r"^\W*(?:\d{1,4}|(?:previous|next|prev|older|newer|first|last|page|zurück|weiter|suivant|siguiente|»)\W*)$"
)
_RISK = (
    r"not (?:be construed as |constitute |intended (?:as|to be) |provide |offer |meant as )?(?:an? )?"
    r"(?:investment|financial|trading|legal|medical|professional) advice|"
    r"we (?:may|might) (?:earn|receive|get) (?:a |an )?(?:small )?(?:affiliate )?(?:commission|compensation)|"
    r"past performance is (?:not|no)|(?:may|can) (?:earn|receive) (?:a |an )?(?:small )?(?:affiliate )?commissions?|"
    r"keine anlageberatung|forward[- ]looking statements"
)
_INTERESTS = (
    r"\b(?:commissions?|compensat\w+|affiliate|qualifying purchases|advice|liab\w+|risks?|endorse\w*|"
    r"opinions?|informational|results may vary|independently|haftung|verantwort\w+|ansvar)\b"
)
_NETWORK = (
    r"\b(?:shar(?:e|ing)|teilen|partag\w*|compart\w*|condividi|paylaş|bagikan|follow|folgen|siga|s[ií]gue\w*|suivez|"
    r"facebook|twitter|tweet\w*|x|linkedin|pin|pinterest|whatsapp|instagram|youtube|reddit|telegram|tiktok|threads|"
    r"tumblr|flipboard|mastodon|bluesky|messenger|snapchat|copy link|send)\b"
)
#: Links in menus and footers that are no furniture.
_NO_FURNITURE = rf"{_NETWORK}|\b(?:subscribe|sign up|get started|donate|abonnieren)\b"
_FORM_TERMS = r"recaptcha|by (?:clicking|submitting|entering|signing)|agree to"
_DATE = r"\b(?:\d{1,2}|(?:19|20)\d\d)\b"
_BY_OR_DATE = rf"^(?:written |posted |published )?(?:by|von|por|par|di|door|av)\b|{_DATE}(?!.*\bcomments?\b)"
_BY_OR_LONG_DATE = (
    r"^(?:written |posted |published )?(?:by|von|por|par|di|door|av)\b|\b(?:19|20)\d\d\b|"
    r"\d ?(?:min|hours?|days?|std|jam)|\d[./]\d{1,2}[./]\d"
)
#: A sponsored story or a price in a related list is a promo.
_STORY = r"^(?!.*(?:sponsored|\bout of 5\b|[$€£] ?\d))"
#: Counters, buttons and prices stand where captions stand.
_NO_CAPTION = r"^\W*\w{0,5}\W*$|^toggle caption$|^\d+ ?/ ?\d+$|[$€£] ?\d"
_NAME = r"^[^\d@|]{3,60}$"

#: For one element, the first rule that holds decides.
RULES = (
    Rule("advert slot label", Label.NAVIGATION, test=_text(_SLOT_LABEL, 120)),
    Rule(
        "comment form",
        Label.SIGNUP,
        _named(r"comment ?respond|comment ?form|commentform|reply title|leave (?:a )?reply|post ?comment"),
        _unlinked(300),
    ),
    Rule(
        "consent",
        Label.NAVIGATION,
        _named(
            r"onetrust|ot (?:sdk|pc|host|desc|label)|cookie ?bot|cybot\w*|didomi|usercentrics|qc cmp2|borlabs|cmplz|"
            r"cky|iubenda|truste|cookies?(?! free)|cc window|"
            r"consent (?:banner|manager|modal|popup|ui|wrapper)|gdpr banner"
        ),
    ),
    Rule(
        "reader comments",
        None,
        _named(r"comments?|comment ?list|commentlist|disqus|kommentare?|comentarios?|commentaires?"),
    ),
    Rule("quotation", None, _named(r"(?:pull|block)? ?quotes?|testimonials?")),
    Rule("figcaption", Label.CAPTION, _is("figcaption"), _unlinked(300, _NO_CAPTION), yields=True),
    Rule(
        "caption class",
        Label.CAPTION,
        _named(
            r"(?:photo|picture|img|figure|wp|article|foto|bild|thumb|video) ?captions?(?: text)?|"
            r"(?:image|photo|picture|img|media) ?credits?|(?:image|photo) copyright|credit caption|"
            r"bildunterschrift|bildtext|pie (?:de )?foto|didascalia|bildnachweis|bildquelle"
        ),
        _unlinked(300, _NO_CAPTION),
        yields=True,
    ),
    Rule("breadcrumb", Label.NAVIGATION, _named(r"bread ?crumbs?|brotkrumen|fil d ?ariane"), _text("", 250)),
    Rule("pagination", Label.NAVIGATION, _named(r"paginat\w+|pager|page numbers"), _text(_PAGE_NUMBER, 20)),
    Rule(
        "table of contents",
        Label.NAVIGATION,
        _named(r"toc|table ?of ?contents?|inhaltsverzeichnis|sommaire"),
        _linked(200),
    ),
    Rule(
        "language switch",
        Label.NAVIGATION,
        _named(r"lang(?:uage)?s? ?(?:switch(?:er)?|select(?:or)?|menu|nav|list|picker)|wpml ls"),
        _text("", 60),
    ),
    Rule("skip link", Label.NAVIGATION, _named(r"skip ?(?:link|nav|to|main)s?"), _text("", 60)),
    Rule(
        "newsletter",
        Label.SIGNUP,
        _named(
            r"newsletters?|mc4wp|mailchimp|mailing ?list|email ?sign ?up|subscribe (?:form|box|widget)|"
            r"subscription form|optin form"
        ),
        _unlinked(400),
    ),
    Rule(
        "share",
        Label.SIGNUP,
        _named(
            r"shar(?:e|ing) ?(?:bar|buttons?|links?|icons?|tools?|this|article|social|list|email|menu|item)|"
            r"sharedaddy|social ?(?:share|sharing|bar|buttons?|links?|icons?|media|nav|follow|list|networks?)|"
            r"(?:article|post|entry|content|story) shar(?:e|ing)|socials|addtoany|addthis|partager|compartir|follow us"
        ),
        _text(_NETWORK, 60),
    ),
    Rule(
        "sponsored",
        Label.PROMO,
        _named(r"sponsored ?(?:links?|content|stories|posts?|items?|articles?)|content sponsored|syndicated ?item"),
        _linked(300),
    ),
    Rule(
        "related",
        Label.RELATED,
        _named(
            r"related ?(?:posts?|articles?|stories|story|content|links?|news|topics|items?|reading|reads|box|list|"
            r"teaser)|(?<=;)relateds?(?=;)(?!;products)|yarpp|"
            r"recommend(?:ed|ations?) ?(?:posts?|articles?|stories|reading|news|list|for you)|recirc(?:ulation)?|"
            r"read ?(?:next|also)|you may (?:also )?like|also like|up next|lesen sie auch|mehr zum thema|"
            r"weitere artikel|a lire|relacionad[ao]s?|correlat[ei]|gerelateerd"
        ),
        _text(_STORY, 3000),
    ),
    Rule(
        "most read",
        Label.RELATED,
        _named(
            r"most ?(?:read|popular|viewed|shared|commented)(?! badge)|"
            r"trending(?! ?(?:tags?|bar|topics?|nav|searches))|"
            r"popular ?(?:posts?|articles?|stories|news)|meistgelesen\w*|top ?(?:stories|posts)|"
            r"mas leid[ao]s?|plus lus|piu letti"
        ),
    ),
    Rule(
        "latest",
        Label.RELATED,
        _named(
            r"latest ?(?:news|posts?|articles?|stories)|recent ?(?:posts?|articles?|stories|news|entries)|"
            r"more (?:from|stories|news|articles|posts)"
        ),
    ),
    Rule("nav", Label.NAVIGATION, _is("nav", "navigation"), _text("", 120)),
    Rule(
        "menu",
        Label.NAVIGATION,
        _named(
            r"menus?|sub ?menu|mega ?menu|nav ?bar|"
            r"(?:main|site|top|global|primary|sub|header|footer|mobile) ?nav(?:igation)?|hamburger"
        ),
        _linked(100),
    ),
    Rule(
        "footer",
        Label.NAVIGATION,
        re.compile(r"^;footer;(?!.*(?:entry|post|article|comment))|;role;contentinfo;|;(?:site|main|global) footer"),
        _linked(60, _NO_FURNITURE),
    ),
    Rule(
        "tags",
        Label.NAVIGATION,
        _named(r"(?:post|article|entry|blog|story) ?tags?|tags|tag ?list|tag links?|tag cloud|schlagw[oö]rter"),
        _linked(50),
        yields=True,
    ),
    Rule(
        "disclaimer",
        Label.DISCLAIMER,
        _named(r"disclaimers?|disclosures?|haftungsausschluss|risikohinweis|risk warning"),
        lambda page, block: _text(_INTERESTS, 2000)(page, block) and _unlinked(2000, _FORM_TERMS)(page, block),
    ),
    Rule("time", Label.BYLINE, _is("time"), _text(_DATE, 60), yields=True, near_title=True),
    Rule(
        "byline class",
        Label.BYLINE,
        _named(r"by ?lines?|author ?(?:names?|link)|itemprop;author|autorenzeile|dateline|author"),
        _text(_NAME + "|" + _BY_OR_DATE, 120),
        yields=True,
        near_title=True,
    ),
    Rule(
        "date class",
        Label.BYLINE,
        _named(
            r"(?:publish(?:ed)?|publication|post(?:ed)?|article|entry|updated?|story|modified) ?(?:date|on|time|meta)|"
            r"date ?(?:published|modified)|datum|read(?:ing)? ?time"
        ),
        _text(_BY_OR_LONG_DATE, 100),
        yields=True,
        near_title=True,
    ),
    Rule("headline", Label.TITLE, _is("h1"), _is_title, yields=True),
    Rule("copyright line", Label.NAVIGATION, test=_text(_COPYRIGHT, 300), yields=True),
    Rule("interest wording", Label.DISCLAIMER, test=_text(_RISK, 900), yields=True),
)
_BY_TEXT = tuple(rule for rule in RULES if rule.element is None)
_BY_ELEMENT = tuple(rule for rule in RULES if rule.element is not None)
