"""Alert policies of Cloud Monitoring and their notification channels: read as rules that the sandbox evaluates.

Metrics: cloud.google.com/monitoring/api/metrics_gcp
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sandbox.alarms.rule import AlarmRule, Condition, Measure
from sandbox.clouds.gcp.balancer import URL_MAP
from sandbox.clouds.gcp.common import needs_api, project_of, tail
from sandbox.clouds.gcp.run import SERVICE
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import Mistake, OneOf, Text, because, is_known
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, hex_id, nested, stable_hex
from sandbox.clouds.world import World

CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"
POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"

_BALANCER, _RUN = "https_lb_rule", "cloud_run_revision"
METRICS: Mapping[str, tuple[str, str, float]] = {
    "loadbalancing.googleapis.com/https/request_count": (_BALANCER, "answers", 1),
    "loadbalancing.googleapis.com/https/total_latencies": (_BALANCER, "seconds", 1000),
    "loadbalancing.googleapis.com/https/backend_latencies": (_BALANCER, "seconds", 1000),
    "run.googleapis.com/request_count": (_RUN, "requests", 1),
    "run.googleapis.com/request_latencies": (_RUN, "seconds", 1000),
    "run.googleapis.com/container/instance_count": (_RUN, "replicas", 1),
    "run.googleapis.com/container/cpu/utilizations": (_RUN, "cpu", 0.01),
    "run.googleapis.com/container/memory/utilizations": (_RUN, "memory", 0.01),
}
"""Type -> the monitored resource that emits it, what the sandbox counts, how many of Google's units one of that is."""
_ERRORS = {
    "answers": ("metric.labels.response_code_class=500", "errors"),
    "requests": ('metric.labels.response_code_class="5xx"', "replica_errors"),
}
_OWNERS = {"resource.labels.url_map_name": URL_MAP, "resource.labels.service_name": SERVICE}
_STATISTICS = {
    "ALIGN_RATE": "sum",
    "ALIGN_DELTA": "sum",
    "ALIGN_SUM": "sum",
    "ALIGN_COUNT": "count",
    "ALIGN_MEAN": "average",
    "ALIGN_MIN": "minimum",
    "ALIGN_MAX": "maximum",
}
_COMPARISONS = {"COMPARISON_GT": ">", "COMPARISON_LT": "<"}
_MISSING = {"EVALUATION_MISSING_DATA_ACTIVE": "breaching", "EVALUATION_MISSING_DATA_INACTIVE": "notBreaching"}


def alarm_rules(world: World) -> list[AlarmRule]:
    """Every policy that is enabled and has thresholds, as it is evaluated."""
    policies = [r for r in world.store.all(POLICY) if r.inputs.get("enabled") is not False]
    return [rule for r in policies if (rule := _rule(world, r)).conditions]


def _rule(world: World, r: Resource) -> AlarmRule:
    thresholds = [
        one["conditionThreshold"] for one in r.inputs.get("conditions") or [] if one.get("conditionThreshold")
    ]
    told = read_by(world, r.inputs.get("notificationChannels"))
    return AlarmRule(
        r.key,
        r.stack,
        str(r.inputs["displayName"]),
        str(nested(r.inputs, "documentation", "content") or ""),
        tuple(_condition(world, r, one) for one in thresholds),
        every=r.inputs["combiner"] != "OR",
        told=told,
        told_end=told,
    )


