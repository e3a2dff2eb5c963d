r"""Site rules: what somebody knows about one site's pages, applied to what the model said.

A rules file is TOML, one ``[[rule]]`` table a rule::

    [[rule]]
    site = "example.com"                  # and its subdomains
    selector = "aside.newsletter"         # the blocks in these elements
    action = "drop"                       # or "keep", or a label: "related"

    [[rule]]
    site = "sport.example.com"
    text = '^(Read|See) (more|also)\b'    # the blocks in whose text this occurs
    action = "related"
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from filter.blocks import Page
from filter.document import Document
from filter.errors import RulesError
from filter.features import Floats
from filter.labels import LABELS, Label
from filter.selection import check_selector, select_blocks

if TYPE_CHECKING:
    from bs4 import Tag

KEEP, DROP = "keep", "drop"
_ACTIONS = (KEEP, DROP, *LABELS)
_KEYS = ("site", "selector", "text", "action")
_KEPT = frozenset((Label.TITLE, Label.BODY))
#: What is no part of the article; see docs/labels.md.
_BOILERPLATE = (Label.DISCLAIMER, Label.RELATED, Label.PROMO, Label.SIGNUP, Label.NAVIGATION)
_HOST = re.compile(r"(?:[^\s./:?#@*]+\.)*[^\s./:?#@*]+")
_SYNTAX_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
#: Strings and comments are passed over, so that a header is one.
_HEADER = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*'
    r"|^[ \t]*(?P<header>\[\[[ \t]*[\"']?rule[\"']?[ \t]*\]\])",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is to be done with some blocks of one site.

    Attributes
    ----------
    site : str
        A host; its subdomains belong to it.
    action : str
        ``keep``, ``drop``, or the label to give.
    selector : str
        CSS: the blocks inside the elements that it matches; all where empty.
    text : str
        RE2 pattern: the blocks in whose text it occurs; all where empty.
    source : str
        Where the rule stands: file name and line.
    """

    site: str
    action: str
    selector: str = ""
    text: str = ""
    source: str = ""
    _pattern: Any = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        """Return where the rule stands and what it says."""
        what = " ".join(f"{key} {value}" for key, value in (("selector", self.selector), ("text", self.text)) if value)
        return f"{self.source}: {self.action} {what}"

    def says(self, text: bytes) -> bool:
        """Return whether the rule's pattern occurs in the UTF-8 of a block's text; true without a pattern."""
        return self._pattern is None or self._pattern.search(text) is not None

    def label(self, label: Label, probabilities: Floats) -> Label:
        """Return the label that a block with `label` gets.

        ``keep`` makes it body if it is neither title nor body; ``drop`` makes it the likeliest kind of boilerplate
        if it is no boilerplate.

        Parameters
        ----------
        label : Label
        probabilities : ndarray of shape (9,), float32
        """
        if self.action == KEEP:
            return label if label in _KEPT else Label.BODY
        if self.action == DROP:
            if label in _BOILERPLATE:
                return label
            return max(_BOILERPLATE, key=lambda other: float(probabilities[LABELS.index(other)]))
        return Label(self.action)


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a file, in its order; where several fit a block, the last one decides."""

    rules: tuple[Rule, ...]

    def of(self, url: str | None) -> tuple[Rule, ...]:
        """Return the rules for the address `url`: those of its host and of the domains above it."""
        names = _host(url or "").split(".")
        sites = {".".join(names[number:]) for number in range(len(names))}
        return tuple(rule for rule in self.rules if rule.site in sites)


class Classified(NamedTuple):
    """A page as the model left it: its source (markup, soup or text), its blocks and what they are."""

    tree: str | Tag
    page: Page
    probabilities: Floats
    document: Document


class Effect(NamedTuple):
    """What a rule did with a block that it fits: the number of the block, its label before and after."""

    rule: Rule
    block: int
    before: Label
    after: Label


def apply(rules: Sequence[Rule], classified: Classified, check: Callable[[], None] | None = None) -> Document:
    """Return the document with the labels that `rules` give; `check` is called now and then and may raise."""
    lines = list(classified.document.lines)
    for rule, block, before, after in effects(rules, classified, check):
        if after is not before:
            probability = float(classified.probabilities[block, LABELS.index(after)])
            lines[block] = lines[block]._replace(label=after, probability=probability, rule=str(rule))
    return replace(classified.document, content=tuple(lines))


def effects(rules: Sequence[Rule], classified: Classified, check: Callable[[], None] | None = None) -> Iterator[Effect]:
    """Yield what each rule does, in order, with each block that it fits; a rule sees what those before it did."""
    texts = [text.encode("utf-8", "replace") for text in classified.page.texts]
    selectors = {rule.selector: None for rule in rules if rule.selector}
    selected = select_blocks(classified.tree, classified.page, selectors) if selectors else {}
    labels = [line.label for line in classified.document.lines]
    for rule in rules:
        if check:
            check()
        for block in sorted(selected[rule.selector]) if rule.selector else range(len(texts)):
            if rule.says(texts[block]):
                before = labels[block]
                labels[block] = rule.label(before, classified.probabilities[block])
                yield Effect(rule, block, before, labels[block])


# -------------------------------------------------------------------------------------------------- file


def read_rules(path: Path | str) -> Rules:
    """Return the rules in the TOML file `path`.

    Raises
    ------
    RulesError
        The file cannot be read, or a rule cannot be used: with file, line and reason.
    """
    path = Path(path)
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise RulesError(error.strerror or "cannot be read", source=str(path)) from error
    except UnicodeDecodeError as error:
        raise RulesError("is not UTF-8", source=str(path)) from error
    rules: dict[tuple[str, ...], Rule] = {}
    for line, table in _tables(text, path):
        try:
            rule = _rule(table, f"{path.name}:{line}")
            other = rules.setdefault((rule.site, rule.selector, rule.text), rule)
            if other is not rule:
                raise RulesError(f"the same site, selector and text as in {other.source}")
        except RulesError as error:
            error.at(f"{path}:{line}")
            raise
    return Rules(tuple(rules.values()))


def _tables(text: str, path: Path) -> list[tuple[int, dict[str, Any]]]:
    """Return the ``[[rule]]`` tables of a file, each with the line that it starts at."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = _SYNTAX_LINE.search(str(error))
        reason = _SYNTAX_LINE.sub("", str(error))
        raise RulesError(f"no TOML: {reason}", source=f"{path}:{line[1]}" if line else str(path)) from error
    strange = next((key for key in content if key != "rule"), None)
    if strange is not None:
        raise RulesError(f"unknown {strange!r}; a rule is a table [[rule]]", source=_place_of(strange, text, path))
    tables = content.get("rule", [])
    lines = [text.count("\n", 0, match.start()) + 1 for match in _HEADER.finditer(text) if match["header"]]
    if not isinstance(tables, list) or len(tables) != len(lines):
        raise RulesError("a rule is a table [[rule]], with two brackets", source=_place_of("rule", text, path))
    return list(zip(lines, tables, strict=True))


