"""Route 53's lists, page by page: in its order, at most MaxItems, with the mark at which the next page begins.

moto gives everything at once, or begins a weighted group again on every page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from failover.routing.answers import normal_name
from failover.simulator.record_rules import constraint
from failover.simulator.wire import ApiError

T = TypeVar("T")
LONGEST_RECORDS, LONGEST_ZONES, LONGEST_CHECKS = 300, 100, 1_000
"""The most that one answer holds: API reference, MaxItems of each list."""


def page_length(query: Mapping[str, str], longest: int) -> int:
    """MaxItems as asked for, cut to what one answer may hold. Raises ApiError for what is no number."""
    asked = query.get("maxitems", str(longest))
    if not asked.isascii() or not asked.isdigit() or int(asked) < 1:
        raise constraint("maxItems", asked, "Member must be a whole number of at least 1")
    return min(longest, int(asked))


def name_key(name: str) -> list[str]:
    """Route 53 lists names by their labels, the last one first."""
    return normal_name(name).split(".")[::-1]


def record_key(record: Mapping[str, Any]) -> tuple[list[str], str, str]:
    """The place of a record set in its zone's list."""
    return name_key(record["Name"]), record["Type"], record.get("SetIdentifier", "")


def list_records(records: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """ListResourceRecordSets."""
    start, kind, identifier = (query.get(key, "") for key in ("name", "type", "identifier"))
    if kind and not start:
        raise ApiError("InvalidInput", "The input is not valid: type without name")
    first = (name_key(start), kind, identifier) if start else ([], "", "")
    rest = sorted((record for record in records if record_key(record) >= first), key=record_key)
    shown, following, members = _cut(rest, page_length(query, LONGEST_RECORDS))
    if following:
        members |= {"NextRecordName": following["Name"], "NextRecordType": following["Type"]}
        members["NextRecordIdentifier"] = following.get("SetIdentifier")
    return {"ResourceRecordSets": shown, **members}


def list_zones_by_name(zones: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """ListHostedZonesByName: from a name on, whether a zone has it or not."""
    name, zone_id = query.get("dnsname", ""), query.get("hostedzoneid", "").rpartition("/")[2]
    if zone_id and not name:
        raise ApiError("InvalidInput", "The input is not valid: hosted zone id without DNS name")

    def key(zone: Mapping[str, Any]) -> tuple[list[str], str]:
        return name_key(zone["Name"]), zone["Id"].rpartition("/")[2]

    first = (name_key(name), zone_id) if name else ([], "")
    rest = sorted((zone for zone in zones if key(zone) >= first), key=key)
    shown, following, members = _cut(rest, page_length(query, LONGEST_ZONES))
    if name:
        members |= {"DNSName": name} | ({"HostedZoneId": zone_id} if zone_id else {})
    if following:
        members |= {"NextDNSName": following["Name"], "NextHostedZoneId": following["Id"].rpartition("/")[2]}
    return {"HostedZones": shown, **members}


def list_by_marker(
    items: Sequence[T], query: Mapping[str, str], *, member: str, longest: int, id_of: Callable[[T], str]
) -> dict[str, Any]:
    """ListHostedZones and ListHealthChecks: the mark is the id of the first one of the next page."""
    marker = query.get("marker", "")
    ids = [id_of(item) for item in items]
    if marker and marker not in ids:
        raise ApiError("InvalidInput", f"The marker {marker} is not valid")
    rest = items[ids.index(marker) :] if marker else items
    shown, following, members = _cut(rest, page_length(query, longest))
    return {member: shown, "Marker": marker, **members} | ({"NextMarker": id_of(following)} if following else {})


def _cut(rest: Sequence[T], limit: int) -> tuple[Sequence[T], T | None, dict[str, Any]]:
    """What one answer shows, the first that it does not, and the members that say so."""
    following = rest[limit] if len(rest) > limit else None
    return rest[:limit], following, {"IsTruncated": following is not None, "MaxItems": limit}
