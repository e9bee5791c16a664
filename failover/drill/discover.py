"""Reading the sites behind a host from Route 53: by boto3 alone, from the host's name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from failover.drill.facts import CheckerView, by_region, is_failure
from failover.drill.fleet import Fleet, FleetSite, HealthCheck, share_sites
from failover.drill.route53 import translate_errors
from failover.routing.answers import RecordSet, Zone, normal_name
from service.errors import InvalidInput, Mistake, Refused

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_route53.type_defs import HealthCheckTypeDef, ResourceRecordSetOutputTypeDef

TAGS_PER_CALL = 10
MOST_HOPS = 4  # of calculated health checks, one above the other
NEXT = ("RecordName", "RecordType", "RecordIdentifier")


def read_fleet(route53: Route53Client, host: str) -> Fleet:
    """Find zone, routed records and health checks of `host`; every record that cannot be drilled is named."""
    host = normal_name(host)
    with translate_errors(f"read the records of {host}"):
        zone_id = find_zone(route53, host)
        records = read_groups(route53, zone_id, host)
    ends = {str(end.set_identifier): end for end in reversed(records) if end.alias is None}
    if not ends:
        raise InvalidInput(
            f"{host} has no weighted records in its zone, nor others that a policy chooses: there is nothing to drill",
            hint="is the stack `traffic` up? The host is taken from --host or $OUTLAST_HOST",
        )
    mistakes = [mistake for record in records if not record.alias for mistake in _check_record(record)]
    if len({record.ttl_seconds for record in ends.values()}) > 1:
        mistakes.append(Mistake(host, "the weighted records have different TTLs", "give all of them the same TTL"))
    if mistakes:
        raise InvalidInput(f"{host} cannot be drilled", mistakes)
    with translate_errors(f"read the health checks of {host}"):
        checks = read_checks(route53, [str(end.health_check_id) for end in ends.values()])
    weights = _weights(records, host)
    sites = [
        FleetSite(name, normal_name(end.values[0]), weights[name], checks[str(end.health_check_id)])
        for name, end in sorted(ends.items())
    ]
    plain = all(record.policy == "weighted" for record in records)
    return Fleet(host, zone_id, next(iter(ends.values())).ttl_seconds, tuple(sites), () if plain else tuple(records))


def read_groups(route53: Route53Client, zone_id: str, host: str) -> list[RecordSet]:
    """The routed records of the host, and of every group that their aliases lead to."""
    found: list[RecordSet] = []
    seen, waiting = {host}, [host]
    while waiting:
        listed = list_records(route53, zone_id, waiting.pop(0))
        group = [one for one in map(RecordSet.from_api, listed) if one.policy != "simple"]
        targets = [one.alias.dns_name for one in group if one.alias and one.alias.dns_name.endswith(f".{host}")]
        waiting += [name for name in dict.fromkeys(targets) if name not in seen]
        seen |= set(targets)
        found += group
    return found


def read_zone(route53: Route53Client, zone_id: str, host: str) -> Zone:
    """Every record of the zone that holds `host`."""
    found: list[ResourceRecordSetOutputTypeDef] = []
    start: dict[str, Any] = {}
    while True:
        page = route53.list_resource_record_sets(HostedZoneId=zone_id, **start)
        found += page["ResourceRecordSets"]
        more = page["IsTruncated"]
        start = {f"Start{key}": value for key in NEXT if (value := page.get(f"Next{key}"))} if more else {}
        if not start:
            break
    apex = next((record["Name"] for record in found if record["Type"] == "SOA"), host.partition(".")[2])
    return Zone.from_api(apex, found)


def _weights(records: Sequence[RecordSet], host: str) -> dict[str, int]:
    """By site: the weight of its record, or where records are not weighted its share of the answers in percent."""
    if all(record.policy == "weighted" for record in records):
        return {str(record.set_identifier): record.weight or 0 for record in records}
    return {name: round(100 * share) for name, share in share_sites(records, host, ()).items()}


def find_zone(route53: Route53Client, host: str) -> str:
    """The id of the public zone with the longest name that contains `host`."""
    ids = find_zones(route53, host)
    if not ids:
        raise InvalidInput(
            f"no public hosted zone of this account contains {host}",
            hint="check --host (or $OUTLAST_HOST) and that the credentials are those of the zone's account",
        )
    if len(ids) > 1:
        raise InvalidInput(
            f"several public zones contain {host}: {', '.join(ids)}",
            hint="only one of them can be delegated to; delete the others",
        )
    return ids[0]


def find_zones(route53: Route53Client, host: str) -> list[str]:
    """The ids of the public zones of this account that contain `host`, by the longest name that any of them has."""
    found = []
    for page in route53.get_paginator("list_hosted_zones").paginate():
        for zone in page["HostedZones"]:
            name = normal_name(zone["Name"])
            private = zone.get("Config", {}).get("PrivateZone", False)
            if not private and (host == name or host.endswith("." + name)):
                found.append((len(name), zone["Id"].removeprefix("/hostedzone/")))
    longest = max((length for length, _ in found), default=0)
    return sorted(zone_id for length, zone_id in found if length == longest)


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


def _check_record(record: RecordSet) -> list[Mistake]:
    place = f"record {record.set_identifier or '?'}"
    if record.type != "CNAME":
        return [Mistake(place, f"is a {record.policy} {record.type} record", "drills move CNAME records")]
    if not record.health_check_id:
        return [Mistake(place, "has no health check", "give it one: without it Route 53 answers with it for ever")]
    return []


def read_checks(route53: Route53Client, ids: Iterable[str]) -> dict[str, HealthCheck]:
    """The health checks of these ids, with their tags, by id; for a calculated one that of its site's endpoint."""
    found = {check_id: _find_endpoint(route53, check_id) for check_id in ids}
    tags = read_tags(route53, [answer["Id"] for answer, _ in found.values()])
    return {
        check_id: _read_check(answer, tags.get(answer["Id"], {}), switches)
        for check_id, (answer, switches) in found.items()
    }