def _place_of(key: str, text: str, path: Path) -> str:
    """Return the file and the first line that starts with `key`, as a table or with a value."""
    match = re.search(rf"^[ \t]*\[*[ \t]*[\"']?{re.escape(key)}(?!\w)", text, re.MULTILINE)
    return f"{path}:{text.count(chr(10), 0, match.start()) + 1}" if match else str(path)


def _rule(table: Mapping[str, Any], source: str) -> Rule:
    for key, value in table.items():
        if key not in _KEYS:
            raise RulesError(f"unknown key {key!r}; there are {', '.join(_KEYS)}")
        if not isinstance(value, str) or not value.strip():
            raise RulesError(f"{key} must be a string that is not empty")
    if "site" not in table or "action" not in table or not {"selector", "text"} & table.keys():
        raise RulesError("a rule needs a site, an action, and a selector or a text")
    if table["action"] not in _ACTIONS:
        raise RulesError(f"unknown action {table['action']!r}; there are {', '.join(_ACTIONS)}")
    if not _HOST.fullmatch(table["site"]):
        raise RulesError(f"site {table['site']!r} is no host, such as example.com")
    selector, text = table.get("selector", ""), table.get("text", "")
    try:
        if selector:
            check_selector(selector)
    except ValueError as error:
        raise RulesError(f"selector {selector!r}: {error}") from error
    pattern = _pattern(text) if text else None
    return Rule(_plain_host(table["site"]), table["action"], selector, text, source, pattern)


def _pattern(text: str) -> Any:
    try:
        import re2  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise RulesError("text patterns need google-re2: pip install 'newsfilter[rules]'") from error
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        reason = error.args[0]
        raise RulesError(f"text {text!r}: {reason.decode() if isinstance(reason, bytes) else reason}") from error


def _host(url: str) -> str:
    try:
        return _plain_host(urlsplit(url).hostname or "")
    except ValueError:
        return ""


def _plain_host(host: str) -> str:
    """Return a host as a browser asks for it: lower-case, other letters than ASCII in Punycode."""
    plain = host.lower().rstrip(".")
    try:
        return plain if plain.isascii() else plain.encode("idna").decode()
    except UnicodeError:
        return plain
