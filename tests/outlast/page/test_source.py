"""Where the page's data is from; with a sandbox that runs it is held by tests/end_to_end/test_page.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from outlast.page.source import LOST, SILENT_SECONDS, Sandbox, _usd_per_hour, find_drill
from sandbox.layout import Layout
from sandbox.network.faults import parse_fault
from service.errors import Unavailable


def test_without_a_sandbox_it_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no sandbox") as raised:
        Sandbox(Layout(tmp_path, tmp_path / ".sandbox"))
    assert raised.value.hint == "make up"


def test_the_committed_stacks_have_a_price() -> None:
    found = _usd_per_hour()
    assert {"aws", "azure", "gcp"} <= found.keys()
    assert all(0.01 < found[site] < 10.0 for site in ("aws", "azure", "gcp"))


def test_a_cloud_is_lost_by_a_fault_that_there_is() -> None:
    assert parse_fault("aws", LOST, 86_400.0, 0.0, ["aws"]).kind == LOST


def test_the_latest_unfinished_drill_is_shown_and_one_that_was_killed_is_told(tmp_path: Path) -> None:
    assert find_drill(tmp_path, 0.0) is None
    for folder, site in (("2026-01-01", "gcp"), ("2026-01-02", "aws")):
        journal = tmp_path / folder / "journal.jsonl"
        journal.parent.mkdir()
        plan = f'{{"lose": "{site}", "speed": 10, "failover_band": [30.0, 35.0]}}'
        journal.write_text(f'{{"at": 0.5, "kind": "init", "plan": {plan}}}\n{{"at": 0.7, "kind": "sam')
        os.utime(journal, (1_000.0, 1_000.0))
    running = find_drill(tmp_path, 1_000.0 + SILENT_SECONDS)
    assert running is not None
    assert (running["site"], running["stopped"], running["elapsed_seconds"]) == ("aws", False, 5)
    killed = find_drill(tmp_path, 1_001.0 + SILENT_SECONDS)
    assert killed == {**running, "stopped": True}
