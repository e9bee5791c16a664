"""Route 53 zones, records and health checks: written through boto3 into moto, read back from there on refresh.

The API's own rules are in failover.testing, in front of moto; here is only what pulumi-aws does with its inputs.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from sandbox.clouds.kinds import Depth, declare
from sandbox.clouds.world import CloudRefused, Resource, Values, World, nested

_INSYNC_WALL_SECONDS = 60.0
_CITED = "pulumi-aws 7.51.1, ForceNew in the provider's documentation of this property"
# The hosted zone id that ELB alias targets have in us-east-1; the sandbox's balancers all say this one.
ELB_ZONE_ID = "Z35SXDOTRQ7X7K"


def _call(function: Callable[..., Any], **arguments: Any) -> Any:
    """Call boto3; what Route 53 refuses becomes the refusal that Pulumi shows."""
    try:
        return function(**arguments)
    except ClientError as error:
        details = error.response["Error"]
        raise CloudRefused(f"{details['Code']}: {details['Message']}") from error


def _is_gone(error: ClientError) -> bool:
    return error.response["Error"]["Code"].startswith("NoSuch")


# -- zones ------------------------------------------------------------------------------------------


def _create_zone(world: World, r: Resource) -> None:
    made = _call(
        world.route53().create_hosted_zone,
        Name=r.inputs["name"],
        CallerReference=str(uuid.uuid4()),
        HostedZoneConfig={"Comment": r.inputs.get("comment", "Managed by Pulumi")},
    )
    r.id = made["HostedZone"]["Id"].rpartition("/")[2]
    r.place["name_servers"] = made["DelegationSet"]["NameServers"]


def _zone_outputs(world: World, r: Resource) -> Values:
    servers = sorted(r.place.get("name_servers", []))
    return {
        "arn": f"arn:aws:route53:::hostedzone/{r.id}",
        "zoneId": r.id,
        "nameServers": servers,
        "primaryNameServer": servers[0] if servers else "",
        "comment": r.inputs.get("comment", "Managed by Pulumi"),
        "name": r.inputs["name"].rstrip("."),
    }


def _delete_zone(world: World, r: Resource) -> None:
    client = world.route53()
    try:
        records = client.list_resource_record_sets(HostedZoneId=r.id)["ResourceRecordSets"]
        left = [x for x in records if x["Type"] not in ("NS", "SOA")]
        if left and not r.inputs.get("forceDestroy"):
            raise CloudRefused(
                "HostedZoneNotEmpty: The specified hosted zone contains non-required resource record sets "
                f"({left[0]['Name']} {left[0]['Type']}, …) and so cannot be deleted."
            )
        for record in left:
            _change(client, r.id, "DELETE", dict(record))
        client.delete_hosted_zone(Id=r.id)
    except ClientError as error:
        if not _is_gone(error):
            raise CloudRefused(str(error)) from error


def _refresh_zone(world: World, r: Resource) -> Resource | None:
    try:
        zone = world.route53().get_hosted_zone(Id=r.id)
    except ClientError as error:
        if _is_gone(error):
            return None
        raise
    r.inputs["name"] = zone["HostedZone"]["Name"].rstrip(".")
    r.inputs["comment"] = zone["HostedZone"]["Config"].get("Comment", "")
    r.place["name_servers"] = zone["DelegationSet"]["NameServers"]
    return r


# -- records ----------------------------------------------------------------------------------------


def _record_set(r: Resource) -> Any:
    """A pulumi-aws record's inputs as Route 53's ResourceRecordSet."""
    i = r.inputs
    record: Values = {"Name": _fqdn(r), "Type": i["type"]}
    if i.get("aliases"):
        alias = i["aliases"][0]
        record["AliasTarget"] = {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        }
    else:
        record["TTL"] = int(i.get("ttl", 300))
        record["ResourceRecords"] = [{"Value": _quoted(i["type"], value)} for value in i.get("records", [])]
    if i.get("setIdentifier"):
        record["SetIdentifier"] = i["setIdentifier"]
    weight = nested(i, "weightedRoutingPolicies", 0, "weight")
    if weight is not None:
        record["Weight"] = int(weight)
    failover = nested(i, "failoverRoutingPolicies", 0, "type")
    if failover:
        record["Failover"] = failover
    if i.get("multivalueAnswerRoutingPolicy"):
        record["MultiValueAnswer"] = True
    if i.get("healthCheckId"):
        record["HealthCheckId"] = i["healthCheckId"]
    return record


def _fqdn(r: Resource) -> str:
    return str(r.inputs["name"]).rstrip(".")


def _quoted(type_: str, value: str) -> str:
    """TXT values are quoted on the wire; pulumi-aws takes them bare."""
    return f'"{value}"' if type_ in ("TXT", "SPF") and not value.startswith('"') else value


def _bare(type_: str, value: str) -> str:
    return value[1:-1] if type_ in ("TXT", "SPF") and value.startswith('"') else value


def _change(client: Any, zone_id: str, action: str, record: Values) -> None:
    batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
    change = _call(client.change_resource_record_sets, HostedZoneId=zone_id, ChangeBatch=batch)
    deadline = time.monotonic() + _INSYNC_WALL_SECONDS
    # pulumi-aws waits for INSYNC as well: a record that is not there yet proves nothing to anybody.
    while _call(client.get_change, Id=change["ChangeInfo"]["Id"])["ChangeInfo"]["Status"] != "INSYNC":
        if time.monotonic() > deadline:
            raise CloudRefused(f"Route 53 did not bring the change of {record['Name']} into sync in time")
        time.sleep(0.05)


def _create_record(world: World, r: Resource) -> None:
    action = "UPSERT" if r.inputs.get("allowOverwrite") else "CREATE"
    _change(world.route53(), r.inputs["zoneId"], action, _record_set(r))


def _record_id(world: World, r: Resource) -> str:
    parts = [r.inputs["zoneId"], _fqdn(r), r.inputs["type"], r.inputs.get("setIdentifier")]
    return "_".join(p for p in parts if p)


def _update_record(world: World, r: Resource) -> None:
    _change(world.route53(), r.inputs["zoneId"], "UPSERT", _record_set(r))


def _find_record(world: World, r: Resource) -> Values | None:
    try:
        pages = world.route53().get_paginator("list_resource_record_sets").paginate(HostedZoneId=r.inputs["zoneId"])
        records = [record for page in pages for record in page["ResourceRecordSets"]]
    except ClientError as error:
        if _is_gone(error):
            return None
        raise
    wanted = (_fqdn(r).lower(), r.inputs["type"], r.inputs.get("setIdentifier"))
    for record in records:
        name = record["Name"].rstrip(".").replace("\\052", "*").lower()
        if (name, record["Type"], record.get("SetIdentifier")) == wanted:
            return dict(record)
    return None


def _delete_record(world: World, r: Resource) -> None:
    found = _find_record(world, r)
    if found is not None:
        _change(world.route53(), r.inputs["zoneId"], "DELETE", found)


def _refresh_record(world: World, r: Resource) -> Resource | None:
    if not r.inputs.get("zoneId"):
        # An import knows only the id: zone_name_type[_set], and names may hold underscores themselves.
        zone, _, rest = r.id.partition("_")
        found = _match_id(world, zone, rest)
        if found is None:
            return None
        r.inputs |= {"zoneId": zone, "name": found["Name"].rstrip("."), "type": found["Type"]}
        if "SetIdentifier" in found:
            r.inputs["setIdentifier"] = found["SetIdentifier"]
    record = _find_record(world, r)
    if record is None:
        return None
    _take_over(r, record)
    return r


def _match_id(world: World, zone: str, rest: str) -> Values | None:
    try:
        pages = world.route53().get_paginator("list_resource_record_sets").paginate(HostedZoneId=zone)
        records = [record for page in pages for record in page["ResourceRecordSets"]]
    except ClientError:
        return None
    for record in records:
        parts = [record["Name"].rstrip("."), record["Type"], record.get("SetIdentifier")]
        if "_".join(p for p in parts if p) == rest:
            return dict(record)
    return None


def _take_over(r: Resource, record: Values) -> None:
    """Put what Route 53 says into the inputs, so that refresh shows drift that was made behind Pulumi's back."""
    if "AliasTarget" in record:
        target = record["AliasTarget"]
        known = nested(r.inputs, "aliases", 0, "name") or ""
        name = known if known.rstrip(".").lower() == target["DNSName"].rstrip(".").lower() else target["DNSName"]
        r.inputs["aliases"] = [
            {"name": name, "zoneId": target["HostedZoneId"], "evaluateTargetHealth": target["EvaluateTargetHealth"]}
        ]
    else:
        r.inputs["ttl"] = record["TTL"]
        r.inputs["records"] = [_bare(record["Type"], value["Value"]) for value in record["ResourceRecords"]]
    if "Weight" in record:
        r.inputs["weightedRoutingPolicies"] = [{"weight": record["Weight"]}]
    if "HealthCheckId" in record:
        r.inputs["healthCheckId"] = record["HealthCheckId"]
    else:
        r.inputs.pop("healthCheckId", None)


