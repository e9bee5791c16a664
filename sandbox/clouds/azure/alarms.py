"""Metric alerts of Azure Monitor and their action groups: read as rules that the sandbox evaluates.

Metrics: learn.microsoft.com/azure/azure-monitor/reference/supported-metrics/microsoft-app-containerapps-metrics
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from sandbox.alarms.rule import AlarmRule, Condition, Measure
from sandbox.clouds.azure.apps import APP
from sandbox.clouds.azure.common import common_outputs, in_group, tail
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import ID, Mistake, OneOf, Range, Text, because, is_known
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World

ACTION_GROUP = "azure-native:monitor:ActionGroup"
METRIC_ALERT = "azure-native:monitor:MetricAlert"

METRICS: Mapping[str, tuple[str, float]] = {
    "Requests": ("answers", 1),
    "ResponseTime": ("seconds", 1000),
    "Replicas": ("replicas", 1),
    "CpuPercentage": ("cpu", 1),
    "MemoryPercentage": ("memory", 1),
}
"""Of a container app: what the sandbox counts, and how many of Azure's units one of that is."""
_NOT_COUNTED = (
    *("RestartCount", "UsageNanoCores", "WorkingSetBytes", "RxBytes", "TxBytes"),
    *("CoresQuotaUsed", "TotalCoresQuotaUsed"),
)
STATISTICS = {"Average": "average", "Count": "count", "Minimum": "minimum", "Maximum": "maximum", "Total": "sum"}
"""An aggregation as the API names it -> as a measure does."""
_COMPARISONS = {"GreaterThan": ">", "GreaterThanOrEqual": ">=", "LessThan": "<", "LessThanOrEqual": "<="}
_LOOKS_UNTIL_OVER = 3


def alarm_rules(world: World) -> list[AlarmRule]:
    """Every metric alert that is enabled, as it is evaluated."""
    return [_rule(world, r) for r in world.store.all(METRIC_ALERT) if r.inputs.get("enabled")]


def _rule(world: World, r: Resource) -> AlarmRule:
    app = world.store.find(APP, (r.inputs.get("scopes") or [""])[0])
    criteria = nested(r.inputs, "criteria", "allOf") or []
    window = seconds_of(str(r.inputs["windowSize"]))
    conditions = tuple(_condition(app.stack if app else "", one, window) for one in criteria)
    told = _addresses(world, r)
    return AlarmRule(
        r.key, r.stack, tail(r), str(r.inputs.get("description") or ""), conditions, told=told, told_end=told
    )


def _condition(site: str, criterion: Values, window: int) -> Condition:
    """A window without a request has none to count: nothing is violated."""
    measure = measure_of(site, str(criterion.get("metricName")), str(criterion["timeAggregation"]))
    if criterion.get("dimensions"):
        errors = measure.series == "answers" and _five_hundreds(criterion["dimensions"])
        measure = replace(measure, series="errors" if errors else "")
    return Condition(
        (("value", measure),),
        "value",
        window,
        points=1,
        breaching=1,
        comparison=_COMPARISONS.get(str(criterion.get("operator")), ">"),
        threshold=float(criterion.get("threshold") or 0),
        missing="notBreaching",
        sliding=True,
        clears_after=_LOOKS_UNTIL_OVER,
    )


def measure_of(site: str, metric: str, aggregation: str) -> Measure:
    """A metric of a container app, and what is made of its values."""
    series, scale = METRICS.get(metric, ("", 1.0))
    return Measure(series, site, STATISTICS[aggregation], scale)


def _five_hundreds(dimensions: list[Values]) -> bool:
    asked = [(one.get("name"), one.get("operator"), tuple(one.get("values") or ())) for one in dimensions]
    return asked == [("statusCodeCategory", "Include", ("5xx",))]


def _addresses(world: World, r: Resource) -> tuple[str, ...]:
    groups = [world.store.find(ACTION_GROUP, one.get("actionGroupId")) for one in r.inputs.get("actions") or []]
    enabled = [group for group in groups if group and group.inputs.get("enabled")]
    return tuple(str(mail["emailAddress"]) for g in enabled for mail in g.inputs.get("emailReceivers") or [])


def seconds_of(duration: str) -> int:
    """An ISO 8601 duration of days, hours and minutes, in seconds."""
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?", duration)
    days, hours, minutes = (int(part or 0) for part in found.groups()) if found else (0, 0, 5)
    return days * 86_400 + hours * 3600 + minutes * 60


# -- types -------------------------------------------------------------------------------------------------------------

