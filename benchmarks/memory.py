"""Memory of a process that cleans one page, and how much a process grows over many. Linux only.

Growth is measured in a process of its own that reads each page from its file, as a crawler's worker would get it. The
process that drew the pages is no place for that: reading the corpora leaves it a gigabyte of freed heap, and what the
kernel keeps of that goes up and down by more than what is measured.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

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
    resident = grown(samples, arguments.calls)
    findings = {
        "page_bytes": arguments.page.stat().st_size,
        "peak_megabytes": peaks,
        "pages": len(samples),
        "calls": arguments.calls,
        "resident_megabytes": resident,
        "growth_megabytes": resident[-1] - resident[0],
        "late_growth_megabytes": trend(resident[len(resident) // 2 :]),
    }
    print(write("memory", arguments, findings))


def peak(program: str, page: Path) -> float:
    """Return the most memory, in MB, that a process running `program` held."""
    command = [sys.executable, "-c", f"{program}\n{_PEAK}", str(page)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return int(run.stdout) * 1024 / 1e6


def grown(samples: Sequence[Sample], n_calls: int) -> list[float]:
    """Return what `growth` finds in a new process, with each page in a file."""
    with TemporaryDirectory() as name:
        paths = [Path(name, f"{number}.html") for number in range(len(samples))]
        for path, sample in zip(paths, samples, strict=True):
            path.write_text(sample.markup, "utf-8")
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
            return executor.submit(growth, paths, n_calls).result()


def growth(paths: Sequence[Path], n_calls: int) -> list[float]:
    """Return the resident memory in MB after one round over all pages, and then at each of 20 checkpoints."""
    classifier = Classifier()
    for path in paths:
        classifier.classify(path.read_bytes(), input="html")
    return [resident(), *_checkpoints(paths, classifier, n_calls)]


def _checkpoints(paths: Sequence[Path], classifier: Classifier, n_calls: int) -> Iterator[float]:
    step = max(n_calls // _CHECKPOINTS, 1)
    for number, path in enumerate(islice(cycle(paths), n_calls), 1):
        classifier.classify(path.read_bytes(), input="html")
        if number % step == 0:
            yield resident()


def trend(megabytes: Sequence[float]) -> float:
    """Return the growth along the straight line that fits best: a step or a wave is no trend."""
    slope, _ = np.polyfit(range(len(megabytes)), megabytes, 1)
    return float(slope) * (len(megabytes) - 1)


def resident() -> float:
    """Return the memory of this process in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_SIZE / 1e6


if __name__ == "__main__":
    main()
