"""Lines are kept with their time, and what is not a whole line waits for its end."""

from __future__ import annotations

from pathlib import Path

from sandbox.training.lines import Follower, Line, Lines


def test_lines_are_read_as_they_were_written_and_a_cut_one_is_left_out(tmp_path: Path) -> None:
    lines = Lines(tmp_path / "job/lines.jsonl")
    assert lines.read() == []
    kept = [Line(1, 5.5, "fits 1 of 4"), Line(2, 6.0, "größer\t")]
    lines.add(kept)
    lines.add([])
    with (tmp_path / "job/lines.jsonl").open("a") as file:
        file.write('{"start": 2, "at"')
    assert lines.read() == kept


def test_a_line_counts_once_it_has_ended(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("of an earlier start\n")
    follower = Follower(log)
    assert follower.read() == []
    with log.open("a") as file:
        file.write("one\r\ntwo\nthr")
    assert follower.read() == ["one", "two"]
    assert follower.read() == []
    with log.open("a") as file:
        file.write("ee")
    assert follower.read(last=True) == ["three"]
    assert follower.read(last=True) == []
