"""Route 53 that moves, whole: sites die and return, and only their sockets tell."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from failover.dial import Dial
from failover.routing.predict import Check, Pace, Term, predict_failback, predict_failover
from failover.simulator import REGIONS, MovingRoute53
from service.errors import InvalidInput, Unavailable
from tests.failover.simulator.site import Site

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

H = "api.outlast.example"
SITES = {"aws": "127.0.0.41", "azure": "127.0.0.42"}
SPEED = 15


@dataclass
class World:
    """Two sites behind one weighted name, checked every 10 s (simulated)."""

    route53: MovingRoute53
    client: Route53Client
    zone: str
    checks: dict[str, str]
    sites: dict[str, Site]
    dial: Dial

    def names(self) -> set[str]:
        """The sites that DNS answers with now."""
        return {self.dial.resolve(H).origin_host.split(".")[0] for _ in range(16)}

    def healthy(self, site: str) -> bool:
        return self.route53.status(self.checks[site]).healthy

    def all_succeed(self, site: str) -> bool:
        """Whether the latest check of every checker succeeded, so that none is on its way to another opinion."""
        reports = [one.report for one in self.route53.status(self.checks[site]).observations]
        return len(reports) == len(REGIONS) and all(report.startswith("Success") for report in reports)

    def assert_within(self, term: Term, measured: float) -> None:
        """best <= measured <= worst, give or take how late the checkers' own loop was for each of their checks."""
        doubt = self.route53.lag_seconds() * SPEED * (Check().failure_threshold + 1)
        assert term.best_seconds - doubt <= measured <= term.worst_seconds + doubt

    def wait(self, holds: Callable[[], bool], timeout_seconds: float = 150) -> float:
        return self.route53.wait_until(holds, timeout_seconds=timeout_seconds)


@pytest.fixture(scope="module")
def world(certificate: Path) -> Iterator[World]:
    sites = {"aws": Site(SITES["aws"], certificate=certificate).start()}
    port = sites["aws"].port  # a free one, which is free at the other address as well: nobody else uses that
    sites["azure"] = Site(SITES["azure"], port, certificate).start()
    with MovingRoute53(speed=SPEED, seed=7, port_offset=port - 443) as route53:
        client = route53.client()
        zone = client.create_hosted_zone(Name="outlast.example", CallerReference="1")["HostedZone"]["Id"]
        checks = {name: create_check(client, name) for name in SITES}
        change(client, zone, *(record for name in SITES for record in records_of(name, checks[name])))
        dial = Dial(nameserver="127.0.0.1", port_offset=route53.dns_address[1] - 53)
        yield World(route53, client, zone, checks, sites, dial)
    for site in sites.values():
        site.stop()


def create_check(client: Route53Client, name: str, **more: Any) -> str:
    config: Any = {
        "Type": "HTTPS_STR_MATCH",
        "FullyQualifiedDomainName": f"{name}.{H}",
        "ResourcePath": "/health",
        "SearchString": '"status":"ok"',
        "RequestInterval": 10,
        "FailureThreshold": 3,
        **more,
    }
    created = client.create_health_check(CallerReference=f"{name}-{time.monotonic()}", HealthCheckConfig=config)
    return created["HealthCheck"]["Id"]


def records_of(name: str, check: str) -> list[dict[str, Any]]:
    values = [{"Value": f"{name}.{H}"}]
    return [
        {"Name": f"{name}.{H}", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": SITES[name]}]},
        {"Name": H, "Type": "CNAME", "TTL": 30, "SetIdentifier": name, "Weight": 50, "HealthCheckId": check}
        | {"ResourceRecords": values},
    ]


def change(client: Route53Client, zone: str, *records: dict[str, Any], action: str = "UPSERT") -> None:
    batch: Any = {"Changes": [{"Action": action, "ResourceRecordSet": record} for record in records]}
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)


