"""The commands that read drills: what they print, and with which code they leave when something is wrong."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from failover.commands import drill
from failover.drill.chain import GENESIS, link
from failover.drill.journal import DOCUMENT, read_journal
from tests.failover.drill.retold import Story
from tests.failover.evidence.test_shelf import keep_drill

NAME = "2026-11-23T12-00-00Z"


def call(drills: Path, command: str, *arguments: str) -> Result:
    return CliRunner().invoke(drill, [command, "--drills", str(drills), *arguments])


@pytest.fixture
def drills(tmp_path: Path) -> Path:
    """A folder with one drill and its reports."""
    folder = keep_drill(tmp_path, NAME)
    assert CliRunner().invoke(drill, ["report", str(folder)]).exit_code == 0
    return tmp_path


def edit(drills: Path, old: str, new: str) -> None:
    path = drills / NAME / DOCUMENT
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_journal_as_it_was_written_is_verified(drills: Path) -> None:
    result = call(drills, "verify")
    assert result.exit_code == 0, result.output
    assert "entries, chained without a gap" in result.stdout
    (data,) = json.loads(call(drills, "verify", "--json").stdout)
    assert data["whole"] and data["wrong"] == [] and data["head"] in result.stdout
    assert call(drills, "verify", NAME, "--head", data["head"]).exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"ran_out":0.0', '"ran_out":9.0', "was changed after it was written"),
        ('"kind":"undone"', '"kind":"undome"', "was changed after it was written"),
        ('"head": "', '"head": "0', "entries behind it are missing"),
        (',\n{"at":6.0,"kind":"undo"', ',\n{"at":6.0,"kind":"undo",', "is damaged: line "),
    ],
)
def test_a_change_is_told_and_leaves_with_7(drills: Path, old: str, new: str, told: str) -> None:
    edit(drills, old, new)
    result = call(drills, "verify", NAME)
    assert result.exit_code == 7, result.output
    assert "NOT AS WRITTEN" in result.stdout and told in result.stdout
    assert "not as the drill wrote it" in result.stderr and "hint: " in result.stderr


def test_a_journal_that_was_chained_anew_is_not_the_one_in_the_report(drills: Path) -> None:
    path = drills / NAME / DOCUMENT
    forged, head = [], GENESIS
    for entry in read_journal(path):
        forged.append(link({**entry, "at": entry["at"] / 4}, head))
        head = forged[-1]["hash"]
    path.write_text(json.dumps({"schema": 2, "head": head, "entries": forged}))
    result = call(drills, "verify")
    assert result.exit_code == 7
    assert "its head is not the one in " in result.stdout and "report.json" in result.stdout
    path.with_name("report.json").unlink()
    assert call(drills, "verify").exit_code == 0, "with the report gone, only a head kept elsewhere can tell"
    assert call(drills, "verify", NAME, "--head", "0" * 64).exit_code == 7


def test_a_journal_from_before_is_read_and_said_to_be_unchained(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / DOCUMENT).write_text(json.dumps({"schema": 1, "entries": Story().entries()}))
    result = call(tmp_path, "verify")
    assert result.exit_code == 5
    assert "are not chained" in result.stdout and "before journals were chained" in result.stderr
    assert "**passed**" in call(tmp_path, "show", "old").stdout


def test_an_unfinished_journal_is_verified_and_said_to_be_unfinished(tmp_path: Path) -> None:
    keep_drill(tmp_path, NAME, finished=False)
    result = call(tmp_path, "verify")
    assert result.exit_code == 0 and "unfinished: outlast drill restore --journal" in result.stdout


def test_a_head_belongs_to_one_journal(drills: Path) -> None:
    assert call(drills, "verify", "--head", "abc").exit_code == 2


def test_list_and_show_say_what_a_drill_came_to(drills: Path) -> None:
    line = call(drills, "list").stdout.splitlines()[1]
    assert line.split()[:5] == [NAME, "aws", "passed", "29.4", "s"]
    (data,) = json.loads(call(drills, "list", "--json").stdout)
    assert (data["folder"], data["whole"]) == (NAME, True)
    shown = call(drills, "show", NAME).stdout
    assert shown.startswith("# Drill: lose aws") and "- Hypothesis: When aws is lost" in shown
    assert json.loads(call(drills, "show", NAME, "--json").stdout)["verdict"] == "passed"
    assert call(drills / "none", "list").stdout == f"no drill under {drills / 'none'}\n"


def test_nothing_to_verify_is_said(tmp_path: Path) -> None:
    result = call(tmp_path, "verify")
    assert (result.exit_code, result.stderr) == (0, f"no drill under {tmp_path}: nothing to verify\n")


def test_show_of_no_drill_says_which_there_are(drills: Path) -> None:
    result = call(drills, "show", "nothing")
    assert result.exit_code == 2 and NAME in result.stderr


def test_export_writes_every_look(drills: Path, tmp_path: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(call(drills, "export", NAME, "--format", "csv").stdout)))
    assert len(rows) == sum(entry["kind"] == "sample" for entry in Story().entries())
    assert rows[0]["by"] and rows[0]["at"]
    out = tmp_path / "theirs.json"
    assert call(drills, "export", NAME, "--format", "chaostoolkit", "--out", str(out)).exit_code == 0
    assert json.loads(out.read_text())["status"] == "completed"


def test_history_keeps_or_breaks_a_promise(drills: Path) -> None:
    broken = call(drills, "history", "--every-days", "1", "--rto", "20", "--site", "gcp")
    assert broken.exit_code == 5
    assert "gcp: no drill of it has passed" in broken.stderr
    assert "aws: traffic left it in 29.4 s, and 20 s are promised" in broken.stderr
    assert "hint: outlast drill plan --lose gcp" in broken.stderr
    kept = call(drills, "history", "--rto", "60", "--json")
    assert kept.exit_code == 0, kept.output
    (site,) = json.loads(kept.stdout)["sites"]
    assert (site["site"], site["findings"]) == ("aws", [])


def test_history_without_a_drill_keeps_no_promise(tmp_path: Path) -> None:
    assert call(tmp_path, "history").exit_code == 5
