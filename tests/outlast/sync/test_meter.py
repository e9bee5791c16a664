"""How far a run is, where nobody has a terminal."""

from __future__ import annotations

import pytest

from outlast.sync import meter
from outlast.sync.meter import Meter


def test_a_line_is_told_once_the_time_is_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(meter, "EVERY_SECONDS", 0.0)
    with Meter("copying", 2_000_000) as told:
        told.add(500_000)
    assert capsys.readouterr().err == "copying: 500.0 kB of 2.0 MB\n"


def test_what_is_short_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with Meter("copying", 10) as told:
        told.add(10)
    assert capsys.readouterr().err == ""
