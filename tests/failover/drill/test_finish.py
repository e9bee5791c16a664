"""The end of a drill: what is written, what is printed, and with which code it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from failover.drill.journal import LINES, Journal
from failover.drill.measure import measure
from tests.failover.drill.fakes import FakeClock
from tests.failover.drill.retold import Story
from tests.failover.drill.test_commands import call


def test_report_again_from_the_journal_alone(tmp_path: Path) -> None:
    with Journal(tmp_path / "one" / LINES, FakeClock()) as journal:
        for entry in Story().entries():
            journal.write(entry.pop("kind"), **entry)
        journal.finish()
    result = call("report", str(tmp_path / "one"), "--json")
    data = json.loads(result.stdout)
    assert (result.exit_code, data["verdict"]) == (0, "passed")
    assert data["recovery_simulated_seconds"] == measure(Story().entries()).recovery_simulated_seconds
    assert {Path(name).name for name in data["files"]} == {"journal.json", "report.md", "report.html", "report.json"}
    assert all(Path(name).is_file() for name in data["files"])


@pytest.mark.parametrize(
    ("story", "code", "text"),
    [
        (Story(late_ms=150.0), 5, "observers lagged up to 1.5 s (simulated)"),
        (Story(ran_out=(2.8, 7.0), undone=8.0, named=8.2, renewed=(8.5, 8.6), end=10.0), 5, "the drill deviated"),
        (Story(more=[{"kind": "abort", "at": 1.0, "why": "no", "refused": True}]), 3, "no"),
    ],
)
def test_a_drill_that_did_not_hold_leaves_with_an_error(tmp_path: Path, story: Story, code: int, text: str) -> None:
    with Journal(tmp_path / "one" / LINES, FakeClock()) as journal:
        for entry in story.entries():
            journal.write(entry.pop("kind"), **entry)
    result = call("report", str(tmp_path / "one"))
    assert result.exit_code == code
    assert text in result.stderr and "hint: " in result.stderr


def test_the_head_is_printed_and_stands_in_every_report(tmp_path: Path) -> None:
    with Journal(tmp_path / "one" / LINES, FakeClock()) as journal:
        for entry in Story().entries():
            journal.write(entry.pop("kind"), **entry)
        head = json.loads(journal.finish().read_text())["head"]
    assert f"head of the journal: {head}" in call("report", str(tmp_path / "one")).stdout
    for name in ("report.md", "report.html", "report.json"):
        assert head in (tmp_path / "one" / name).read_text()


def test_a_report_of_an_edited_journal_says_so(tmp_path: Path) -> None:
    with Journal(tmp_path / "one" / LINES, FakeClock()) as journal:
        for entry in Story().entries():
            journal.write(entry.pop("kind"), **entry)
        path = journal.finish()
    text = path.read_text()
    assert '"at":6.0,' in text
    path.write_text(text.replace('"at":6.0,', '"at":3.0,', 1))
    result = call("report", str(path))
    assert result.exit_code == 5
    assert "the journal: entry " in result.stderr and "was changed after it was written" in result.stderr
