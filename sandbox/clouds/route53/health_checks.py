"""Health checks: pulumi-aws's names for Route 53's, and what cannot be updated."""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.route53.api import call, call_if_there
from sandbox.clouds.rules import NO_MEMBER, PORT, Mistake, OneOf, Range, Text, because, is_given
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values
from sandbox.clouds.world import World

HEALTH_CHECK = "aws:route53/healthCheck:HealthCheck"

# pulumi-aws's name -> Route 53's.
_FIELDS = {
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
    "insufficientDataHealthStatus": "InsufficientDataHealthStatus",
}
_WHOLE_NUMBERS = frozenset({"port", "requestInterval", "failureThreshold", "childHealthThreshold"})
# UpdateHealthCheckRequest has no such member: botocore's service model of route53.
_FIXED = frozenset({"type", "requestInterval", "measureLatency"})
# Off where nobody says anything, and then not said in the inputs either.
_OFF = {"disabled": False, "invertHealthcheck": False, "measureLatency": False}


def _config(inputs: Values) -> Values:
    """The inputs as Route 53's HealthCheckConfig; numbers come from the engine as floats."""
    given = {name: inputs[name] for name in _FIELDS if inputs.get(name) is not None}
    config = {_FIELDS[name]: int(value) if name in _WHOLE_NUMBERS else value for name, value in given.items()}
    if inputs.get("cloudwatchAlarmName") is not None:
        config["AlarmIdentifier"] = {
            "Name": inputs["cloudwatchAlarmName"],
            "Region": inputs.get("cloudwatchAlarmRegion", ""),
        }
    return config


def _create(world: World, r: Resource) -> None:
    client = world.route53()
    made = call(client.create_health_check, CallerReference=r.place["reference"], HealthCheckConfig=_config(r.inputs))
    r.id = made["HealthCheck"]["Id"]
    _write_tags(world, r)


def _find_made(world: World, r: Resource) -> str | None:
    pages = world.route53().get_paginator("list_health_checks").paginate()
    checks = (check for page in pages for check in page["HealthChecks"])
    return next((check["Id"] for check in checks if check["CallerReference"] == r.place["reference"]), None)


def _read_tags(world: World, id_: str) -> dict[str, str]:
    client = world.route53()
    found = call(client.list_tags_for_resource, ResourceType="healthcheck", ResourceId=id_)
    return {tag["Key"]: tag["Value"] for tag in found["ResourceTagSet"]["Tags"]}


def _wanted_tags(r: Resource) -> dict[str, str]:
    """The provider's default tags, and over them the resource's own."""
    default = (r.config.get("defaultTags") or {}).get("tags") or {}
    return {key: str(value) for key, value in {**default, **(r.inputs.get("tags") or {})}.items()}


def _write_tags(world: World, r: Resource) -> None:
    wanted = _wanted_tags(r)
    gone = [key for key in _read_tags(world, r.id) if key not in wanted]
    arguments: Values = {"ResourceType": "healthcheck", "ResourceId": r.id}
    if wanted:
        arguments["AddTags"] = [{"Key": key, "Value": value} for key, value in wanted.items()]
    if gone:
        arguments["RemoveTagKeys"] = gone
    if wanted or gone:
        call(world.route53().change_tags_for_resource, **arguments)


def _update(world: World, r: Resource) -> None:
    client = world.route53()
    now = call(client.get_health_check, HealthCheckId=r.id)["HealthCheck"]
    fixed = {_FIELDS[name] for name in _FIXED}
    config = {name: value for name, value in _config(r.inputs).items() if name not in fixed}
    call(client.update_health_check, HealthCheckId=r.id, HealthCheckVersion=now["HealthCheckVersion"], **config)
    _write_tags(world, r)


def _delete(world: World, r: Resource) -> None:
    call_if_there(world.route53().delete_health_check, HealthCheckId=r.id)


