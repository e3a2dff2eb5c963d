"""What a measurement leaves behind: a dated JSON file with versions, and ratios with intervals."""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from filter import __version__
from filter.corpora.pages import corpus_digest
from filter.evaluate.bootstrap import interval, resample
from filter.shipped import MODEL_SHA256

_DISTRIBUTIONS = ("numpy", "selectolax", "beautifulsoup4", "lxml", "scikit-learn")


def ratio(numerator: ArrayLike, denominator: ArrayLike) -> dict[str, float]:
    """Return the ratio of two means over the same pages with its 95% interval (paired bootstrap)."""
    over, under = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    weights = resample(len(over))
    return interval((weights @ over) / (weights @ under))._asdict()


def write(name: str, arguments: argparse.Namespace, findings: Mapping[str, Any], *, peers: Iterable[str] = ()) -> Path:
    """Write the findings of measurement `name` to its file of today and return the file's path."""
    now = datetime.now(UTC)
    record = {
        "benchmark": name,
        "date": f"{now:%Y-%m-%dT%H:%MZ}",
        "machine": _machine(),
        "versions": _versions([*_DISTRIBUTIONS, *peers]),
        "model": MODEL_SHA256,
        "corpus": _corpus(arguments.corpus),
        **findings,
    }
    arguments.results.mkdir(parents=True, exist_ok=True)
    path: Path = arguments.results / f"{name}-{now:%Y-%m-%d}.json"
    path.write_text(json.dumps(_rounded(record), indent=1, ensure_ascii=False) + "\n", "utf-8")
    return path


def latest(folder: Path, name: str) -> dict[str, Any] | None:
    """Return the newest record of measurement `name`; None where there is none."""
    paths = sorted(folder.glob(f"{name}-[0-9]*.json"))
    return json.loads(paths[-1].read_text("utf-8")) if paths else None


def _rounded(value: Any) -> Any:
    """Return the value with floats of four significant digits: no measurement here knows more."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, Mapping):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list | tuple) else value


def _machine() -> dict[str, Any]:
    return {
        "system": platform.system(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
    }


def _processor() -> str:
    cpus = Path("/proc/cpuinfo")
    lines = cpus.read_text().splitlines() if cpus.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _versions(distributions: Iterable[str]) -> dict[str, str]:
    versions = {"python": platform.python_version(), "newsfilter": __version__}
    for name in distributions:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _corpus(paths: Sequence[Path]) -> dict[str, str]:
    """Return the digest of each corpus file; none of these means the repository's own pages."""
    return {path.name: corpus_digest(path) for path in paths}
