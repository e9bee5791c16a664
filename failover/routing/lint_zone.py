"""Pure: mistakes in everything that a public host leads to: its groups, the chain of names, and who may answer where.

findings = lint_zone(zone, "api.outlast.example", checks, allowed={"continent EU": ["azure", "gcp"]})
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from failover.routing.answers import RecordSet, Sight, Zone, normal_name
from failover.routing.lint import Checks, lint_routing
from failover.routing.lint_rules import LintFinding, make_finding
from failover.routing.places import EVERYWHERE
from failover.routing.spread import list_ends

Allowed = Mapping[str, Collection[str]]
"""Location -> the set identifiers of the sites that may answer clients there; a location that is missing is free."""

_DIRECT = "CNAME"
_ADDRESS = "A"


def lint_zone(
    zone: Zone, host: str, checks: Checks, *, goal_seconds: float | None = None, allowed: Allowed | None = None
) -> tuple[LintFinding, ...]:
    """Every finding about `host` and all groups that it leads to, errors first.

    Args:
        zone: with every record that is known; the more, the more is found.
        host: the public host.
        checks: all health checks that exist.
        goal_seconds: the recovery time that was promised; None for none.
        allowed: where clients' data may be worked on.
    """
    host = normal_name(host)
    groups = list_groups(zone, host)
    found: list[LintFinding] = []
    for name, group in groups.items():
        found += lint_routing(name, group, checks, goal_seconds=goal_seconds, zone=zone, names=groups)
    found += [*_find_slow_chains(zone, groups), *_find_locations(zone, groups, allowed or {})]
    return tuple(sorted(dict.fromkeys(found), key=lambda finding: finding.severity != "error"))


def list_groups(zone: Zone, host: str) -> dict[str, tuple[RecordSet, ...]]:
    """The host's group, and every group that aliases of it lead to, by name; the host's first."""
    found: dict[str, tuple[RecordSet, ...]] = {}
    waiting = [host]
    while waiting:
        name = waiting.pop(0)
        if name in found:
            continue
        group = zone.group(name, _DIRECT) or zone.group(name, _ADDRESS)
        found[name] = group
        waiting += [record.alias.dns_name for record in group if record.alias and _is_group(zone, record)]
    return found


def list_reached(zone: Zone, host: str) -> dict[str, tuple[str, ...]]:
    """Where clients are -> the only sites that may answer them; empty for a host that is not routed by location."""
    sight = Sight([zone], lambda check_id: True)
    located = [record for group in list_groups(zone, normal_name(host)).values() for record in group if record.location]
    names = {EVERYWHERE: "the rest of the world"}
    ends = {str(record.location): list_ends(sight, [record]) for record in located}
    return {
        names.get(location, location): tuple(dict.fromkeys(end.set_identifier or end.name for end in found))
        for location, found in ends.items()
    }


def _is_group(zone: Zone, record: RecordSet) -> bool:
    """Whether an alias leads to records that are chosen among; one to a load balancer's name is an end."""
    return record.alias is not None and any(
        one.policy != "simple" for one in zone.group(record.alias.dns_name, record.type)
    )


def _find_slow_chains(zone: Zone, groups: Mapping[str, Sequence[RecordSet]]) -> Iterator[LintFinding]:
    sight = Sight([zone], lambda check_id: True)
    for record in zone.records:
        target = normal_name(record.values[0]) if record.type == "CNAME" and record.values else ""
        if target not in groups:
            continue
        shortest = min((end.ttl_seconds for end in list_ends(sight, groups[target])), default=record.ttl_seconds)
        if record.ttl_seconds > shortest:
            what = f"leads to {target} with a TTL of {record.ttl_seconds} s, where that has {shortest} s"
            yield make_finding("longer-ttl-in-chain", record.name, what)


def _find_locations(zone: Zone, groups: Mapping[str, Sequence[RecordSet]], allowed: Allowed) -> Iterator[LintFinding]:
    for name, group in groups.items():
        located = [record for record in group if record.location]
        if located and EVERYWHERE not in {record.location for record in located}:
            yield make_finding("no-default-location", name, "has no record for the rest of the world")
        for record in located:
            yield from _find_location(zone, record, allowed)


def _find_location(zone: Zone, record: RecordSet, allowed: Allowed) -> Iterator[LintFinding]:
    place, location = record.set_identifier or record.name, record.location or ""
    target = normal_name(record.values[0]) if record.values else ""
    if target and zone.owns(target) and zone.source_of(target) is None:
        yield make_finding("location-without-site", place, f"leads to {record.values[0]}, which has no records")
        return
    if location not in allowed:
        return
    ends = list_ends(Sight([zone], lambda check_id: True), [record])
    outside = sorted({end.set_identifier or end.name for end in ends} - set(allowed[location]))
    if outside:
        yield make_finding("outside-geography", place, f"answers with {', '.join(outside)}")
    if record.health_check_id or (record.alias and record.alias.evaluate_target_health):
        yield make_finding("leaves-geography", place, "has a health of its own")
