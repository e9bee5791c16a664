"""The drill that the page shows is the latest whose journal is not finished."""

from __future__ import annotations

import os
from pathlib import Path

from outlast.page.journals import SILENT_SECONDS, find_drill


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
