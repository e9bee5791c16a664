"""CloudWatch as moto has it, and in botocore's own shapes where moto has no percentile: a minute, and the alarms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import boto3
import moto
import pytest
from botocore.stub import ANY, Stubber

from failover.levers.clouds import Clouds
from infra.alerts import UNREACHABLE
from outlast.cloud_metrics import aws
from outlast.cloud_metrics.figures import Figures
from service.errors import Unavailable
from tests.outlast.cloud_metrics.places import AWS, MINUTE

BALANCER = "app/outlast-aws/0123456789abcdef"


@pytest.fixture(scope="module")
def watch() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch, moto.mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield boto3.client("cloudwatch", region_name="us-east-1")


@dataclass(frozen=True)
class Stubbed(Clouds):
    """Answers that botocore itself holds to the shapes of the API, in the order in which they are asked for."""

    client: Any = None

    def aws(self, service: str, region: str) -> Any:
        assert (service, region) == (self.client.meta.service_model.service_name, "us-east-1")
        return self.client


def _put(watch: Any, namespace: str, dimensions: dict[str, str], **values: float) -> None:
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    for name, value in values.items():
        at = MINUTE + timedelta(seconds=1)
        watch.put_metric_data(
            Namespace=namespace,
            MetricData=[{"MetricName": name, "Dimensions": named, "Value": value, "Timestamp": at}],
        )


def _alarm(watch: Any, name: str, state: str) -> None:
    metric: dict[str, Any] = {"MetricName": "m", "Namespace": "n", "Statistic": "Sum", "Period": 60, "Threshold": 1}
    watch.put_metric_alarm(AlarmName=name, EvaluationPeriods=1, ComparisonOperator="GreaterThanThreshold", **metric)
    watch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test says so")


def test_a_minute_is_read_in_one_call_of_five_metrics() -> None:
    client: Any = boto3.client("cloudwatch", region_name="us-east-1")
    values = {"requests": 594.0, "replicas": 3.0, "balancer": 6.0, "latency": 0.041, "cpu": 12.5}
    results = [{"Id": name, "Timestamps": [MINUTE], "Values": [value]} for name, value in values.items()]
    asked = {"MetricDataQueries": ANY, "StartTime": MINUTE, "EndTime": MINUTE + timedelta(minutes=1)}
    with Stubber(client) as stub:
        stub.add_response("get_metric_data", {"MetricDataResults": results}, asked)
        found = aws.read_minute(AWS, BALANCER, MINUTE, Stubbed(client=client))
        stub.assert_no_pending_responses()
    assert found == Figures(MINUTE, 10.0, 0.15, 41.0, cpu_percent=12.5)
    assert len(aws.ASKED) == 5  # each is billed: docs/guides/the-page.md says what that costs


def test_the_metrics_are_those_of_the_sites_own_load_balancer_and_service(watch: Any) -> None:
    counted = {"RequestCount": 120.0, "HTTPCode_Target_5XX_Count": 6.0}
    _put(watch, "AWS/ApplicationELB", {"LoadBalancer": BALANCER}, **counted)
    _put(watch, "AWS/ApplicationELB", {"LoadBalancer": "app/another/1"}, RequestCount=999.0)
    _put(watch, "AWS/ECS", {"ClusterName": "outlast-aws", "ServiceName": "outlast-aws"}, CPUUtilization=12.5)
    found = aws.read_minute(AWS, BALANCER, MINUTE, Clouds())
    assert found == Figures(MINUTE, 2.0, 0.1, cpu_percent=12.5)


def test_a_minute_without_a_count_had_no_request(watch: Any) -> None:
    assert aws.read_minute(AWS, "app/quiet/1", MINUTE - timedelta(minutes=9), Clouds()).per_second == 0.0


def test_the_load_balancer_is_found_by_its_name() -> None:
    client: Any = boto3.client("elbv2", region_name="us-east-1")
    arn = f"arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/{BALANCER}"
    asked = {"Names": ["outlast-aws"]}
    with Stubber(client) as stub:
        stub.add_response("describe_load_balancers", {"LoadBalancers": [{"LoadBalancerArn": arn}]}, asked)
        assert aws.find_balancer(AWS, Stubbed(client=client)) == BALANCER
        stub.add_client_error("describe_load_balancers", "LoadBalancerNotFound", expected_params=asked)
        with pytest.raises(Unavailable, match="find the load balancer outlast-aws"):
            aws.find_balancer(AWS, Stubbed(client=client))


def test_the_sites_own_alarms_that_are_on_are_told(watch: Any) -> None:
    _alarm(watch, "outlast-aws-busy", "ALARM")
    _alarm(watch, "outlast-aws-slow", "OK")
    _alarm(watch, "outlast-aws2-busy", "ALARM")
    (found,) = aws.read_alarms(AWS, Clouds())
    assert (found.site, found.name) == ("aws", "outlast-aws-busy")
    assert "85 %" in found.about and found.since is not None


def test_the_traffic_stacks_alarms_are_of_the_sites_that_they_watch(watch: Any) -> None:
    _alarm(watch, "traffic-gcp-unreachable", "ALARM")
    (found,) = aws.read_traffic_alarms("traffic", ["aws", "gcp"], Clouds())
    assert (found.site, found.name, found.about) == ("gcp", "traffic-gcp-unreachable", str(UNREACHABLE))
