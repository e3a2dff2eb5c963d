"""Outputs of peers, kept on disk so that a second run, or one that was interrupted, is quick.

One JSON Lines file a peer and version; a record is found by the digest of what the peer was given.
After a change to how `filter.evaluate.peers` calls a peer, delete the folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from joblib import Parallel, delayed

from filter.corpora.pages import PageRecord
from filter.evaluate.peers import Peer, PeerOutput, run_peer

#: Told ``(what, done, total)`` after each step.
Progress = Callable[[str, int, int], None]


def peer_outputs(
    peer: Peer, pages: Sequence[PageRecord], folder: Path, *, jobs: int, progress: Progress
) -> list[PeerOutput]:
    """Return the peer's output for each page, from `folder` where it is there already.

    Parameters
    ----------
    peer : Peer
        An installed one.
    pages : sequence of PageRecord
    folder : Path
        Made if missing; it then holds texts of the corpus.
    jobs : int
        Number of processes.
    progress : callable
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{peer.name}-{peer.version}.jsonl"
    outputs = _read(path)
    keys = [page_key(page) for page in pages]
    missing = {key: page for key, page in zip(keys, pages, strict=True) if key not in outputs}
    with path.open("a", encoding="utf-8") as stream:
        for done, (key, output) in enumerate(_run(peer, missing, jobs), 1):
            # The line break comes first: a line that an interrupted run left unfinished spoils no other.
            stream.write("\n" + json.dumps({"page": key, **asdict(output)}))
            outputs[key] = output
            progress(peer.name, done, len(missing))
    return [outputs[key] for key in keys]


def page_key(page: PageRecord) -> str:
    """Return a digest of all that a peer is given of a page."""
    given = f"{page.lang or ''}\n{page.html}".encode(errors="surrogatepass")
    return hashlib.sha256(given).hexdigest()[:32]


def _run(peer: Peer, pages: dict[str, PageRecord], jobs: int) -> Iterator[tuple[str, PeerOutput]]:
    tasks = (delayed(run_peer)(peer.extract, page.html, page.lang) for page in pages.values())
    yield from zip(pages, Parallel(n_jobs=jobs, return_as="generator")(tasks), strict=True)


def _read(path: Path) -> dict[str, PeerOutput]:
    outputs: dict[str, PeerOutput] = {}
    if not path.exists():
        return outputs
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            try:
                record = json.loads(line)
            except json.JSONDecodeError:
                continue
            key = record.pop("page")
            outputs[key] = PeerOutput(**record)
    return outputs
