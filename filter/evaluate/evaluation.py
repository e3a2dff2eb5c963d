"""What an evaluation found, as values; `filter.evaluate.run` fills them, `filter.evaluate.report` writes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from filter.corpora.pages import PageRecord
from filter.evaluate.bootstrap import Interval
from filter.evaluate.label_scores import Bin, LabelScores
from filter.evaluate.quality import QualityScores
from filter.evaluate.scores import Table
from filter.features import Ints
from filter.labels import Label


@dataclass(frozen=True, slots=True)
class CorpusInfo:
    """Which pages were used.

    Attributes
    ----------
    source : str
    n_pages, n_domains : int
    digest : str
        Of ids, markup and gold of its pages.
    """

    source: str
    n_pages: int
    n_domains: int
    digest: str


@dataclass(frozen=True, slots=True)
class System:
    """One extractor, or one mode of newsfilter, on all pages.

    Attributes
    ----------
    name : str
    version : str
    table : ndarray of shape (n_pages, n_columns)
        See `filter.evaluate.scores.Column`.
    outputs : tuple of str
        One text a page.
    failures : int
        Pages on which it raised or had no answer; they count as empty outputs.
    milliseconds : float or None
        Mean time for a page; None where the answers were computed beforehand.
    """

    name: str
    version: str
    table: Table
    outputs: tuple[str, ...]
    failures: int
    milliseconds: float | None = None


@dataclass(frozen=True, slots=True)
class Slice:
    """Pages that are reported together.

    Attributes
    ----------
    by : str
        ``source``, ``kind`` or ``language``.
    name : str
    indices : ndarray of int64
        Which pages.
    """

    by: str
    name: str
    indices: Ints


@dataclass(frozen=True, slots=True)
class SliceScores:
    """Every system on the pages of one slice.

    Attributes
    ----------
    by, name : str
        As in `Slice`.
    n_pages : int
    metrics : mapping
        System → metric → value with interval.
    differences : mapping
        System of newsfilter → other system → metric → how much newsfilter is above it.
    """

    by: str
    name: str
    n_pages: int
    metrics: Mapping[str, Mapping[str, Interval]]
    differences: Mapping[str, Mapping[str, Mapping[str, Interval]]]


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Mean word precision and recall if every block from this keep probability on is kept."""

    threshold: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class ModeDetails:
    """What is looked at for newsfilter alone, in one mode.

    Attributes
    ----------
    curve : tuple of CurvePoint
    reliability : tuple of Bin
        Of the keep probability; empty where the true labels of blocks are not known.
    calibration_error : float
        NaN where `reliability` is empty.
    missed_words : dict
        Label given → words of body that were dropped under it.
    extra_words : dict
        True label, or ``other`` → words that were kept though it is not to be kept.
    quality : tuple of QualityScores
        Of the confidence; empty where the model gives none.
    """

    curve: tuple[CurvePoint, ...]
    reliability: tuple[Bin, ...]
    calibration_error: float
    missed_words: Mapping[str, int]
    extra_words: Mapping[str, int]
    quality: tuple[QualityScores, ...]


@dataclass(frozen=True, slots=True)
class LineScores:
    """Scores on labelled lines: for keeping title and body, and calibration."""

    n_documents: int
    n_lines: int
    labels: LabelScores
    reliability: tuple[Bin, ...]
    calibration_error: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All that one run found.

    Attributes
    ----------
    corpora : tuple of CorpusInfo
    pages : tuple of PageRecord
    systems : tuple of System
        Newsfilter's modes first, then the floor, the peers, and the peers cleaned by newsfilter.
    missing_peers : tuple of str
        Asked for but not installed.
    keep : frozenset of Label
        What newsfilter's outputs hold.
    slices : tuple of SliceScores
    modes : mapping
        System of newsfilter → details.
    lines : LineScores or None
    """

    corpora: tuple[CorpusInfo, ...]
    pages: tuple[PageRecord, ...]
    systems: tuple[System, ...]
    missing_peers: tuple[str, ...]
    keep: frozenset[Label]
    slices: tuple[SliceScores, ...]
    modes: Mapping[str, ModeDetails]
    lines: LineScores | None

    def system(self, name: str) -> System:
        """Return the system called `name`."""
        return next(system for system in self.systems if system.name == name)
