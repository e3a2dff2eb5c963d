"""What runs the workers: processes of this machine, a Dask cluster or Ray, each through joblib's backend for it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from warnings import catch_warnings, filterwarnings

from joblib import effective_n_jobs, parallel_config, register_parallel_backend

from filter.errors import FilterError


class Backend(StrEnum):
    """A joblib backend."""

    LOKY = "loky"
    DASK = "dask"
    RAY = "ray"


@dataclass(frozen=True, slots=True)
class Workers:
    """Who does the work; nothing of this changes what comes out.

    Attributes
    ----------
    jobs : int
        Processes, on this machine; a cluster is used as a whole.
    backend : Backend
    scheduler : str or None
        Address of the cluster.
    """

    jobs: int = 2
    backend: Backend = Backend.LOKY
    scheduler: str | None = None


@dataclass(frozen=True, slots=True)
class Pool:
    """Workers that are there.

    Attributes
    ----------
    jobs : int
        How many work at a time.
    deaths : tuple of exception types
        What says that a worker died.
    parent : int or None
        The process that the workers belong to; None where they are not ours.
    """

    jobs: int
    deaths: tuple[type[Exception], ...]
    parent: int | None = None


@contextmanager
def backend(workers: Workers) -> Iterator[Pool]:
    """Make joblib use `workers` inside the block.

    Raises
    ------
    FilterError
        The backend is not installed, or the cluster does not answer.
    """
    backends = {Backend.LOKY: _loky, Backend.DASK: _dask, Backend.RAY: _ray}
    with backends[workers.backend](workers.jobs, workers.scheduler) as pool:
        yield pool


@contextmanager
def _loky(jobs: int, _: str | None) -> Iterator[Pool]:
    # With one job joblib would work in this process, which a bad record could then take along.
    with parallel_config("loky", n_jobs=max(2, jobs), max_nbytes=None):
        yield Pool(jobs, (BrokenExecutor,), os.getpid())


@contextmanager
def _dask(_: int, scheduler: str | None) -> Iterator[Pool]:
    try:
        from distributed import Client, KilledWorker  # noqa: PLC0415 - an extra
    except ImportError:
        raise FilterError("needs dask.distributed: pip install 'newsfilter[dask]'", source="--backend dask") from None
    if scheduler is None:
        raise FilterError("needs --scheduler, as in tcp://127.0.0.1:8786", source="--backend dask")
    try:
        client = Client(scheduler, set_as_default=False, timeout=30)
    except (OSError, ValueError) as error:
        raise FilterError(f"no scheduler answers ({error})", source=scheduler) from error
    with client, catch_warnings(), parallel_config("dask", client=client):
        filterwarnings("ignore", "Sending large graph")  # JSON Lines go along with the task
        try:
            jobs = effective_n_jobs()
        except TimeoutError as error:
            raise FilterError("the cluster has no worker", source=scheduler) from error
        yield Pool(jobs, (KilledWorker,))


@contextmanager
def _ray(_: int, scheduler: str | None) -> Iterator[Pool]:
    try:
        import ray  # noqa: PLC0415 - an extra
        from ray.util.joblib.ray_backend import RayBackend  # noqa: PLC0415
    except ImportError:
        raise FilterError("needs Ray: pip install 'newsfilter[ray]'", source="--backend ray") from None
    try:
        ray.init(address=scheduler, log_to_driver=False, logging_level=logging.ERROR)
    except (OSError, ValueError, RuntimeError) as error:
        raise FilterError(f"Ray does not answer ({error})", source=scheduler or "--backend ray") from error

    class Streaming(RayBackend):  # type: ignore[misc]
        """Ray's backend, which can give results as they come, but says of its parent class that it cannot."""

        supports_return_generator = True

    register_parallel_backend("ray", Streaming)
    try:
        with parallel_config("ray", n_jobs=-1):
            yield Pool(effective_n_jobs(), (ray.exceptions.RayError,))
    finally:
        ray.shutdown()
