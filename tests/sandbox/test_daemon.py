"""The daemon when something that it needs is not to be had, and its control interface when it is asked for nonsense."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from failover.errors import Unavailable
from sandbox import layout as places
from sandbox.control import Answered, Control
from sandbox.daemon import ROUTE53_REQUESTS_PER_SECOND, Daemon
from sandbox.layout import Layout, choose_instance

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A project of one stack file: all that the daemon reads of a project before anything is deployed."""
    (tmp_path / "stacks").mkdir()
    shutil.copy(ROOT / "stacks" / "Pulumi.zone.yaml", tmp_path / "stacks")
    found = Layout(tmp_path, tmp_path / ".sandbox")
    found.save_instance(choose_instance(found, speed=10, port_offset=20000))
    return found


@pytest.fixture
def control(layout: Layout) -> Iterator[Control]:
    instance = layout.load_instance()
    assert instance is not None
    daemon = Daemon(layout, instance)
    daemon.start()
    yield Control(instance)
    daemon.stop()


def test_a_taken_port_is_named_with_a_way_out_and_nothing_stays_open(layout: Layout) -> None:
    instance = layout.load_instance()
    assert instance is not None
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", instance.dns_port))
        taken.listen()
        daemon = Daemon(layout, instance)
        with pytest.raises(Unavailable, match=f"127.0.0.1 port {instance.dns_port}") as caught:
            daemon.start()
        daemon.stop()
    assert f"make up DNS_PORT={instance.dns_port + 1}" in caught.value.hint
    again = Daemon(layout, instance)  # all that had been opened is free again
    again.start()
    again.stop()


def test_every_mistake_reaches_the_caller(control: Control) -> None:
    with pytest.raises(Answered) as caught:
        control.call("POST", "/fault", {"site": "mars", "kind": "delay", "seconds": -1})
    said = str(caught.value)
    assert "mars" in said and "delay needs" in said and "-1" in said and "hint:" in said
    assert caught.value.exit_code == 2
    with pytest.raises(Answered, match="FOR is a number"):
        control.call("POST", "/fault", {"site": "", "kind": "control-plane", "seconds": "soon"})
    with pytest.raises(Answered, match="7"):
        control.call("POST", "/speed", {"speed": 7})


def test_faults_of_route_53_come_and_go(control: Control) -> None:
    control.call("POST", "/fault", {"kind": "control-plane", "seconds": 600})
    [fault] = control.status()["faults"]
    assert (fault["site"], fault["kind"]) == ("", "control-plane") and 0 < fault["seconds_left"] <= 600
    assert control.call("POST", "/heal")["healed"] == ["control-plane"]
    assert control.status()["faults"] == []


def test_whoever_asks_route_53_too_often_is_throttled(control: Control) -> None:
    control.call("POST", "/speed", {"speed": 1})
    client = boto3.client(
        "route53",
        endpoint_url=f"http://{control.instance.address(places.API)}:{places.API_PORT}",
        config=Config(retries={"total_max_attempts": 1}),
    )
    with pytest.raises(ClientError, match="Rate exceeded"):
        for _ in range(2 * ROUTE53_REQUESTS_PER_SECOND):
            client.list_hosted_zones()


def test_strangers_are_refused(control: Control) -> None:
    url = f"http://{control.instance.address(places.API)}:{places.CONTROL_PORT}/status"
    answer = httpx.get(url, headers={"authorization": "Bearer guess"}, trust_env=False)
    assert answer.status_code == 401 and control.instance.token not in answer.text
    assert "token" in json.loads(answer.text)["error"]
