"""A site's access log by its cloud's API: what is asked, what is told where there is none, and what is fetched once."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import httpx
import moto
import pytest
from botocore.exceptions import ClientError

from failover.levers.clouds import Clouds
from failover.logs.access import ROW
from failover.logs.access_reading import AccessReader
from failover.logs.clouds import Asked
from service.errors import Unavailable
from tests.failover.logs.test_access import ASKED, BALANCER, alb, row
from tests.failover.logs.test_clouds import PLACES, TOKENS

NOW = datetime(2026, 11, 30, 0, 3, tzinfo=UTC)
SINCE = NOW - timedelta(minutes=30)
BUCKET, ACCOUNT = "outlast-aws-alb-1", "123456789012"


class Balancer:
    """Elastic Load Balancing with one load balancer, which may write an access log."""

    def __init__(self) -> None:
        self.arn = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}:loadbalancer/app/outlast-aws/50dc6c495c0c9188"
        self.attributes = {"deletion_protection.enabled": "false", "access_logs.s3.enabled": "false"}

    def describe_load_balancers(self, Names: list[str]) -> dict[str, Any]:
        if not self.arn:
            error: Any = {"Error": {"Code": "LoadBalancerNotFound", "Message": f"none is called {Names}"}}
            raise ClientError(error, "DescribeLoadBalancers")
        return {"LoadBalancers": [{"LoadBalancerArn": self.arn}] if Names == ["outlast-aws"] else []}

    def describe_load_balancer_attributes(self, LoadBalancerArn: str) -> dict[str, Any]:
        assert LoadBalancerArn == self.arn
        return {"Attributes": [{"Key": key, "Value": value} for key, value in self.attributes.items()]}


@dataclass(frozen=True)
class Aws(Clouds):
    """S3 by moto, and the load balancer."""

    s3: Any = None
    balancer: Balancer = field(default_factory=Balancer)

    def aws(self, service: str, region: str) -> Any:
        assert region == "us-east-1"
        return {"s3": self.s3, "elbv2": self.balancer}[service]

    def switch_on(self, prefix: str = "") -> None:
        said = {"access_logs.s3.enabled": "true", "access_logs.s3.bucket": BUCKET, "access_logs.s3.prefix": prefix}
        self.balancer.attributes |= said

    def deliver(self, ended: datetime, content: bytes, prefix: str = "", own: str = "") -> str:
        """A file of the five minutes that ended then, named as AWS names it."""
        balancer = own or self.balancer.arn.rpartition(":loadbalancer/")[2].replace("/", ".")
        folder = f"{prefix}AWSLogs/{ACCOUNT}/elasticloadbalancing/us-east-1/{ended:%Y/%m/%d}"
        about = f"{ACCOUNT}_elasticloadbalancing_us-east-1_{balancer}_{ended:%Y%m%dT%H%MZ}_192.0.2.1_r4nd0m"
        self.s3.put_object(Bucket=BUCKET, Key=f"{folder}/{about}.log.gz", Body=content)
        return f"{folder}/{about}.log.gz"


@pytest.fixture(scope="module")
def s3() -> Iterator[Any]:
    given = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    with pytest.MonkeyPatch.context() as patch, moto.mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield boto3.client("s3", **given)


@pytest.fixture
def aws(s3: Any) -> Iterator[Aws]:
    s3.create_bucket(Bucket=BUCKET)
    yield Aws(s3=s3)
    with contextlib.suppress(ClientError):
        for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            s3.delete_object(Bucket=BUCKET, Key=one["Key"])
        s3.delete_bucket(Bucket=BUCKET)


def written(minute: datetime, **given: str) -> bytes:
    return alb(**given).replace("2026-11-29T20:00:00.186641Z", f"{minute:%Y-%m-%dT%H:%M:%S.%fZ}").encode() + b"\n"


def reader(clouds: Clouds) -> tuple[AccessReader, list[str]]:
    told: list[str] = []
    return AccessReader(clouds, told.append, lambda: NOW), told


def test_the_files_of_each_day_since_then_are_read_once(aws: Aws) -> None:
    aws.switch_on()
    early, late = NOW - timedelta(minutes=20), NOW - timedelta(minutes=2)
    aws.deliver(NOW - timedelta(hours=2), b"never fetched: not even gzip")
    aws.deliver(NOW - timedelta(minutes=13), b"of another", own="app.other.1")
    key = aws.deliver(NOW - timedelta(minutes=13), gzip.compress(written(early) + written(SINCE - timedelta(1))))
    aws.deliver(NOW - timedelta(minutes=0), gzip.compress(written(late, statuses="403 -")))
    found, told = reader(aws)
    lines = found.read(PLACES["aws"], Asked(SINCE))
    assert [(line.time, json.loads(line.text)["status"]) for line in lines] == [(early, 200), (late, 403)]
    aws.s3.delete_object(Bucket=BUCKET, Key=key)
    aws.s3.put_object(Bucket=BUCKET, Key=key, Body=b"not read again")
    assert found.read(PLACES["aws"], Asked(SINCE)) == lines and told == []
    found.read(PLACES["aws"], Asked(NOW - timedelta(minutes=1)))
    assert key not in found._files, "what is not asked for any more is not kept: --follow goes on for days"


def test_a_prefix_of_the_bucket_is_looked_below(aws: Aws) -> None:
    aws.switch_on("balancers")
    aws.deliver(NOW - timedelta(minutes=3), gzip.compress(written(NOW - timedelta(minutes=4))), "balancers/")
    assert len(reader(aws)[0].read(PLACES["aws"], Asked(SINCE))) == 1


def test_a_request_is_found_by_the_id_that_the_load_balancer_has_of_it(aws: Aws) -> None:
    aws.switch_on()
    at = NOW - timedelta(minutes=4)
    other = written(at).replace(b"58577259", b"58577258")
    aws.deliver(NOW - timedelta(minutes=3), gzip.compress(written(at) + other))
    found, told = reader(aws)
    assert len(found.read(PLACES["aws"], Asked(SINCE, "583372811d84f3d73c47ec4e58577259"))) == 1
    assert found.read(PLACES["aws"], Asked(SINCE, "id-1")) == [] and told == []


def test_a_file_that_is_cut_off_and_lines_of_no_known_form_are_told(aws: Aws) -> None:
    aws.switch_on()
    at = NOW - timedelta(minutes=4)
    content = gzip.compress(b"".join(written(at, agent=f"agent-{number}") for number in range(400)))
    aws.deliver(NOW - timedelta(minutes=3), content[: len(content) // 2])
    aws.deliver(NOW - timedelta(minutes=8), gzip.compress(b"what is this\n" + written(at)))
    found, told = reader(aws)
    assert 1 < len(found.read(PLACES["aws"], Asked(SINCE))) < 400
    assert ["cut off" in text or "no known form, left out: 1" in text for text in told] == [True, True]


def test_a_load_balancer_that_writes_none_is_told_with_the_setting(aws: Aws) -> None:
    with pytest.raises(Unavailable, match=r"load balancer of aws writes no access log\nhint: outlast:accessLogs"):
        reader(aws)[0].read(PLACES["aws"], Asked(SINCE))


def test_nothing_delivered_yet_is_told_and_no_error(aws: Aws) -> None:
    aws.switch_on()
    found, told = reader(aws)
    assert found.read(PLACES["aws"], Asked(SINCE)) == []
    assert "nothing since" in told[0] and "every five minutes" in told[0]
    assert "`pulumi up -s aws`, in the sandbox `outlast up`" in told[0]


def test_whoever_follows_an_empty_log_hears_of_it_once_until_it_has_something(aws: Aws) -> None:
    aws.switch_on()
    found, told = reader(aws)
    for seconds in range(3):  # what is looked back to moves on with each look
        assert found.read(PLACES["aws"], Asked(SINCE + timedelta(seconds=seconds))) == []
    assert len(told) == 1
    aws.deliver(NOW - timedelta(minutes=3), gzip.compress(written(NOW - timedelta(minutes=4))))
    assert len(found.read(PLACES["aws"], Asked(SINCE))) == 1
    assert found.read(PLACES["aws"], Asked(NOW)) == [] and len(told) == 2


def test_a_load_balancer_or_a_bucket_that_is_not_there_is_told(aws: Aws) -> None:
    aws.switch_on()
    aws.s3.delete_bucket(Bucket=BUCKET)
    with pytest.raises(Unavailable, match=f"access log of aws in s3://{BUCKET}(.|\n)*NoSuchBucket"):
        reader(aws)[0].read(PLACES["aws"], Asked(SINCE))
    aws.balancer.arn = ""
    with pytest.raises(Unavailable, match=r"look at the load balancer outlast-aws(.|\n)*LoadBalancerNotFound"):
        reader(aws)[0].read(PLACES["aws"], Asked(SINCE))


def clouds(answer: Callable[[httpx.Request], httpx.Response]) -> Clouds:
    return Clouds(TOKENS, httpx.MockTransport(answer))


def test_the_table_of_the_ingress_is_asked_for_one_request() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content)["query"])
        values = row(StartTime="2026-11-30T00:01:02.5Z")
        return httpx.Response(200, json={"tables": [{"rows": [[values[name] for name in ROW]]}]})

    (line,) = reader(clouds(answer))[0].read(PLACES["azure"], Asked(SINCE, "id-1"))
    assert (line.time, line.replica) == (datetime(2026, 11, 30, 0, 1, 2, 500000, UTC), "outlast-azure--abc-1")
    assert asked[0].startswith("ContainerAppHTTPLogs | where TimeGenerated >= datetime(2026-11-29T23:33:00+00:00) | ")
    assert '| where ContainerAppName == "outlast-azure" | where RequestId == "id-1" | project StartTime' in asked[0]


def test_a_workspace_without_the_table_is_told_and_another_refusal_as_it_is() -> None:
    inner = {"code": "SemanticError", "innererror": {"code": "SEM0100", "message": "Failed to resolve table"}}
    missing = {"error": {"message": "…", "code": "BadArgumentError", "innererror": inner}}
    with pytest.raises(Unavailable, match=r"azure has no table ContainerAppHTTPLogs yet\nhint: outlast:accessLogs"):
        reader(clouds(lambda _: httpx.Response(400, json=missing)))[0].read(PLACES["azure"], Asked(SINCE))
    with pytest.raises(Unavailable, match="the cloud refused to query the log of outlast-azure"):
        reader(clouds(lambda _: httpx.Response(403, json={})))[0].read(PLACES["azure"], Asked(SINCE))


def test_cloud_logging_is_asked_for_both_logs_and_the_trace() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content)["filter"])
        service = {"resource": {"type": "cloud_run_revision"}, "httpRequest": ASKED}
        entries = [{"timestamp": f"2026-11-30T00:01:0{n}Z", **one} for n, one in enumerate((BALANCER, service))]
        return httpx.Response(200, json={"entries": entries})

    lines = reader(clouds(answer))[0].read(PLACES["gcp"], Asked(SINCE))
    assert [json.loads(line.text)["log"] for line in lines] == ["load-balancer", "service"]
    assert asked[0] == (
        '((resource.type="cloud_run_revision" AND resource.labels.service_name="outlast-gcp" '
        'AND log_id("run.googleapis.com/requests")) OR (resource.type="http_load_balancer" '
        'AND resource.labels.url_map_name="outlast-gcp" AND log_id("requests"))) '
        'AND timestamp>="2026-11-29T23:33:00+00:00"'
    )
    trace = "15dc480f7c7879c404b6b33843099866"
    assert len(reader(clouds(answer))[0].read(PLACES["gcp"], Asked(SINCE, trace))) == 1
    assert asked[1].endswith(f' AND trace="projects/a-project/traces/{trace}"')