_API = "Azure Monitor, metric alert rules"
_FREQUENCIES = ("PT1M", "PT5M", "PT15M", "PT30M", "PT1H")
_WINDOWS = (*_FREQUENCIES, "PT6H", "PT12H", "P1D")


def _window(inputs: Values) -> Iterator[Mistake]:
    """Azure Monitor, metric alert rules: the window is at least as long as the time between two looks."""
    window, frequency = inputs.get("windowSize"), inputs.get("evaluationFrequency")
    if is_known(window, frequency) and seconds_of(str(window)) < seconds_of(str(frequency)):
        yield "windowSize", f"BadRequest: the window {window} is shorter than the frequency {frequency}"


def _metric_names(inputs: Values) -> Iterator[Mistake]:
    """Azure Monitor, metric alert rules: each metric is one that its resource emits."""
    for position, one in enumerate(nested(inputs, "criteria", "allOf") or []):
        name, known = one.get("metricName"), (*METRICS, *_NOT_COUNTED)
        if is_known(name) and name not in known:
            where = f"criteria.allOf[{position}].metricName"
            yield where, f"BadRequest: Couldn't find a metric named {name}. Make sure the name is correct: {known}"


_MAIL = Text(320, r"[^@\s]+@[^@\s]+\.[^@\s]+", "Azure Monitor, action groups: an e-mail address")
_NAME = Text(260, r"[^:@%#&+*<>?/\x00-\x1f]*[^:@%#&+*<>?/\x00-\x1f. ]", "ARM, names of Microsoft.Insights")
_SINGLE = "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria"
_NO_GROUP = 'Code="BadRequest" Message="The action group {} does not exist."'

declare(
    ACTION_GROUP,
    fidelity=Fidelity.SIMULATED,
    effect="alerts that name it are written for its addresses into the file that `outlast status` names",
    not_simulated="text messages, web hooks, roles; the limit of 100 mails an hour",
    id_of=in_group("Microsoft.Insights/actionGroups", "actionGroupName"),
    outputs=lambda world, r: common_outputs(r, "Microsoft.Insights/ActionGroups"),
    limits={
        "actionGroupName": _NAME,
        "groupShortName": Text(12, r"[^\x00-\x1f]+", "Azure Monitor, ActionGroup.groupShortName"),
        "location": OneOf(("Global", "global"), "Azure Monitor, action groups: the rest is for residency by choice"),
        "emailReceivers[].emailAddress": _MAIL,
        "emailReceivers[].name": _NAME,
    },
    forces_new=because(ID, "actionGroupName", "resourceGroupName"),
)
declare(
    METRIC_ALERT,
    fidelity=Fidelity.SIMULATED,
    effect="is evaluated each simulated minute against what the site's entry point counts, and shown by "
    "`outlast status`",
    not_simulated="metrics but Requests, ResponseTime, Replicas, MemoryPercentage and CpuPercentage, whose CPU is "
    "that of this machine; "
    "dimensions but statusCodeCategory 5xx; dynamic thresholds; that one fires without autoMitigate until it is closed",
    rules=(
        exists("scopes[]", APP, 'Code="ResourceNotFound" Message="The Resource \'{}\' was not found."', _API),
        exists("actions[].actionGroupId", ACTION_GROUP, _NO_GROUP, _API),
    ),
    id_of=in_group("Microsoft.Insights/metricAlerts", "ruleName"),
    outputs=lambda world, r: common_outputs(r, "Microsoft.Insights/metricAlerts"),
    limits={
        "ruleName": _NAME,
        "location": OneOf(("global",), "Azure Monitor, metric alerts of platform metrics are global"),
        "severity": Range(0, 4, f"{_API}, severity"),
        "evaluationFrequency": OneOf(_FREQUENCIES, f"{_API}, evaluationFrequency"),
        "windowSize": OneOf(_WINDOWS, f"{_API}, windowSize"),
        "criteria.odataType": OneOf((_SINGLE,), f"{_API}: the sandbox has no other criteria"),
        "criteria.allOf[].name": _NAME,
        "criteria.allOf[].criterionType": OneOf(("StaticThresholdCriterion",), f"{_API}: the others are not simulated"),
        "criteria.allOf[].metricNamespace": OneOf(
            ("Microsoft.App/containerApps", "microsoft.app/containerapps"), "Azure Monitor, supported metrics"
        ),
    },
    combinations=(_window, _metric_names),
    not_known=(
        "whether Requests counts what the ingress answers without a replica: it does here",
        "the words with which a metric that does not exist is refused",
    ),
    forces_new=because(ID, "ruleName", "resourceGroupName"),
)
