"""What others do beside Pulumi: boto3 behind its back, resources that it is to take over, a second sandbox."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.end_to_end.conftest import HOST, Project, copy_project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]


def route53(project: Project) -> Any:
    instance = project.control.instance
    return boto3.client(
        "route53",
        endpoint_url=project.status()["endpoint_url"],
        region_name="us-east-1",
        aws_access_key_id=instance.access_key_id,
        aws_secret_access_key=instance.secret_access_key,
    )


def listed(client: Any) -> dict[tuple[str, str], tuple[str, dict[str, Any]]]:
    """(name, set identifier) of each record set -> its zone and itself."""
    found = {}
    for zone in client.list_hosted_zones()["HostedZones"]:
        for record in client.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
            found[record["Name"], record.get("SetIdentifier", record["Type"])] = (zone["Id"], record)
    return found


def test_refresh_finds_what_boto3_did_and_up_puts_it_right(project: Project) -> None:
    client = route53(project)
    zone, record = listed(client)[f"{HOST}.", "aws"]
    changed = {**record, "Weight": 7}
    client.change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": changed}]}
    )
    zone, gone = listed(client)[f"{HOST}.", "gcp"]
    client.change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": gone}]}
    )
    quiet = project.pulumi("preview", "-s", "traffic", "--expect-no-changes")
    assert "unchanged" in quiet.stdout, "a plain preview does not look at the cloud"
    shown = project.pulumi("refresh", "-s", "traffic", "--yes", "--skip-preview", "--diff").stdout
    assert re.search(r"weight\s*: 50 => 7", shown), shown
    assert re.search(r"1 deleted", shown), shown
    project.pulumi("up", "-s", "traffic", "--yes", "--skip-preview")
    after = listed(client)
    assert after[f"{HOST}.", "aws"][1]["Weight"] == 50
    assert after[f"{HOST}.", "gcp"][1] == gone


def test_a_zone_and_a_record_of_somebody_else_are_imported(project: Project) -> None:
    client = route53(project)
    made = client.create_hosted_zone(Name="found.example", CallerReference="by hand")["HostedZone"]
    zone = made["Id"].rpartition("/")[2]
    record = {"Name": "www.found.example", "Type": "TXT", "TTL": 60, "ResourceRecords": [{"Value": '"hello"'}]}
    client.change_resource_record_sets(
        HostedZoneId=zone, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    )
    options = ["-s", "zone", "--yes", "--skip-preview", "--generate-code=false", "--protect=false"]
    project.pulumi("import", "aws:route53/zone:Zone", "found", zone, *options)
    project.pulumi("import", "aws:route53/record:Record", "www", f"{zone}_www.found.example_TXT", *options)
    exported = json.loads(project.pulumi("stack", "export", "-s", "zone").stdout)
    state = {r["urn"].rpartition("::")[2]: r for r in exported["deployment"]["resources"]}
    assert (state["found"]["id"], state["found"]["outputs"]["name"]) == (zone, "found.example")
    assert state["www"]["inputs"]["records"] == ["hello"]
    assert state["www"]["inputs"]["ttl"] == 60
    # The program does not know them, and they are Pulumi's now: they go, and nothing else does. The record first: an
    # import says nothing of what depends on what.
    project.pulumi("destroy", "-s", "zone", "--target", state["www"]["urn"], "--yes", "--skip-preview")
    project.pulumi("up", "-s", "zone", "--yes", "--skip-preview")
    assert {zone for zone, _ in listed(client).values()} == {z for z, _ in [listed(client)[f"{HOST}.", "aws"]]}


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[Project]:
    copy_project(tmp_path / "neighbour")
    made = Project(tmp_path / "neighbour")
    try:
        made.up_document = made.up()
        yield made
    finally:
        made.run("-m", "sandbox", "down", check=False)


def belongings(project: Project) -> set[Any]:
    """Every address, port and process of a sandbox."""
    status = project.status()
    ports = json.loads((project.layout.pulumi_home / "ports.json").read_text())
    replicas = [r for workload in status["workloads"] for r in workload["replicas"]]
    return {
        status["pid"],
        status["block"],
        status["dns"],
        status["endpoint_url"],
        status["doh"],
        status["ca"],
        *(f["address"] for f in status["entry_points"]),
        *(r["pid"] for r in replicas),
        *(r["address"] for r in replicas),
        *(f"plugin {port}" for port in ports.values()),
    }


def test_two_sandboxes_side_by_side_do_not_meet(project: Project, neighbour: Project) -> None:
    mine, other = belongings(project), belongings(neighbour)
    assert mine.isdisjoint(other)
    assert mine.issuperset({project.status()["pid"]}) and len(mine) == len(other) > 20
    neighbour.control.call("POST", "/fault", {"site": "aws", "kind": "kill", "seconds": 600})
    neighbour.pulumi("destroy", "-s", "traffic", "--yes", "--skip-preview")
    assert {w["site"] for w in project.status()["weights"]} == {"aws", "azure", "gcp"}
    assert project.status()["faults"] == []
    neighbour.run("-m", "sandbox", "down")
    assert belongings(project) == mine
    assert project.predict().right
