"""Memory of a process that cleans one page, and how much a process grows over many. Linux only."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import cycle, islice
from pathlib import Path

from benchmarks.pages import ROOT, Sample, draw, parser
from benchmarks.record import write
from filter import Classifier

_PAGE_SIZE = 4096
#: The kernel's own high-water mark of the process; ru_maxrss may hold that of the process that started it.
_PEAK = "print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
_PROGRAMS = {
    "python": "",
    "numpy and the parser": "import numpy, selectolax.lexbor",
    "import filter": "from filter import clean",
    "clean one page": "import sys; from pathlib import Path; from filter import clean; "
    "clean(Path(sys.argv[1]).read_bytes())",
}
_CHECKPOINTS = 20


def main() -> None:
    """Measure and write the record."""
    options = parser(__doc__)
    options.add_argument("--page", type=Path, default=ROOT / "examples" / "market.html", metavar="FILE")
    options.add_argument("--calls", type=int, default=20_000, help="pages to clean in one process")
    arguments = options.parse_args()
    peaks = {name: peak(program, arguments.page) for name, program in _PROGRAMS.items()}
    samples = draw(arguments.corpus, arguments.pages)
    resident = growth(samples, arguments.calls)
    findings = {
        "page_bytes": arguments.page.stat().st_size,
        "peak_megabytes": peaks,
        "pages": len(samples),
        "calls": arguments.calls,
        "resident_megabytes": resident,
        "growth_megabytes": resident[-1] - resident[0],
    }
    print(write("memory", arguments, findings))


def peak(program: str, page: Path) -> float:
    """Return the most memory, in MB, that a process running `program` held."""
    command = [sys.executable, "-c", f"{program}\n{_PEAK}", str(page)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return int(run.stdout) * 1024 / 1e6


def growth(samples: Sequence[Sample], n_calls: int) -> list[float]:
    """Return the resident memory in MB after one round over all pages, and then at each of 20 checkpoints."""
    classifier = Classifier()
    for sample in samples:
        classifier.classify(sample.markup, input="html")
    return [resident(), *_checkpoints(samples, classifier, n_calls)]


def _checkpoints(samples: Sequence[Sample], classifier: Classifier, n_calls: int) -> Iterator[float]:
    step = max(n_calls // _CHECKPOINTS, 1)
    for number, sample in enumerate(islice(cycle(samples), n_calls), 1):
        classifier.classify(sample.markup, input="html")
        if number % step == 0:
            yield resident()


def resident() -> float:
    """Return the memory of this process in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_SIZE / 1e6


if __name__ == "__main__":
    main()
