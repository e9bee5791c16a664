"""The audit record of a row that the page sent: looked for where its site's log is, and for no other request."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from outlast.page.sent import SentRows
from service.errors import InvalidInput
from tests.outlast.cloud_metrics.places import AZURE, GCP, MINUTE, Web

RECORD: dict[str, Any] = {"chain": "c", "seq": 7, "prev": "p", "hash": "h", "kind": "prediction", "request_id": "r-1"}


def _rows(*records: dict[str, Any]) -> tuple[SentRows, Web]:
    entries = [{"timestamp": "2026-11-29T12:00:01Z", "jsonPayload": one} for one in records]
    web = Web(lambda _: {"entries": entries})
    return SentRows([AZURE, GCP], web.clouds(), now=lambda: MINUTE), web


def test_the_record_is_found_in_the_log_of_the_site_that_answered() -> None:
    rows, web = _rows({"message": "r-1 came"}, {**RECORD, "kind": "feedback"}, RECORD)
    assert rows.note("gcp", "r-1") == "Cloud Logging, which has it within seconds"
    assert rows.find("r-1") == RECORD
    (request,) = web.asked
    filter_ = json.loads(request.content)["filter"]
    assert '"r-1"' in filter_ and "outlast-gcp" in filter_
    assert f'timestamp>="{(MINUTE - timedelta(minutes=1)).isoformat()}"' in filter_


def test_until_the_log_has_it_there_is_none() -> None:
    rows, _ = _rows()
    rows.note("gcp", "r-1")
    assert rows.find("r-1") is None


def test_a_site_that_no_stack_file_names_has_no_log_to_look_in() -> None:
    rows, web = _rows(RECORD)
    assert (rows.note("rack", "r-1"), rows.note("gcp", 'r" OR "')) == ("", "")
    assert "minutes" in rows.note("azure", "r-2")
    assert web.asked == []


def test_only_what_was_sent_lately_is_looked_for() -> None:
    rows, web = _rows(RECORD)
    for number in range(51):
        rows.note("gcp", f"r-{number}")
    for request in ("r-0", "never"):
        with pytest.raises(InvalidInput, match="sent no request"):
            rows.find(request)
    assert web.asked == []