def _refresh(world: World, r: Resource) -> Resource | None:
    """What Route 53 adds by itself (a port, SNI) is an output of this type, and no drift; an import takes all."""
    found = call_if_there(world.route53().get_health_check, HealthCheckId=r.id)
    if found is None:
        return None
    config = found["HealthCheck"]["HealthCheckConfig"]
    imported = not r.inputs
    for ours, theirs in _FIELDS.items():
        value = config.get(theirs)
        is_given = r.inputs.get(ours) is not None
        usual = _OFF.get(ours, None if imported else r.outputs.get(ours, value))
        if value is not None and (is_given or value != usual):
            r.inputs[ours] = value
    if "AlarmIdentifier" in config:
        alarm = config["AlarmIdentifier"]
        r.inputs |= {"cloudwatchAlarmName": alarm["Name"], "cloudwatchAlarmRegion": alarm["Region"]}
    _refresh_tags(world, r)
    return r


def _refresh_tags(world: World, r: Resource) -> None:
    default = (r.config.get("defaultTags") or {}).get("tags") or {}
    tags = {key: value for key, value in _read_tags(world, r.id).items() if key not in default}
    if tags or r.inputs.get("tags"):
        r.inputs["tags"] = tags


def _outputs(world: World, r: Resource) -> Values:
    kind = str(r.inputs.get("type", ""))
    https = kind.startswith("HTTPS")
    if kind == "CLOUDWATCH_METRIC":
        added: Values = {"insufficientDataHealthStatus": "LastKnownStatus"}
    else:
        added = {"port": 443 if https else 80, "enableSni": https, "requestInterval": 30, "failureThreshold": 3}
    missing = {name: value for name, value in added.items() if r.inputs.get(name) is None}
    return {"arn": f"arn:aws:route53:::healthcheck/{r.id}", "tagsAll": _wanted_tags(r), **missing}


# botocore's shapes of route53: RequestInterval has 10 to 30, its documentation says 10 or 30.
_INTERVAL = OneOf((10, 30), "Route 53 API, RequestInterval")
_THRESHOLD = Range(1, 10, "Route 53 API, FailureThreshold")
_SEARCHED = Text(255, r"(?s).+", "Route 53 API, SearchString")
_CHECK_PATH = Text(255, r"(?s).*", "Route 53 API, ResourcePath", shortest=0)


def _health_check_combinations(inputs: Values) -> Iterator[Mistake]:
    """Route 53 API, HealthCheckConfig: SearchString, AlarmIdentifier, FullyQualifiedDomainName or IPAddress."""
    kind = str(inputs.get("type", ""))
    if kind.endswith("STR_MATCH") and not is_given(inputs, "searchString"):
        yield "searchString", f"InvalidInput: must be specified for {kind} checks"
    alarm = is_given(inputs, "cloudwatchAlarmName") and is_given(inputs, "cloudwatchAlarmRegion")
    regions = inputs.get("regions")
    if isinstance(regions, list) and 0 < len(set(map(str, regions))) < 3:
        yield "regions", "InvalidInput: at least three regions, or none for all"
    if kind == "CLOUDWATCH_METRIC" and not alarm:
        yield "cloudwatchAlarmName", "InvalidInput: a CLOUDWATCH_METRIC check needs its alarm's name and region"
    if kind == "RECOVERY_CONTROL":
        yield "type", "RECOVERY_CONTROL is not simulated: there is no Application Recovery Controller here"
    if kind.startswith(("HTTP", "TCP")) and not (is_given(inputs, "fqdn") or is_given(inputs, "ipAddress")):
        yield "fqdn", f"InvalidInput: a {kind} check needs `fqdn` or `ipAddress`"


declare(
    HEALTH_CHECK,
    fidelity=Fidelity.MOTO,
    effect="health checkers of each region connect to the site's socket and decide whether its records are answered",
    not_simulated="ARC routing control checks (refused), latency measurement, and the data stream behind a CloudWatch "
    "alarm: a check follows the state that SetAlarmState gives it, where the real check follows the metric itself",
    create=_create,
    find_made=_find_made,
    update=_update,
    delete=_delete,
    refresh=_refresh,
    outputs=_outputs,
    limits={
        "requestInterval": _INTERVAL,
        "failureThreshold": _THRESHOLD,
        "port": PORT,
        "searchString": _SEARCHED,
        "resourcePath": _CHECK_PATH,
    },
    combinations=(_health_check_combinations,),
    forces_new=because(f"{NO_MEMBER} UpdateHealthCheck", "type", "requestInterval", "measureLatency"),
    replacement_unknown=("referenceName", "routingControlArn"),
)
