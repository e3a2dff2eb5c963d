"""Where input is: files, folders, patterns and addresses, each found in a fixed order and opened for reading."""

from __future__ import annotations

import glob
import io
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

from filter.batch.reading.fields import failed
from filter.batch.reading.streams import why
from filter.batch.records import Outcome, Ready
from filter.errors import FilterError, InputError

STDIN = "-"
_INFO = ("size", "ETag", "mtime", "LastModified", "last_modified", "updated", "created")


class Place(NamedTuple):
    """A file, and what is known of it without opening it.

    Attributes
    ----------
    path : str
        Or an address.
    stamp : str
        Another one where the file was changed.
    size : int
        In bytes; 0 where not known.
    """

    path: str
    stamp: str
    size: int


def check(inputs: Sequence[str]) -> None:
    """Refuse input that is not there.

    Raises
    ------
    InputError
        Nothing has that name, or no name fits the pattern.
    """
    for name in inputs:
        if name == STDIN or is_remote(name) or os.path.lexists(name):
            continue
        if not glob.has_magic(name):
            raise InputError("no such file or folder", source=name)
        if next(glob.iglob(name, recursive=True), None) is None:  # noqa: PTH207 - the whole pattern is given
            raise InputError("no file has a name like this", source=name)


def find(name: str, pattern: str) -> Iterator[Place | Ready]:
    """Yield the files that `name` stands for, in order; what cannot be looked at as a piece that says why.

    Parameters
    ----------
    name : str
        A file, a folder, a pattern or an address.
    pattern : str
        For the names of files in folders.
    """
    if is_remote(name):
        yield from _find_remote(name, pattern)
    elif os.path.lexists(name):
        yield from _walk(Path(name), pattern)
    else:
        for path in sorted(glob.glob(name, recursive=True)):  # noqa: PTH207 - the whole pattern is given
            # ** gives a folder and all that it holds.
            if "**" not in name or not Path(path).is_dir():
                yield from _walk(Path(path), pattern)


def is_remote(name: str) -> bool:
    """Return whether `name` is an address, and no path."""
    return "://" in name


def open_place(path: str) -> BinaryIO:
    """Return the file at a path or address, opened for reading.

    Raises
    ------
    OSError
        Also for what a file system's own library raises.
    """
    if not is_remote(path):
        return Path(path).open("rb")
    with _as_os_error(path):
        system, inside = _system(path)
        return cast("BinaryIO", io.BufferedReader(_Remote(system.open(inside, "rb"), path)))


def printable(path: Path) -> str:
    """Return the path as text that can be written; bytes that are no text are escaped."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _walk(path: Path, pattern: str) -> Iterator[Place | Ready]:
    """Yield the file, or the files of the folder and of the folders in it; links are followed, but not in a circle."""
    waiting = [(path, frozenset[tuple[int, int]]())]
    while waiting:
        here, above = waiting.pop()
        try:
            found = here.stat()
            if not stat.S_ISDIR(found.st_mode):
                if here == path or fnmatchcase(here.name, pattern):
                    yield _file(here, found)
                continue
            identity = (found.st_dev, found.st_ino)
            if identity in above:
                yield _unreadable(here, "a link to a folder that it is in")
                continue
            names = sorted(os.listdir(here), reverse=True)  # noqa: PTH208 - a Path for each name of millions costs more
        except OSError as error:
            yield _unreadable(here, _why(here, error))
            continue
        waiting += [(here / name, above | {identity}) for name in names]


def _file(path: Path, found: os.stat_result) -> Place | Ready:
    if not stat.S_ISREG(found.st_mode):
        # Opening a pipe would wait for somebody to write into it.
        return _unreadable(path, "no regular file")
    return Place(str(path), f"{found.st_size}:{found.st_mtime_ns}", found.st_size)


def _unreadable(path: Path | str, reason: str) -> Ready:
    place = printable(path) if isinstance(path, Path) else path
    return Ready(failed(place, Outcome.UNREADABLE, reason), reason)


def _why(path: Path, error: OSError) -> str:
    if path.is_symlink() and isinstance(error, FileNotFoundError):
        return "a link to nothing"
    return why(error)


def _system(address: str) -> tuple[Any, str]:
    """Return the file system of an address, and the path in it."""
    try:
        return cast("tuple[Any, str]", import_module("fsspec.core").url_to_fs(address))
    except ImportError as error:
        raise FilterError(f"{error}; pip install 'newsfilter[cloud]'", source=address) from None


def _find_remote(address: str, pattern: str) -> Iterator[Place | Ready]:
    try:
        with _as_os_error(address):
            infos = list(_infos(address, pattern))
    except OSError as error:
        yield _unreadable(address, str(error))
        return
    if not infos:
        yield _unreadable(address, "nothing there")
    for name, info in infos:
        stamp = ":".join(str(info[key]) for key in _INFO if info.get(key) is not None)
        yield Place(name, stamp, info.get("size") or 0)


def _infos(address: str, pattern: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield address and properties of each file, in order."""
    system, path = _system(address)
    if address.startswith(("http://", "https://")):
        # A question mark is no pattern there, and a page that links to files is no folder.
        yield address, system.info(path)
        return
    found = system.glob(path, detail=True) if glob.has_magic(path) else {path: system.info(path)}
    for name, info in sorted(found.items()):
        inside = system.find(name, detail=True) if info["type"] == "directory" and "**" not in path else {name: info}
        for file, details in sorted(inside.items()):
            if details["type"] == "file" and (file == name or fnmatchcase(file.rpartition("/")[2], pattern)):
                yield system.unstrip_protocol(file), details


class _Remote(io.RawIOBase):
    """A file of a file system library, whose own errors come as OSError."""

    def __init__(self, file: Any, path: str) -> None:
        self._file = file
        self._path = path

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._file.seekable())

    def readinto(self, buffer: Any) -> int:
        with _as_os_error(self._path):
            data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        with _as_os_error(self._path):
            return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def _as_os_error(path: str) -> Iterator[None]:
    """Turn what a file system library raises into OSError: each has errors of its own."""
    try:
        yield
    except (OSError, FilterError):
        raise
    except Exception as error:
        raise OSError(f"{type(error).__name__}: {error}") from error
