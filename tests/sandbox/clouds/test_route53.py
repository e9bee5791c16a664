"""Route 53's types against a Route 53 that moves: drift that boto3 makes, imports, interrupted changes."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from failover.simulator import MovingRoute53
from sandbox.clouds.route53 import api, health_checks, records, zones
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds.harness import Clouds, Made, open_clouds

ZONE, RECORD, CHECK = zones.ZONE, records.RECORD, health_checks.HEALTH_CHECK
ENDPOINT = {
    "type": "HTTPS_STR_MATCH",
    "ipAddress": "192.0.2.1",
    "fqdn": "api.outlast.example",
    "resourcePath": "/health",
    "searchString": "ok",
    "requestInterval": 10,
    "failureThreshold": 3,
    "tags": {"outlast:site": "aws"},
}


@pytest.fixture(scope="module")
def route53() -> Iterator[MovingRoute53]:
    with MovingRoute53(seed=1) as running:
        yield running


@pytest.fixture
def clouds(tmp_path: Path, route53: MovingRoute53, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clouds]:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    opened = open_clouds(tmp_path, route53.client, clock=route53.clock)
    yield opened
    opened.world.store.journal.close()


def weighted(zone: Made, check: str = "", weight: int = 50, **more: Any) -> dict[str, Any]:
    return {
        "zoneId": zone.id,
        "name": "api.outlast.example",
        "type": "CNAME",
        "ttl": 30,
        "records": ["aws.api.outlast.example"],
        "setIdentifier": "aws",
        "weightedRoutingPolicies": [{"weight": weight}],
        **({"healthCheckId": check} if check else {}),
        **more,
    }


def inputs_now(clouds: Clouds, made: Made) -> dict[str, Any]:
    found = clouds.clouds.read("aws", made.type, made.id)
    assert found is not None
    return found[0]


def listed(route53: MovingRoute53, zone: Made) -> list[tuple[str, str]]:
    sets = route53.client().list_resource_record_sets(HostedZoneId=zone.id)["ResourceRecordSets"]
    return [(one["Name"], one["Type"]) for one in sets if one["Type"] not in ("NS", "SOA")]


# -- what boto3 does, refresh shows ----------------------------------------------------------------------------------


def test_what_was_written_reads_back_the_same(clouds: Clouds) -> None:
    zone = clouds.make(ZONE, name="outlast.example", comment="outlast")
    check = clouds.make(CHECK, **ENDPOINT)
    alias = {"name": "front.elb.amazonaws.com", "zoneId": api.ELB_ZONE_ID, "evaluateTargetHealth": False}
    made = [
        zone,
        check,
        clouds.make(RECORD, "weighted", **weighted(zone, check.id)),
        clouds.make(RECORD, "txt", zoneId=zone.id, name="asuid.outlast.example", type="TXT", ttl=300, records=["A"]),
        clouds.make(RECORD, "alias", zoneId=zone.id, name="aws.outlast.example", type="A", aliases=[alias]),
        clouds.make(RECORD, "star", zoneId=zone.id, name="*.outlast.example", type="A", ttl=5, records=["192.0.2.9"]),
    ]
    for each in made:
        assert inputs_now(clouds, each) == each.request.inputs


def test_a_weight_that_boto3_changed_is_seen_and_put_back(clouds: Clouds, route53: MovingRoute53) -> None:
    zone = clouds.make(ZONE, name="outlast.example")
    made = clouds.make(RECORD, **weighted(zone))
    client = route53.client()
    (record,) = (
        r for r in client.list_resource_record_sets(HostedZoneId=zone.id)["ResourceRecordSets"] if "Weight" in r
    )
    change = {"Action": "UPSERT", "ResourceRecordSet": {**record, "Weight": 7}}
    client.change_resource_record_sets(HostedZoneId=zone.id, ChangeBatch={"Changes": [change]})
    assert inputs_now(clouds, made)["weightedRoutingPolicies"] == [{"weight": 7}]
    clouds.change(made)
    assert inputs_now(clouds, made)["weightedRoutingPolicies"] == [{"weight": 50}]


def test_a_health_check_that_a_drill_disabled_is_seen(clouds: Clouds, route53: MovingRoute53) -> None:
    made = clouds.make(CHECK, **ENDPOINT)
    client = route53.client()
    client.update_health_check(HealthCheckId=made.id, Disabled=True, Inverted=True)
    client.change_tags_for_resource(
        ResourceType="healthcheck", ResourceId=made.id, AddTags=[{"Key": "drill", "Value": "1"}]
    )
    found = inputs_now(clouds, made)
    assert (found["disabled"], found["invertHealthcheck"]) == (True, True)
    assert found["tags"] == {"outlast:site": "aws", "drill": "1"}


def test_a_check_of_an_alarm_has_what_the_program_gave_it_and_drift_is_seen(
    clouds: Clouds, route53: MovingRoute53
) -> None:
    given = {"type": "CLOUDWATCH_METRIC", "cloudwatchAlarmName": "errors", "cloudwatchAlarmRegion": "us-east-1"}
    made = clouds.make(CHECK, **given)
    assert (inputs_now(clouds, made), made.outputs.get("port")) == (given, None)
    client = route53.client()
    client.update_health_check(HealthCheckId=made.id, InsufficientDataHealthStatus="Unhealthy")
    client.update_health_check(HealthCheckId=made.id, AlarmIdentifier={"Name": "other", "Region": "eu-west-1"})
    drifted = {"cloudwatchAlarmName": "other", "cloudwatchAlarmRegion": "eu-west-1"}
    assert inputs_now(clouds, made) == {**given, **drifted, "insufficientDataHealthStatus": "Unhealthy"}
    clouds.change(made)
    clouds.change(made, insufficientDataHealthStatus="Healthy")
    assert inputs_now(clouds, made) == {**given, "insufficientDataHealthStatus": "Healthy"}


def test_what_boto3_deleted_is_gone(clouds: Clouds, route53: MovingRoute53) -> None:
    zone, check = clouds.make(ZONE, name="outlast.example"), clouds.make(CHECK, **ENDPOINT)
    made = clouds.make(RECORD, zoneId=zone.id, name="a.outlast.example", type="A", ttl=5, records=["192.0.2.1"])
    client = route53.client()
    client.delete_health_check(HealthCheckId=check.id)
    client.change_resource_record_sets(
        HostedZoneId=zone.id,
        ChangeBatch={
            "Changes": [
                {
                    "Action": "DELETE",
                    "ResourceRecordSet": {
                        "Name": "a.outlast.example",
                        "Type": "A",
                        "TTL": 5,
                        "ResourceRecords": [{"Value": "192.0.2.1"}],
                    },
                }
            ]
        },
    )
    client.delete_hosted_zone(Id=zone.id)
    for each in (made, check, zone):
        assert clouds.clouds.read("aws", each.type, each.id) is None
        clouds.clouds.delete(each.request)
    assert clouds.world.store.all() == []


def test_a_zone_and_its_records_are_imported_by_their_ids(clouds: Clouds, route53: MovingRoute53) -> None:
    client = route53.client()
    made = client.create_hosted_zone(Name="by.hand.example", CallerReference=str(clouds.world.store.journal.path))
    zone_id = made["HostedZone"]["Id"].rpartition("/")[2]
    record = {
        "Name": "_under_score.by.hand.example",
        "Type": "CNAME",
        "SetIdentifier": "one_two",
        "Weight": 3,
        "TTL": 60,
        "ResourceRecords": [{"Value": "there.example"}],
    }
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    client.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch=batch)
    inputs, outputs = clouds.clouds.read("aws", ZONE, zone_id) or ({}, {})
    assert (inputs["name"], outputs["zoneId"]) == ("by.hand.example", zone_id)
    inputs, _ = clouds.clouds.read("aws", RECORD, f"{zone_id}__under_score.by.hand.example_CNAME_one_two") or ({}, {})
    assert inputs == {
        "zoneId": zone_id,
        "name": "_under_score.by.hand.example",
        "type": "CNAME",
        "setIdentifier": "one_two",
        "ttl": 60,
        "records": ["there.example"],
        "weightedRoutingPolicies": [{"weight": 3}],
    }
    for type_, id_ in ((ZONE, "Z0NONE"), (RECORD, f"{zone_id}_no.by.hand.example_A"), (CHECK, "no-such")):
        assert clouds.clouds.read("aws", type_, id_) is None


@pytest.mark.parametrize(
    "config",
    [
        {"Type": "TCP", "IPAddress": "127.0.0.1", "Port": 9, "Disabled": True},
        {"Type": "HTTP", "FullyQualifiedDomainName": "a.example", "ResourcePath": "/x", "Inverted": True},
        {"Type": "HTTPS", "FullyQualifiedDomainName": "a.example", "EnableSNI": False, "MeasureLatency": True},
        {"Type": "HTTPS_STR_MATCH", "FullyQualifiedDomainName": "a.example", "SearchString": "ok",
         "RequestInterval": 10, "FailureThreshold": 7, "Regions": ["us-east-1", "us-west-1", "eu-west-1"]},
        {"Type": "CALCULATED", "HealthThreshold": 1, "ChildHealthChecks": []},
        {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": {"Name": "errors", "Region": "us-east-1"},
         "InsufficientDataHealthStatus": "Unhealthy"},
    ],
    ids=lambda config: config["Type"],
)  # fmt: skip
def test_a_health_check_of_any_kind_is_imported_whole(
    clouds: Clouds, route53: MovingRoute53, config: dict[str, Any]
) -> None:
    client: Any = route53.client()
    child = client.create_health_check(CallerReference=f"child {clouds.world.store.journal.path}", HealthCheckConfig={
        "Type": "TCP", "IPAddress": "127.0.0.1", "Port": 9})["HealthCheck"]["Id"]  # fmt: skip
    if "ChildHealthChecks" in config:
        config = {**config, "ChildHealthChecks": [child]}
    made = client.create_health_check(CallerReference=str(clouds.world.store.journal.path), HealthCheckConfig=config)
    inputs, _ = clouds.clouds.read("aws", CHECK, made["HealthCheck"]["Id"]) or ({}, {})
    wanted = {name: value for name, value in made["HealthCheck"]["HealthCheckConfig"].items() if value is not False}
    written = health_checks._config(inputs)
    assert {name: value for name, value in written.items() if value is not False} == wanted


# -- changes ---------------------------------------------------------------------------------------------------------


def test_another_set_identifier_is_another_record_in_one_change(clouds: Clouds, route53: MovingRoute53) -> None:
    zone = clouds.make(ZONE, name="outlast.example")
    made = clouds.make(RECORD, **weighted(zone))
    clouds.change(made, setIdentifier="aws-eu")
    sets = route53.client().list_resource_record_sets(HostedZoneId=zone.id)["ResourceRecordSets"]
    assert [one["SetIdentifier"] for one in sets if "SetIdentifier" in one] == ["aws-eu"]
    assert inputs_now(clouds, made)["setIdentifier"] == "aws-eu"


@pytest.mark.parametrize(
    ("name", "fqdn"),
    [("www", "www.short.example"), ("", "short.example"), ("a.short.example", "a.short.example"),
     ("a.b", "a.b.short.example"), ("a.short.example.", "a.short.example")],
)  # fmt: skip
def test_a_name_is_completed_with_the_zones(clouds: Clouds, name: str, fqdn: str) -> None:
    zone = clouds.make(ZONE, name="short.example")
    made = clouds.make(RECORD, zoneId=zone.id, name=name, type="A", ttl=5, records=["192.0.2.9"])
    assert (made.outputs["fqdn"], made.outputs["name"]) == (fqdn, name.rstrip("."))
    assert inputs_now(clouds, made) == made.request.inputs
    clouds.change(made, ttl=6)
    assert inputs_now(clouds, made)["ttl"] == 6
    clouds.delete(made)
    assert clouds.clouds.read("aws", RECORD, made.id) is None


def test_a_record_that_exists_is_not_created_again(clouds: Clouds) -> None:
    zone = clouds.make(ZONE, name="outlast.example")
    one = {"zoneId": zone.id, "name": "a.outlast.example", "type": "A", "ttl": 5, "records": ["192.0.2.1"]}
    clouds.make(RECORD, "one", **one)
    with pytest.raises(CloudRefused, match="already exists"):
        clouds.make(RECORD, "two", **one)
    assert clouds.world.store.intents() == []


def test_a_zone_that_holds_records_is_deleted_only_by_force(clouds: Clouds, route53: MovingRoute53) -> None:
    zone = clouds.make(ZONE, name="outlast.example")
    clouds.make(RECORD, zoneId=zone.id, name="a.outlast.example", type="A", ttl=5, records=["192.0.2.1"])
    with pytest.raises(CloudRefused, match="HostedZoneNotEmpty"):
        clouds.delete(zone)
    clouds.change(zone, forceDestroy=True)
    clouds.delete(zone)
    assert clouds.clouds.read("aws", ZONE, zone.id) is None
    assert clouds.world.store.all(RECORD) == []


def test_a_comment_is_changed_in_place(clouds: Clouds, route53: MovingRoute53) -> None:
    zone = clouds.make(ZONE, name="outlast.example", comment="one")
    clouds.change(zone, comment="two")
    assert route53.client().get_hosted_zone(Id=zone.id)["HostedZone"]["Config"]["Comment"] == "two"


# -- the effect of each type -----------------------------------------------------------------------------------------


def test_without_its_record_or_zone_a_name_has_no_answer(clouds: Clouds, route53: MovingRoute53) -> None:
    zone = clouds.make(ZONE, name="effect.example")
    made = clouds.make(RECORD, zoneId=zone.id, name="a.effect.example", type="A", ttl=5, records=["192.0.2.1"])
    assert route53.ask("a.effect.example").rcode == "NOERROR"
    clouds.delete(made)
    assert route53.ask("a.effect.example").rcode == "NXDOMAIN"
    clouds.delete(zone)
    assert route53.ask("a.effect.example").rcode == "REFUSED"


def test_without_its_health_check_a_record_is_answered_whatever_the_site_does(
    clouds: Clouds, route53: MovingRoute53
) -> None:
    zone = clouds.make(ZONE, name="effect2.example")
    ill = {**ENDPOINT, "disabled": True, "invertHealthcheck": True}
    check = clouds.make(CHECK, **ill)
    base = {"zoneId": zone.id, "name": "api.effect2.example", "type": "A", "ttl": 5}
    policy = {"weightedRoutingPolicies": [{"weight": 1}]}
    with_check = clouds.make(
        RECORD, "ill", **base, **policy, setIdentifier="ill", records=["192.0.2.1"], healthCheckId=check.id
    )
    clouds.make(RECORD, "well", **base, **policy, setIdentifier="well", records=["192.0.2.2"])

    def answers() -> set[str]:
        return {v for _ in range(40) for s in route53.ask("api.effect2.example").records for v in s.values}

    assert answers() == {"192.0.2.2"}
    without = {name: value for name, value in with_check.request.inputs.items() if name != "healthCheckId"}
    clouds.clouds.update(clouds.request(RECORD, "ill", without, stack="aws", id=with_check.id))
    clouds.delete(check)
    assert answers() == {"192.0.2.1", "192.0.2.2"}


# -- kill -9 between moto's change and the journal's -----------------------------------------------------------------


class Killed(BaseException):
    """The sandbox is gone: no handler of it runs any more."""


def killed_before_put(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    """End the next create after moto has changed and before the journal has it; nothing is tidied up."""

    def put(resource: object) -> None:
        raise Killed

    monkeypatch.setattr(clouds.world.store, "put", put)
    monkeypatch.setattr(clouds.world.store, "end_intent", lambda resource: None)


def opened_again(clouds: Clouds, route53: MovingRoute53) -> Clouds:
    clouds.world.store.journal.close()
    return open_clouds(clouds.world.project_root, route53.client, clock=route53.clock)


@pytest.mark.parametrize("type_", [ZONE, RECORD, CHECK])
def test_what_a_kill_left_in_moto_is_taken_in_and_undone(
    clouds: Clouds, route53: MovingRoute53, monkeypatch: pytest.MonkeyPatch, type_: str
) -> None:
    zone = clouds.make(ZONE, "kept", name="kept.example")
    inputs: dict[str, Any] = {
        ZONE: {"name": "killed.example"},
        RECORD: {"zoneId": zone.id, "name": "a.kept.example", "type": "A", "ttl": 5, "records": ["192.0.2.1"]},
        CHECK: ENDPOINT,
    }[type_]
    killed_before_put(clouds, monkeypatch)
    with pytest.raises(Killed):
        clouds.make(type_, "killed", **inputs)
    after = opened_again(clouds, route53)
    (taken,) = after.clouds.recover()
    assert after.world.store.intents() == [] and after.clouds.recover() == []
    found = after.only(type_, "killed")
    assert found.key == taken
    known = {(ZONE, zone.id)}
    assert after.clouds.forget_orphans("aws", known) == [taken]
    assert after.clouds.read("aws", type_, found.id) is None
    assert [r.id for r in after.world.store.all()] == [zone.id]
    made = after.make(type_, "killed", **inputs)  # and the next `up` goes through
    assert after.clouds.read("aws", type_, made.id) is not None
    after.world.store.journal.close()


def test_a_kill_before_moto_changed_leaves_nothing(clouds: Clouds, route53: MovingRoute53) -> None:
    zone = clouds.clouds._resource(clouds.request(ZONE, "zone", {"name": "outlast.example"}, stack="zone"))
    zone.place["reference"] = "never used"
    clouds.world.store.intend(zone)
    after = opened_again(clouds, route53)
    assert after.clouds.recover() == []
    assert after.world.store.intents() == [] and after.world.store.all() == []
    after.world.store.journal.close()


def test_a_record_of_somebody_else_is_never_taken_for_ours(clouds: Clouds, route53: MovingRoute53) -> None:
    zone = clouds.make(ZONE, name="outlast.example")
    record = {"Name": "a.outlast.example", "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    batch: Any = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    route53.client().change_resource_record_sets(HostedZoneId=zone.id, ChangeBatch=copy.deepcopy(batch))
    intents: list[str] = []
    clouds.world.store.intend = lambda resource: intents.append(resource.urn)  # type: ignore[method-assign]
    with pytest.raises(CloudRefused, match="already exists"):
        clouds.make(RECORD, zoneId=zone.id, name="a.outlast.example", type="A", ttl=5, records=["192.0.2.2"])
    assert intents == []
    assert listed(route53, zone) == [("a.outlast.example.", "A")]
