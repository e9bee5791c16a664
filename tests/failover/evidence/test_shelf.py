"""The drills under a folder: whole, unchained, unfinished, damaged, each said to be what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from failover.drill.journal import DOCUMENT, LINES, Journal
from failover.evidence.shelf import file_drill, find_drill, list_drills, reported_heads
from service.errors import InvalidInput
from tests.failover.drill.fakes import FakeClock
from tests.failover.drill.retold import Story


def keep_drill(drills: Path, name: str, *, story: Story | None = None, finished: bool = True) -> Path:
    """A drill's folder as a run leaves it."""
    with Journal(drills / name / LINES, FakeClock()) as journal:
        for entry in (story or Story()).entries():
            if entry["kind"] == "init":
                entry["drill_id"] = f"{name}-beef"
            journal.write(entry.pop("kind"), **entry)
        if finished:
            journal.finish()
    return drills / name


def test_a_drill_is_filed_with_what_it_came_to(tmp_path: Path) -> None:
    filed = file_drill(keep_drill(tmp_path, "one"))
    assert (filed.lost, filed.verdict, filed.host) == ("aws", "passed", "api.outlast.example")
    assert filed.whole and filed.recovery_seconds == 29.45
    assert filed.utc is not None and filed.utc.isoformat() == "2026-11-23T12:00:00+00:00"


def test_an_unfinished_drill_is_no_proof(tmp_path: Path) -> None:
    filed = file_drill(keep_drill(tmp_path, "one", finished=False))
    assert (filed.verdict, filed.whole) == ("unfinished", False)


def test_a_byte_flipped_makes_it_deviate_and_no_proof(tmp_path: Path) -> None:
    path = keep_drill(tmp_path, "one") / DOCUMENT
    path.write_text(path.read_text().replace('"site":"gcp"', '"site":"aws"', 1))
    filed = file_drill(path.parent)
    assert (filed.verdict, filed.whole) == ("deviated", False)
    assert "1 of " in str(filed.chain)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_journal_cut_short_says_at_which_line(tmp_path: Path, share: float) -> None:
    path = keep_drill(tmp_path, "one") / DOCUMENT
    text = path.read_text()
    path.write_text(text[: int(len(text) * share)])
    filed = file_drill(path.parent)
    assert filed.verdict == "unreadable"
    assert f"{path} is damaged: line " in filed.problem


@pytest.mark.parametrize(
    "document", ["{}", "[]", '{"entries": []}', '{"entries": [{"kind": "init"}]}', '{"entries": [1]}']
)
def test_what_tells_of_no_drill_is_filed_as_unreadable(tmp_path: Path, document: str) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / DOCUMENT).write_text(document)
    filed = file_drill(tmp_path / "one")
    assert filed.verdict == "unreadable" and filed.problem


def test_all_are_listed_oldest_first_and_other_folders_are_not(tmp_path: Path) -> None:
    for name in ("2026-11-02T00-00-00Z", "2026-11-01T00-00-00Z"):
        keep_drill(tmp_path, name)
    (tmp_path / "notes").mkdir()
    assert [each.folder for each in list_drills(tmp_path)] == ["2026-11-01T00-00-00Z", "2026-11-02T00-00-00Z"]
    assert list_drills(tmp_path / "nowhere") == []


def test_a_drill_is_found_by_path_folder_and_id(tmp_path: Path) -> None:
    folder = keep_drill(tmp_path, "2026-11-01T00-00-00Z")
    for name in (str(folder), folder.name, f"{folder.name}-beef"):
        assert find_drill(tmp_path, name) == folder / DOCUMENT
    with pytest.raises(InvalidInput) as caught:
        find_drill(tmp_path, "yesterday")
    assert "no drill 'yesterday'" in caught.value.what and folder.name in caught.value.hint


def test_the_report_beside_it_names_the_head(tmp_path: Path) -> None:
    journal = keep_drill(tmp_path, "one") / DOCUMENT
    assert list(reported_heads(journal)) == []
    report = journal.with_name("report.json")
    report.write_text(json.dumps({"account": {"chain": {"head": "abc"}}}))
    assert list(reported_heads(journal)) == [(str(report), "abc")]
    report.write_text("{}")
    assert list(reported_heads(journal)) == [(str(report), "unreadable")]
