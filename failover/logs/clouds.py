"""Reads a site's log through its own cloud's API, by the names that its stack gives its resources.

    aws    CloudWatch Logs, FilterLogEvents: the log group of the tasks
    azure  Log Analytics, a query of the site's workspace by its resource id
           (learn.microsoft.com/azure/azure-monitor/logs/api/azure-resource-queries)
    gcp    Cloud Logging, entries:list: the lines of the Cloud Run service

Each takes a while to take lines in: CloudWatch and Cloud Logging seconds, Log Analytics minutes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from failover.levers.clouds import Clouds, ask_for, translate_errors
from failover.logs.lines import LogLine, own_replica, own_time

ANALYTICS, ANALYTICS_SCOPE = "https://api.loganalytics.azure.com", "https://api.loganalytics.io/.default"
LOGGING = "https://logging.googleapis.com"
SERVICE_REQUESTS = "run.googleapis.com/requests"
"""Cloud Run's own log of requests, which `failover.logs.access_reading` reads: no replica wrote it."""
_PAGE = 1000


@dataclass(frozen=True)
class LogPlace:
    """Where a site's log is: `name` is that of its log group, workspace and app, or service; `account` the
    subscription on Azure and the project on Google Cloud."""

    site: str
    cloud: str
    name: str
    region: str = ""
    account: str = ""


@dataclass(frozen=True)
class Asked:
    """Which lines are asked for: since when, and those of one request where one is named."""

    since: datetime
    request: str = ""


def read_log(place: LogPlace, asked: Asked, clouds: Clouds) -> list[LogLine]:
    """The lines, the oldest first. Raises Unavailable where the cloud does not answer, or refuses."""
    readers = {"aws": _read_cloudwatch, "azure": _read_analytics, "gcp": _read_logging}
    found = [_line(place, *entry) for entry in readers[place.cloud](place, asked, clouds)]
    return sorted(line for line in found if line.time >= asked.since)


def _line(place: LogPlace, time: datetime, replica: str, text: str) -> LogLine:
    """A line's own time is finer than the moment at which a cloud took it in."""
    text = text.rstrip("\n")
    return LogLine(own_time(text) or time, place.site, own_replica(text) or replica, text)


Entry = tuple[datetime, str, str]
"""When the cloud took it in, what it calls the replica, and the text."""


def _read_cloudwatch(place: LogPlace, asked: Asked, clouds: Clouds) -> Iterator[Entry]:
    wanted: dict[str, Any] = {"logGroupName": f"/{place.name}", "startTime": int(asked.since.timestamp() * 1000)}
    if asked.request:
        wanted["filterPattern"] = f'"{asked.request}"'
    with translate_errors(f"read the log group /{place.name}"):
        for page in clouds.aws("logs", place.region).get_paginator("filter_log_events").paginate(**wanted):
            for event in page["events"]:
                time = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
                yield time, str(event["logStreamName"]).rpartition("/")[2][:12], event["message"]


def _read_analytics(place: LogPlace, asked: Asked, clouds: Clouds) -> Iterator[Entry]:
    query = [
        f"ContainerAppConsoleLogs | where TimeGenerated >= datetime({asked.since.isoformat()})",
        f'where ContainerAppName == "{place.name}"',
        *([f'where Log contains "{asked.request}"'] if asked.request else []),
        "project TimeGenerated, ContainerGroupName, Log | order by TimeGenerated asc",
    ]
    for time, replica, text in query_rows(place, query, clouds):
        yield read_time(time), str(replica or ""), str(text)


def query_rows(place: LogPlace, query: list[str], clouds: Clouds) -> Iterator[list[Any]]:
    """The rows that a query of the site's workspace finds, given as its parts between the bars."""
    group = f"/subscriptions/{place.account}/resourceGroups/{place.name}"
    path = f"/v1{group}/providers/Microsoft.OperationalInsights/workspaces/{place.name}/query"
    doing = f"query the log of {place.name}"
    with clouds.azure(ANALYTICS_SCOPE, ANALYTICS) as client:
        document = ask_for(client, "POST", path, doing, json={"query": " | ".join(query)})
    for table in document.get("tables", []):
        yield from table["rows"]


def _read_logging(place: LogPlace, asked: Asked, clouds: Clouds) -> Iterator[Entry]:
    words = [
        'resource.type="cloud_run_revision"',
        f'resource.labels.service_name="{place.name}"',
        f'-log_id("{SERVICE_REQUESTS}")',
        f'timestamp>="{asked.since.isoformat()}"',
        *([f'"{asked.request}"'] if asked.request else []),
    ]
    yield from map(_logged, list_entries(place, words, clouds))


def list_entries(place: LogPlace, words: list[str], clouds: Clouds) -> Iterator[dict[str, Any]]:
    """The entries of Cloud Logging for which all words of its query language hold, the oldest first."""
    body: dict[str, Any] = {
        "resourceNames": [f"projects/{place.account}"],
        "filter": " AND ".join(words),
        "orderBy": "timestamp asc",
        "pageSize": _PAGE,
    }
    with clouds.google(LOGGING) as client:
        while True:
            page = ask_for(client, "POST", "/v2/entries:list", f"list the log of {place.name}", json=body)
            yield from page.get("entries", [])
            if not page.get("nextPageToken"):
                return
            body["pageToken"] = page["nextPageToken"]


def _logged(entry: dict[str, Any]) -> Entry:
    """A line that is JSON is taken apart by Cloud Run."""
    text = entry.get("textPayload") or json.dumps(entry.get("jsonPayload") or {}, separators=(",", ":"))
    instance = str(entry.get("labels", {}).get("instanceId", ""))[:12]
    return read_time(entry["timestamp"]), instance, text


def read_time(text: str) -> datetime:
    """RFC 3339 with up to nine digits of a second, of which Python takes six."""
    whole, _, rest = text.rstrip("Z").partition(".")
    found = datetime.fromisoformat(f"{whole}.{rest[:6]:0<6}" if rest else whole)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found
