"""An unmodified `chaos run` executes the experiment on the sandbox, and our own journals become theirs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from failover.drill.journal import find_journal, verify_journal
from tests.end_to_end.conftest import Project

pytest.importorskip("chaoslib", reason="pip install 'outlast[chaos]'")

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]

EXPERIMENT = "failover/chaostoolkit/lose-a-site.json"


def test_the_experiment_takes_a_site_out_measures_and_gives_it_back(project: Project, tmp_path: Path) -> None:
    project.wait_until(lambda: {"aws", "gcp"} <= project.sites_answered(), "every site to be named")
    journal_path = tmp_path / "journal.json"
    chaos = str(project.root / ".venv" / "bin" / "chaos")
    quiet = ("--no-version-check", "--no-log-file", "--settings", str(tmp_path / "none.yaml"))
    inside = project.inside() | {"OUTLAST_LOSE": "gcp", "OUTLAST_DRILLS": str(tmp_path / "drills")}
    run = ("run", "--rollback-strategy", "always", "--journal-path", str(journal_path), EXPERIMENT)
    project.run_in(inside, chaos, *quiet, *run)

    journal = json.loads(journal_path.read_text())
    assert (journal["status"], journal["deviated"]) == ("completed", False)
    outputs = {run["activity"]["name"]: run["output"] for run in journal["run"]}
    assert 0 <= outputs["traffic-left"] < 100 and outputs["host-answers-right-without-it"] is True
    assert [undone["found"] for undone in journal["rollbacks"][0]["output"]] == ["restored", "tags removed"]
    assert verify_journal(find_journal(Path(outputs["take-site-out"]["journal"]))).whole
    project.wait_until(lambda: "gcp" in project.sites_answered(), "gcp to be named again")
