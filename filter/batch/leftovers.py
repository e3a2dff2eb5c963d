"""What runs that were killed have left in the output folder, and what a run that is begun anew removes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from filter.batch.manifest import NAME
from filter.errors import FilterError, InputError

#: All that a run writes into its folder, beside the manifest.
_FOLDERS = ("parts", "rejects", "text")


def prepare(folder: Path, *, restart: bool) -> None:
    """Make the output folder, or see that an earlier run made it; `restart` empties it.

    Raises
    ------
    InputError
        It holds something that no run has written.
    FilterError
        It cannot be made or emptied.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        foreign = [path.name for path in folder.iterdir() if path.name not in _FOLDERS and not _is_manifest(path)]
        if foreign:
            raise InputError(
                f"holds {min(foreign)}, which no run has written; give a folder of its own", source=str(folder)
            )
        if not (folder / NAME).exists() and any(folder.iterdir()) and not restart:
            raise InputError("holds parts without their manifest; --restart begins anew", source=str(folder))
        if restart:
            _empty(folder)
    except OSError as error:
        raise FilterError(error.strerror or str(error), source=str(error.filename or folder)) from error


def sweep(folder: Path, known: Callable[[str], bool]) -> None:
    """Remove unfinished files, and parts whose shard is not done: they will be written anew.

    Parameters
    ----------
    folder : Path
    known : callable
        Tells whether the part with this key is to stay.
    """
    for name in ("parts", "rejects"):
        for path in (folder / name).glob("*"):
            if not known(path.name.partition(".jsonl")[0].removesuffix(".parquet")):
                path.unlink(missing_ok=True)
    for path in (folder / "text").rglob(".*.unfinished"):
        path.unlink(missing_ok=True)


def _empty(folder: Path) -> None:
    # The manifest goes last: until then the folder is known as that of a run.
    for name in _FOLDERS:
        if (folder / name).exists():
            shutil.rmtree(folder / name)
    for path in folder.iterdir():
        path.unlink()


def _is_manifest(path: Path) -> bool:
    return path.name.startswith(NAME)
