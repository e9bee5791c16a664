"""A job's log as Cloud Logging gives it."""

from __future__ import annotations

import pytest

from sandbox.clouds.gcp import logging_api
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds.gcp.vertex import PROJECT, Vertex


@pytest.mark.slow
def test_entries_are_the_jobs_own_in_their_order_and_in_pages(vertex: Vertex) -> None:
    job = vertex.end(vertex.service.start(vertex.spec()))
    number = job.id.rpartition("/")[2]
    filter_ = f'resource.type="ml_job" AND resource.labels.job_id="{number}"'
    asked = {"resourceNames": [f"projects/{PROJECT}"], "filter": filter_, "orderBy": "timestamp asc", "pageSize": 3}
    page = logging_api.answer(vertex.bench.runs, asked)
    rest = logging_api.answer(vertex.bench.runs, {**asked, "pageToken": page["nextPageToken"]})
    entries = [*page["entries"], *rest["entries"]]
    assert len(page["entries"]) == 3 and len(entries) == 4 and "nextPageToken" not in rest
    assert {entry["resource"]["labels"]["job_id"] for entry in entries} == {number}
    assert [entry["insertId"] for entry in entries] == sorted(entry["insertId"] for entry in entries)
    since = {**asked, "filter": f'{filter_} AND timestamp>="{entries[-1]["timestamp"]}"'}
    assert logging_api.answer(vertex.bench.runs, since)["entries"][-1] == entries[-1]
    assert logging_api.answer(vertex.bench.runs, {**asked, "resourceNames": ["projects/another"]})["entries"] == []


@pytest.mark.parametrize("change", [{"filter": "severity=ERROR"}, {"orderBy": "timestamp desc"}])
def test_what_is_not_simulated_is_refused(vertex: Vertex, change: dict[str, str]) -> None:
    asked = {"filter": 'resource.type="ml_job" AND resource.labels.job_id="1"', **change}
    with pytest.raises(CloudRefused, match="INVALID_ARGUMENT"):
        logging_api.answer(vertex.bench.runs, asked)
