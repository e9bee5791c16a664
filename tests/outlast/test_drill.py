"""`outlast drill history`: what the stack files promise is what the drills are held to."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from failover.drill.journal import LINES, Journal
from outlast import drill as commands
from outlast.drill import drill
from tests.failover.drill.fakes import FakeClock
from tests.failover.drill.retold import Story

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The committed stack files, of which traffic promises a drill every 30 days and 60 s."""
    shutil.copytree(ROOT / "stacks", tmp_path / "stacks")
    promise(tmp_path, "  outlast:drillEveryDays: 30", "  outlast:rtoSeconds: 60")
    monkeypatch.setattr(commands, "ROOT", tmp_path)
    return tmp_path


def promise(project: Path, *lines: str) -> None:
    """Let the traffic stack promise this, and nothing else."""
    path = project / "stacks" / "Pulumi.traffic.yaml"
    kept = [line for line in path.read_text().splitlines() if "drillEveryDays" not in line and "rtoSec" not in line]
    path.write_text("\n".join([*kept, *lines, ""]))


def keep(project: Path, site: str, days_ago: float) -> None:
    began = datetime.now(UTC) - timedelta(days=days_ago)
    with Journal(project / "drills" / f"{site}-{days_ago}" / LINES, FakeClock()) as journal:
        for entry in Story().entries():
            if entry["kind"] == "init":
                entry["utc"] = began.isoformat()
                entry["plan"]["lose"] = site
            journal.write(entry.pop("kind"), **entry)
        journal.finish()


def call(project: Path, *arguments: str) -> Result:
    return CliRunner().invoke(drill, ["history", "--drills", str(project / "drills"), *arguments])


def test_every_site_of_the_stack_has_to_be_drilled(project: Path) -> None:
    keep(project, "aws", days_ago=2)
    result = call(project)
    assert result.exit_code == 5
    assert "azure: no drill of it has passed" in result.stderr and "gcp: no drill of it" in result.stderr
    assert "aws:" not in result.stderr


def test_a_drill_that_is_older_than_the_stack_promises_leaves_with_an_error(project: Path) -> None:
    keep(project, "aws", days_ago=31)
    assert "aws: its last passed drill is 31 days old, and one every 30 days is promised" in call(project).stderr
    assert "aws:" not in call(project, "--every-days", "90").stderr


def test_the_promise_is_in_the_data(project: Path) -> None:
    data = json.loads(call(project, "--json").stdout)
    assert data["promise"] == {"every_days": 30, "rto_seconds": 60.0}
    assert [site["site"] for site in data["sites"]] == ["aws", "azure", "gcp"]


def test_drills_of_another_host_keep_no_promise(project: Path) -> None:
    keep(project, "aws", days_ago=2)
    assert "aws: no drill of it has passed" in call(project, "--host", "other.example.com").stderr


def test_a_stack_that_promises_nothing_is_said_to(project: Path) -> None:
    promise(project)
    assert "promises nothing" in call(project).stderr


def test_the_workflow_runs_commands_that_exist() -> None:
    document = yaml.safe_load((ROOT / ".github" / "workflows" / "drill-history.yml").read_text())
    (job,) = document["jobs"].values()
    ours = [step["run"] for step in job["steps"] if step.get("run", "").startswith("outlast ")]
    assert [line.split()[:3] for line in ours] == [["outlast", "drill", "verify"], ["outlast", "drill", "history"]]
    assert document[True]["schedule"], "YAML reads the key `on` as true"
    assert {"verify", "history"} <= drill.commands.keys()
    assert any("--stacks" in parameter.opts for parameter in drill.commands["history"].params)
