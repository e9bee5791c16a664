"""Reading the sites behind a host from Route 53: by boto3 alone, from the host's name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from failover.drill.facts import CheckerView
from failover.drill.fleet import Fleet, FleetSite, HealthCheck
from failover.drill.route53 import translate_errors
from failover.routing.answers import normal_name
from service.errors import InvalidInput, Mistake

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_route53.type_defs import ResourceRecordSetOutputTypeDef

TAGS_PER_CALL = 10
NEXT = ("RecordName", "RecordType", "RecordIdentifier")


def read_fleet(route53: Route53Client, host: str) -> Fleet:
    """Find zone, weighted records and health checks of `host`; every record that cannot be drilled is named."""
    host = normal_name(host)
    with translate_errors(f"read the records of {host}"):
        zone_id = find_zone(route53, host)
        records = [record for record in list_records(route53, zone_id, host) if "Weight" in record]
    if not records:
        raise InvalidInput(
            f"{host} has no weighted records in its zone: there is nothing to drill",
            hint="is the stack `traffic` up? The host is taken from --host or $OUTLAST_HOST",
        )
    mistakes = [mistake for record in records for mistake in _check_record(record)]
    if len({record.get("TTL") for record in records}) > 1:
        mistakes.append(Mistake(host, "the weighted records have different TTLs", "give all of them the same TTL"))
    if mistakes:
        raise InvalidInput(f"{host} cannot be drilled", mistakes)
    with translate_errors(f"read the health checks of {host}"):
        checks = read_checks(route53, [record["HealthCheckId"] for record in records])
    sites = [
        FleetSite(
            name=record["SetIdentifier"],
            origin_host=normal_name(record["ResourceRecords"][0]["Value"]),
            weight=record["Weight"],
            check=checks[record["HealthCheckId"]],
        )
        for record in records
    ]
    return Fleet(host, zone_id, records[0]["TTL"], tuple(sorted(sites, key=lambda site: site.name)))


def find_zone(route53: Route53Client, host: str) -> str:
    """The id of the public zone with the longest name that contains `host`."""
    found = []
    for page in route53.get_paginator("list_hosted_zones").paginate():
        for zone in page["HostedZones"]:
            name = normal_name(zone["Name"])
            private = zone.get("Config", {}).get("PrivateZone", False)
            if not private and (host == name or host.endswith("." + name)):
                found.append((len(name), zone["Id"].removeprefix("/hostedzone/")))
    if not found:
        raise InvalidInput(
            f"no public hosted zone of this account contains {host}",
            hint="check --host (or $OUTLAST_HOST) and that the credentials are those of the zone's account",
        )
    longest = max(length for length, _ in found)
    ids = sorted(zone_id for length, zone_id in found if length == longest)
    if len(ids) > 1:
        raise InvalidInput(
            f"several public zones contain {host}: {', '.join(ids)}",
            hint="only one of them can be delegated to; delete the others",
        )
    return ids[0]


def list_records(route53: Route53Client, zone_id: str, host: str) -> Iterator[ResourceRecordSetOutputTypeDef]:
    """Every record of exactly this name: the API lists a zone in order of names, starting where it is told."""
    start: dict[str, Any] = {"StartRecordName": host, "StartRecordType": "A"}
    while start:
        page = route53.list_resource_record_sets(HostedZoneId=zone_id, **start)
        for record in page["ResourceRecordSets"]:
            if normal_name(record["Name"]) == host:
                yield record
        more = page["IsTruncated"] and normal_name(page["NextRecordName"]) == host
        start = {f"Start{key}": value for key in NEXT if (value := page.get(f"Next{key}"))} if more else {}


def _check_record(record: ResourceRecordSetOutputTypeDef) -> list[Mistake]:
    place = f"record {record.get('SetIdentifier', '?')}"
    if record["Type"] != "CNAME" or not record.get("ResourceRecords"):
        return [Mistake(place, f"is a weighted {record['Type']} record", "drills move weighted CNAME records")]
    if not record.get("HealthCheckId"):
        return [Mistake(place, "has no health check", "give it one: without it Route 53 answers with it for ever")]
    return []


def read_checks(route53: Route53Client, ids: Iterable[str]) -> dict[str, HealthCheck]:
    """The health checks of these ids, with their tags, by id."""
    ids = list(ids)
    tags = read_tags(route53, ids)
    return {check_id: _read_check(route53, check_id, tags.get(check_id, {})) for check_id in ids}


def read_all_checks(route53: Route53Client) -> dict[str, HealthCheck]:
    """Every endpoint health check of the account, by id."""
    with translate_errors("list the health checks"):
        pages = route53.get_paginator("list_health_checks").paginate()
        return read_checks(route53, [check["Id"] for page in pages for check in page["HealthChecks"]])


def _read_check(route53: Route53Client, check_id: str, tags: Mapping[str, str]) -> HealthCheck:
    answer = route53.get_health_check(HealthCheckId=check_id)["HealthCheck"]
    config = answer["HealthCheckConfig"]
    return HealthCheck(
        id=check_id,
        version=answer["HealthCheckVersion"],
        interval_seconds=config.get("RequestInterval", 30),
        failure_threshold=config.get("FailureThreshold", 3),
        disabled=config.get("Disabled", False),
        inverted=config.get("Inverted", False),
        tags=tags,
    )


def read_tags(route53: Route53Client, ids: Sequence[str]) -> dict[str, dict[str, str]]:
    """The tags of these health checks, by id."""
    tags: dict[str, dict[str, str]] = {}
    for start in range(0, len(ids), TAGS_PER_CALL):
        answer = route53.list_tags_for_resources(
            ResourceType="healthcheck", ResourceIds=list(ids[start : start + TAGS_PER_CALL])
        )
        for tag_set in answer["ResourceTagSets"]:
            tags[tag_set["ResourceId"]] = {tag["Key"]: tag.get("Value", "") for tag in tag_set.get("Tags", [])}
    return tags


def read_view(route53: Route53Client, check: HealthCheck) -> CheckerView:
    """What the checkers of one health check report now."""
    with translate_errors(f"read the status of health check {check.id}"):
        return read_observations(route53, check.id)


def read_observations(route53: Route53Client, check_id: str) -> CheckerView:
    """The same by its id, with the client's own errors."""
    observations = route53.get_health_check_status(HealthCheckId=check_id)["HealthCheckObservations"]
    reports = [observation.get("StatusReport", {}).get("Status", "") for observation in observations]
    failures = [report for report in reports if not report.startswith("Success")]
    return CheckerView(len(reports) - len(failures), len(reports), next(iter(failures), ""))
