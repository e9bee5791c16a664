"""Tasks on a cluster, and each way in which there is none."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from service.cluster import client
from service.cluster.client import Cluster, open_cluster
from service.errors import InvalidInput, Unavailable
from tests.service.cluster.processes import start_scheduler, start_workers


@pytest.mark.parametrize("address", ["scheduler:8786", "http://scheduler:8786", "tcp://scheduler", "Local", ""])
def test_what_is_no_address_is_refused_with_what_is(address: str) -> None:
    with pytest.raises(InvalidInput, match="is no address of a Dask scheduler") as caught, open_cluster(address):
        pass
    assert "tcp://host:8786" in caught.value.hint


def test_without_dask_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(module: str) -> None:
        raise ModuleNotFoundError(module)

    monkeypatch.setattr(client, "import_module", fail)
    with pytest.raises(Unavailable) as caught, open_cluster("local"):
        pass
    assert "outlast[dask]" in caught.value.hint


class _Killed(Exception):
    """As Dask says that a task killed its workers."""

    allowed_failures = 3


class _Future:
    def __init__(self, status: str, said: object = None) -> None:
        self.status, self._said = status, said

    def result(self) -> object:
        return self._said

    exception = result


def _cluster(monkeypatch: pytest.MonkeyPatch, *futures: _Future) -> tuple[Cluster, list[object]]:
    """A cluster whose tasks end as the futures say; and what was cancelled in the end."""
    waiting, cancelled = list(futures), list[object]()

    class _Client:
        loop = None

        def submit(self, *asked: Any, pure: bool) -> _Future:
            return _Future("pending") if len(asked) == 2 else waiting.pop(0)

        def cancel(self, given: list[object]) -> None:
            cancelled.extend(given)

    class _Distributed:
        as_completed = staticmethod(lambda given, loop: iter(futures))
        scheduler = SimpleNamespace(KilledWorker=_Killed)

    monkeypatch.setattr(client, "import_module", lambda name: _Distributed)
    return Cluster(_Client(), "tcp://scheduler:8786"), cancelled


def _fail(shared: object, argument: object) -> object:
    raise AssertionError("runs on a worker only")


def test_results_come_one_by_one_and_what_is_left_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, cancelled = _cluster(monkeypatch, _Future("finished", 1), _Future("finished", 2), _Future("pending"))
    results = cluster.run(_fail, [1, 2, 3], shared=None)
    assert {next(results), next(results)} == {1, 2}
    assert cancelled == []
    results.close()
    assert len(cancelled) == 2, "what is shared, and what was not finished"
    assert list(cluster.run(_fail, [], shared=None)) == []


def test_a_scheduler_that_went_away_says_how_far_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, _ = _cluster(monkeypatch, _Future("finished", 1), _Future("cancelled"))
    with pytest.raises(Unavailable, match="scheduler:8786 went away; 1 of 2 ranges are finished") as caught:
        list(cluster.run(_fail, [1, 2], shared=None, called="ranges"))
    assert "repeat the command" in caught.value.hint


def test_what_a_task_raised_is_raised_here(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, _ = _cluster(monkeypatch, _Future("error", InvalidInput("a row is wrong")))
    with pytest.raises(InvalidInput, match="a row is wrong"):
        list(cluster.run(_fail, [1], shared=None))


def test_a_task_that_kills_its_workers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, _ = _cluster(monkeypatch, _Future("error", _Killed()))
    with pytest.raises(Unavailable, match="4 Dask workers died of the same task; 0 of 1 tasks"):
        list(cluster.run(_fail, [1], shared=None))


@pytest.mark.slow
def test_no_scheduler_at_an_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_CONNECT_SECONDS", 2)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Unavailable, match=f"no Dask scheduler answers at {address}") as caught, open_cluster(address):
        pass
    assert "dask scheduler" in caught.value.hint


@pytest.mark.slow
def test_another_server_at_an_address_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "_CONNECT_SECONDS", 3)
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_answer_http, args=(server,), daemon=True).start()
        address = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(Unavailable, match="no Dask scheduler answers at"), open_cluster(address):
            pass


def _answer_http(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")


@pytest.mark.slow
def test_a_scheduler_without_workers_or_of_another_version_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_WORKERS_SECONDS", 1)
    with start_scheduler(tmp_path, says_version="2020.1.0") as scheduler:
        with pytest.raises(Unavailable, match="has had no worker for 1 s") as caught, open_cluster(scheduler.address):
            pass
        assert f"dask worker {scheduler.address}" in caught.value.hint
        monkeypatch.setattr(client, "_WORKERS_SECONDS", 30)
        with (
            start_workers(scheduler.address, 1, tmp_path),
            pytest.raises(Unavailable, match=r"the scheduler has dask 2020\.1\.0, not"),
            open_cluster(scheduler.address),
        ):
            pass


def _double(shared: int, argument: int) -> int:
    if argument == shared:
        raise InvalidInput(f"{argument} is not to be doubled")
    return 2 * argument


@pytest.mark.slow
def test_tasks_run_on_this_machine_and_a_worker_that_is_killed_is_replaced() -> None:
    with open_cluster("local") as cluster:
        assert cluster.cores == (os.cpu_count() or 1)
        assert sorted(cluster.run(_double, range(20), shared=-1)) == list(range(0, 40, 2))
        for pid in cluster.client.run(os.getpid).values():
            os.kill(pid, signal.SIGKILL)
        assert sorted(cluster.run(_double, range(20), shared=-1)) == list(range(0, 40, 2))
        with pytest.raises(InvalidInput, match="3 is not to be doubled"):
            list(cluster.run(_double, range(5), shared=3))
