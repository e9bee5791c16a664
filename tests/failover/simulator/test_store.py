"""What is written into moto's objects is what boto3 reads back: these tests fail when moto changes its insides."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest
from moto.moto_api._internal import mock_random

from failover.simulator.check_rules import complete_health_check
from failover.simulator.store import Store, bare_id

RECORDS = [
    {"Name": "api.outlast.example.", "Type": "CNAME", "SetIdentifier": "aws", "Weight": 0, "TTL": 30,
     "ResourceRecords": [{"Value": "aws.api.outlast.example"}], "HealthCheckId": "some-check"},
    {"Name": "f.outlast.example.", "Type": "A", "SetIdentifier": "p", "Failover": "PRIMARY", "TTL": 30,
     "ResourceRecords": [{"Value": "192.0.2.1"}]},
    {"Name": "lb.outlast.example.", "Type": "A",
     "AliasTarget": {"HostedZoneId": "Z35", "DNSName": "lb.example.net", "EvaluateTargetHealth": True}},
    {"Name": "m.outlast.example.", "Type": "A", "SetIdentifier": "m", "MultiValueAnswer": True, "TTL": 30,
     "ResourceRecords": [{"Value": "192.0.2.1"}, {"Value": "192.0.2.2"}]},
]  # fmt: skip
CHECK = complete_health_check(
    {
        "Type": "HTTPS_STR_MATCH",
        "FullyQualifiedDomainName": "aws.api.outlast.example",
        "ResourcePath": "/health",
        "SearchString": '"status":"ok"',
        "RequestInterval": 10,
        "Regions": ["us-east-1", "us-west-1", "eu-west-1"],
    },
    (),
)


@pytest.fixture
def store() -> Iterator[Store]:
    made = Store("000000000071")
    yield made
    made.close()


def new_zone(store: Store) -> str:
    created = store.client.create_hosted_zone(Name="outlast.example", CallerReference="zone-1")
    return bare_id(created["HostedZone"]["Id"])


def test_records_are_read_back_as_they_were_written(store: Store) -> None:
    zone_id = new_zone(store)
    store.write_records(zone_id, RECORDS)
    assert store.records(zone_id) == RECORDS


def test_a_new_zone_has_the_soa_and_ns_of_route_53(store: Store) -> None:
    created = store.create_zone({"Name": "outlast.example", "CallerReference": "zone-1"})
    ns, soa = store.records(bare_id(created["HostedZone"]["Id"]))
    assert (ns["Type"], ns["TTL"], len(ns["ResourceRecords"])) == ("NS", 172_800, 4)
    assert all(record["Value"].endswith(".") for record in ns["ResourceRecords"])
    assert (soa["Type"], soa["TTL"]) == ("SOA", 900)
    assert soa["ResourceRecords"][0]["Value"].endswith(" 1 7200 900 1209600 86400")


def test_an_update_counts_the_version_and_keeps_what_it_does_not_name(store: Store) -> None:
    created = store.create_health_check("ref", CHECK)
    store.update_health_check(created["Id"], {"Disabled": True, "Inverted": True})
    after = store.health_checks()[created["Id"]]
    assert after["HealthCheckVersion"] == created["HealthCheckVersion"] + 1 == 2
    assert after["HealthCheckConfig"] == {**created["HealthCheckConfig"], "Disabled": True, "Inverted": True}


def test_an_update_can_reset_elements(store: Store) -> None:
    created = store.create_health_check("ref", CHECK)
    store.update_health_check(created["Id"], {"ResetElements": ["Regions", "ResourcePath"]})
    config = store.health_checks()[created["Id"]]["HealthCheckConfig"]
    assert "Regions" not in config
    assert "ResourcePath" not in config


def test_a_snapshot_is_json_and_restores_ids_versions_and_tags(store: Store) -> None:
    zone_id = new_zone(store)
    store.write_records(zone_id, RECORDS)
    check = store.create_health_check("ref", CHECK)["Id"]
    store.update_health_check(check, {"Inverted": True})
    for kind, resource in (("hostedzone", zone_id), ("healthcheck", check)):
        store.client.change_tags_for_resource(
            ResourceType=kind,  # type: ignore[arg-type]
            ResourceId=resource,
            AddTags=[{"Key": "outlast:site", "Value": "aws"}],
        )
    kept = json.loads(json.dumps(store.snapshot()))
    store.clear()
    assert store.snapshot() == {"zones": [], "health_checks": []}
    store.restore(kept)
    assert store.snapshot() == kept
    assert store.client.get_hosted_zone(Id=zone_id)["HostedZone"]["CallerReference"] == "zone-1"
    assert store.client.get_health_check(HealthCheckId=check)["HealthCheck"]["HealthCheckVersion"] == 2
    assert store.tags("healthcheck", check) == [{"Key": "outlast:site", "Value": "aws"}]


def test_a_restored_zone_can_be_changed_and_deleted(store: Store) -> None:
    zone_id = new_zone(store)
    kept = store.snapshot()
    store.restore(kept)
    store.write_records(zone_id, [])
    store.client.delete_hosted_zone(Id=zone_id)
    assert store.zones() == []


def test_accounts_do_not_see_each_other(store: Store) -> None:
    new_zone(store)
    other = Store("000000000072")
    assert other.zones() == []


def test_stores_that_draw_alike_have_accounts_of_their_own() -> None:
    first, second = (Store(chance=random.Random(3)) for _ in range(2))
    assert first.account_id != second.account_id
    first.close()
    third = Store(chance=random.Random(3))
    assert third.account_id == first.account_id
    second.close()
    third.close()


def test_motos_own_chance_goes_on_as_if_no_id_had_been_drawn(store: Store) -> None:
    mock_random.seed(1)
    expected = [mock_random.random() for _ in range(2)]
    mock_random.seed(1)
    assert mock_random.random() == expected[0]
    store.create_zone({"Name": "outlast.example", "CallerReference": "zone-1"})
    assert mock_random.random() == expected[1]
