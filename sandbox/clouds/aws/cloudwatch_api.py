"""CloudWatch as somebody on call reads it: a few minutes of a site's metrics, and its alarms by their names.

Operations are botocore's (cloudwatch), in its JSON protocol, whose times are seconds. Metric math is not answered.
"""

from __future__ import annotations

from typing import Any

from sandbox.alarms.monitor import Monitor
from sandbox.clouds.aws.alarms import ALARM, measure_of
from sandbox.clouds.aws.common import own_name, region_of
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.world import World

Document = dict[str, Any]
PREFIX = "GraniteServiceVersion20100801."
OPERATIONS = ("GetMetricData", "DescribeAlarms")


def answer(world: World, monitor: Monitor, operation: str, asked: Document, region: str) -> Document:
    """One of `OPERATIONS`. Raises CloudRefused with the API's own code."""
    if operation == "GetMetricData":
        return {"MetricDataResults": [_read(world, monitor, one, asked, region) for one in asked["MetricDataQueries"]]}
    found = [r for r in _find(world, asked, region) if asked.get("StateValue") in (None, _state(monitor, r))]
    return {"MetricAlarms": [_describe(monitor, r) for r in found]}


def owner(world: World, operation: str, asked: Document, region: str) -> str:
    """The stack whose metrics or alarms are asked for; empty where there is none."""
    if operation == "GetMetricData":
        measures = (
            measure_of(world, region, _metric(one)) for one in asked["MetricDataQueries"] if "MetricStat" in one
        )
        return next((measure.of for measure in measures if measure.of), "")
    return next((r.stack for r in _find(world, asked, region)), "")


def _read(world: World, monitor: Monitor, query: Document, asked: Document, region: str) -> Document:
    """The newest period first, as the API has them by default."""
    if "MetricStat" not in query:
        raise CloudRefused("ValidationError: the sandbox reads metrics, and computes no expression of them")
    measure, period = measure_of(world, region, _metric(query)), int(query["MetricStat"]["Period"])
    begins = range(int(asked["StartTime"]), int(asked["EndTime"]), period)
    points = [(begin, monitor.measure(measure, begin, begin + period)) for begin in reversed(begins)]
    known = [(begin, value) for begin, value in points if value is not None]
    return {
        "Id": query["Id"],
        "Label": query["MetricStat"]["Metric"]["MetricName"],
        "Timestamps": [begin for begin, _ in known],
        "Values": [value for _, value in known],
        "StatusCode": "Complete",
    }


def _metric(query: Document) -> Document:
    """A query's metric as an alarm writes it."""
    stat = query["MetricStat"]
    metric = stat["Metric"]
    return {
        "namespace": metric["Namespace"],
        "metricName": metric["MetricName"],
        "dimensions": {one["Name"]: one["Value"] for one in metric.get("Dimensions", [])},
        "statistic": stat["Stat"],
    }


def _find(world: World, asked: Document, region: str) -> list[Resource]:
    names, prefix = asked.get("AlarmNames"), str(asked.get("AlarmNamePrefix") or "")
    here = [r for r in world.store.all(ALARM) if region_of(r) == region]
    return [r for r in here if (not names or own_name(r) in names) and own_name(r).startswith(prefix)]


def _state(monitor: Monitor, r: Resource) -> str:
    """Of an alarm that is off nothing is told apart: who is on call asks for those that are on."""
    return "ALARM" if r.key in monitor.alarming() else "OK"


def _describe(monitor: Monitor, r: Resource) -> Document:
    since = monitor.alarming().get(r.key)
    return {
        "AlarmName": own_name(r),
        "AlarmArn": r.get("arn"),
        "AlarmDescription": str(r.inputs.get("alarmDescription") or ""),
        "StateValue": _state(monitor, r),
        **({} if since is None else {"StateUpdatedTimestamp": since}),
    }