# -- moving ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_dead_site_leaves_the_answers_and_returns_within_the_prediction(world: World) -> None:
    world.wait(lambda: world.all_succeed("aws"))
    assert world.names() == {"aws", "azure"}
    pace, check = Pace(speed=SPEED), Check()
    world.sites["aws"].status = "503 Service Unavailable"
    left = world.wait(lambda: not world.healthy("aws"))
    world.assert_within(predict_failover(check, ttl_seconds=30, pace=pace).terms[0], left)
    assert world.names() == {"azure"}
    world.sites["aws"].status = "200 OK"
    back = world.wait(lambda: world.healthy("aws"))
    world.assert_within(predict_failback(check, ttl_seconds=30, pace=pace).terms[0], back)
    assert world.names() == {"aws", "azure"}
    turns = [turn.healthy for turn in world.route53.transitions if turn.health_check_id == world.checks["aws"]]
    assert turns == [False, True]


def test_a_site_that_closes_its_port_is_noticed(world: World, certificate: Path) -> None:
    quick = create_check(world.client, "azure", FailureThreshold=1)
    world.wait(lambda: len(world.route53.status(quick).observations) == len(REGIONS))
    world.sites["azure"].stop()
    world.wait(lambda: not world.route53.status(quick).healthy)
    reports = [one.report for one in world.route53.status(quick).observations]
    assert any("Connection refused" in report for report in reports)
    world.sites["azure"] = Site(SITES["azure"], world.sites["aws"].port, certificate).start()
    world.wait(lambda: world.route53.status(quick).healthy)
    world.client.delete_health_check(HealthCheckId=quick)


def test_a_switched_check_moves_traffic_at_once_and_back(world: World) -> None:
    """Disabled and inverted: unhealthy whatever the site does; enabled again: healthy until there is enough data."""
    check = world.checks["aws"]
    version = world.client.get_health_check(HealthCheckId=check)["HealthCheck"]["HealthCheckVersion"]
    world.client.update_health_check(HealthCheckId=check, HealthCheckVersion=version, Disabled=True, Inverted=True)
    assert world.names() == {"azure"}
    assert world.route53.status(check).observations == ()
    world.client.update_health_check(
        HealthCheckId=check, HealthCheckVersion=version + 1, Disabled=False, Inverted=False
    )
    assert world.names() == {"aws", "azure"}


def test_blind_regions_outvote_nobody_until_they_are_more_than_82_percent(world: World) -> None:
    route53 = world.route53
    check = create_check(world.client, "azure", FailureThreshold=1)
    route53.set_blind_regions(REGIONS[:6])  # 2 of 8 still see the site: 25 % are enough
    world.wait(lambda: route53.status(check).share == 0.25)
    assert route53.status(check).healthy
    route53.set_blind_regions(REGIONS[:7])
    world.wait(lambda: not route53.status(check).healthy)
    route53.set_blind_regions([])
    world.wait(lambda: route53.status(check).healthy)
    world.client.delete_health_check(HealthCheckId=check)


def test_when_all_are_unhealthy_all_are_answered(world: World) -> None:
    for check in world.checks.values():
        world.client.update_health_check(HealthCheckId=check, Disabled=True, Inverted=True)
    assert world.names() == {"aws", "azure"}
    assert world.route53.ask(H).fail_open
    for check in world.checks.values():
        world.client.update_health_check(HealthCheckId=check, Disabled=False, Inverted=False)
    assert not world.route53.ask(H).fail_open


def test_an_unknown_region_cannot_be_blinded(world: World) -> None:
    with pytest.raises(InvalidInput, match="mars-1"):
        world.route53.set_blind_regions(["mars-1"])


def test_a_calculated_check_follows_its_children(world: World) -> None:
    config: Any = {"Type": "CALCULATED", "ChildHealthChecks": list(world.checks.values()), "HealthThreshold": 2}
    parent = world.client.create_health_check(CallerReference="calc", HealthCheckConfig=config)["HealthCheck"]["Id"]
    assert world.route53.status(parent).healthy
    world.client.update_health_check(HealthCheckId=world.checks["aws"], Disabled=True, Inverted=True)
    assert not world.route53.status(parent).healthy
    world.client.update_health_check(HealthCheckId=world.checks["aws"], Disabled=False, Inverted=False)
    assert world.route53.status(parent).healthy
    world.client.delete_health_check(HealthCheckId=parent)
    with pytest.raises(Unavailable, match="there is no health check"):
        world.route53.status(parent)


def test_a_new_check_is_healthy_until_there_is_enough_data(world: World) -> None:
    fresh = create_check(world.client, "nowhere", FailureThreshold=1)
    inverted = create_check(world.client, "nowhere", Inverted=True)
    assert world.route53.status(fresh).healthy
    assert not world.route53.status(inverted).healthy  # and an inverted one unhealthy
    world.wait(lambda: not world.route53.status(fresh).healthy)


