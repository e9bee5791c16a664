"""Pure: what Route 53 refuses and moto lets through, with the codes and the sentences of the real API in substance.

Sources: botocore's service model (limits, enums, error codes); error texts as users report them in public issue
trackers (external-dns#732, terraform#9732, terraform-provider-aws#7918, aws-sdk-go-v2#518, amazon.aws#2694).

One file, although long: a change passes its rules from top to bottom, in the order in which the API tells of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import dns.exception

from failover.routing.answers import normal_name
from failover.simulator.dns_server import rdata_of
from failover.simulator.location_rules import find_place_problem, find_same_place
from failover.simulator.names import labels_of, length_of, strings_of
from failover.simulator.wire import ApiError

Record = dict[str, Any]
"""A ResourceRecordSet as boto3 gives it."""

TYPES = frozenset(
    "A AAAA CAA CNAME DS HTTPS MX NAPTR NS PTR SOA SPF SRV SSHFP SVCB TLSA TXT".split()  # noqa: SIM905  # reads better
)
POLICY_KEYS = (
    "Weight",
    "Region",
    "Failover",
    "GeoLocation",
    "MultiValueAnswer",
    "CidrRoutingConfig",
    "GeoProximityLocation",
)
POLICY_NAMES = {
    "Weight": "weighted",
    "Region": "latency",
    "Failover": "failover",
    "GeoLocation": "geolocation",
    "MultiValueAnswer": "multivalue answer",
    "CidrRoutingConfig": "CIDR",
    "GeoProximityLocation": "geoproximity",
}
# Developer Guide, "Quotas", of a change request and of a record; the sentences as users report them
# (external-dns#515, dnscontrol#508, rancher#10253, boto3#1462). How a TXT value over 4,000 is told nobody reports.
REQUEST_ELEMENTS, REQUEST_LETTERS, RECORD_VALUES, TXT_LETTERS, STRING_BYTES = 1_000, 32_000, 400, 4_000, 255
WEIGHTED_LIMIT = 100  # record sets of one name and type (API reference, Weight)


def apply_changes(
    zone_name: str,
    zone_id: str,
    records: Sequence[Record],
    changes: Sequence[Mapping[str, Any]],
    checks: Collection[str],
) -> list[Record]:
    """The zone's records after a change batch: all of it, or none.

    Args:
        zone_name: with or without its last dot.
        records: the zone as it is.
        changes: `Action` and `ResourceRecordSet` each.
        checks: ids of the health checks that exist.

    Raises:
        ApiError: InvalidInput for a malformed change, NoSuchHealthCheck, or InvalidChangeBatch with all its messages.
    """
    if not changes:
        raise ApiError("InvalidInput", "The change batch is empty: specify at least one change.")
    _check_size(changes)
    for change in changes:
        _check_shape(change, checks)
    after = {identity(record): record for record in records}
    problems: list[str] = []
    for change in changes:
        problems += _apply(after, change, normal_name(zone_name))
    if not problems:
        touched = {normal_name(change["ResourceRecordSet"]["Name"]) for change in changes}
        problems = _conflicts(list(after.values()), touched, normal_name(zone_name), zone_id)
    if problems:
        raise ApiError("InvalidChangeBatch", f"[{', '.join(problems)}]")
    return list(after.values())


def identity(record: Mapping[str, Any]) -> tuple[str, str, str]:
    """What makes two record sets the same one: name, type, set identifier."""
    return normal_name(record["Name"]), record["Type"], record.get("SetIdentifier", "")


def _apply(after: dict[tuple[str, str, str], Record], change: Mapping[str, Any], zone: str) -> list[str]:
    record = dict(change["ResourceRecordSet"])
    record["Name"] = _listed_name(record["Name"])
    if record.get("AliasTarget"):
        alias = record["AliasTarget"]
        record["AliasTarget"] = {**alias, "DNSName": _listed_name(alias["DNSName"])}
    key, action = identity(record), change["Action"]
    existing = after.get(key)
    if key[0] != zone and not key[0].endswith(f".{zone}"):
        return [f"RRSet with DNS name {record['Name']} is not permitted in zone {zone}."]
    if action == "CREATE" and existing is not None:
        return [f"Tried to create resource record set {_told(record)} but it already exists"]
    if action == "DELETE":
        return _delete(after, record, existing, zone)
    after.pop(key, None)  # a changed record goes last: conflicts are told of the one that came last
    after[key] = record
    return []


def _delete(after: dict[tuple[str, str, str], Record], record: Record, existing: Record | None, zone: str) -> list[str]:
    told = f"Tried to delete resource record set {_told(record)}"
    if existing is None:
        return [f"{told} but it was not found"]
    if not _same_values(record, existing):
        return [f"{told} but the values provided do not match the current values"]
    if identity(record)[:2] == (zone, "SOA"):
        return ["A HostedZone must contain exactly one SOA record."]
    if identity(record)[:2] == (zone, "NS"):
        return ["A HostedZone must contain at least one NS record for the zone itself."]
    del after[identity(record)]
    return []


def _same_values(given: Record, existing: Record) -> bool:
    """Whether a DELETE names the current values; MultiValueAnswer and the like may be left out (moto#7151)."""
    if sorted(_values(given)) != sorted(_values(existing)) or given.get("TTL") != existing.get("TTL"):
        return False
    if _alias(given) != _alias(existing):
        return False
    return all(given[key] == existing.get(key) for key in (*POLICY_KEYS, "HealthCheckId") if key in given)


def _conflicts(records: Sequence[Record], touched: Iterable[str], zone: str, zone_id: str) -> list[str]:
    problems: list[str] = []
    for name in sorted(touched):
        here = [record for record in records if normal_name(record["Name"]) == name]
        problems += _cname_conflicts(here, name, zone)
        for rdtype in sorted({record["Type"] for record in here}):
            group = [record for record in here if record["Type"] == rdtype]
            problems += _group_conflicts(group, _listed_name(name), rdtype)
            problems += _alias_problems(group, records, zone_id)
    return problems


def _cname_conflicts(here: Sequence[Record], name: str, zone: str) -> list[str]:
    types = {record["Type"] for record in here}
    listed = _listed_name(name)
    if "CNAME" not in types:
        return []
    if name == zone:
        return [f"RRSet of type CNAME with DNS name {listed} is not permitted at apex in zone {zone}."]
    if len(types) == 1:
        return []
    last = here[-1]["Type"]  # the one that came last is the one that is not permitted
    if last == "CNAME":
        return [
            f"RRSet of type CNAME with DNS name {listed} is not permitted as it conflicts with other records "
            f"with the same DNS name in zone {zone}."
        ]
    return [
        f"RRSet of type {last} with DNS name {listed} is not permitted because a conflicting RRSet of type CNAME "
        f"with the same DNS name already exists in zone {zone}."
    ]


def _group_conflicts(group: Sequence[Record], name: str, rdtype: str) -> list[str]:
    policies = [next(iter(_policies(record)), None) for record in group]
    last = group[-1]
    whole = f"RRSet with DNS name {name}, type {rdtype}"
    told = f"{whole}, SetIdentifier {last.get('SetIdentifier', 'null')} cannot be created as"
    if len(group) > 1 and None in policies and policies[-1] is None:
        return [f"{whole} cannot be created as other RRSets exist with the same name and type."]
    if len(set(policies)) > 1:
        kind = POLICY_NAMES[policies[-1] or "Weight"]
        return [f"{told} a non-{kind} set exists with the same name and type."]
    if policies[0] == "Weight":
        if len({record.get("TTL") for record in group if "TTL" in record}) > 1:
            return [f"{told} weighted sets must contain the same TTL."]
        if len(group) > WEIGHTED_LIMIT:
            return [f"{told} there can be no more than {WEIGHTED_LIMIT} weighted sets with the same name and type."]
    roles = [record["Failover"] for record in group if "Failover" in record]
    if len(roles) != len(set(roles)):
        return [f"{told} a failover set with Failover={last['Failover']} exists with the same name and type."]
    same = find_same_place(group)
    return [f"{told} {same}, name and type."] if same else []


def _alias_problems(group: Sequence[Record], records: Sequence[Record], zone_id: str) -> list[str]:
    known = {identity(record)[:2] for record in records}
    return [
        f"Tried to create an alias that targets {record['AliasTarget']['DNSName']}, type {record['Type']} "
        f"in zone {zone_id}, but that target was not found"
        for record in group
        if "AliasTarget" in record
        and record["AliasTarget"]["HostedZoneId"] == zone_id
        and (normal_name(record["AliasTarget"]["DNSName"]), record["Type"]) not in known
    ]


def _check_size(changes: Sequence[Mapping[str, Any]]) -> None:
    """The limits of one request; what an UPSERT holds counts twice."""
    counted = [(1 + (c.get("Action") == "UPSERT"), c.get("ResourceRecordSet") or {}) for c in changes]
    if sum(times * (len(_values(r)) or 1) for times, r in counted) > REQUEST_ELEMENTS:
        raise ApiError("InvalidChangeBatch", f"[Number of records limit of {REQUEST_ELEMENTS} exceeded.]")
    if sum(times * sum(map(len, _values(r))) for times, r in counted) > REQUEST_LETTERS:
        raise ApiError("InvalidChangeBatch", f"[RDATA character limit of {REQUEST_LETTERS} exceeded.]")


def _check_shape(change: Mapping[str, Any], checks: Collection[str]) -> None:
    """What can be said of one change without looking at the zone."""
    record = change.get("ResourceRecordSet") or {}
    if change.get("Action") not in ("CREATE", "DELETE", "UPSERT"):
        raise ApiError(
            "InvalidInput", f"Invalid XML ; Value '{change.get('Action')}' is not one of [CREATE, DELETE, UPSERT]."
        )
    if problem := name_problem(record.get("Name", "")):
        raise ApiError("InvalidChangeBatch", f"[{problem}]")
    if record.get("Type") not in TYPES:
        raise constraint(
            "type", record.get("Type"), f"Member must satisfy enum value set: [{', '.join(sorted(TYPES))}]"
        )
    _check_routing(change, record)
    if problem := find_place_problem(record):
        raise ApiError("InvalidInput", f"Invalid request: {problem}")
    if not 0 <= record.get("Weight", 0) <= 255:
        raise constraint("weight", record["Weight"], "Member must have value from 0 to 255")
    if not 0 <= record.get("TTL", 0) < 2**31:
        raise constraint("tTL", record["TTL"], "Member must have value from 0 to 2147483647")
    check_id = record.get("HealthCheckId")
    if check_id and change["Action"] != "DELETE" and check_id not in checks:
        raise ApiError("NoSuchHealthCheck", f"No health check exists with the specified ID: {check_id}", 404)
    if change["Action"] != "DELETE":
        _check_values(record)


def _check_routing(change: Mapping[str, Any], record: Mapping[str, Any]) -> None:
    where = (
        f"in Change with [Action={change['Action']}, Name={record['Name']}, Type={record['Type']}, "
        f"SetIdentifier={record.get('SetIdentifier', 'null')}]"
    )
    plain = "TTL" in record and bool(record.get("ResourceRecords"))
    found = plain + ("AliasTarget" in record)
    if found != 1 or ("AliasTarget" in record and ("TTL" in record or "ResourceRecords" in record)):
        number = "none" if not found else "more than one"
        raise ApiError(
            "InvalidInput",
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], "
            f"or TrafficPolicyInstanceId], but found {number} {where}",
        )
    policies = _policies(record)
    if len(policies) > 1 or (not policies and "SetIdentifier" in record):
        number = "more than one" if policies else "none"
        raise ApiError(
            "InvalidInput",
            f"Invalid request: Expected exactly one of [{', '.join(POLICY_KEYS)}], but found {number} {where}",
        )
    if policies and not record.get("SetIdentifier"):
        raise ApiError("InvalidInput", f"Invalid request: Missing field 'SetIdentifier' {where}")


