"""A drill told again, or why it cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest

from failover.drill import retell as module
from failover.drill.journal import LINES, Journal
from failover.drill.retell import retell
from service.errors import InvalidInput
from tests.failover.drill.fakes import FakeClock
from tests.failover.drill.retold import Story


def write(path: Path, *, start: int = 0) -> Path:
    with Journal(path / "one" / LINES, FakeClock()) as journal:
        for entry in Story().entries()[start:]:
            journal.write(entry.pop("kind"), **entry)
        return journal.finish()


def test_a_drill_is_told_from_its_journal(tmp_path: Path) -> None:
    measured, entries = retell(write(tmp_path))
    assert measured.lost == "aws" and entries[-1]["kind"] == "end"


def test_a_journal_without_its_beginning_is_no_drill(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="tells of no drill") as caught:
        retell(write(tmp_path, start=1))
    assert "outlast drill verify" in caught.value.hint


@pytest.mark.parametrize("name", ['"plan"', '"speed"', '"failover"', '"drill_id"'])
def test_an_edited_journal_that_lacks_something_says_so(tmp_path: Path, name: str) -> None:
    journal = write(tmp_path)
    journal.write_text(journal.read_text().replace(name, '"other"', 1))
    with pytest.raises(InvalidInput, match="lacks what a drill writes"):
        retell(journal)


def test_a_mistake_of_ours_is_not_blamed_on_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def mistaken(_: object) -> None:
        raise KeyError("ours")

    journal = write(tmp_path)
    monkeypatch.setattr(module, "measure", mistaken)
    with pytest.raises(KeyError):
        retell(journal)
