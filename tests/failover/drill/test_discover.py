"""Reading a fleet by boto3: against moto, and the fake that other tests use held to the same answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from failover.drill.discover import read_all_checks, read_checks, read_fleet, read_view, refuse_drained
from failover.drill.fleet import Fleet, FleetSite, HealthCheck
from failover.routing.answers import RecordSet
from failover.simulator import MovingRoute53
from infra.routing import Geography, Member, RoutingPolicy, plan_records
from service.errors import InvalidInput, Refused, Unavailable
from tests.failover.drill.fake_route53 import FakeRoute53
from tests.failover.drill.fakes import tag
from tests.failover.drill.three_sites import HOST, WEIGHTS, ZONE, provision

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client


@pytest.fixture(params=["moto", "fake"])
def any_route53(request: pytest.FixtureRequest) -> Any:
    if request.param == "fake":
        return FakeRoute53()
    client = request.getfixturevalue("route53")
    provision(client)
    return client


def upsert(route53: Route53Client, **record: Any) -> None:
    zone_id = route53.list_hosted_zones()["HostedZones"][0]["Id"]
    change: Any = {"Action": "UPSERT", "ResourceRecordSet": {"Name": HOST, "Type": "CNAME", **record}}
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": [change]})


def value(text: str) -> list[dict[str, str]]:
    return [{"Value": text}]


def test_finds_everything_from_the_host_name(any_route53: Any) -> None:
    fleet = read_fleet(any_route53, HOST.upper() + ".")
    assert (fleet.host, fleet.ttl_seconds) == (HOST, 30)
    assert [site.name for site in fleet.sites] == ["aws", "azure", "gcp"]
    assert {site.name: site.weight for site in fleet.sites} == WEIGHTS
    assert fleet.site("gcp").origin_host == f"gcp.{HOST}"
    check = fleet.site("aws").check
    assert (check.version, check.interval_seconds, check.failure_threshold) == (1, 10, 3)
    assert not check.disabled and not check.inverted and check.drill_id is None
    assert fleet.site("azure").capacity_rps == 100.0


def test_sees_what_a_drill_left(any_route53: Any) -> None:
    check_id = read_fleet(any_route53, HOST).site("aws").check.id
    any_route53.update_health_check(HealthCheckId=check_id, Disabled=True, Inverted=True)
    tag(any_route53, check_id, id="d", expires_at="2026-11-23T12:00:00+00:00")
    check = read_checks(any_route53, [check_id])[check_id]
    assert (check.disabled, check.inverted, check.drill_id) == (True, True, "d")
    assert check.expires_at == "2026-11-23T12:00:00+00:00"


def test_lists_all_checks_and_their_views(any_route53: Any) -> None:
    checks = read_all_checks(any_route53)
    assert len(checks) == 3
    assert all(read_view(any_route53, check).healthy for check in checks.values())


def test_takes_the_longest_public_zone(route53: Route53Client) -> None:
    route53.create_hosted_zone(Name="example", CallerReference="1")
    provision(route53)
    private = {"HostedZoneConfig": {"PrivateZone": True}, "VPC": {"VPCRegion": "us-east-1", "VPCId": "vpc-1"}}
    route53.create_hosted_zone(Name=f"api.{ZONE}", CallerReference="2", **private)  # type: ignore[arg-type]
    assert len(read_fleet(route53, HOST).sites) == 3


def test_more_tags_than_one_call_gives(route53: Route53Client) -> None:
    ids = []
    for n in range(13):
        config: Any = {"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 443}
        created = route53.create_health_check(CallerReference=str(n), HealthCheckConfig=config)
        ids.append(created["HealthCheck"]["Id"])
        tag(route53, ids[-1], id=str(n))
    checks = read_checks(route53, ids)
    assert [checks[check_id].drill_id for check_id in ids] == [str(n) for n in range(13)]


def test_a_host_without_zone_or_records(route53: Route53Client) -> None:
    with pytest.raises(InvalidInput, match="no public hosted zone of this account contains api"):
        read_fleet(route53, HOST)
    provision(route53)
    with pytest.raises(InvalidInput, match="no weighted records"):
        read_fleet(route53, f"other.{ZONE}")
    with pytest.raises(InvalidInput, match="no public hosted zone"):
        read_fleet(route53, "apioutlast.example")


def test_two_zones_of_one_name_are_told_apart_by_nobody(route53: Route53Client) -> None:
    for n in range(2):
        route53.create_hosted_zone(Name=ZONE, CallerReference=str(n))
    with pytest.raises(InvalidInput, match="several public zones"):
        read_fleet(route53, HOST)


def test_reports_every_record_that_cannot_be_drilled(route53: Route53Client, check_ids: dict[str, str]) -> None:
    upsert(route53, SetIdentifier="gcp", Weight=20, TTL=60, ResourceRecords=value(f"gcp.{HOST}"))
    upsert(route53, SetIdentifier="four", Weight=1, TTL=30, Type="A", ResourceRecords=value("192.0.2.1"))
    with pytest.raises(InvalidInput) as caught:
        read_fleet(route53, HOST)
    told = str(caught.value)
    assert "record gcp: has no health check" in told
    assert "record four: is a weighted A record" in told
    assert "different TTLs" in told


@pytest.mark.parametrize(("text", "expected"), [("100", 100.0), ("0", None), ("-3", None), ("many", None), ("", None)])
def test_a_capacity_is_a_number_or_unknown(text: str, expected: float | None) -> None:
    check = HealthCheck("id", 1, 10, 3, tags={"outlast:capacity-rps": text})
    assert FleetSite("aws", f"aws.{HOST}", 1, check).capacity_rps == expected


def test_a_missing_health_check_is_said(route53: Route53Client) -> None:
    gone = HealthCheck("gone", 1, 10, 3)
    with pytest.raises(Unavailable, match="read the status of health check gone"):
        read_view(route53, gone)


@pytest.fixture
def front() -> Iterator[MovingRoute53]:
    with MovingRoute53(speed=15) as moving:
        yield moving


def test_the_fake_counts_versions_as_the_front_does(front: MovingRoute53) -> None:
    real: Any = front.client()
    real_id = provision(real)["aws"]
    fake = FakeRoute53()
    for client, check_id in ((real, real_id), (fake, "check-aws")):
        first = client.update_health_check(HealthCheckId=check_id, HealthCheckVersion=1, Disabled=True, Inverted=True)
        assert first["HealthCheck"]["HealthCheckVersion"] == 2
        with pytest.raises(Exception, match="HealthCheckVersionMismatch"):
            client.update_health_check(HealthCheckId=check_id, HealthCheckVersion=1, Disabled=False)
        with pytest.raises(Exception, match="NoSuchHealthCheck"):
            client.get_health_check(HealthCheckId="gone")
        assert read_checks(client, [check_id])[check_id].disabled


def publish(route53: Route53Client, policy: RoutingPolicy, checks: dict[str, str]) -> None:
    """The records of another policy in the place of the weighted ones."""
    zone_id = route53.list_hosted_zones()["HostedZones"][0]["Id"]
    listed = route53.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    members = [Member(site, f"{site}.{HOST}", 1, check_id) for site, check_id in checks.items()]
    changes: list[Any] = [{"Action": "DELETE", "ResourceRecordSet": one} for one in listed if "Weight" in one]
    changes += [
        {"Action": "CREATE", "ResourceRecordSet": as_api(record, zone_id)}
        for record in plan_records(policy, HOST, members, 30)
    ]
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": changes})


def as_api(record: RecordSet, zone_id: str) -> dict[str, Any]:
    found: dict[str, Any] = {"Name": record.name, "Type": record.type, "SetIdentifier": record.set_identifier}
    if record.alias:
        evaluate = record.alias.evaluate_target_health
        found["AliasTarget"] = {
            "DNSName": record.alias.dns_name,
            "HostedZoneId": zone_id.removeprefix("/hostedzone/"),
            "EvaluateTargetHealth": evaluate,
        }
    else:
        found |= {"TTL": record.ttl_seconds, "ResourceRecords": value(record.values[0])}
    kind, _, code = str(record.location).partition(" ")
    geo = {"ContinentCode": code} if kind == "continent" else {"CountryCode": code or "*"}
    optional = {
        "Weight": record.weight,
        "Failover": record.failover,
        "Region": record.region,
        "GeoLocation": geo if record.location else None,
        "HealthCheckId": record.health_check_id,
    }
    return found | {key: one for key, one in optional.items() if one is not None}


REGIONS = {"aws": "us-east-1", "azure": "eu-central-1", "gcp": "ap-east-1"}
WORLD = Geography("world", ("*",), ("aws", "azure", "gcp"))
EUROPE = Geography("eu", ("continent EU",), ("azure", "gcp"))


@pytest.mark.parametrize(
    ("policy", "weights", "lost", "left"),
    [
        (RoutingPolicy("active-passive"), [100, 0, 0], "aws", [0, 1, 0]),
        (RoutingPolicy("latency", REGIONS), [33, 33, 33], "aws", [0, 0.5, 0.5]),
        (RoutingPolicy("geolocation", geographies=(EUROPE, WORLD)), [33, 33, 33], "gcp", [0.5, 0.5, 0]),
    ],
    ids=lambda value: value.name if isinstance(value, RoutingPolicy) else "",
)
def test_every_policy_of_a_traffic_stack_can_be_drilled(
    front: MovingRoute53, policy: RoutingPolicy, weights: list[int], lost: str, left: list[float]
) -> None:
    route53 = front.client()
    publish(route53, policy, provision(route53))
    fleet = read_fleet(route53, HOST)
    assert [(site.name, site.weight) for site in fleet.sites] == list(zip(REGIONS, weights, strict=True))
    assert [fleet.shares(lost)[site] for site in REGIONS] == pytest.approx(left)
    assert fleet.site("gcp").origin_host == f"gcp.{HOST}"


def test_behind_a_drain_switch_the_check_of_the_endpoint_is_drilled(front: MovingRoute53) -> None:
    """Also while a drill has it: then it is inverted, as a switch is, and disabled, as a switch is not."""
    route53 = front.client()
    endpoint = provision(route53)["aws"]
    switch: Any = {"Type": "HTTPS", "FullyQualifiedDomainName": "store.example.net", "Inverted": True}
    made = route53.create_health_check(CallerReference="switch", HealthCheckConfig=switch)["HealthCheck"]["Id"]
    gate: Any = {"Type": "CALCULATED", "ChildHealthChecks": [made, endpoint], "HealthThreshold": 2}
    gate_id = route53.create_health_check(CallerReference="gate", HealthCheckConfig=gate)["HealthCheck"]["Id"]
    upsert(
        route53,
        SetIdentifier="aws",
        Weight=50,
        TTL=30,
        ResourceRecords=value(f"aws.{HOST}"),
        HealthCheckId=gate_id,
    )
    assert read_fleet(route53, HOST).site("aws").check.id == endpoint
    route53.update_health_check(HealthCheckId=endpoint, Disabled=True, Inverted=True)
    check = read_fleet(route53, HOST).site("aws").check
    assert (check.id, check.disabled, check.interval_seconds) == (endpoint, True, 10)
    assert check.switches == (made,)
    assert endpoint in read_all_checks(route53) and gate_id not in read_all_checks(route53)


@pytest.mark.parametrize("thrown", [True, False])
def test_a_site_that_its_drain_switch_holds_out_is_seen_although_its_own_check_succeeds(thrown: bool) -> None:
    class Route53:
        """Answers the status of one health check as its checkers see it."""

        def get_health_check_status(self, HealthCheckId: str) -> dict[str, Any]:
            assert HealthCheckId == "switch", "only switches are asked for"
            status = "Success: HTTP Status Code 200, OK" if thrown else "Failure: HTTP Status Code 404, Not Found"
            return {"HealthCheckObservations": [{"StatusReport": {"Status": status}}] * 3}

    aws = FleetSite("aws", f"aws.{HOST}", 1, HealthCheck("aws", 1, 10, 3, switches=("switch",)))
    fleet = Fleet(HOST, "Z", 30, (aws, FleetSite("gcp", f"gcp.{HOST}", 1, HealthCheck("gcp", 1, 10, 3))))
    route53: Any = Route53()
    if thrown:
        with pytest.raises(Refused, match="aws is drained by a switch"):
            refuse_drained(route53, fleet)
    else:
        refuse_drained(route53, fleet)
