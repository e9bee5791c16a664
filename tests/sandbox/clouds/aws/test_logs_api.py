"""A job's log as CloudWatch Logs gives it."""

from __future__ import annotations

import pytest

from sandbox.clouds.aws import logs_api
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds.aws.sagemaker import Service

pytestmark = pytest.mark.slow  # each test waits for a process


def test_its_log_is_a_stream_for_each_start(service: Service) -> None:
    with pytest.raises(CloudRefused, match="log group does not exist"):
        logs_api.answer(service.bench.runs, "DescribeLogStreams", {"logGroupName": logs_api.GROUP})
    service.end(service.start())
    asked = {"logGroupName": logs_api.GROUP, "logStreamNamePrefix": "outlast-1/"}
    (stream,) = logs_api.answer(service.bench.runs, "DescribeLogStreams", asked)["logStreams"]
    assert stream["logStreamName"].startswith("outlast-1/algo-1-")
    reading = {"logGroupName": logs_api.GROUP, "logStreamName": stream["logStreamName"]}
    page = logs_api.answer(service.bench.runs, "GetLogEvents", reading)
    assert [event["message"].split()[0] for event in page["events"]] == ["data", "found", "made"]
    again = logs_api.answer(service.bench.runs, "GetLogEvents", {**reading, "nextToken": page["nextForwardToken"]})
    assert (again["events"], again["nextForwardToken"]) == ([], page["nextForwardToken"])
