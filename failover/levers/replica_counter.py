"""How many replicas a site runs, as its own cloud's API says it: only read, at every level of a drill.

    ECS             DescribeServices: the tasks that are asked for, and those that run
    Container Apps  the app's revisions: the replicas of each; how many are asked for Azure does not say
    Cloud Run       Cloud Monitoring, run.googleapis.com/container/instance_count, active and idle: sampled by the
                    minute and some minutes late (cloud.google.com/monitoring/api/metrics_gcp)

A workload is named as in the tag `outlast:workload` of its site's health check.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from failover.levers.clouds import Clouds, ask_for
from failover.levers.container_app import API_VERSION
from failover.levers.ecs import describe_service
from failover.levers.replicas import Replicas
from service.errors import Unavailable

MONITORING = "https://monitoring.googleapis.com"
_METRIC = "run.googleapis.com/container/instance_count"
_BACK = timedelta(minutes=10)
"""How far back a point of Cloud Monitoring is still taken for how things are."""


class ReplicaCounter:
    """Asks the cloud of a workload."""

    def __init__(self, clouds: Clouds, now: Callable[[], datetime]) -> None:
        self._clouds = clouds
        self._now = now

    def __call__(self, workload: str) -> Replicas:
        """How many there are. Raises Unavailable where that cannot be known."""
        for beginning, read in (
            ("arn:", self._ecs),
            ("/subscriptions/", self._container_app),
            ("projects/", self._cloud_run),
        ):
            if workload.startswith(beginning):
                return read(workload)
        raise Unavailable(
            f"no cloud counts the replicas of {workload or 'a site without a workload'}",
            hint="`pulumi up` of traffic writes what runs a site into the tag outlast:workload of its health check",
        )

    def _ecs(self, workload: str) -> Replicas:
        found = describe_service(self._clouds, workload, "count the tasks of")
        return Replicas(int(found["runningCount"]), int(found["desiredCount"]))

    def _container_app(self, workload: str) -> Replicas:
        doing = f"count the replicas of {workload.rpartition('/')[2]}"
        with self._clouds.azure() as arm:
            document = ask_for(arm, "GET", f"{workload}/revisions", doing, params={"api-version": API_VERSION})
        running = [one["properties"] for one in document.get("value", [])]
        return Replicas(sum(int(one.get("replicas") or 0) for one in running if one.get("active")))

    def _cloud_run(self, workload: str) -> Replicas:
        _, project, _, _, _, name = workload.split("/")
        asked = _ask_instances(name, self._now())
        with self._clouds.google(MONITORING) as client:
            document = ask_for(
                client, "GET", f"/v3/projects/{project}/timeSeries", f"count the instances of {name}", params=asked
            )
        points = [series["points"][0]["value"] for series in document.get("timeSeries", []) if series.get("points")]
        if not points:
            raise Unavailable(
                f"Cloud Monitoring has no instance of {name} in the last {_BACK.seconds // 60} minutes",
                hint="look at the service in the console",
            )
        return Replicas(sum(map(_number, points)))


def _ask_instances(name: str, now: datetime) -> dict[str, str]:
    """The query of projects.timeSeries.list, the newest point of each series first."""
    return {
        "filter": f'metric.type="{_METRIC}" AND resource.labels.service_name="{name}"',
        "interval.startTime": (now - _BACK).isoformat(),
        "interval.endTime": now.isoformat(),
        "aggregation.alignmentPeriod": "60s",
        "aggregation.perSeriesAligner": "ALIGN_MAX",
        "aggregation.crossSeriesReducer": "REDUCE_SUM",
    }


def _number(value: dict[str, Any]) -> int:
    """A TypedValue: a whole number as text (JSON of protocol buffers), or one with a point."""
    return round(float(value.get("int64Value", value.get("doubleValue", 0))))
