"""`newsfilter batch`: nothing lost, the same output whoever is killed, throughput, overhead, memory, clusters."""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any, NamedTuple

import pyarrow as pa
from pyarrow import parquet

from benchmarks.pages import Sample, draw, parser
from benchmarks.record import write
from filter import Classifier
from filter.batch.reading.streams import zstd_library
from filter.pipeline import Source

_MEASURES = ("kills", "throughput", "overhead", "memory", "bombs", "dask", "ray")
_KILLED = -signal.SIGKILL
_BOMB = 2_000_000_000


class Run(NamedTuple):
    """What a run of the command took."""

    code: int
    seconds: float
    processor_seconds: float
    peak_megabytes: float


def main() -> None:
    """Measure and write the record."""
    options = parser(__doc__)
    options.add_argument("--records", type=int, default=3000)
    options.add_argument("--measure", nargs="+", choices=_MEASURES, default=list(_MEASURES))
    options.add_argument("--longest", type=int, default=10**9, help="only pages of up to so many characters")
    options.add_argument("--worker-kills", type=int, default=20)
    options.add_argument("--main-kills", type=int, default=3)
    options.add_argument("--seed", type=int, default=0)
    arguments = options.parse_args()
    samples = [sample for sample in draw(arguments.corpus, 10**6) if len(sample.markup) <= arguments.longest]
    samples = random.Random(0).sample(samples, min(len(samples), arguments.pages))
    with TemporaryDirectory() as name:
        folder = Path(name)
        inputs = make_inputs(folder / "in", samples, arguments.records)
        undisturbed, run = folder / "undisturbed", clean(inputs, folder / "undisturbed")
        expected = digest(undisturbed, arguments.records)
        findings: dict[str, Any] = {
            "records": arguments.records,
            "characters_a_page": sum(len(sample.markup) for sample in samples) / len(samples),
            "undisturbed": run._asdict() | {"digest": expected, "records_a_second": arguments.records / run.seconds},
        }
        measures: dict[str, Callable[[], Any]] = {
            "kills": lambda: kills(inputs, folder / "killed", arguments, expected),
            "throughput": lambda: throughput(inputs, folder, arguments.records),
            "overhead": lambda: overhead(inputs[0], folder, samples, arguments.records),
            "memory": lambda: memory(folder, samples, arguments.records),
            "bombs": lambda: bombs(folder / "bombs", samples),
            "dask": lambda: on_dask(inputs, folder, arguments.records, expected),
            "ray": lambda: on_ray(inputs, folder, arguments.records, expected),
        }
        for measure in arguments.measure:
            findings[measure] = measures[measure]()
            print(measure, json.dumps(findings[measure]), flush=True)
    print(write("batch", arguments, findings))


# ---------------------------------------------------------------------------------------------------------- input


def make_inputs(folder: Path, samples: Sequence[Sample], records: int) -> list[Path]:
    """Return files with `records` records in all, a third each as JSONL.zst, Parquet and WARC."""
    folder.mkdir(parents=True)
    third = records // 3
    paths = [folder / "pages.jsonl.zst", folder / "pages.parquet", folder / "pages.warc.gz"]
    starts = (0, third, 2 * third, records)
    for path, make, start, end in zip(paths, (_jsonl, _parquet, _warc), starts, starts[1:], strict=False):
        make(path, _rows(samples, start, end))
    return paths


def _rows(samples: Sequence[Sample], start: int, end: int) -> Iterator[dict[str, str]]:
    for number, sample in zip(range(start, end), cycle(samples), strict=False):
        yield {"id": f"r{number:09d}", "url": f"https://news.example/{number}", "html": sample.markup}


def _jsonl(path: Path, rows: Iterator[dict[str, str]]) -> None:
    with zstd_library().ZstdFile(path, "wb") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n")


def _parquet(path: Path, rows: Iterator[dict[str, str]]) -> None:
    schema = pa.schema([(name, pa.string()) for name in ("id", "url", "html")])
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        while batch := list(islice(rows, 256)):
            writer.write_table(pa.Table.from_pylist(batch, schema))


def _warc(path: Path, rows: Iterator[dict[str, str]]) -> None:
    with path.open("wb") as file:
        for row in rows:
            body = row["html"].encode("utf-8", "replace")
            http = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + body
            head = (
                f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:x:{row['id']}>\r\n"
                f"WARC-Target-URI: {row['url']}\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n"
                f"Content-Type: application/http; msgtype=response\r\nContent-Length: {len(http)}\r\n\r\n"
            )
            file.write(gzip.compress(head.encode() + http + b"\r\n\r\n", 6))