# -- health checks ----------------------------------------------------------------------------------

# pulumi-aws's name -> Route 53's.
_CHECK_FIELDS = {
    "type": "Type",
    "ipAddress": "IPAddress",
    "fqdn": "FullyQualifiedDomainName",
    "port": "Port",
    "resourcePath": "ResourcePath",
    "searchString": "SearchString",
    "requestInterval": "RequestInterval",
    "failureThreshold": "FailureThreshold",
    "enableSni": "EnableSNI",
    "regions": "Regions",
    "disabled": "Disabled",
    "invertHealthcheck": "Inverted",
    "measureLatency": "MeasureLatency",
    "childHealthchecks": "ChildHealthChecks",
    "childHealthThreshold": "HealthThreshold",
}
_WHOLE_NUMBERS = frozenset({"port", "requestInterval", "failureThreshold", "childHealthThreshold"})
# UpdateHealthCheck has no Type, RequestInterval or MeasureLatency: botocore's service model of route53.
_FIXED = frozenset({"type", "requestInterval", "measureLatency"})


def _check_config(inputs: Values) -> Values:
    config: Values = {}
    for ours, theirs in _CHECK_FIELDS.items():
        if inputs.get(ours) is not None:
            value = inputs[ours]
            config[theirs] = int(value) if ours in _WHOLE_NUMBERS else value
    return config


