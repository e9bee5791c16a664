"""The journal: on disk before anything happens, whole after a crash, one document at the end."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.drill.changes import plan_switch_off
from failover.drill.fleet import TAG_ID, HealthCheck
from failover.drill.journal import (
    DOCUMENT,
    LINES,
    Journal,
    find_journal,
    find_pending,
    find_unfinished,
    new_folder,
    read_journal,
    seal_journal,
    verify_journal,
)
from service.errors import InvalidInput, Unavailable
from tests.failover.drill.fakes import EPOCH, UNHURRIED, FakeClock

SWITCH = plan_switch_off(HealthCheck("check-aws", 7, 10, 3))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "drill" / LINES, FakeClock()) as opened:
        yield opened


def test_entries_come_back_in_order_with_their_time(journal: Journal) -> None:
    journal.write("init", drill_id="d")
    journal._clock.sleep(1.25)
    journal.write_durably("change", **SWITCH.to_entry())
    entries = read_journal(journal.path)
    assert [(entry["kind"], entry["at"]) for entry in entries] == [("init", 0.0), ("change", 1.25)]
    assert entries[1]["utc"] == "2026-11-23T12:00:01.250+00:00"


def test_a_durable_entry_is_synced_before_the_call_returns(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (fsync(fd), synced.append(journal.path.read_text()))[0])
    journal.write("sample")
    assert synced == []
    journal.write_durably("change", **SWITCH.to_entry())
    assert '"kind":"change"' in synced[0]


def test_sealing_keeps_every_entry_and_leaves_one_file(journal: Journal) -> None:
    for n in range(3):
        journal.write("step", name=str(n))
    entries = read_journal(journal.path)
    document = journal.finish()
    assert [path.name for path in document.parent.iterdir()] == [DOCUMENT]
    assert read_journal(document) == entries
    sealed = json.loads(document.read_text())
    assert (sealed["schema"], sealed["head"]) == (2, entries[-1]["hash"])
    assert verify_journal(document).whole


@UNHURRIED
@given(st.integers(1, 200))
def test_a_torn_last_line_costs_only_itself(cut: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / LINES
        with Journal(path, FakeClock()) as journal:
            journal.write("init", drill_id="d")
            journal.write_durably("change", **SWITCH.to_entry())
            whole = path.stat().st_size
            journal.write("undone", change=SWITCH.name)
        last = path.stat().st_size - whole
        with path.open("rb+") as file:
            file.truncate(whole + min(cut, last - 2))
        assert [entry["kind"] for entry in read_journal(path)] == ["init", "change"]
        with Journal(path, FakeClock()) as journal:
            journal.write("undone", change=SWITCH.name)
        assert [entry["kind"] for entry in read_journal(path)] == ["init", "change", "reopened", "undone"]
        assert verify_journal(path).whole, "what is torn is explained by the entry behind it"
        seal_journal(path)
        assert verify_journal(path.with_name(DOCUMENT)).whole


def test_kill_9_leaves_what_was_written(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path\n"
        "from failover.drill.clock import SystemClock; from failover.drill.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]), SystemClock())\n"
        "journal.write('init', drill_id='d'); journal.write('sample', by='client-1')\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    path = tmp_path / "drill" / LINES
    ended = subprocess.run([sys.executable, "-c", script, str(path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert [entry["kind"] for entry in read_journal(path)] == ["init", "sample"]


def test_threads_do_not_mix_their_lines(journal: Journal) -> None:
    threads = [
        threading.Thread(target=lambda name=name: [journal.write("sample", by=name) for _ in range(200)])
        for name in ("a", "b", "c")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_journal(journal.path)) == 600


def test_pending_is_what_was_begun_and_not_undone_last_first(journal: Journal) -> None:
    mark = {**SWITCH.to_entry(), "change": "mark:check-aws", "action": "mark"}
    journal.write("init", drill_id="d")
    assert find_pending(read_journal(journal.path)).changes == ()
    journal.write("change", **mark)
    journal.write("changed", change="mark:check-aws")
    journal.write("change", **SWITCH.to_entry())  # and killed before the API answered
    pending = find_pending(read_journal(journal.path))
    assert (pending.drill_id, [change.name for change in pending.changes]) == ("d", [SWITCH.name, "mark:check-aws"])
    journal.write("undone", change=SWITCH.name)
    assert [change.name for change in find_pending(read_journal(journal.path)).changes] == ["mark:check-aws"]


def test_finds_a_journal_by_its_folder_and_the_unfinished_ones(tmp_path: Path) -> None:
    for name in ("b", "a"):
        with Journal(tmp_path / name / LINES, FakeClock()) as journal:
            journal.write("init")
    assert find_unfinished(tmp_path) == [tmp_path / "a" / LINES, tmp_path / "b" / LINES]
    seal_journal(tmp_path / "a" / LINES)
    assert find_unfinished(tmp_path) == [tmp_path / "b" / LINES]
    assert find_journal(tmp_path / "a") == tmp_path / "a" / DOCUMENT
    assert find_journal(tmp_path / "b" / LINES) == tmp_path / "b" / LINES


@pytest.mark.parametrize("name", ["nowhere", "empty", "wrong.json"])
def test_what_is_no_journal_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "wrong.json").write_text("[]")
    with pytest.raises(InvalidInput):
        read_journal(find_journal(tmp_path / name))


def test_folders_are_named_by_utc_and_never_reused(tmp_path: Path) -> None:
    assert [new_folder(tmp_path, EPOCH).name for _ in range(2)] == ["2026-11-23T12-00-00Z", "2026-11-23T12-00-00Z-2"]


# -- a disk that takes no more -----------------------------------------------------------------------------------------


class Full:
    """A file on a disk with room for so many bytes more."""

    def __init__(self, file: Any, room: int) -> None:
        self._file = file
        self.room = room

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, data: bytes) -> int:
        taken = data[: self.room]
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(taken)
        return int(self._file.write(taken))


@pytest.mark.parametrize("room", [0, 1, 40])
def test_a_full_disk_lets_no_change_through_and_leaves_no_half_line(journal: Journal, room: int) -> None:
    journal.write("init", drill_id="d")
    journal._file = full = Full(journal._file, room)
    with pytest.raises(Unavailable, match="No space left on device"):
        journal.write_durably("change", **SWITCH.to_entry())
    assert str(journal.path) in journal.trouble
    journal.note("undone", change=SWITCH.name)
    full.room = 10_000
    journal.write("end")
    assert [entry["kind"] for entry in read_journal(journal.path)] == ["init", "end"]
    assert verify_journal(journal.path).whole
    with pytest.raises(Unavailable):
        journal.write_durably("change", **SWITCH.to_entry())


def test_no_room_to_seal_keeps_the_lines(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    journal.write("end")
    monkeypatch.setattr("failover.drill.journal.write_whole", refuse)
    with pytest.raises(Unavailable) as caught:
        journal.finish()
    assert "everything is undone" in caught.value.what and "drill restore --journal" in caught.value.hint
    assert journal.path.exists()


# -- another process goes on -------------------------------------------------------------------------------------------


def test_time_goes_on_from_the_beginning_of_the_drill(tmp_path: Path) -> None:
    path, clock = tmp_path / LINES, FakeClock()
    with Journal(path, clock) as journal:
        journal.write_durably("init", drill_id="d")
        clock.sleep(10)
        journal.write("sample")
    clock.sleep(90)
    with Journal(path, clock) as journal:
        journal.write("undone")
    assert [entry["at"] for entry in read_journal(path)] == [0.0, 10.0, 100.0, 100.0]


def test_time_never_goes_back_though_the_clock_does(tmp_path: Path) -> None:
    path, clock = tmp_path / LINES, FakeClock()
    with Journal(path, clock) as journal:
        clock.sleep(10)
        journal.write_durably("init", drill_id="d")
    with Journal(path, FakeClock()) as journal:
        assert journal.elapsed() == 10.0


def test_an_old_journal_is_gone_on_with_and_its_new_entries_are_chained(tmp_path: Path) -> None:
    path = tmp_path / LINES
    path.write_text('{"at":0.0,"kind":"init","drill_id":"d"}\n{"at":1.0,"kind":"end"}\n')
    with Journal(path, FakeClock()) as journal:
        journal.write("undone", change="x")
    report = verify_journal(path)
    assert (report.unchained, report.entries, report.damages) == (2, 4, ())


def test_a_key_that_is_there_twice_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / LINES
    path.write_text('{"at":0.0,"kind":"init","kind":"end"}\n')
    assert read_journal(path) == []


def test_what_an_edited_entry_says_is_not_acted_upon(journal: Journal) -> None:
    journal.write("init", drill_id="d")
    journal.write(
        "change", **{**SWITCH.to_entry(), "change": "mark:check-aws", "action": "mark", "after": {TAG_ID: "d"}}
    )
    journal.write("change", **SWITCH.to_entry())
    entries = read_journal(journal.path)
    entries[2]["before"] = {"Disabled": True, "Inverted": True}
    entries[0]["drill_id"] = "another"
    pending = find_pending(entries)
    assert ([change.name for change in pending.changes], pending.drill_id) == (["mark:check-aws"], "d")
