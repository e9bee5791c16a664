"""Probes that go unanswered keep a replica out or end it; a health check that changes does so to those that run."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.images import store as images
from sandbox.replicas.probes import UNHEALTHY_SECONDS
from sandbox.replicas.supervisor import Supervisor
from sandbox.replicas.workload import Probe, Workload
from sandbox.replicas.workloads import READY_SECONDS, READY_WALL_SECONDS
from service.errors import Unavailable
from tests.sandbox.tiny import PORT, Wall, supervised, until, workload

pytestmark = pytest.mark.usefixtures("empty_environment")


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def said() -> list[str]:
    """What the supervisor reports."""
    return []


@pytest.fixture
def supervisor(tmp_path: Path, tiny_image: images.Image, wall: Wall, said: list[str]) -> Iterator[Supervisor]:
    with supervised(tmp_path, tiny_image, wall, said) as running:
        yield running


def pids(supervisor: Supervisor) -> set[int]:
    return {replica.process.pid for replica in supervisor.ready("service")}


def test_a_path_that_answers_keeps_the_replicas(supervisor: Supervisor, tiny_image: images.Image, wall: Wall) -> None:
    asked = replace(workload(tiny_image, count=2), probed_by_balancer=True)
    supervisor.apply([asked])
    supervisor.wait_ready("service", 60, lambda: False)
    before = pids(supervisor)
    supervisor.apply([replace(asked, probe_path="/other")])
    wall.ahead += UNHEALTHY_SECONDS + 1
    supervisor.wait_ready("service", 60, lambda: False)
    assert pids(supervisor) == before and len(before) == 2


def test_replicas_that_fail_it_are_replaced_until_it_is_right_again(
    supervisor: Supervisor, tiny_image: images.Image, wall: Wall
) -> None:
    asked = replace(workload(tiny_image), probed_by_balancer=True)
    supervisor.apply([asked])
    supervisor.wait_ready("service", 60, lambda: False)
    [first] = pids(supervisor)
    supervisor.apply([replace(asked, probe_path="/missing")])
    assert pids(supervisor) == {first}, "it is given a few looks"
    wall.ahead += UNHEALTHY_SECONDS + 1
    until(lambda: not supervisor.ready("service"))
    with pytest.raises(Unavailable, match="was not ready in time"):
        supervisor.wait_ready("service", 0.3, lambda: False)
    until(lambda: [r["pid"] for entry in supervisor.status() for r in entry["replicas"] if r["pid"] != first])
    [second] = [r["pid"] for entry in supervisor.status() for r in entry["replicas"] if r["pid"] != first]
    wall.ahead += READY_SECONDS + 1
    until(lambda: second not in [r["pid"] for entry in supervisor.status() for r in entry["replicas"]])
    supervisor.apply([asked])
    supervisor.wait_ready("service", 60, lambda: False)
    assert not pids(supervisor) & {first, second}


def test_where_nobody_tells_the_port_the_program_has_to_know_it(
    supervisor: Supervisor, tiny_image: images.Image
) -> None:
    silent = replace(workload(tiny_image, PORT="28081"), tells_port=False)
    supervisor.apply([silent])
    until(lambda: supervisor.status()[0]["replicas"])
    with pytest.raises(Unavailable):
        supervisor.wait_ready("service", 1.0, lambda: False)
    supervisor.apply([replace(silent, port=28081)])
    supervisor.wait_ready("service", 60, lambda: False)
    [replica] = supervisor.ready("service")
    connection = http.client.HTTPConnection(replica.address, 28081, timeout=5)
    connection.request("GET", "/")
    assert connection.getresponse().status == 200
    connection.close()


# -- what containers declare -------------------------------------------------------------------------


def gated(image: images.Image, gate: Path, **probes: Probe) -> Workload:
    """One whose replicas answer 503 while there is no gate."""
    return replace(workload(image, GATE=str(gate)), probe_path="", **probes)


def replaced(supervisor: Supervisor, *gone: int) -> int:
    """Wait for a replica that is none of these, and ready."""
    until(lambda: pids(supervisor) and not pids(supervisor) & set(gone))
    [found] = pids(supervisor)
    return found


def test_a_startup_probe_that_goes_unanswered_keeps_the_replica_out_and_ends_it_in_its_own_time(
    supervisor: Supervisor, tiny_image: images.Image, wall: Wall
) -> None:
    startup = Probe("/missing", PORT, period_seconds=2, failures=30)
    supervisor.apply([replace(workload(tiny_image), startup=startup)])
    until(lambda: supervisor.status()[0]["replicas"])
    wall.ahead += READY_WALL_SECONDS + 1
    supervisor.tick()
    assert supervisor.status()[0]["failed"] == {} and not supervisor.ready("service")
    wall.ahead += startup.seconds - READY_WALL_SECONDS + 1
    with pytest.raises(Unavailable, match="no answer on /missing of port"):
        supervisor.wait_ready("service", READY_SECONDS, lambda: False)


def test_a_connection_is_enough_where_nothing_is_declared(
    supervisor: Supervisor, tiny_image: images.Image, tmp_path: Path
) -> None:
    supervisor.apply([gated(tiny_image, tmp_path / "gate")])
    supervisor.wait_ready("service", 60, lambda: False)
    assert len(pids(supervisor)) == 1


def test_a_replica_that_fails_its_liveness_probe_is_replaced_again_and_again(
    supervisor: Supervisor, tiny_image: images.Image, said: list[str]
) -> None:
    supervisor.apply([replace(workload(tiny_image), liveness=Probe("/missing", PORT, 0.02, 3))])
    supervisor.wait_ready("service", 60, lambda: False)
    until(lambda: len({line for line in said if "failed its liveness probe 3 times" in line}) >= 2)
    assert any("no answer on /missing of port" in line for line in said)


def test_one_that_answers_it_stays_until_it_answers_no_longer(
    supervisor: Supervisor, tiny_image: images.Image, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    gate.touch()
    liveness = Probe("/", PORT, 0.02, 3)
    supervisor.apply([gated(tiny_image, gate, liveness=liveness)])
    supervisor.wait_ready("service", 60, lambda: False)
    [first] = pids(supervisor)
    asked = [thread for thread in threading.enumerate() if thread.name == "probe"]
    assert asked and pids(supervisor) == {first}, "somebody goes on asking"
    gate.unlink()
    until(lambda: first not in pids(supervisor))
    gate.touch()
    assert replaced(supervisor, first) != first
