"""Cloud Logging as readers of a training job's log ask it: entries:list of the resource ml_job.

Method and fields are those of logging_v2 (entries.list, LogEntry). A container's line is `jsonPayload.message`.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.clouds.gcp.training_api import written
from sandbox.clouds.store import CloudRefused
from sandbox.training.lines import Line
from sandbox.training.order import Record
from sandbox.training.runs import TrainingRuns

Document = dict[str, Any]
PATH = "/logging.googleapis.com/v2/entries:list"
_MOST = 1000  # logging_v2, entries.list: pageSize
_TASK = "workerpool0-0"
_FILTER = re.compile(
    r'resource\.type="ml_job" AND resource\.labels\.job_id="(?P<number>\d+)"(?: AND timestamp>="(?P<since>[^"]+)")?'
)


def is_asked(asked: Document) -> bool:
    """Whether it is a training job's log that a request wants: entries:list reads audit logs as well."""
    return 'resource.type="ml_job"' in str(asked.get("filter", ""))


def answer(runs: TrainingRuns, asked: Document) -> Document:
    """The entries of one job. Raises CloudRefused with the API's own status."""
    found = _FILTER.fullmatch(str(asked.get("filter", "")))
    if not found or asked.get("orderBy", "timestamp asc") != "timestamp asc":
        raise CloudRefused(f"INVALID_ARGUMENT: Unparseable filter or order: {asked.get('filter')}")
    record = next((one for one in runs.of_cloud("gcp") if one.order.key.endswith(f"/{found['number']}")), None)
    entries = _entries(runs, record, asked.get("resourceNames", [])) if record else []
    rows = [entry for entry in entries if entry["timestamp"] >= (found["since"] or "")]
    first, size = int(asked.get("pageToken") or 0), min(int(asked.get("pageSize") or 50), _MOST)
    more = {"nextPageToken": str(first + size)} if first + size < len(rows) else {}
    return {"entries": rows[first : first + size], **more}


def _entries(runs: TrainingRuns, record: Record, places: list[str]) -> list[Document]:
    project = record.order.key.split("/")[1]
    if f"projects/{project}" not in places:
        return []
    number = record.order.key.rpartition("/")[2]
    labels = {"job_id": number, "project_id": project, "task_name": _TASK}
    lines = enumerate(runs.lines(record.order))
    return [_entry(line, index, project, labels) for index, line in lines]


def _entry(line: Line, index: int, project: str, labels: dict[str, str]) -> Document:
    return {
        "logName": f"projects/{project}/logs/{_TASK}",
        "resource": {"type": "ml_job", "labels": labels},
        "timestamp": written(line.at),
        "insertId": f"{index:08}",
        "severity": "INFO",
        "jsonPayload": {"message": line.text, "levelname": "INFO"},
    }
