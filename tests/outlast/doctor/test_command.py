"""`outlast doctor`: lines or JSON, and an exit code that says whether anything that is needed is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from click.testing import CliRunner

from outlast.doctor import command, machine
from outlast.doctor.accounts import PURPOSES
from outlast.doctor.checks import Check, Finding, fine, wrong
from outlast.doctor.stacks import Subjects
from service.errors import InvalidInput, Unavailable
from tests.infra.harness import ROOT


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [("make up", fine("3.12")), ("make bench", wrong("no wrk", "get it"))]

    def few(_: Any) -> list[Check]:
        return [Check(purpose, "it", partial(replace, found)) for purpose, found in looks]

    monkeypatch.setattr(machine, "checks", few)


def run(*words: str) -> Any:
    return CliRunner().invoke(command.doctor, [*words], standalone_mode=False)


@pytest.mark.usefixtures("checks")
def test_what_nobody_asked_for_is_shown_and_no_failure() -> None:
    done = run()
    assert done.exception is None
    assert "missing  it  no wrk" in done.stdout


@pytest.mark.usefixtures("checks")
def test_what_was_asked_for_and_is_missing_is_a_failure() -> None:
    done = run("--for", "bench", "--json")
    assert isinstance(done.exception, Unavailable) and "1 thing is missing" in done.exception.what
    rows = json.loads(done.stdout)
    assert rows[1] == {"state": "missing", "what": "no wrk", "hint": "get it", "purpose": "make bench", "name": "it"}


def test_two_questions_at_once_are_refused() -> None:
    assert isinstance(run("--for", "up", "--stacks", "prod").exception, InvalidInput)


def test_a_set_that_is_not_there_is_refused() -> None:
    assert isinstance(run("--stacks", "nosuch").exception, InvalidInput)


def test_the_accounts_of_a_set_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Finding("unknown", "no answer", "", "AWS", "credentials")]
    monkeypatch.setattr(command, "look_at_accounts", lambda root, stacks, limit, only: found)
    done = run("--stacks", "prod")
    assert done.exception is None, "what cannot be told is no failure"
    assert "unknown  credentials  no answer" in done.stdout


def test_only_some_looks_and_their_names_are_those_of_the_parts(
    subjects: Callable[..., Subjects], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tuple(command._ONLY.values()) == PURPOSES
    monkeypatch.setattr(command, "ROOT", subjects().root)
    done = run("--stacks", "prod", "--only", "files", "--json")
    assert {row["purpose"] for row in json.loads(done.stdout)} == {"stack files"}
    assert isinstance(run("--only", "files").exception, InvalidInput)


def test_without_an_environment_the_systems_own_python_tells_what_is_missing() -> None:
    # -S: nothing that is installed can be imported, as on a machine that has nothing yet.
    done = subprocess.run(
        [sys.executable, "-S", "-m", "outlast.doctor"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("make up\n"), done.stderr
