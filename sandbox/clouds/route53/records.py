"""Record sets: pulumi-aws's inputs as Route 53's, and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.clouds import eventual
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.route53.api import call_if_there, change_record, change_records, list_records
from sandbox.clouds.rules import TERRAFORM_AWS, Mistake, Range, Text, because, is_given
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World

RECORD = "aws:route53/record:Record"
_QUOTED_TYPES = ("TXT", "SPF")
_DEFAULT_TTL_SECONDS = 300


# -- there -----------------------------------------------------------------------------------------------------------


def _fqdn(world: World, r: Resource) -> str:
    """The whole name of a record: one that does not end in the zone's is completed with it, an empty one is the zone's.

    hashicorp/terraform-provider-aws, internal/service/route53/record.go: expandRecordName, which looks at no dot.
    """
    name = str(r.inputs.get("name", "")).rstrip(".")
    zone = call_if_there(world.route53().get_hosted_zone, Id=r.inputs["zoneId"])
    whole = str(zone["HostedZone"]["Name"]).rstrip(".") if zone else ""
    return name if name.lower().endswith(whole) else f"{name}.{whole}".lstrip(".")


def _record_set(world: World, r: Resource) -> Any:
    """A record's inputs as Route 53's ResourceRecordSet."""
    given = r.inputs
    optional = {
        "SetIdentifier": given.get("setIdentifier"),
        "Weight": nested(given, "weightedRoutingPolicies", 0, "weight"),
        "Failover": nested(given, "failoverRoutingPolicies", 0, "type"),
        "Region": nested(given, "latencyRoutingPolicies", 0, "region"),
        "GeoLocation": _geo_location(nested(given, "geolocationRoutingPolicies", 0)),
        "MultiValueAnswer": given.get("multivalueAnswerRoutingPolicy") or None,
        "HealthCheckId": given.get("healthCheckId") or None,
    }
    if optional["Weight"] is not None:
        optional["Weight"] = int(optional["Weight"])
    present = {name: value for name, value in optional.items() if value is not None}
    return {"Name": _fqdn(world, r), "Type": given["type"], **_target(given), **present}


# pulumi-aws's name -> Route 53's.
_GEO_CODES = {"continent": "ContinentCode", "country": "CountryCode", "subdivision": "SubdivisionCode"}


def _geo_location(given: Values | None) -> Values | None:
    return {code: given[name] for name, code in _GEO_CODES.items() if given.get(name)} if given else None


def _target(given: Values) -> Values:
    """Where the record leads: an alias, or values with a TTL."""
    if given.get("aliases"):
        alias = given["aliases"][0]
        return {
            "AliasTarget": {
                "DNSName": alias["name"],
                "HostedZoneId": alias["zoneId"],
                "EvaluateTargetHealth": alias["evaluateTargetHealth"],
            }
        }
    values = [{"Value": _quoted(given["type"], value)} for value in given.get("records", [])]
    return {"TTL": int(given.get("ttl", _DEFAULT_TTL_SECONDS)), "ResourceRecords": values}


def _quoted(type_: str, value: str) -> str:
    """TXT values are quoted on the wire; pulumi-aws takes them bare."""
    return f'"{value}"' if type_ in _QUOTED_TYPES and not value.startswith('"') else value


def _bare(type_: str, value: str) -> str:
    return value[1:-1] if type_ in _QUOTED_TYPES and value.startswith('"') else value


# -- back ------------------------------------------------------------------------------------------------------------


def _name_of(record: Values) -> str:
    """Route 53 writes `*` as an octal escape and ends names with a dot."""
    return str(record["Name"]).rstrip(".").replace("\\052", "*").lower()


def _id_of_found(zone_id: str, record: Values) -> str:
    parts = [zone_id, _name_of(record), record["Type"], record.get("SetIdentifier")]
    return "_".join(part for part in parts if part)


def _find(world: World, r: Resource) -> Values | None:
    """The record set that the inputs mean, as it is now."""
    wanted = (_fqdn(world, r).lower(), r.inputs["type"], r.inputs.get("setIdentifier"))
    for record in list_records(world, r.inputs["zoneId"]):
        if (_name_of(record), record["Type"], record.get("SetIdentifier")) == wanted:
            return record
    return None


def _find_by_id(world: World, id_: str) -> Resource | None:
    """What an import names: `zone_name_type[_set]`; names hold underscores themselves, so no id is taken apart."""
    zone_id = id_.partition("_")[0]
    for record in list_records(world, zone_id):
        if _id_of_found(zone_id, record) == id_:
            inputs = {"zoneId": zone_id, "name": _name_of(record), "type": record["Type"]}
            if "SetIdentifier" in record:
                inputs["setIdentifier"] = record["SetIdentifier"]
            return Resource(RECORD, id_, f"urn:pulumi:imported::outlast::{RECORD}::{id_}", inputs, {}, id=id_)
    return None


def _refresh(world: World, r: Resource) -> Resource | None:
    if not r.inputs.get("zoneId"):
        found = _find_by_id(world, r.id)
        if found is None:
            return None
        r = found
    record = _find(world, r)
    if record is None:
        return None
    _take_over(r, record)
    return r


def _take_over(r: Resource, record: Values) -> None:
    """Put what Route 53 says into the inputs, so that refresh shows drift that was made behind Pulumi's back."""
    kept = {n: v for n, v in r.inputs.items() if n not in _FROM_ROUTE53}
    r.inputs = kept | _routing(record) | (_alias(r, record) if "AliasTarget" in record else _values(record))


