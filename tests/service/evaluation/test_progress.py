"""Without a terminal a long step is a line now and then; bars are in test_commands.py."""

from __future__ import annotations

import pytest

from service.evaluation.progress import Lines, show_progress


def test_a_long_step_is_told_after_two_seconds_then_every_ten_and_at_its_end() -> None:
    said: list[str] = []
    moment = [0.0]
    lines = Lines(now=lambda: moment[0], say=said.append)
    for at, done in ((0.0, 0), (1.9, 10), (2.5, 20), (9.0, 30), (12.5, 60), (13.0, 70), (20.4, 100)):
        moment[0] = at
        lines("rows", done, 100)
    assert said == ["• rows: 20 of 100", "• rows: 60 of 100", "• rows: 100 of 100, done in 20 s"]


def test_a_short_step_is_not_told_and_one_of_the_same_name_begins_anew() -> None:
    said: list[str] = []
    moment = [0.0]
    lines = Lines(now=lambda: moment[0], say=said.append)
    for at in (0.0, 100.0):
        for done, later in ((0, 0.0), (3, 1.0)):
            moment[0] = at + later
            lines("fit", done, 3)
    assert said == []


def test_without_a_terminal_there_are_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress() as announce:
        assert isinstance(announce, Lines)
        announce("rows", 1, 2)
    assert capsys.readouterr() == ("", "")
