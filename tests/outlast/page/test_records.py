"""The audit record of one request among what a site's replicas wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from outlast.page import records
from outlast.page.records import wait_for_record


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_PATIENCE_SECONDS", 0.0)


def test_it_is_found_by_its_request_in_its_sites_logs_alone(tmp_path: Path) -> None:
    record = {"chain": "c", "kind": "prediction", "request_id": "r-1", "seq": 7}
    other = {**record, "request_id": "r-11"}
    feedback = {**record, "kind": "feedback"}
    lines = [json.dumps(line) for line in ({"what": "r-1 came"}, feedback, other, record)]
    (tmp_path / "aws-100.log").write_text(
        "x" * 300_000 + "\nno JSON, chain r-1\n" + '"chain": "c", "request_id": "r-1"}\n' + "\n".join(lines) + "\n"
    )
    assert wait_for_record(tmp_path, "aws", "r-1") == record
    assert wait_for_record(tmp_path, "aws", "r-2") is None
    assert wait_for_record(tmp_path, "gcp", "r-1") is None