def _create_check(world: World, r: Resource) -> None:
    made = _call(
        world.route53().create_health_check,
        CallerReference=str(uuid.uuid4()),
        HealthCheckConfig=_check_config(r.inputs),
    )
    r.id = made["HealthCheck"]["Id"]
    _tag(world, r, {})


def _tag(world: World, r: Resource, old: Values) -> None:
    wanted = {**(r.config.get("defaultTags", {}) or {}).get("tags", {}), **(r.inputs.get("tags") or {})}
    gone = [key for key in old if key not in wanted]
    arguments: Values = {"ResourceType": "healthcheck", "ResourceId": r.id}
    if wanted:
        arguments["AddTags"] = [{"Key": key, "Value": str(value)} for key, value in wanted.items()]
    if gone:
        arguments["RemoveTagKeys"] = gone
    if wanted or gone:
        _call(world.route53().change_tags_for_resource, **arguments)


def _update_check(world: World, r: Resource) -> None:
    client = world.route53()
    now = _call(client.get_health_check, HealthCheckId=r.id)["HealthCheck"]
    fixed = {_CHECK_FIELDS[name] for name in _FIXED}
    config = {key: value for key, value in _check_config(r.inputs).items() if key not in fixed}
    _call(client.update_health_check, HealthCheckId=r.id, HealthCheckVersion=now["HealthCheckVersion"], **config)
    _tag(world, r, r.place.get("tags", {}))


def _check_outputs(world: World, r: Resource) -> Values:
    r.place["tags"] = r.inputs.get("tags") or {}
    inputs = r.inputs
    https = str(inputs.get("type", "")).startswith("HTTPS")
    given = {"port": 443 if https else 80, "enableSni": https, "requestInterval": 30, "failureThreshold": 3}
    defaults = {name: value for name, value in given.items() if inputs.get(name) is None}
    tags = inputs.get("tags") or {}
    return {"arn": f"arn:aws:route53:::healthcheck/{r.id}", "tagsAll": tags, **defaults}


def _delete_check(world: World, r: Resource) -> None:
    client = world.route53()
    try:
        client.delete_health_check(HealthCheckId=r.id)
    except ClientError as error:
        if not _is_gone(error):
            raise CloudRefused(str(error)) from error


def _refresh_check(world: World, r: Resource) -> Resource | None:
    client = world.route53()
    try:
        config: Values = dict(client.get_health_check(HealthCheckId=r.id)["HealthCheck"]["HealthCheckConfig"])
    except ClientError as error:
        if _is_gone(error):
            return None
        raise
    defaults = {"disabled": False, "invertHealthcheck": False, "measureLatency": False}
    for ours, theirs in _CHECK_FIELDS.items():
        found = config.get(theirs)
        was_given = r.inputs.get(ours) is not None
        if found is not None and (was_given or found != defaults.get(ours, r.outputs.get(ours, found))):
            r.inputs[ours] = found
    return r


def _refuse_self_check(world: World, r: Resource) -> None:
    if str(r.inputs.get("type", "")).endswith("STR_MATCH") and not r.inputs.get("searchString"):
        raise CloudRefused(
            "InvalidInput: SearchString must be specified for HTTP_STR_MATCH and HTTPS_STR_MATCH checks."
        )


declare(
    "aws:route53/zone:Zone",
    depth=Depth.MOTO,
    effect="the sandbox's DNS answers for the zone",
    not_simulated="delegation from a parent zone, private zones, DNSSEC",
    create=_create_zone,
    outputs=_zone_outputs,
    delete=_delete_zone,
    refresh=_refresh_zone,
    replaces={"name": _CITED, "delegationSetId": _CITED},
)
declare(
    "aws:route53/record:Record",
    depth=Depth.MOTO,
    effect="the sandbox's DNS answers with it, by Route 53's rules",
    not_simulated="latency, geolocation and IP-based routing",
    id_of=_record_id,
    create=_create_record,
    update=_update_record,
    delete=_delete_record,
    refresh=_refresh_record,
    outputs=lambda world, r: {"fqdn": _fqdn(r), "name": _fqdn(r)},
    replaces={"zoneId": _CITED, "name": _CITED, "type": _CITED, "setIdentifier": _CITED},
)
declare(
    "aws:route53/healthCheck:HealthCheck",
    depth=Depth.MOTO,
    effect="health checkers of each region connect to the site's socket and decide whether its records are answered",
    not_simulated="CloudWatch alarm and ARC routing control checks, latency measurement",
    rules=_refuse_self_check,
    create=_create_check,
    update=_update_check,
    delete=_delete_check,
    refresh=_refresh_check,
    outputs=_check_outputs,
    replaces={
        "type": "botocore, UpdateHealthCheckRequest: absent",
        "requestInterval": "botocore, the same",
        "measureLatency": "botocore, the same",
        "referenceName": _CITED,
    },
)
