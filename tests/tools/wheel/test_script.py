"""The command of the wheel says which extra it lacks."""

from __future__ import annotations

import sys

import pytest

from tools.wheel.script import main


def test_without_the_extra_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "failover.__main__", None)
    with pytest.raises(SystemExit, match=r"hint: pip install 'outlast-failover\[drill\]'"):
        main()


def test_it_is_the_packages_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["outlast-failover", "--help"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("Usage: outlast-failover ")
