"""A health check that changes under running replicas: those that fail it are replaced, again and again."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.images import store as images
from sandbox.replicas.probes import UNHEALTHY_SECONDS
from sandbox.replicas.supervisor import Supervisor
from sandbox.replicas.workloads import READY_SECONDS
from service.errors import Unavailable
from tests.sandbox.tiny import Wall, supervised, until, workload

pytestmark = pytest.mark.usefixtures("empty_environment")


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def supervisor(tmp_path: Path, tiny_image: images.Image, wall: Wall) -> Iterator[Supervisor]:
    with supervised(tmp_path, tiny_image, wall) as running:
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
