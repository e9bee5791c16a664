"""CloudWatch Logs as readers of a training job's log ask it: its streams, and the events of one.

Operations are botocore's (logs). A stream is one start of the container, as SageMaker makes them.
"""

from __future__ import annotations

from typing import Any

from sandbox.clouds.store import CloudRefused
from sandbox.training.lines import Line
from sandbox.training.order import Record
from sandbox.training.runs import TrainingRuns

Document = dict[str, Any]
PREFIX = "Logs_20140328."
GROUP = "/aws/sagemaker/TrainingJobs"
_PAGE = 10_000


def answer(runs: TrainingRuns, operation: str, asked: Document) -> Document:
    """One operation. Raises CloudRefused with the API's own code."""
    records = {record.order.key.rpartition("/")[2]: record for record in runs.of_cloud("aws")}
    if asked.get("logGroupName") != GROUP or not records:
        raise CloudRefused("ResourceNotFoundException: The specified log group does not exist.")
    if operation == "DescribeLogStreams":
        return {"logStreams": _list_streams(runs, records, str(asked.get("logStreamNamePrefix", "")))}
    if operation == "GetLogEvents":
        return _read_events(runs, records, asked)
    raise CloudRefused(f"UnknownOperationException: the sandbox has no {operation} of CloudWatch Logs")


def _list_streams(runs: TrainingRuns, records: dict[str, Record], prefix: str) -> list[Document]:
    found = []
    for name, record in records.items():
        starts = {line.start for line in runs.lines(record.order)} if name.startswith(prefix.partition("/")[0]) else ()
        found += [{"logStreamName": _stream(record, start)} for start in sorted(starts)]
    return [stream for stream in found if stream["logStreamName"].startswith(prefix)]


def _stream(record: Record, start: int) -> str:
    """Its name ends in a time, which ascends with the starts."""
    return f"{record.order.key.rpartition('/')[2]}/algo-1-{int(record.created) + start}"


def _read_events(runs: TrainingRuns, records: dict[str, Record], asked: Document) -> Document:
    name = str(asked.get("logStreamName"))
    record = records.get(name.partition("/")[0])
    mine = [line for line in runs.lines(record.order) if _stream(record, line.start) == name] if record else []
    if not mine:
        raise CloudRefused("ResourceNotFoundException: The specified log stream does not exist.")
    first = int(str(asked.get("nextToken") or "f/0").partition("/")[2])
    page = mine[first : first + _PAGE]
    token = f"f/{first + len(page)}"
    return {"events": list(map(_event, page)), "nextForwardToken": token, "nextBackwardToken": f"b/{first}"}


def _event(line: Line) -> Document:
    return {"timestamp": round(line.at * 1000), "message": line.text, "ingestionTime": round(line.at * 1000)}
