"""Azure Monitor: the metrics of a site's container app, and the alerts that its rules have fired.

Metrics - List, version 2023-10-01: learn.microsoft.com/rest/api/monitor/metrics/list. Alerts - Get All, version
2019-03-01: learn.microsoft.com/rest/api/monitor/alertsmanagement/alerts/get-all, whose `alertRule` is "ARM id or name
of the rule". An alert of more than thirty days ago is not listed, and of a subscription's the 250 that changed last: a
page's most, where 25 are its default.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from failover.levers.clouds import Clouds, ask_for
from failover.logs.clouds import LogPlace
from infra.azure import metrics
from infra.azure.metrics import APP_METRICS, CATEGORY, FIVE_HUNDREDS
from outlast.cloud_metrics.figures import MINUTE, CloudAlarm, Figures, alarm_names, largest

METRICS_VERSION, ALERTS_VERSION = "2023-10-01", "2019-03-01"
_PAGE = 250


def read_figures(place: LogPlace, minute: datetime, clouds: Clouds) -> Figures:
    """The site's figures of a minute; of its times Azure has the average alone. Raises Unavailable."""
    counted = _ask(place, minute, clouds, [metrics.REQUESTS.name], "Total", {"$filter": f"{CATEGORY} eq '*'"})
    names = [metrics.LATENCY.name, metrics.CPU.name]
    measured = _ask(place, minute, clouds, names, "Average", {})
    series = list(_values(counted, metrics.REQUESTS.name, "total"))
    return Figures(
        minute,
        sum(value for _, value in series) / MINUTE.seconds,
        sum(value for categories, value in series if FIVE_HUNDREDS in categories) / MINUTE.seconds,
        largest(value for _, value in _values(measured, metrics.LATENCY.name, "average")),
        "average",
        largest(value for _, value in _values(measured, metrics.CPU.name, "average")),
    )


def _ask(
    place: LogPlace, minute: datetime, clouds: Clouds, names: list[str], aggregation: str, more: Mapping[str, str]
) -> dict[str, Any]:
    app = f"/subscriptions/{place.account}/resourceGroups/{place.name}/providers/{APP_METRICS}/{place.name}"
    asked = {
        "api-version": METRICS_VERSION,
        "metricnamespace": APP_METRICS,
        "metricnames": ",".join(names),
        "aggregation": aggregation,
        "interval": "PT1M",
        "timespan": f"{_text(minute)}/{_text(minute + MINUTE)}",
        **more,
    }
    path = f"{app}/providers/Microsoft.Insights/metrics"
    with clouds.azure() as arm:
        return ask_for(arm, "GET", path, f"read the metrics of {place.name}", params=asked)


def _values(document: Mapping[str, Any], name: str, aggregation: str) -> Iterable[tuple[list[str], float]]:
    """Each series of a metric: its dimensions' values, and its latest figure that is one."""
    for metric in document.get("value", []):
        if metric["name"]["value"] != name:
            continue
        for series in metric.get("timeseries", []):
            known = [point[aggregation] for point in series.get("data", []) if point.get(aggregation) is not None]
            if known:
                yield [str(one["value"]) for one in series.get("metadatavalues", [])], float(known[-1])


def read_alarms(place: LogPlace, clouds: Clouds) -> tuple[CloudAlarm, ...]:
    """Those of the site's stack that are on. Raises Unavailable."""
    about = alarm_names(place.name, "azure")
    path = f"/subscriptions/{place.account}/providers/Microsoft.AlertsManagement/alerts"
    asked = {"api-version": ALERTS_VERSION, "monitorCondition": "Fired", "timeRange": "30d", "pageCount": _PAGE}
    with clouds.azure() as arm:
        document = ask_for(arm, "GET", path, f"list the alerts of {place.name}", params=asked)
    fired = [one["properties"]["essentials"] for one in document.get("value", [])]
    known = [
        (str(one.get("alertRule", "")).rpartition("/")[2], one) for one in fired if one["monitorCondition"] == "Fired"
    ]
    return tuple(
        CloudAlarm(place.site, name, str(about[name]), _time(str(one.get("startDateTime", ""))))
        for name, one in known
        if name in about
    )


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text[:19] + "+00:00") if text else None
