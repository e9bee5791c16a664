"""Tasks on a Dask cluster, of this machine or of many: one function, many arguments, results as they come.

What is lost with a worker is done again by the others. What is lost with the scheduler is lost: whoever asks keeps what
comes, and asks again for the rest.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any, TypeVar

from service.cluster.versions import COMPUTES, digest_code, refuse_other_code, refuse_other_versions
from service.errors import InvalidInput, Unavailable

A = TypeVar("A")
R = TypeVar("R")
S = TypeVar("S")

LOCAL = "local"
_ADDRESS = re.compile(r"(tcp|tls)://[^\s/]+:[0-9]{1,5}")
_CONNECT_SECONDS = 10
_WORKERS_SECONDS = 60


class Cluster:
    """A connected client of a cluster; `client` is Dask's own."""

    def __init__(self, client: Any, address: str) -> None:
        self.client, self._address = client, address

    @property
    def cores(self) -> int:
        """How many tasks run at a time."""
        return sum(self.client.ncores().values())

    def run(
        self, function: Callable[[S, A], R], arguments: Sequence[A], *, shared: S, called: str = "tasks"
    ) -> Iterator[R]:
        """`function(shared, argument)` for each argument, in the order in which they are finished.

        `shared` goes to each worker once. Raises what the function raised, and Unavailable where the scheduler went
        away, or where workers died of one argument again and again.
        """
        if not arguments:
            return
        # Made by a task, and not scattered: of a task the scheduler knows how to make its result again.
        common = self.client.submit(_same, shared, pure=False)
        waiting = {self.client.submit(function, common, argument, pure=False) for argument in arguments}
        try:
            finished = _import("distributed").as_completed(list(waiting), loop=self.client.loop)
            for done, future in enumerate(finished):
                result = self._read(future, f"{done} of {len(arguments)} {called} are finished")
                waiting.remove(future)  # and its worker may forget the result
                yield result
        finally:
            self.client.cancel([common, *waiting])

    def _read(self, future: Any, how_far: str) -> Any:
        if future.status == "finished":
            return future.result()
        if future.status == "cancelled":
            what = f"the Dask scheduler {self._address} went away; {how_far}"
            raise Unavailable(what, hint="start it again and repeat the command: what is finished is not done again")
        error = future.exception()
        if isinstance(error, _import("distributed").scheduler.KilledWorker):
            what = f"one after the other, {error.allowed_failures + 1} Dask workers died of the same task; {how_far}"
            raise Unavailable(what, hint="is their memory too small? Their logs say why they died") from error
        raise error


@contextmanager
def open_cluster(address: str) -> Iterator[Cluster]:
    """A cluster at `tcp://host:port`, or `local`: a worker for each core of this machine, while this is open.

    Raises InvalidInput for another address, and Unavailable where no scheduler answers there, where it has no workers
    or where these run other versions.
    """
    if address != LOCAL and not _ADDRESS.fullmatch(address):
        hint = "write tcp://host:8786, or local for the cores of this machine"
        raise InvalidInput(f"--dask {address} is no address of a Dask scheduler", hint=hint)
    distributed = _import("distributed")
    with ExitStack() as stack:
        stack.enter_context(_quiet())
        where: Any = stack.enter_context(_start_here(distributed)) if address == LOCAL else address
        client = stack.enter_context(_connect(distributed, where, address))
        _check(client, address)
        yield Cluster(client, address)


@contextmanager
def _start_here(distributed: Any) -> Iterator[Any]:
    """A scheduler in this process, and a process for each core; nothing of it listens but on the loopback."""
    cores = os.cpu_count() or 1
    with distributed.LocalCluster(
        n_workers=cores, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=logging.CRITICAL
    ) as cluster:
        yield cluster


@contextmanager
def _connect(distributed: Any, where: Any, address: str) -> Iterator[Any]:
    try:
        client = distributed.Client(where, timeout=_CONNECT_SECONDS, set_as_default=False)
    except Exception as error:  # what another server says there is misread in many ways
        what = f"no Dask scheduler answers at {address}: {_first_line(error)}"
        raise Unavailable(what, hint="start one (`dask scheduler`), or take --dask local") from error
    with client:
        yield client


def _check(client: Any, address: str) -> None:
    """Refuse a cluster without workers, or of other versions."""
    try:
        client.wait_for_workers(1, timeout=_WORKERS_SECONDS)
    except TimeoutError as error:
        what = f"the Dask scheduler {address} has had no worker for {_WORKERS_SECONDS} s"
        raise Unavailable(what, hint=f"start some: `dask worker {address}`") from error
    found = client.get_versions(packages=COMPUTES)
    packages = {name: said["packages"] for name, said in found["workers"].items()}
    refuse_other_versions(found["client"]["packages"], found["scheduler"]["packages"], packages, address)
    try:
        codes = client.run(digest_code)
    except ModuleNotFoundError as error:
        what = f"a worker of the Dask cluster {address} lacks Outlast: {error}"
        raise Unavailable(what, hint="install the same `outlast[dask]` there as here") from error
    refuse_other_code(digest_code(), codes, address)


@contextmanager
def _quiet() -> Iterator[None]:
    """What Dask would write to stderr is said by our errors."""
    loggers = [logging.getLogger(name) for name in ("distributed", "distributed.client")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # versions are compared below; a large model is sent once
        for logger in loggers:
            logger.setLevel(logging.CRITICAL + 1)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _same(value: S) -> S:
    return value


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _import(module: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        hint = "install it: pip install 'outlast[dask]'"
        raise Unavailable("--dask needs Dask, which is not installed", hint=hint) from error