_FROM_ROUTE53 = frozenset(
    (
        "aliases",
        "ttl",
        "records",
        "weightedRoutingPolicies",
        "failoverRoutingPolicies",
        "latencyRoutingPolicies",
        "geolocationRoutingPolicies",
        "multivalueAnswerRoutingPolicy",
        "healthCheckId",
    )
)


def _routing(record: Values) -> Values:
    found: Values = {}
    if "Weight" in record:
        found["weightedRoutingPolicies"] = [{"weight": record["Weight"]}]
    if "Failover" in record:
        found["failoverRoutingPolicies"] = [{"type": record["Failover"]}]
    if "Region" in record:
        found["latencyRoutingPolicies"] = [{"region": record["Region"]}]
    if "GeoLocation" in record:
        geo = record["GeoLocation"]
        found["geolocationRoutingPolicies"] = [{name: geo[code] for name, code in _GEO_CODES.items() if code in geo}]
    if record.get("MultiValueAnswer"):
        found["multivalueAnswerRoutingPolicy"] = True
    if record.get("HealthCheckId"):
        found["healthCheckId"] = record["HealthCheckId"]
    return found


def _values(record: Values) -> Values:
    values = [_bare(record["Type"], value["Value"]) for value in record["ResourceRecords"]]
    return {"ttl": record["TTL"], "records": values}


def _alias(r: Resource, record: Values) -> Values:
    """Case and a last dot make no other name: then the program's spelling stays, and no drift is seen."""
    target = record["AliasTarget"]
    known = nested(r.inputs, "aliases", 0, "name") or ""
    same = known.rstrip(".").lower() == target["DNSName"].rstrip(".").lower()
    alias = {
        "name": known if same else target["DNSName"],
        "zoneId": target["HostedZoneId"],
        "evaluateTargetHealth": target["EvaluateTargetHealth"],
    }
    return {"aliases": [alias]}


# -- the type --------------------------------------------------------------------------------------------------------


def _create(world: World, r: Resource) -> None:
    action = "UPSERT" if r.inputs.get("allowOverwrite") else "CREATE"
    change_record(world, r.inputs["zoneId"], action, _record_set(world, r))


def _find_made(world: World, r: Resource) -> str | None:
    return _record_id(world, r) if _find(world, r) is not None else None


def _given_name(r: Resource) -> str:
    return str(r.inputs.get("name", "")).rstrip(".")


def _record_id(world: World, r: Resource) -> str:
    parts = [r.inputs["zoneId"], _given_name(r), r.inputs["type"], r.inputs.get("setIdentifier")]
    return "_".join(part for part in parts if part)


def _update(world: World, r: Resource) -> None:
    """UPSERT; a type or a set identifier that changed makes another record set, so the old one goes in one change.

    So does pulumi-aws, for which these two do not replace the resource: terraform-provider-aws, route53/record.go.
    """
    known = world.store.get(r.type, r.id)
    old = _find(world, known) if known is not None and _record_id(world, known) != _record_id(world, r) else None
    gone = [("DELETE", old)] if old is not None else []
    change_records(world, r.inputs["zoneId"], [*gone, ("UPSERT", _record_set(world, r))])


def _delete(world: World, r: Resource) -> None:
    found = _find(world, r)
    if found is not None:
        change_record(world, r.inputs["zoneId"], "DELETE", found)


def _outputs(world: World, r: Resource) -> Values:
    return {"fqdn": _fqdn(world, r), "name": _given_name(r)}


_WEIGHT = Range(0, 255, "Route 53 API, ResourceRecordSetWeight")
_TTL = Range(0, 2147483647, "Route 53 API, TTL")
_SET_ID = Text(128, r".*", "Route 53 API, ResourceRecordSetIdentifier")
_ROUTING_POLICIES = (
    "cidrRoutingPolicy",
    "failoverRoutingPolicies",
    "geolocationRoutingPolicies",
    "geoproximityRoutingPolicy",
    "latencyRoutingPolicies",
    "multivalueAnswerRoutingPolicy",
    "weightedRoutingPolicies",
)


def _record_combinations(inputs: Values) -> Iterator[Mistake]:
    """hashicorp/terraform-provider-aws, internal/service/route53/record.go: ExactlyOneOf, RequiredWith and such."""
    if is_given(inputs, "aliases") == is_given(inputs, "records"):
        yield "records", "exactly one of `aliases` and `records` must be given"
    if is_given(inputs, "records") and inputs.get("ttl") is None:
        yield "ttl", "is needed beside `records`"
    if is_given(inputs, "aliases") and inputs.get("ttl") is not None:
        yield "ttl", "an alias has none: it answers with its target's"
    policies = [name for name in _ROUTING_POLICIES if is_given(inputs, name)]
    if len(policies) > 1:
        yield policies[1], f"conflicts with `{policies[0]}`: a record has one routing policy"
    if policies and not is_given(inputs, "setIdentifier"):
        yield "setIdentifier", f"is needed beside `{policies[0]}`"


declare(
    RECORD,
    fidelity=Fidelity.MOTO,
    effect="the sandbox's DNS answers with it, by Route 53's rules",
    not_simulated="geoproximity and IP-based routing; where a client is, is told by its EDNS client subnet alone",
    id_of=_record_id,
    takes=eventual.RECORD,
    create=_create,
    find_made=_find_made,
    update=_update,
    delete=_delete,
    refresh=_refresh,
    shared=lambda r: bool(r.inputs.get("allowOverwrite")),
    outputs=_outputs,
    limits={
        "ttl": _TTL,
        "setIdentifier": _SET_ID,
        "weightedRoutingPolicies[].weight": _WEIGHT,
    },
    combinations=(_record_combinations,),
    forces_new=because(f"{TERRAFORM_AWS}/route53/record.go", "zoneId", "name"),
)