def name_problem(name: str) -> str | None:
    """What keeps `name` from being a name, as the API tells it; None where it is one."""
    try:
        labels = labels_of(name)
    except ValueError as error:
        return f"FATAL problem: UnsupportedCharacter (Value contains unsupported characters) encountered with '{error}'"
    strange = next((letter for letter in name if not 32 < ord(letter) < 127), "")
    fatal = (
        (not all(labels), "DomainLabelEmpty (Domain label is empty)", name),
        (any(len(label) > 63 for label in labels), "DomainLabelTooLong (Domain label is too long)", name),
        (sum(map(len, labels)) + len(labels) - 1 > 253, "DomainNameTooLong (Domain name is too long)", name),
        (bool(strange), "UnsupportedCharacter (Value contains unsupported characters)", strange),
    )
    found = (f"FATAL problem: {what} encountered with '{value}'" for wrong, what, value in fatal if wrong)
    return next(found, None)


def _check_values(record: Mapping[str, Any]) -> None:
    values = _values(record)
    if len(values) != len(set(values)):
        raise ApiError("InvalidChangeBatch", "[Duplicate Resource Record: '" + max(values, key=values.count) + "']")
    if len(values) > RECORD_VALUES:
        raise ApiError("InvalidChangeBatch", f"[Cannot have more than {RECORD_VALUES} records in a RRSet.]")
    if record["Type"] == "CNAME" and len(values) > 1:
        raise ApiError("InvalidChangeBatch", "[Invalid Resource Record: 'A CNAME record can have only one value']")
    problems = [problem for value in values if (problem := _value_problem(record["Type"], value))]
    if problems:
        raise ApiError("InvalidChangeBatch", f"[{', '.join(problems)}]")