def _condition(world: World, r: Resource, asked: Values) -> Condition:
    """A value for each alignment period; all of the duration's must be beyond."""
    period = _seconds((asked.get("aggregations") or [{}])[0].get("alignmentPeriod"))
    points = max(1, _seconds(asked.get("duration"), 0) // period)
    measures = [("value", measure_of(world, project_of(r), asked.get("filter"), asked.get("aggregations")))]
    if asked.get("denominatorFilter"):
        of = measure_of(world, project_of(r), asked["denominatorFilter"], asked.get("denominatorAggregations"))
        measures.append(("all", of))
    return Condition(
        tuple(measures),
        # A minute in which something was answered and nothing failed is one without failures.
        "FILL(value, 0) / all" if len(measures) > 1 else "value",
        period,
        points,
        breaching=points,
        comparison=_COMPARISONS.get(str(asked.get("comparison")), ">"),
        threshold=float(asked.get("thresholdValue") or 0),
        missing=_MISSING.get(str(asked.get("evaluationMissingData")), "ignore"),
    )


def measure_of(world: World, project: str, filter_: object, aggregations: object) -> Measure:
    """The metric that a filter means in a project, and what is made of its values."""
    parts = _parts(filter_)
    emitter, series, scale = METRICS.get(parts.get("metric.type", ""), ("", "", 1.0))
    owner = next((_owner(world, project, name, parts[name]) for name in _OWNERS if name in parts), "")
    if "metric.labels.response_code_class" in parts:
        wanted, errors = _ERRORS.get(series, ("", ""))
        series = errors if wanted in str(filter_) else ""
    if not owner or parts.get("resource.type") != emitter:
        series = ""
    aggregation = aggregations[0] if isinstance(aggregations, list) and aggregations else {}
    aligner = str(aggregation.get("perSeriesAligner") or "")
    if aligner == "ALIGN_RATE":
        scale /= _seconds(aggregation.get("alignmentPeriod"))
    percentile = aligner.replace("ALIGN_PERCENTILE_", "p")
    return Measure(series, owner, _STATISTICS.get(aligner, percentile), scale)


def _parts(filter_: object) -> dict[str, str]:
    """A monitoring filter of terms joined by AND, by what each compares."""
    return {
        name: quoted or bare for name, quoted, bare in re.findall(r'([\w.]+)\s*=\s*(?:"([^"]*)"|(\S+))', str(filter_))
    }


def _owner(world: World, project: str, label: str, name: str) -> str:
    """The site whose resource of that name is in the project."""
    found = [one for one in world.store.all(_OWNERS[label]) if tail(one) == name and project_of(one) == project]
    return found[0].stack if found else ""


def read_by(world: World, named: object) -> tuple[str, ...]:
    """Who reads channels of these names."""
    channels = [world.store.find(CHANNEL, name) for name in named] if isinstance(named, list) else []
    enabled = [c for c in channels if c and c.inputs.get("enabled") is not False and c.inputs["type"] == "email"]
    return tuple(str(nested(channel.inputs, "labels", "email_address") or "") for channel in enabled)


def _seconds(duration: object, default: int = 60) -> int:
    return int(float(str(duration).removesuffix("s"))) if duration else default


# -- types -------------------------------------------------------------------------------------------------------------

_API = "Cloud Monitoring API, AlertPolicy"
_CHANNELS = "Cloud Monitoring API, NotificationChannel"
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def _has_address(inputs: Values) -> Iterator[Mistake]:
    """Cloud Monitoring API, NotificationChannel: the type email has the one label email_address."""
    labels = inputs.get("labels")
    if inputs.get("type") != "email" or not isinstance(labels, dict):
        return
    unknown = sorted(set(labels) - {"email_address"})
    address = labels.get("email_address")
    if unknown:
        yield "labels", f"INVALID_ARGUMENT: the type 'email' has no label {', '.join(unknown)}"
    if address is None or (is_known(address) and not _MAIL.fullmatch(str(address))):
        yield "labels.email_address", f"INVALID_ARGUMENT: {address!r} is not an e-mail address"


def _durations(inputs: Values) -> Iterator[Mistake]:
    """Cloud Monitoring API, AlertPolicy: durations and alignment periods are whole minutes, the latter at least one."""
    for position, one in enumerate(inputs.get("conditions") or []):
        asked = one.get("conditionThreshold") if isinstance(one, dict) else None
        for name, value, least in _lengths(asked or {}):
            whole = re.fullmatch(r"\d+s", str(value)) and _seconds(value) % 60 == 0 and _seconds(value, 0) <= _MOST
            if is_known(value) and (not whole or _seconds(value, 0) < least):
                where = f"conditions[{position}].conditionThreshold.{name}"
                yield where, f"INVALID_ARGUMENT: {value!r} is not a multiple of 60s from {least}s to {_MOST}s"


_TERM = r'[\w.]+\s*=\s*(?:"[^"]*"|[\w.]+)'
_FILTER = rf"{_TERM}(?: AND {_TERM})*"
_MOST = 23 * 3600 + 1800


def is_filter(text: object) -> bool:
    """Whether it can be read: of the language of filters, terms joined by AND are known here."""
    return re.fullmatch(_FILTER, str(text)) is not None


def _lengths(asked: Values) -> Iterator[tuple[str, object, int]]:
    yield "duration", asked.get("duration"), 0
    for name in ("aggregations", "denominatorAggregations"):
        for position, one in enumerate(asked.get(name) or []):
            yield f"{name}[{position}].alignmentPeriod", one.get("alignmentPeriod"), 60


def _metric_rule(world: World, r: Resource) -> None:
    """Each filter names a metric that exists and the resource that emits it: Cloud Monitoring API, errors 400 and 404.

    Of the language of filters, terms joined by AND are known here.
    """
    for one in r.inputs.get("conditions") or []:
        asked = one.get("conditionThreshold") or {}
        for filter_ in filter(None, (asked.get("filter"), asked.get("denominatorFilter"))):
            if not is_filter(filter_):
                raise CloudRefused(f"Error 400: INVALID_ARGUMENT: The supplied filter could not be parsed: {filter_!r}")
            parts = _parts(filter_)
            type_ = parts.get("metric.type", "")
            emitter = METRICS.get(type_, ("",))[0]
            if parts.get("resource.type") != emitter:
                raise CloudRefused(
                    f'Error 404: Cannot find metric that matches type = "{type_}" and resource type = '
                    f'"{parts.get("resource.type", "")}". If a metric was created recently, it could take up to 10 '
                    "minutes to become available.",
                    hint=f"the sandbox has {', '.join(METRICS)}",
                )


declare(
    CHANNEL,
    fidelity=Fidelity.SIMULATED,
    effect="alarms of policies that name it are written for its address into the file that `outlast status` names",
    not_simulated="types but email",
    rules=(needs_api("monitoring"),),
    id_of=lambda world, r: f"projects/{project_of(r)}/notificationChannels/{int(stable_hex(hex_id(8), length=14), 16)}",
    outputs=lambda world, r: {"name": r.id, "project": project_of(r)},
    limits={
        "type": OneOf(("email",), "the sandbox has no other type"),
        "displayName": Text(512, r"[^\x00-\x1f]+", f"{_CHANNELS}.displayName"),
    },
    combinations=(_has_address,),
    forces_new=because("hashicorp/terraform-provider-google: ForceNew in google/services/monitoring", "project"),
    replacement_unknown=("type",),
)
declare(
    POLICY,
    fidelity=Fidelity.SIMULATED,
    effect="is evaluated each simulated minute against what the site's load balancer counts, and shown by "
    "`outlast status`",
    not_simulated="conditions but thresholds; metrics but those of the load balancer's requests and of Cloud Run's "
    "requests, instances, memory and CPU, which is that of this machine; that an incident without data closes by "
    "itself; reducers: there is one series",
    rules=(
        needs_api("monitoring"),
        exists("notificationChannels[]", CHANNEL, "Error 404: Cannot find notification channel with name '{}'.", _API),
        _metric_rule,
    ),
    id_of=lambda world, r: f"projects/{project_of(r)}/alertPolicies/{int(stable_hex(hex_id(8), length=14), 16)}",
    outputs=lambda world, r: {"name": r.id, "project": project_of(r)},
    limits={
        "displayName": Text(512, r"[^\x00-\x1f]+", f"{_API}.displayName"),
        "conditions[].displayName": Text(512, r"[^\x00-\x1f]+", f"{_API}.Condition.displayName"),
        "documentation.content": Text(8192, r"(?s).*", f"{_API}.Documentation.content"),
        "documentation.mimeType": OneOf(("text/markdown",), f"{_API}.Documentation.mimeType"),
        "alertStrategy.autoClose": Text(7, r"\d+s", f"{_API}.AlertStrategy.autoClose"),
    },
    combinations=(_durations,),
    not_known=("the words with which a metric that does not exist is refused, but for their beginning",),
    forces_new=because("hashicorp/terraform-provider-google: ForceNew in google/services/monitoring", "project"),
)
