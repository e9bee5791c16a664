"""CloudWatch: GetMetricData for a site's load balancer and service, DescribeAlarms by the names of its stack's alarms.

docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html. A load balancer is called in metrics by
a part of its ARN, which DescribeLoadBalancers finds: anew each time, as one that is replaced keeps its name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from failover.levers.clouds import Clouds, translate_errors
from failover.logs.clouds import LogPlace
from infra.alerts import METRICS_REGION, UNREACHABLE
from infra.aws import metrics as aws_metrics
from infra.aws.metrics import PERIOD, Metric
from outlast.cloud_metrics.figures import MINUTE, CloudAlarm, Figures, alarm_names

ASKED: Mapping[str, Metric] = {
    **aws_metrics.COUNTED,
    "latency": aws_metrics.LATENCY,
    "cpu": aws_metrics.CPU,
}
"""By the id under which each is asked for. Every one of them is billed at every look."""


def find_balancer(place: LogPlace, clouds: Clouds) -> str:
    """What the site's load balancer is called in metrics. Raises Unavailable."""
    with translate_errors(f"find the load balancer {place.name}"):
        found = clouds.aws("elbv2", place.region).describe_load_balancers(Names=[place.name])["LoadBalancers"]
    return str(found[0]["LoadBalancerArn"]).partition(":loadbalancer/")[2]


def read_figures(place: LogPlace, minute: datetime, clouds: Clouds) -> Figures:
    """The site's figures of a minute. Raises Unavailable."""
    return read_minute(place, find_balancer(place, clouds), minute, clouds)


def read_minute(place: LogPlace, balancer: str, minute: datetime, clouds: Clouds) -> Figures:
    """The same, of a load balancer that is known. Raises Unavailable."""
    queries = [_query(name, metric, place, balancer) for name, metric in ASKED.items()]
    with translate_errors(f"read the metrics of {place.name}"):
        document = clouds.aws("cloudwatch", place.region).get_metric_data(
            MetricDataQueries=queries, StartTime=minute, EndTime=minute + MINUTE
        )
    found = {one["Id"]: float(one["Values"][0]) for one in document["MetricDataResults"] if one["Values"]}
    refused = found.get("balancer", 0.0)
    latency = found.get("latency")
    return Figures(
        minute,
        (found.get("requests", 0.0) + refused) / PERIOD,
        (found.get("replicas", 0.0) + refused) / PERIOD,
        None if latency is None else latency * 1000,
        cpu_percent=found.get("cpu"),
    )


def _query(name: str, metric: Metric, place: LogPlace, balancer: str) -> dict[str, Any]:
    of_balancer = {"LoadBalancer": balancer}
    dimensions = of_balancer if metric.owner == "balancer" else {"ClusterName": place.name, "ServiceName": place.name}
    asked = {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }
    return {"Id": name, "MetricStat": {"Metric": asked, "Period": PERIOD, "Stat": metric.statistic}}


def read_alarms(place: LogPlace, clouds: Clouds) -> tuple[CloudAlarm, ...]:
    """Those of the site's stack that are on. Raises Unavailable."""
    about = {name: (place.site, str(alert)) for name, alert in alarm_names(place.name, "aws").items()}
    return tuple(_alarming(place.region, about, clouds))


def read_traffic_alarms(traffic: str, sites: Iterable[str], clouds: Clouds) -> tuple[CloudAlarm, ...]:
    """Those of the traffic stack that are on: what Route 53's health checkers see. Raises Unavailable."""
    about = {f"{traffic}-{site}-{UNREACHABLE.name}": (site, str(UNREACHABLE)) for site in sites}
    return tuple(_alarming(METRICS_REGION, about, clouds))


def _alarming(region: str, about: Mapping[str, tuple[str, str]], clouds: Clouds) -> Iterable[CloudAlarm]:
    with translate_errors(f"read the alarms {', '.join(about)}"):
        found = clouds.aws("cloudwatch", region).describe_alarms(AlarmNames=list(about), StateValue="ALARM")
    for one in found["MetricAlarms"]:
        if one["StateValue"] != "ALARM":
            continue
        site, what = about[one["AlarmName"]]
        yield CloudAlarm(site, one["AlarmName"], what, one.get("StateUpdatedTimestamp"))