def test_the_speed_can_change_while_it_runs(world: World) -> None:
    world.route53.set_speed(1)
    assert world.dial.resolve(f"aws.{H}").ttl_seconds == 60
    world.route53.set_speed(10)
    assert world.dial.resolve(f"aws.{H}").ttl_seconds == 6
    changed_at = datetime.now(UTC)
    world.route53.set_speed(SPEED)
    seen = lambda: world.route53.status(world.checks["aws"]).observations  # noqa: E731
    world.wait(lambda: sum(one.checked_at > changed_at for one in seen()) == len(REGIONS))
    with pytest.raises(InvalidInput):
        world.route53.set_speed(7)


def test_a_wait_that_fails_says_what_for(world: World) -> None:
    with pytest.raises(Unavailable, match="the moon did not come to hold within 1 s"):
        world.route53.wait_until(lambda: False, timeout_seconds=1, what="the moon")


# -- remembering -----------------------------------------------------------------------------------------------------


def test_a_snapshot_brings_everything_back_with_its_ids(certificate: Path) -> None:
    saved: list[str] = []
    with MovingRoute53(on_change=lambda snapshot: saved.append(json.dumps(snapshot))) as first:
        client = first.client()
        created = client.create_hosted_zone(Name="outlast.example", CallerReference="1")
        zone, change_id = created["HostedZone"]["Id"], created["ChangeInfo"]["Id"]
        check = create_check(client, "aws", IPAddress=SITES["aws"])
        client.update_health_check(HealthCheckId=check, Disabled=True)
        client.change_tags_for_resource(
            ResourceType="healthcheck", ResourceId=check, AddTags=[{"Key": "outlast:site", "Value": "aws"}]
        )
        change(client, zone, *records_of("aws", check))
        listed = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        assert json.loads(saved[-1]) == json.loads(json.dumps(first.snapshot()))
    second = MovingRoute53()
    second.restore(json.loads(saved[-1]))
    with second:
        client = second.client()
        assert client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"] == listed
        kept = client.get_health_check(HealthCheckId=check)["HealthCheck"]
        assert (kept["HealthCheckVersion"], kept["HealthCheckConfig"]["Disabled"]) == (2, True)
        tags = client.list_tags_for_resource(ResourceType="healthcheck", ResourceId=check)["ResourceTagSet"]["Tags"]
        assert tags == [{"Key": "outlast:site", "Value": "aws"}]
        assert client.get_change(Id=change_id)["ChangeInfo"]["Status"] == "INSYNC"
        assert second.ask(H).records[-1].values == (SITES["aws"],)
        change(client, zone, *records_of("aws", check), action="DELETE")
        client.delete_hosted_zone(Id=zone)
        assert second.snapshot()["zones"] == []


def test_a_snapshot_of_another_schema_is_refused() -> None:
    with pytest.raises(InvalidInput, match="schema"):
        MovingRoute53().restore({"schema": 99})


def test_a_change_that_cannot_be_kept_is_taken_back() -> None:
    full = False

    def keep(snapshot: dict[str, Any]) -> None:
        if full:
            raise OSError(28, "No space left on device")

    with MovingRoute53(on_change=keep) as route53:
        client = route53.client()
        client.meta.config.retries = {"total_max_attempts": 1}
        zone = client.create_hosted_zone(Name="outlast.example", CallerReference="1")["HostedZone"]["Id"]
        full = True
        with pytest.raises(ClientError, match="No space left on device"):
            change(client, zone, {"Name": H, "Type": "A", "TTL": 1, "ResourceRecords": [{"Value": "192.0.2.1"}]})
        full = False
        assert len(client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]) == 2
        assert route53.ask(H).rcode == "NXDOMAIN"


# -- settings --------------------------------------------------------------------------------------------------------


