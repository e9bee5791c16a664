"""`outlast watch --plain`: by lines or drawn, its clients run meanwhile, and what does not fit it."""

from __future__ import annotations

import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from outlast import watch as module
from outlast.page import account
from outlast.page.account import Options
from outlast.page.traffic import Traffic
from outlast.watch import watch, watch_plain
from service.errors import Unavailable
from tests.outlast.page.test_plain import LOST, SITE, VIEW


class Source:
    """One view after the other, then an error; writes down whether its clients ran at each."""

    def __init__(self, *views: dict[str, Any]) -> None:
        self._views = list(views)
        self.ran: list[bool] = []
        self.traffic = Traffic(lambda _: {})

    @property
    def is_used(self) -> bool:
        return self.traffic.is_watched

    def view(self) -> dict[str, Any]:
        self.ran.append(self.traffic.is_running)
        if not self._views:
            raise Unavailable("the sandbox does not answer", hint="make up")
        return self._views.pop(0)

    def act(self, what: str, site: str) -> str:
        raise AssertionError("a terminal presses nothing")

    def example(self) -> dict[str, Any]:
        raise AssertionError("a terminal asks no row")

    def predict(self, row: list[Any]) -> dict[str, Any]:
        raise AssertionError("a terminal sends no row")

    def find_record(self, site: str, request: str) -> dict[str, Any] | None:
        raise AssertionError("a terminal looks for no record")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EVERY_SECONDS", 0.0)


def _watched(source: Source, looks: int, *, terminal: bool) -> str:
    output = StringIO()
    watch_plain(source, Console(file=output, force_terminal=terminal, width=60, color_system=None), looks)
    return output.getvalue()


def test_without_a_terminal_each_change_is_a_line() -> None:
    source = Source(VIEW, VIEW, {**VIEW, "sites": [SITE, {**LOST, "health": "healthy"}]})
    lines = [line[len("12:00:00 ") :] for line in _watched(source, 4, terminal=False).splitlines()]
    assert lines[:2] == ["source: answers", "clients: browser at nobody, outlast at aws"]
    assert lines[6:] == ["azure: healthy, weight 50, 0 of 2 ready", "source: the sandbox does not answer"]
    assert source.ran == [True] * 4 and not source.traffic.is_running


def test_on_a_terminal_it_is_drawn_anew() -> None:
    drawn = _watched(Source(VIEW), 2, terminal=True)
    assert "api.outlast.example, clock 10" in drawn and "does not answer (make up)" in drawn


@pytest.mark.parametrize("shows", ["--plain", "--page"])
@pytest.mark.parametrize("option", ["--drain", "--json", "--every=5"])
def test_what_is_of_alarms_does_not_fit(option: str, shows: str) -> None:
    done = CliRunner().invoke(watch, [shows, option])
    option = option.partition("=")[0]
    assert done.exit_code == 2 and option in done.stderr and f"do not fit {shows}" in done.stderr


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--plain", "--allow-predict"], "--allow-predict: is of a page"),
        (["--open", "--port", "1"], "--port: is of a page"),
        (["--plain", "--page"], "--plain: is of this terminal"),
        (["--page", "--looks", "3"], "--looks: counts looks; a page is served until Ctrl-C"),
        (["--drills", "there", "--lock", "x", "--stacks", "prod"], "--lock: is of what is shown"),
        (["--plain", "--lock", "x"], "--lock: is of real accounts"),
    ],
)
def test_what_would_be_passed_over_is_refused(given: list[str], told: str) -> None:
    done = CliRunner().invoke(watch, given)
    assert done.exit_code == 2 and told in done.stderr


def test_a_page_is_of_a_host() -> None:
    done = CliRunner().invoke(watch, ["--page"], env={"OUTLAST_HOST": None})
    assert done.exit_code == 2 and "no host" in done.stderr


def test_the_terminal_shows_the_host_that_is_given_and_else_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def note(which: str) -> Source:
        opened.append(which)
        return Source(VIEW)

    monkeypatch.setattr(module, "_open_account", lambda host, _: note(host))
    monkeypatch.setattr(module, "_open_sandbox", lambda: note("the sandbox"))
    for given in (["--host", "api.example"], []):
        assert CliRunner().invoke(watch, ["--plain", "--looks", "1", *given]).exit_code == 0
    in_shell = {"OUTLAST_HOST": "api.outlast.example"}
    assert CliRunner().invoke(watch, ["--plain", "--looks", "1"], env=in_shell).exit_code == 0
    assert opened == ["api.example", "the sandbox", "the sandbox"]


def test_the_account_is_opened_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(account, "open_account", lambda *given: opened.append(given) or Source(VIEW))
    address = "https://a-bucket.s3.us-east-1.amazonaws.com/lock"
    given = ["--plain", "--looks", "1", "--host", "api.example", "--stacks", "prod", "--drills", "there"]
    assert CliRunner().invoke(watch, [*given, "--lock", address]).exit_code == 0
    assert opened == [("api.example", os.environ, Options("prod", False, Path("there"), address))]
    assert CliRunner().invoke(watch, ["--plain", "--looks", "1", "--host", "api.example"]).exit_code == 0
    assert opened[1:] == [("api.example", os.environ, Options())]


def test_the_page_is_served_as_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    from outlast.page import serving

    served: list[object] = []
    monkeypatch.setattr(module, "_open_account", lambda host, asked: (host, asked["allow_predict"], asked["stacks"]))
    monkeypatch.setattr(serving, "serve_here", lambda *given, opens: served.extend((*given, opens)))
    given = ["--page", "--host", "api.example", "--port", "8123", "--allow-predict", "--stacks", "prod"]
    assert CliRunner().invoke(watch, given).exit_code == 0
    assert served == [("api.example", True, "prod"), 8123, False]
