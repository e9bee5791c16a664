"""The metrics of a site on Google Cloud: each named once, for its alarms and its dashboard.

cloud.google.com/monitoring/api/metrics_gcp. The load balancer's are taken where both have one: Cloud Run does not see
what never reaches it.
"""

from __future__ import annotations

from dataclasses import dataclass

PERIOD = "60s"
MILLISECONDS = 1000


@dataclass(frozen=True)
class Metric:
    """One metric: its filter but for the site's name, and how its values are brought into one series.

    `aligner` takes the values of a period together, `reducer` the series that the cloud tells apart.
    """

    type: str
    resource: str
    label: str
    aligner: str
    reducer: str
    only: str = ""

    def filter(self, name: str) -> str:
        """The filter by which Cloud Monitoring finds it for the site whose resources have that name."""
        type_ = f'metric.type="{self.type}" AND resource.type="{self.resource}"'
        return f'{type_} AND resource.labels.{self.label}="{name}"' + (f" AND {self.only}" if self.only else "")

    @property
    def aggregation(self) -> dict[str, str]:
        """As the SDK calls it."""
        return {
            "alignment_period": PERIOD,
            "per_series_aligner": self.aligner,
            "cross_series_reducer": self.reducer,
        }


def _balancer(metric: str, aligner: str, reducer: str, only: str = "") -> Metric:
    type_ = f"loadbalancing.googleapis.com/https/{metric}"
    return Metric(type_, "https_lb_rule", "url_map_name", aligner, reducer, only)


def _run(metric: str, aligner: str, reducer: str) -> Metric:
    return Metric(f"run.googleapis.com/{metric}", "cloud_run_revision", "service_name", aligner, reducer)


REQUESTS = _balancer("request_count", "ALIGN_RATE", "REDUCE_SUM")
ERRORS = _balancer("request_count", "ALIGN_RATE", "REDUCE_SUM", "metric.labels.response_code_class=500")
LATENCY = _balancer("total_latencies", "ALIGN_PERCENTILE_95", "REDUCE_MAX")
INSTANCES = _run("container/instance_count", "ALIGN_MAX", "REDUCE_SUM")
"""Active and idle ones together."""
CPU = _run("container/cpu/utilizations", "ALIGN_PERCENTILE_50", "REDUCE_MAX")
MEMORY = _run("container/memory/utilizations", "ALIGN_PERCENTILE_50", "REDUCE_MAX")