# ------------------------------------------------------------------------------------------------------- the runs


def clean(inputs: Sequence[Path], out: Path, *more: str) -> Run:
    """Return what it took to clean `inputs` into `out`, from the start of the command to its end."""
    since = perf_counter()
    process = start(inputs, out, *more)
    status = Path(f"/proc/{process.pid}/status")
    peak = 0
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        # What wait4 says of memory counts this process too, from which the other was forked.
        peaks = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        peak = int(peaks[0].split()[1]) if peaks else peak
        time.sleep(0.02)
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    return Run(process.returncode, perf_counter() - since, ended[2].ru_utime + ended[2].ru_stime, peak / 1024)


def start(inputs: Sequence[Path], out: Path, *more: str) -> subprocess.Popen[bytes]:
    """Return the running command."""
    program = [sys.executable, "-c", "from filter.cli import main; main()", "batch", *map(str, inputs)]
    return subprocess.Popen([*program, "--out", str(out), "--quiet", *more])


def digest(out: Path, records: int) -> str:
    """Return the digest of all rows, sorted by id; raise where an id is missing or there twice."""
    rows = {}
    count = 0
    for path in sorted((out / "parts").iterdir()):
        for line in path.read_bytes().splitlines():
            rows[json.loads(line)["id"]] = hashlib.sha256(line).digest()
            count += 1
    if not len(rows) == count == records:
        raise SystemExit(f"{records} records, but {count} rows with {len(rows)} ids")
    return hashlib.sha256(b"".join(rows[key] for key in sorted(rows))).hexdigest()


def kills(inputs: Sequence[Path], out: Path, arguments: argparse.Namespace, expected: str) -> dict[str, Any]:
    """Return what came of a run whose workers and main process were killed at random moments."""
    draws = random.Random(arguments.seed)
    killed = {"workers": 0, "main": 0}
    starts = 0
    code = _KILLED
    while code == _KILLED:
        starts += 1
        process = start(inputs, out)
        until = time.monotonic() + draws.uniform(5, 15) if killed["main"] < arguments.main_kills else None
        while process.poll() is None:
            time.sleep(draws.uniform(0.1, 2.0))
            if until and time.monotonic() > until:
                process.kill()
                process.wait()
                killed["main"] += 1
            elif killed["workers"] < arguments.worker_kills and (found := workers_of(process.pid)):
                with suppress(ProcessLookupError):
                    os.kill(draws.choice(found), signal.SIGKILL)
                    killed["workers"] += 1
        code = process.returncode
    got = digest(out, arguments.records)
    return {"killed": killed, "starts": starts, "code": code, "digest": got, "same": got == expected}


