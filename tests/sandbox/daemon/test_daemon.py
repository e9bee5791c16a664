"""The daemon when something that it needs is not to be had, and its control interface when it is asked for nonsense."""

from __future__ import annotations

import json
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from failover.simulator import REGIONS, MovingRoute53
from sandbox import layout as places
from sandbox.clouds.simulated import SimulatedClouds
from sandbox.command.control import Answered, Control
from sandbox.daemon.daemon import ROUTE53_REQUESTS_PER_SECOND, Daemon, rebuild
from sandbox.engine.cloud import Request
from sandbox.layout import Layout, choose_instance
from service.errors import InvalidInput, Unavailable
from tests.sandbox.tiny import until

ROOT = Path(__file__).resolve().parents[3]


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


def test_how_late_changes_count_is_told_and_remembered(control: Control, layout: Layout) -> None:
    assert control.status()["eventual"] == 0
    assert control.call("POST", "/eventual", {"eventual": 60}) == {"eventual": 60}
    control.call("POST", "/speed", {"speed": 5})
    assert control.status()["eventual"] == 60
    kept = layout.load_instance()
    assert kept is not None and (kept.eventual, kept.speed) == (60, 5)


def test_faults_of_route_53_come_and_go(control: Control) -> None:
    control.call("POST", "/fault", {"kind": "control-plane", "seconds": 600})
    [fault] = control.status()["faults"]
    assert (fault["site"], fault["kind"]) == ("", "control-plane") and 0 < fault["seconds_left"] <= 600
    assert control.call("POST", "/heal")["healed"] == ["control-plane"]
    assert control.status()["faults"] == []


def route53_of(control: Control, key: str = "") -> Any:
    """A client with the sandbox's credentials, or others, that asks once."""
    return boto3.client(
        "route53",
        endpoint_url=f"http://{control.instance.address(places.API)}:{places.API_PORT}",
        config=Config(retries={"total_max_attempts": 1}),
        aws_access_key_id=key or control.instance.access_key_id,
        aws_secret_access_key=control.instance.secret_access_key,
    )


def test_route_53_takes_the_sandboxs_own_credentials_only(control: Control) -> None:
    assert re.fullmatch(r"AKIA[A-Z2-7]{16}", control.instance.access_key_id)
    assert route53_of(control).list_hosted_zones()["HostedZones"] == []
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        route53_of(control, key="AKIAIOSFODNN7EXAMPLE").list_hosted_zones()


def test_faults_of_route_53_act_and_end_by_themselves(control: Control, layout: Layout) -> None:
    api = route53_of(control)

    def refuses() -> bool:
        try:
            api.list_hosted_zones()
        except ClientError as error:
            return error.response["Error"]["Code"] == "ServiceUnavailable"
        return False

    assert not refuses()
    control.call("POST", "/fault", {"kind": "control-plane", "seconds": 5})
    until(refuses)
    assert control.status()["weights"] == [], "status needs no API that refuses"
    until(lambda: not refuses())
    assert control.status()["faults"] == []


def test_a_blind_region_sees_again_by_itself(layout: Layout) -> None:
    daemon = started(layout)
    try:
        Control(daemon.instance).call("POST", "/fault", {"kind": f"blind={REGIONS[0]}", "seconds": 5})
        until(lambda: daemon.route53._checkers.blind_regions == {REGIONS[0]})
        until(lambda: not daemon.route53._checkers.blind_regions)
    finally:
        daemon.stop()


def test_whoever_asks_route_53_too_often_is_throttled(control: Control) -> None:
    control.call("POST", "/speed", {"speed": 1})
    client = route53_of(control)
    with pytest.raises(ClientError, match="Rate exceeded"):
        for _ in range(2 * ROUTE53_REQUESTS_PER_SECOND):
            client.list_hosted_zones()


def test_strangers_are_refused(control: Control) -> None:
    url = f"http://{control.instance.address(places.API)}:{places.CONTROL_PORT}/status"
    answer = httpx.get(url, headers={"authorization": "Bearer guess"}, trust_env=False)
    assert answer.status_code == 401 and control.instance.token not in answer.text
    assert "token" in json.loads(answer.text)["error"]


# -- what is damaged ----------------------------------------------------------------------------------


def started(layout: Layout) -> Daemon:
    instance = layout.load_instance()
    assert instance is not None
    daemon = Daemon(layout, instance)
    daemon.start()
    return daemon


def make_route53(daemon: Daemon) -> dict[str, Any]:
    """A zone with a record and its health check, as a stack makes them; Route 53's memory afterwards."""
    clouds = SimulatedClouds(daemon.world, lambda stack: None)

    def make(type_: str, **inputs: Any) -> str:
        return clouds.create(Request("aws", type_, "one", f"urn:pulumi:traffic::outlast::{type_}::one", inputs=inputs))[
            0
        ]

    zone = make(rebuild.ZONE, name="outlast.example")
    check = make(rebuild.CHECK, type="TCP", ipAddress="127.0.0.1", port=9, requestInterval=30, failureThreshold=3)
    policy = {"setIdentifier": "aws", "weightedRoutingPolicies": [{"weight": 5}], "healthCheckId": check}
    make(rebuild.RECORD, zoneId=zone, name="api.outlast.example", type="A", ttl=30, records=["192.0.2.1"], **policy)
    return daemon.route53.snapshot()