def _find_endpoint(
    route53: Route53Client, check_id: str, hops: int = MOST_HOPS
) -> tuple[HealthCheckTypeDef, tuple[str, ...]]:
    """The check that looks at the site, itself or one below a calculated one, and the drain switches beside it.

    A switch is inverted and enabled; the check of a site that a drill has taken out is inverted and disabled.
    """
    answer = route53.get_health_check(HealthCheckId=check_id)["HealthCheck"]
    endpoint: HealthCheckTypeDef | None = None
    switches: list[str] = []
    for child in answer["HealthCheckConfig"].get("ChildHealthChecks", []) if hops else ():
        below, beside = _find_endpoint(route53, child, hops - 1)
        switches += beside
        if below["HealthCheckConfig"].get("Inverted") and not below["HealthCheckConfig"].get("Disabled"):
            switches.append(below["Id"])
        else:
            endpoint = endpoint or below
    return endpoint or answer, tuple(switches)


def refuse_drained(route53: Route53Client, fleet: Fleet) -> None:
    """Raise Refused where a site is out by its drain switch: its own check, which guards look at, does not show it."""
    with translate_errors("read the status of the drain switches"):
        drained = [site.name for site in fleet.sites if is_thrown(route53, site.check.switches)]
    if drained:
        raise Refused(
            f"{', '.join(drained)} {'is' if len(drained) == 1 else 'are'} drained by a switch: a drill beside it could "
            "take away the last site; nothing was changed",
            hint=f"wait until it is back: outlast undrain {drained[0]} --host {fleet.host}",
        )


def is_thrown(route53: Route53Client, switches: Iterable[str]) -> bool:
    """Whether the checkers of one of these checks see the drain switch that they look for."""
    return any(read_observations(route53, switch).healthy for switch in switches)


def read_all_checks(route53: Route53Client) -> dict[str, HealthCheck]:
    """Every endpoint health check of the account, by id."""
    with translate_errors("list the health checks"):
        pages = route53.get_paginator("list_health_checks").paginate()
        found = read_checks(route53, [check["Id"] for page in pages for check in page["HealthChecks"]])
    return {check.id: check for check in found.values()}


def _read_check(answer: HealthCheckTypeDef, tags: Mapping[str, str], switches: tuple[str, ...]) -> HealthCheck:
    config = answer["HealthCheckConfig"]
    return HealthCheck(
        id=answer["Id"],
        version=answer["HealthCheckVersion"],
        interval_seconds=config.get("RequestInterval", 30),
        failure_threshold=config.get("FailureThreshold", 3),
        disabled=config.get("Disabled", False),
        inverted=config.get("Inverted", False),
        tags=tags,
        switches=switches,
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
    told = [(str(o.get("Region", "")), o.get("StatusReport", {}).get("Status", "")) for o in observations]
    failures = [report for _, report in told if is_failure(report)]
    return CheckerView(len(told) - len(failures), len(told), next(iter(failures), ""), by_region(told))
