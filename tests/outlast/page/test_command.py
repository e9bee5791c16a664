"""`outlast page` tells the sandbox's link; without a sandbox, what to type."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from outlast.page import command
from outlast.page.command import page

LINK = "http://127.0.0.1:25353/#token"


def test_the_link_is_printed_and_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setattr(command.control, "connect", lambda _: SimpleNamespace(status=lambda: {"page": LINK}))
    assert CliRunner().invoke(page).stdout == f"{LINK}\n" and opened == []
    assert CliRunner().invoke(page, ["--open"]).exit_code == 0 and opened == [LINK]


@pytest.mark.parametrize("options", [(), ("--port", "0")])
def test_without_a_sandbox_it_says_what_to_type(
    options: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTLAST_STATE", str(tmp_path))
    done = CliRunner().invoke(page, options)
    assert done.exit_code == 4 and "hint: make up" in done.stderr