def without_references(snapshot: dict[str, Any]) -> Any:
    """What clients see: callers' references and the changes of the past are nobody's business."""
    kept = [{k: v for k, v in one.items() if k != "CallerReference"} for one in snapshot["zones"]]
    return kept, [{k: v for k, v in one.items() if k != "CallerReference"} for one in snapshot["health_checks"]]


@pytest.mark.parametrize("content", [None, b"{"])
def test_route_53_is_made_again_from_the_journal(layout: Layout, content: bytes | None) -> None:
    daemon = started(layout)
    before = make_route53(daemon)
    daemon.stop()
    layout.route53.unlink() if content is None else layout.route53.write_bytes(content)
    daemon = started(layout)
    try:
        assert without_references(daemon.route53.snapshot()) == without_references(before)
        assert daemon.route53.ask("api.outlast.example").records[0].values == ("192.0.2.1",)
        [named] = daemon.status()["damaged"]
        assert named.startswith("route53.json is ") and "made again from the journal" in named
    finally:
        daemon.stop()
    assert without_references(json.loads(layout.route53.read_text())) == without_references(before)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"schema": 1, "zones": [{"Id": "Z1"}]}'])
def test_a_damaged_memory_is_named_and_kept_beside(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "route53.json"
    file.write_bytes(content)
    assert rebuild.load(MovingRoute53(), file).startswith("route53.json is damaged")
    assert [kept.read_bytes() for kept in tmp_path.iterdir()] == [content] and not file.exists()


def test_a_memory_of_another_version_is_refused_and_left_alone(layout: Layout) -> None:
    layout.route53.write_text('{"schema": 99}')
    instance = layout.load_instance()
    assert instance is not None
    daemon = Daemon(layout, instance)
    with pytest.raises(InvalidInput, match="99"):
        daemon.start()
    daemon.stop()
    assert layout.route53.read_text() == '{"schema": 99}'


def test_a_damaged_journal_keeps_the_good_part_and_says_what_pulumi_misses(layout: Layout) -> None:
    daemon = started(layout)
    make_route53(daemon)
    ids = {type_: daemon.world.store.all(type_)[0].id for type_ in (rebuild.ZONE, rebuild.CHECK)}
    daemon.stop()
    lines = layout.journal.read_bytes().splitlines(keepends=True)
    key = b'"key":"' + rebuild.CHECK.encode()
    layout.journal.write_bytes(b"".join(line.replace(b"TCP", b"UDP") if key in line else line for line in lines))
    daemon = started(layout)
    try:
        assert [entry.partition(":")[0] for entry in daemon.status()["damaged"]] == ["journal.jsonl"]
        assert [zone.id for zone in daemon.world.store.all(rebuild.ZONE)] == [ids[rebuild.ZONE]]
        provider = ["pulumi:providers:aws", "5"]
        body = {"stack": "traffic", "known": [provider, *([t, i] for t, i in ids.items())]}
        found = Control(daemon.instance).call("POST", "/orphans", {**body, "stack": "another"})
        assert found["missing"] == [f"{rebuild.CHECK}|{ids[rebuild.CHECK]}"]
    finally:
        daemon.stop()


def test_two_sandboxes_run_side_by_side(layout: Layout, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("other")
    shutil.copytree(layout.root / "stacks", root / "stacks")
    other = Layout(root, root / ".sandbox")
    other.save_instance(choose_instance(other, speed=10, port_offset=20000))
    mine, theirs = started(layout), started(other)
    try:
        make_route53(mine)
        ports = [set(json.loads((each.pulumi_home / "ports.json").read_text()).values()) for each in (layout, other)]
        assert ports[0].isdisjoint(ports[1])
        assert mine.instance.block != theirs.instance.block and mine.instance.dns_port != theirs.instance.dns_port
        assert theirs.route53.snapshot()["zones"] == []
        Control(theirs.instance).call("POST", "/fault", {"kind": "control-plane", "seconds": 600})
        assert Control(mine.instance).status()["faults"] == []
    finally:
        theirs.stop()
        mine.stop()


def test_heal_names_the_sites_that_there_are(control: Control) -> None:
    with pytest.raises(Answered, match="'awss' is not a site of this sandbox") as caught:
        control.call("POST", "/heal", {"site": "awss"})
    assert caught.value.exit_code == InvalidInput.exit_code


def test_a_daemon_whose_part_has_died_leaves_and_says_so(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    instance = layout.load_instance()
    assert instance is not None
    daemon = Daemon(layout, instance)
    daemon.start()
    try:
        assert not daemon.must_leave()
        assert Control(instance).status()["dead"] == []
        daemon.listeners.stop()
        assert "the thread listeners has died" in Control(instance).status()["dead"][0]
        with pytest.raises(Unavailable, match="the thread listeners has died"):
            daemon.must_leave()
        assert "the thread listeners has died" in layout.died.read_text()
    finally:
        daemon.stop()


def test_a_health_check_of_another_application_is_shown(control: Control) -> None:
    config: Any = {"Type": "TCP", "IPAddress": "127.0.0.1", "Port": 9}
    client = route53_of(control)
    made = client.create_health_check(CallerReference="another-app", HealthCheckConfig=config)["HealthCheck"]["Id"]
    (shown,) = control.status()["health_checks"]
    assert (shown["id"], shown["site"], shown["settled"]) == (made, made, False)
    client.delete_health_check(HealthCheckId=made)
    assert control.status()["health_checks"] == []