def workers_of(pid: int) -> list[int]:
    """Return the worker processes of a run."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"popen_loky" in (path / "cmdline").read_bytes():
                found.append(int(path.name))
    return found


def throughput(inputs: Sequence[Path], folder: Path, records: int) -> dict[str, Any]:
    """Return records a second of one worker and of two, start and end of the command included, and without."""
    one, two = (clean(inputs, folder / f"jobs-{jobs}", "--jobs", str(jobs)) for jobs in (1, 2))
    idle = clean(inputs, folder / "jobs-1", "--jobs", "1")  # all is done: what is left is start and end
    return {
        "records_a_second": {"1": records / one.seconds, "2": records / two.seconds},
        "gain": one.seconds / two.seconds,
        "gain_without_start": (one.seconds - idle.seconds) / (two.seconds - idle.seconds),
    }


def overhead(jsonl: Path, folder: Path, samples: Sequence[Sample], records: int) -> dict[str, float]:
    """Return how much more processor time one worker takes than `classify_each` over the same pages in memory."""
    third = records // 3
    sources = [Source(row["html"], row["url"], "html") for row in _rows(samples, 0, third)]
    classifier = Classifier()
    deque(classifier.classify_each(sources[:16]), maxlen=0)
    since = process_time()
    deque(classifier.classify_each(sources), maxlen=0)
    bare = process_time() - since
    run = clean([jsonl], folder / "overhead", "--jobs", "1")
    idle = clean([jsonl], folder / "overhead", "--jobs", "1")
    return {
        "bare_seconds": bare,
        "batch_seconds": run.processor_seconds,
        "overhead": run.processor_seconds / bare - 1,
        "overhead_without_start": (run.processor_seconds - idle.processor_seconds) / bare - 1,
    }


def memory(folder: Path, samples: Sequence[Sample], records: int) -> dict[str, float]:
    """Return the peak of the main process in megabytes, by number of records; small pages, so that many fit."""
    small = [
        sample._replace(markup=f"<p>{sample.name} was reopened on Monday, the council said.</p>") for sample in samples
    ]
    peaks = {}
    for times in (1, 4, 16):
        inputs = make_inputs(folder / f"memory-{times}", small, records * times)
        peaks[str(records * times)] = clean(inputs, folder / f"memory-out-{times}").peak_megabytes
    return peaks


def bombs(folder: Path, samples: Sequence[Sample]) -> dict[str, Any]:
    """Return what came of 2 GB in 2 MB of gzip between two good records, as a line of JSON and as a WARC record."""
    folder.mkdir()
    before, after = (json.dumps(row).encode() + b"\n" for row in _rows(samples, 0, 2))
    jsonl = folder / "bomb.jsonl.gz"
    jsonl.write_bytes(_bomb(before + b'{"id": "bomb", "html": "', b'"}\n' + after))
    warc = folder / "bomb.warc.gz"
    _warc(warc, _rows(samples, 2, 4))
    members = warc.read_bytes()
    second = members.index(b"\x1f\x8b\x08", 3)
    head = f"WARC/1.0\r\nWARC-Type: response\r\nWARC-Record-ID: <urn:x:bomb-2>\r\nContent-Length: {_BOMB}\r\n"
    head += "WARC-Target-URI: https://news.example/bomb\r\nContent-Type: application/http; msgtype=response\r\n\r\n"
    warc.write_bytes(members[:second] + _bomb(head.encode(), b"\r\n\r\n") + members[second:])
    run = clean([jsonl, warc], folder / "out", "--jobs", "1")
    rows = [json.loads(line) for path in (folder / "out" / "parts").iterdir() for line in path.open("rb")]
    return run._asdict() | {
        "packed_bytes": {path.name: path.stat().st_size for path in (jsonl, warc)},
        "statuses": {row["id"]: f"{row['status']} {row.get('reason') or ''}".strip() for row in rows},
    }


def _bomb(before: bytes, after: bytes) -> bytes:
    """Return gzip data of `_BOMB` characters between `before` and `after`."""
    engine = zlib.compressobj(9, wbits=31)
    block = b"0" * 1_000_000
    parts = [engine.compress(before), *(engine.compress(block) for _ in range(_BOMB // len(block)))]
    return b"".join([*parts, engine.compress(after), engine.flush()])


# -------------------------------------------------------------------------------------------------------- clusters


def on_dask(inputs: Sequence[Path], folder: Path, records: int, expected: str) -> dict[str, Any]:
    """Return what came of two runs on two Dask workers, one of which is killed in the second."""
    result = {}
    for name in ("undisturbed", "worker_killed"):
        with _dask() as (address, pids):
            process = start(inputs, folder / f"dask-{name}", "--backend", "dask", "--scheduler", address)
            result[name] = _finish(process, pids() if name == "worker_killed" else [], folder / f"dask-{name}", records)
            result[name]["same"] = result[name]["digest"] == expected
    return result


@contextmanager
def _dask() -> Iterator[tuple[str, Callable[[], list[int]]]]:
    from distributed import LocalCluster  # noqa: PLC0415

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1") as cluster:
        yield cluster.scheduler_address, lambda: [nanny.pid for nanny in cluster.workers.values()]


def on_ray(inputs: Sequence[Path], folder: Path, records: int, expected: str) -> dict[str, Any]:
    """Return what came of two runs on a local Ray, one of whose workers is killed in the second."""
    result = {}
    for name in ("undisturbed", "worker_killed"):
        out = folder / f"ray-{name}"
        process = start(inputs, out, "--backend", "ray")
        pids: list[int] = []
        while name == "worker_killed" and not pids and process.poll() is None:
            time.sleep(0.2)
            pids = _ray_workers() if (out / "parts").exists() else []
        result[name] = _finish(process, pids, out, records, wait=0)
        result[name]["same"] = result[name]["digest"] == expected
    return result


def _ray_workers() -> list[int]:
    """Return the processes of this machine that run a task of a Ray pool."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (path / "cmdline").read_bytes().startswith(b"ray::PoolActor"):
                found.append(int(path.name))
    return found


def _finish(
    process: subprocess.Popen[bytes], pids: Sequence[int], out: Path, records: int, *, wait: float = 8
) -> dict[str, Any]:
    since = perf_counter()
    if pids:
        time.sleep(wait)
        os.kill(pids[0], signal.SIGKILL)
    code = process.wait()
    return {"code": code, "seconds": perf_counter() - since, "killed": bool(pids), "digest": digest(out, records)}


if __name__ == "__main__":
    main()