def test_a_change_reaches_the_name_server_only_after_its_propagation() -> None:
    with MovingRoute53(speed=10, propagation_seconds=5) as route53:
        client = route53.client()
        zone = client.create_hosted_zone(Name="outlast.example", CallerReference="1")["HostedZone"]["Id"]
        route53.wait_until(lambda: route53.ask("outlast.example", "SOA").rcode == "NOERROR", timeout_seconds=20)
        batch: Any = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": records_of("aws", "")[0]}]}
        info = client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)["ChangeInfo"]
        assert client.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "PENDING"
        assert route53.ask(f"aws.{H}").rcode == "NXDOMAIN"
        route53.wait_until(lambda: route53.ask(f"aws.{H}").rcode == "NOERROR", timeout_seconds=20)
        assert client.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "INSYNC"


def test_names_of_the_clouds_are_found_by_aliases_and_checkers() -> None:
    def outside(name: str) -> list[str]:
        return ["127.0.0.41"] if name == "lb.example.net" else []

    with MovingRoute53(outside_names=outside) as route53:
        client = route53.client()
        zone = client.create_hosted_zone(Name="outlast.example", CallerReference="1")["HostedZone"]["Id"]
        target = {"DNSName": "lb.example.net", "HostedZoneId": "Z35SXDOTRQ7X7K", "EvaluateTargetHealth": True}
        change(client, zone, {"Name": f"aws.{H}", "Type": "A", "AliasTarget": target})
        assert route53.ask(f"aws.{H}").records[0].values == ("127.0.0.41",)
        assert route53.ask("lb.example.net").records[0].values == ("127.0.0.41",)
        assert route53.ask("other.example.net").rcode == "REFUSED"


def test_a_taken_port_is_told_and_leaves_nothing_behind() -> None:
    with MovingRoute53() as first:
        api = first.endpoint_url.rsplit(":", 1)[1]
        with pytest.raises(Unavailable, match=f"Route 53 API cannot listen on 127.0.0.1 port {api}"):
            MovingRoute53(api_address=("127.0.0.1", int(api))).start()
        second = MovingRoute53(dns_addresses=[first.dns_address])
        with pytest.raises(Unavailable, match="DNS server cannot listen"):
            second.start()


def _draw(route53: MovingRoute53) -> list[str]:
    """Everything of an instance that is drawn and seen through the API, two of each kind."""
    client, drawn = route53.client(), [route53._store.account_id]
    for n in ("1", "2"):
        created = client.create_hosted_zone(Name=f"zone{n}.example", CallerReference=n)
        drawn += [created["HostedZone"]["Id"], created["ChangeInfo"]["Id"], create_check(client, n)]
    return drawn


def test_a_seed_repeats_the_account_and_every_id() -> None:
    seen = []
    for seed in (5, 5, 6, None, None):
        with MovingRoute53(seed=seed) as route53:
            seen.append(_draw(route53))
    first, again, *others = seen
    assert first == again
    every = [text for each in (first, *others) for text in each]
    assert len(set(every)) == len(every) == 28


def test_two_instances_of_one_seed_do_not_meet() -> None:
    with MovingRoute53(seed=5) as one, MovingRoute53(seed=5) as other:
        one.client().create_hosted_zone(Name="outlast.example", CallerReference="1")
        assert other.client().list_hosted_zones()["HostedZones"] == []


def test_two_instances_do_not_meet() -> None:
    with MovingRoute53() as one, MovingRoute53() as two:
        one.client().create_hosted_zone(Name="outlast.example", CallerReference="1")
        assert two.client().list_hosted_zones()["HostedZones"] == []
        assert two.ask("outlast.example", "SOA").rcode == "REFUSED"


def test_a_health_check_has_ten_tags_at_most() -> None:
    """Seven are the traffic stack's, three a drill's or a drain's: an eleventh is refused as by Route 53."""
    with MovingRoute53() as route53:
        client = route53.client()
        config: Any = {"Type": "HTTPS", "FullyQualifiedDomainName": "a.example.com", "ResourcePath": "/"}
        check = client.create_health_check(CallerReference="1", HealthCheckConfig=config)["HealthCheck"]["Id"]

        def add(*names: str) -> None:
            tags: Any = [{"Key": name, "Value": "x"} for name in names]
            client.change_tags_for_resource(ResourceType="healthcheck", ResourceId=check, AddTags=tags)

        add(*(f"t{number}" for number in range(10)))
        add("t0")
        with pytest.raises(ClientError, match="would have 11 tags; the maximum is 10"):
            add("one more")
        client.change_tags_for_resource(ResourceType="healthcheck", ResourceId=check, RemoveTagKeys=["t0"])
        add("one more")
