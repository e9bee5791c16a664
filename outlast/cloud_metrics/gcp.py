"""Cloud Monitoring: the time series of a site's load balancer and service, and the alerts that are open.

projects.timeSeries.list and projects.alerts.list: cloud.google.com/monitoring/api/ref_v3/rest/v3. What the API calls an
alert the console calls an incident. The newest thousand of a project are read.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from failover.levers.clouds import Clouds, ask_for
from failover.levers.replica_counter import MONITORING
from failover.logs.clouds import LogPlace
from infra.gcp import metrics
from infra.gcp.metrics import Metric
from outlast.cloud_metrics.figures import MINUTE, CloudAlarm, Figures, alarm_names, largest

_PAGE = 1000


def read_figures(place: LogPlace, minute: datetime, clouds: Clouds) -> Figures:
    """The site's figures of a minute. Raises Unavailable."""
    asked = (metrics.REQUESTS, metrics.ERRORS, metrics.LATENCY, metrics.CPU)
    requests, errors, latency, cpu = (_read(place, metric, minute, clouds) for metric in asked)
    return Figures(minute, requests or 0.0, errors or 0.0, latency, cpu_percent=None if cpu is None else 100 * cpu)


def _read(place: LogPlace, metric: Metric, minute: datetime, clouds: Clouds) -> float | None:
    """What the cloud makes of the metric's series in that minute; None where there is none."""
    asked = {
        "filter": metric.filter(place.name),
        "interval.startTime": minute.isoformat(),
        "interval.endTime": (minute + MINUTE).isoformat(),
        "aggregation.alignmentPeriod": metrics.PERIOD,
        "aggregation.perSeriesAligner": metric.aligner,
        "aggregation.crossSeriesReducer": metric.reducer,
    }
    doing = f"read {metric.type} of {place.name}"
    with clouds.google(MONITORING) as client:
        document = ask_for(client, "GET", f"/v3/projects/{place.account}/timeSeries", doing, params=asked)
    points = [series["points"][0]["value"] for series in document.get("timeSeries", []) if series.get("points")]
    return largest(map(_number, points))


def _number(value: dict[str, Any]) -> float:
    """A TypedValue: a whole number as text (JSON of protocol buffers), or one with a point."""
    return float(value.get("doubleValue", value.get("int64Value", 0)))


def read_alarms(place: LogPlace, clouds: Clouds) -> tuple[CloudAlarm, ...]:
    """Those of the site's stack that are on. Raises Unavailable."""
    about = alarm_names(place.name, "gcp")
    path, doing = f"/v3/projects/{place.account}/alerts", f"list the alerts of {place.account}"
    with clouds.google(MONITORING) as client:
        document = ask_for(client, "GET", path, doing, params={"pageSize": _PAGE})
    open_now = [one for one in document.get("alerts", []) if one.get("state") == "OPEN"]
    named = [(str(one.get("policy", {}).get("displayName", "")), one) for one in open_now]
    return tuple(
        CloudAlarm(place.site, name, str(about[name]), _time(str(one.get("openTime", ""))))
        for name, one in named
        if name in about
    )


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text[:19] + "+00:00") if text else None
