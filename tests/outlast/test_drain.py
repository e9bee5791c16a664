"""`outlast drain`: which way is taken, and what is printed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from failover.oncall import commands
from failover.oncall.switch import SwitchedHost, Switches
from failover.oncall.switch_note import SwitchNote
from outlast import drain
from service.errors import InvalidInput
from tests.failover.drill.three_sites import HOST

URL = "https://outlastswitches.blob.core.windows.net/flags/aws.drain"


notes: list[SwitchNote] = []  # what each switch said that was thrown


@pytest.fixture
def thrown(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The sites whose switch is thrown; only aws has one, and Route 53's API is not reached."""
    sites: set[str] = set()
    notes.clear()

    def throw(self: Switches, site: str, note: SwitchNote, *, last: str = "") -> str:
        sites.add(site)
        notes.append(note)
        return f"the switch {self.of.switches[site]} is there"

    def take_back(self: Switches, site: str, *, anyway: bool = False) -> str:
        sites.remove(site)
        return "the switch is gone"

    monkeypatch.setattr(drain, "find_switches", lambda host: SwitchedHost(host, ("aws", "gcp"), {"aws": URL}))
    monkeypatch.setattr(Switches, "throw", throw)
    monkeypatch.setattr(Switches, "take_back", take_back)
    monkeypatch.setattr(Switches, "is_thrown", lambda self, site: site in sites)

    def refuse() -> Any:
        raise AssertionError("Route 53's API was asked")

    monkeypatch.setattr(commands, "build_client", refuse)
    return sites


def call(name: str, *arguments: str) -> Result:
    return CliRunner().invoke(drain.COMMANDS[name], arguments, env={"OUTLAST_HOST": HOST})


def test_a_switch_is_taken_where_there_is_one_and_route53_is_not_asked(thrown: set[str]) -> None:
    done = call("drain", "aws", "--why", "the disk", "--by", "ann")
    assert done.exit_code == 0, done.output
    assert (notes[0].by, notes[0].why) == ("ann", "the disk")
    assert "anybody can read there what --by and --why said" in done.stdout
    assert thrown == {"aws"}
    assert "after about 20 s" in done.stdout
    assert f"outlast undrain aws --host {HOST}" in done.stdout
    again = call("drain", "aws", "--why", "the disk").stdout
    assert "anybody can read" not in again and f"outlast undrain aws --host {HOST}" in again
    assert json.loads(call("undrain", "aws", "--json").stdout)["switch"] == URL
    assert thrown == set()


@pytest.mark.usefixtures("thrown")
def test_nobody_is_named_in_public_unasked() -> None:
    assert "anybody" not in call("drain", "aws").stdout
    assert (notes[0].by, notes[0].why) == ("", "")


@pytest.mark.parametrize("arguments", [["drain", "gcp"], ["drain", "aws", "--by-check"], ["undrain", "aws"]])
def test_else_it_is_the_health_checks_way(thrown: set[str], arguments: list[str]) -> None:
    done = call(*arguments)
    assert isinstance(done.exception, AssertionError), done.output
    assert thrown == set()


def test_both_say_that_the_other_way_can_be_asked_for() -> None:
    assert all("--by-check" in call(name, "--help").stdout for name in ("drain", "undrain"))


def test_stack_files_that_are_wrong_name_the_way_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(host: str) -> SwitchedHost:
        raise InvalidInput("the stack files cannot be used", hint="mend them")

    monkeypatch.setattr(drain, "find_switches", find)
    told = call("drain", "aws")
    assert told.exit_code == InvalidInput.exit_code
    assert "hint: mend them; without the stack files, by the health check: --by-check" in told.stderr
