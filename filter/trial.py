"""Site rules tried on pages: what each one fits there, and what it changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from filter.decode import decode
from filter.document import Line
from filter.errors import RulesError
from filter.labels import decide
from filter.pipeline import read_page, shipped_model, to_document
from filter.rules import Classified, Effect, Rule, Rules, effects

_SHOWN = 72


class Fit(NamedTuple):
    """A block that a rule fits: the page's name, the block as the model left it, and what the rule did."""

    page: str
    line: Line
    effect: Effect


@dataclass(frozen=True, slots=True)
class Trial:
    """What the rules of a site did on some pages.

    Attributes
    ----------
    fits : dict of Rule to list of Fit
        In the order of the file, and for each rule in the order of the pages.
    """

    fits: dict[Rule, list[Fit]]

    @property
    def idle(self) -> tuple[Rule, ...]:
        """The rules that fit nothing on any page."""
        return tuple(rule for rule, fits in self.fits.items() if not fits)

    def table(self) -> str:
        """Return each rule with its counts and, indented, the blocks that it fits and what became of them."""
        return "\n".join(row for rule, fits in self.fits.items() for row in _rows(rule, fits))


def try_rules(rules: Rules, pages: Iterable[tuple[str, bytes]], url: str) -> Trial:
    """Return what `rules` do on pages of one site.

    Parameters
    ----------
    rules : Rules
    pages : iterable of (str, bytes)
        Name and content of each.
    url : str
        An address on the site.

    Raises
    ------
    RulesError
        There is no rule for `url`.
    InputError
        A page cannot be classified.
    """
    chosen = rules.of(url)
    if not chosen:
        raise RulesError("no rule is for this address", source=url)
    trial = Trial({rule: [] for rule in chosen})
    model = shipped_model()
    for name, content in pages:
        page = read_page(content)
        probabilities = model.probabilities(page)
        document = to_document(page, probabilities, decide(probabilities, page.sizes), url=url)
        for effect in effects(chosen, Classified(decode(content), page, probabilities, document)):
            trial.fits[effect.rule].append(Fit(name, document.lines[effect.block], effect))
    return trial


def _rows(rule: Rule, fits: list[Fit]) -> Iterable[str]:
    changed = sum(fit.effect.after is not fit.effect.before for fit in fits)
    yield f"{rule} (fits {len(fits)}, changes {changed})"
    for page, line, (_, _, before, after) in fits:
        what = f"{before} -> {after}" if after is not before else f"{before} as before"
        text = line.text if len(line.text) <= _SHOWN else f"{line.text[:_SHOWN]}…"
        yield f"    {page} {line.source} {what}: {text}"