def _value_problem(rdtype: str, value: str) -> str | None:
    strings = strings_of(value) if rdtype in ("TXT", "SPF") else []
    if rdtype in ("TXT", "SPF") and not value.startswith('"'):
        kind = "InvalidCharacterString (Value should be enclosed in quotation marks)"
    elif any(length_of(string) > STRING_BYTES for string in strings) or sum(map(length_of, strings)) > TXT_LETTERS:
        kind = "CharacterStringTooLong (Value is too long)"
    else:
        try:
            rdata_of(rdtype, value)
        except (dns.exception.DNSException, ValueError):
            kind = {
                "A": "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)",
                "AAAA": "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)",
            }.get(rdtype, f"{rdtype}RRDATANotValid (Value is not valid for this type)")
        else:
            return None
    return f"Invalid Resource Record: 'FATAL problem: {kind} encountered with '{value}''"


def constraint(member: str, value: object, rule: str) -> ApiError:
    """InvalidInput, told as the API tells that one member breaks one rule."""
    return ApiError(
        "InvalidInput",
        f"1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {rule}",
    )


def _policies(record: Mapping[str, Any]) -> list[str]:
    """The routing keys that are set; a weight of 0 is, MultiValueAnswer=False is not."""
    return [key for key in POLICY_KEYS if record.get(key) is not None and record[key] is not False]


def _values(record: Mapping[str, Any]) -> list[str]:
    return [item["Value"] for item in record.get("ResourceRecords", ())]


def _alias(record: Mapping[str, Any]) -> tuple[str, str, bool] | None:
    alias = record.get("AliasTarget")
    if not alias:
        return None
    return normal_name(alias["DNSName"]), alias["HostedZoneId"], bool(alias.get("EvaluateTargetHealth"))


def _told(record: Record) -> str:
    parts = f"name='{record['Name']}', type='{record['Type']}'"
    return f"[{parts}, set-identifier='{record['SetIdentifier']}']" if record.get("SetIdentifier") else f"[{parts}]"


def _listed_name(name: str) -> str:
    """A name as the API lists it: lower case, last dot, `*` escaped."""
    return normal_name(name).replace("*", "\\052") + "."
