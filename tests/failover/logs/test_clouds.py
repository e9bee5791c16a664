"""A site's log by its cloud's API: what is asked, page after page, and how the answer is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from failover.levers.clouds import Clouds
from failover.logs.clouds import Asked, LogPlace, read_log
from service.errors import Unavailable

SINCE = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
PLACES = {
    "aws": LogPlace("aws", "aws", "outlast-aws", "us-east-1"),
    "azure": LogPlace("azure", "azure", "outlast-azure", "eastus", SUBSCRIPTION),
    "gcp": LogPlace("gcp", "gcp", "outlast-gcp", "us-central1", "a-project"),
}
TOKENS = {"OUTLAST_AZURE_TOKEN": "t", "OUTLAST_GOOGLE_TOKEN": "t"}


def stamp(seconds: float) -> float:
    return (SINCE + timedelta(seconds=seconds)).timestamp()


@dataclass
class CloudWatch:
    """One log group of two pages; the second holds an older line than the first."""

    asked: list[dict[str, Any]] = field(default_factory=list)
    refuses: bool = False

    def get_paginator(self, operation: str) -> CloudWatch:
        assert operation == "filter_log_events"
        return self

    def paginate(self, **given: Any) -> Iterator[dict[str, Any]]:
        self.asked.append(given)
        if self.refuses:
            error: Any = {"Error": {"Code": "AccessDeniedException", "Message": "logs:FilterLogEvents"}}
            raise ClientError(error, "FilterLogEvents")
        for seconds, text in ((2, "plain"), (3, json.dumps({"time": stamp(1.5), "replica": "r1"}))):
            event = {"timestamp": stamp(seconds) * 1000, "logStreamName": "service/service/0123456789abcdef"}
            yield {"events": [event | {"message": f"{text}\n"}]}


@dataclass(frozen=True)
class OnAws(Clouds):
    client: Any = None

    def aws(self, service: str, region: str) -> Any:
        assert (service, region) == ("logs", "us-east-1")
        return self.client


def clouds(answer: Callable[[httpx.Request], httpx.Response]) -> Clouds:
    return Clouds(TOKENS, httpx.MockTransport(answer))


def test_cloudwatch_is_filtered_from_a_time_on_and_by_the_request() -> None:
    watch = CloudWatch()
    lines = read_log(PLACES["aws"], Asked(SINCE, "id-1"), OnAws(client=watch))
    assert watch.asked == [
        {"logGroupName": "/outlast-aws", "startTime": int(SINCE.timestamp() * 1000), "filterPattern": '"id-1"'}
    ]
    assert [(line.time.timestamp(), line.replica, line.text[:5]) for line in lines] == [
        (stamp(1.5), "r1", '{"tim'),
        (stamp(2), "0123456789ab", "plain"),
    ]


def test_without_a_request_everything_is_read() -> None:
    watch = CloudWatch()
    read_log(PLACES["aws"], Asked(SINCE), OnAws(client=watch))
    assert "filterPattern" not in watch.asked[0]


def test_what_began_before_is_left_out() -> None:
    assert len(read_log(PLACES["aws"], Asked(SINCE + timedelta(seconds=1.8)), OnAws(client=CloudWatch()))) == 1


def test_a_refusal_is_told() -> None:
    with pytest.raises(Unavailable, match=r"log group /outlast-aws(.|\n)*FilterLogEvents"):
        read_log(PLACES["aws"], Asked(SINCE), OnAws(client=CloudWatch(refuses=True)))


def test_log_analytics_is_asked_by_the_workspaces_own_id() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        rows = [["2026-11-23T12:00:02.1234567Z", "replica-1", "late"], ["2026-11-23T12:00:01Z", None, "early"]]
        return httpx.Response(200, json={"tables": [{"name": "PrimaryResult", "rows": rows}]})

    lines = read_log(PLACES["azure"], Asked(SINCE, "id-1"), clouds(answer))
    assert [(line.time, line.replica, line.text) for line in lines] == [
        (SINCE + timedelta(seconds=1), "", "early"),
        (SINCE + timedelta(seconds=2, microseconds=123456), "replica-1", "late"),
    ]
    (request,) = asked
    assert str(request.url) == (
        f"https://api.loganalytics.azure.com/v1/subscriptions/{SUBSCRIPTION}/resourceGroups/outlast-azure"
        "/providers/Microsoft.OperationalInsights/workspaces/outlast-azure/query"
    )
    query = json.loads(request.content)["query"]
    assert query.startswith("ContainerAppConsoleLogs | where TimeGenerated >= datetime(2026-11-23T12:00:00+00:00)")
    assert 'ContainerAppName == "outlast-azure"' in query and 'Log contains "id-1"' in query


def test_cloud_logging_is_listed_page_after_page() -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(json.loads(request.content))
        own = {"time": stamp(3), "replica": "r9"}
        pages: list[dict[str, Any]] = [
            {"entries": [{"timestamp": "2026-11-23T12:00:01Z", "textPayload": "plain"}], "nextPageToken": "more"},
            {
                "entries": [
                    {"timestamp": "2026-11-23T12:00:04Z", "jsonPayload": own},
                    {"timestamp": "2026-11-23T12:00:05.5Z", "textPayload": "p", "labels": {"instanceId": "i" * 40}},
                ]
            },
        ]
        return httpx.Response(200, json=pages[len(asked) - 1])

    lines = read_log(PLACES["gcp"], Asked(SINCE, "id-1"), clouds(answer))
    assert [(line.time.timestamp(), line.replica) for line in lines] == [
        (stamp(1), ""),
        (stamp(3), "r9"),
        (stamp(5.5), "i" * 12),
    ]
    assert asked[0]["resourceNames"] == ["projects/a-project"] and asked[1]["pageToken"] == "more"
    assert asked[0]["filter"] == (
        'resource.type="cloud_run_revision" AND resource.labels.service_name="outlast-gcp" '
        'AND -log_id("run.googleapis.com/requests") AND timestamp>="2026-11-23T12:00:00+00:00" AND "id-1"'
    )


@pytest.mark.parametrize("cloud", ["azure", "gcp"])
def test_a_log_that_cannot_be_read_is_told(cloud: str) -> None:
    with pytest.raises(Unavailable):
        read_log(PLACES[cloud], Asked(SINCE), clouds(lambda request: httpx.Response(403, json={})))
