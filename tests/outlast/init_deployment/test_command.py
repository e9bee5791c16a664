"""`outlast init-deployment`: writes all files or none, and nothing over what is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from outlast.init_deployment import command
from service.errors import InvalidInput, Refused
from tests.infra.harness import ROOT
from tests.outlast.init_deployment.test_questions import GIVEN

FLAGS = [word for key, value in GIVEN.items() for word in (f"--{key.replace('_', '-')}", value)]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that has the committed stack files, and room for others."""
    (tmp_path / "stacks").mkdir()
    for path in (ROOT / "stacks").glob("Pulumi.*.yaml"):
        (tmp_path / "stacks" / path.name).write_text(path.read_text())
    monkeypatch.setattr(command, "ROOT", tmp_path)
    return tmp_path


def run(*words: str) -> Any:
    return CliRunner().invoke(command.COMMANDS["init-deployment"], [*words], standalone_mode=False)


def own_files(root: Path) -> list[str]:
    return sorted(path.name for path in (root / "stacks").glob("Pulumi.prod-*.yaml"))


def test_writes_a_file_for_each_stack_and_says_what_is_next(root: Path) -> None:
    done = run("prod", *FLAGS)
    assert done.exception is None, done.output
    assert own_files(root) == [f"Pulumi.prod-{name}.yaml" for name in ("aws", "azure", "gcp", "traffic", "zone")]
    assert done.stdout.startswith("1. See that the files hold together, in the sandbox\n     make up STACKS=prod\n")


def test_as_json(root: Path) -> None:
    document = json.loads(run("prod", *FLAGS, "--json").stdout)
    assert document["files"][0] == "stacks/Pulumi.prod-zone.yaml"
    assert document["steps"][0]["commands"] == ["make up STACKS=prod", "make down"]


def test_writes_nothing_when_answers_are_wrong_and_names_all(root: Path) -> None:
    done = run("Prod", *FLAGS, "--aws-region", "eastus", "--state", "s4://x", "--clouds", "aws,azur", "--model", "no")
    assert isinstance(done.exception, InvalidInput)
    assert {"NAME", "--aws-region", "--state", "--clouds", "--model"} == {m.place for m in done.exception.mistakes}
    assert own_files(root) == []


def test_without_answers_or_a_terminal_says_what_is_missing(root: Path) -> None:
    done = run("prod")
    assert isinstance(done.exception, InvalidInput)
    missing = {mistake.place for mistake in done.exception.mistakes if "is missing" in mistake.what}
    assert {"--domain", "--aws-account", "--azure-subscription", "--gcp-project", "--state"} <= missing


def test_never_writes_over_a_file_unasked(root: Path) -> None:
    theirs = root / "stacks" / "Pulumi.prod-gcp.yaml"
    theirs.write_text("mine")
    done = run("prod", *FLAGS)
    assert isinstance(done.exception, Refused) and "--overwrite" in done.exception.hint
    assert theirs.read_text() == "mine" and own_files(root) == [theirs.name]
    assert run("prod", *FLAGS, "--overwrite").exception is None
    assert theirs.read_text() != "mine"


def test_a_file_of_the_set_that_is_no_longer_meant_is_not_left_beside(root: Path) -> None:
    assert run("prod", *FLAGS).exception is None
    done = run("prod", *FLAGS, "--clouds", "aws,gcp", "--overwrite")
    assert isinstance(done.exception, Refused)
    assert [mistake.place for mistake in done.exception.mistakes] == ["stacks/Pulumi.prod-azure.yaml"]


def test_asks_for_what_no_flag_says(root: Path) -> None:
    asked: list[str] = []

    def prompt(text: str, default: str, required: bool) -> str:
        asked.append(text)
        assert required or not default or "data" in text
        return GIVEN["domain"] if text.startswith("Domain") else default

    answers = command.ask({key: value for key, value in GIVEN.items() if key != "domain"}, prompt)
    assert (answers["domain"], answers["host"]) == ("example.org", "api.example.org")
    assert asked[0] == "Domain that you can delegate"
    assert not any("account" in text or "project" in text for text in asked), "these were given"
