"""Time from a cold process to the cleaned page: ``newsfilter clean page.html`` and the ``trafilatura`` command.

Each start is a new process; the files of both are in the system's cache. An interpreter that has the peer is given
with ``--peer-python``; both commands are started as their console scripts do it.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np

from benchmarks.pages import ROOT, parser
from benchmarks.record import ratio, write

NEWSFILTER, PEER, PYTHON = "newsfilter", "trafilatura", "python -c pass"
_SCRIPT = "import sys; from {module} import main; sys.argv[0] = {name!r}; sys.exit(main())"


class Cost(NamedTuple):
    """What one process took, in seconds: on the clock, and of a processor."""

    clock: float
    processor: float


def main() -> None:
    """Measure and write the record."""
    options = parser(__doc__)
    options.add_argument("--page", type=Path, default=ROOT / "examples" / "market.html", metavar="FILE")
    options.add_argument("--starts", type=int, default=15)
    options.add_argument("--python", default=sys.executable, help="interpreter that has newsfilter")
    options.add_argument("--peer-python", default=sys.executable, help="interpreter that has trafilatura")
    arguments = options.parse_args()
    commands = {
        NEWSFILTER: [arguments.python, "-c", script("filter.cli", "newsfilter"), "clean", str(arguments.page)],
        PEER: [arguments.peer_python, "-c", script("trafilatura.cli", "trafilatura")],
        PYTHON: [arguments.python, "-c", "pass"],
    }
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for number in range(arguments.starts + 1):
        for name, command in commands.items():
            cost = start(command, arguments.page)
            if number:  # the first start fills the system's cache
                costs[name].append(cost)
    findings = {
        "starts": arguments.starts,
        "page_bytes": arguments.page.stat().st_size,
        "peer_version": _version(arguments.peer_python),
        "milliseconds": {name: _medians(each) for name, each in costs.items()},
        "ratios": {f"{NEWSFILTER} / {PEER}, {kind}": _ratio(costs, kind) for kind in Cost._fields},
    }
    print(write("startup", arguments, findings))


def script(module: str, name: str) -> str:
    """Return the program that the console script `name` is."""
    return _SCRIPT.format(module=module, name=name)


def start(command: Sequence[str], page: Path) -> Cost:
    """Return what `command` takes with `page` on its standard input.

    Raises
    ------
    subprocess.CalledProcessError
        The command failed: its time would say nothing.
    """
    before, since = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    with page.open("rb") as stream:
        subprocess.run(command, stdin=stream, capture_output=True, check=True)
    clock, after = perf_counter() - since, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(clock, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _medians(costs: Sequence[Cost]) -> dict[str, float]:
    return {
        "clock": 1e3 * float(np.median([cost.clock for cost in costs])),
        "processor": 1e3 * float(np.median([cost.processor for cost in costs])),
    }


def _ratio(costs: dict[str, list[Cost]], kind: str) -> dict[str, float]:
    return ratio(*([getattr(cost, kind) for cost in costs[name]] for name in (NEWSFILTER, PEER)))


def _version(python: str) -> str:
    program = f"from importlib.metadata import version; print(version({PEER!r}))"
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    main()
