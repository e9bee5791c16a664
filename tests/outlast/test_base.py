"""`outlast base adopt`: what it says that it will do, and that a dry run does none of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from infra.holdings import TYPES
from outlast import base
from tests.infra.harness import BASES
from tests.outlast.test_adopting import BASE, SITE, Pulumi, assert_adopted, states
from tests.sandbox.own_set import ACCOUNT, own_set, write


@pytest.fixture
def pulumi(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pulumi:
    write(tmp_path, own_set() | {BASE: dict(BASES["base-aws"]) | {"aws:allowedAccountIds": [ACCOUNT]}})
    found = Pulumi(states())
    monkeypatch.setattr(base, "ROOT", tmp_path)
    monkeypatch.setattr(base, "pulumi_in", lambda root, hint: found.run)
    return found


def run(*words: str) -> Any:
    return CliRunner().invoke(base.base, ["adopt", SITE, "--into", BASE, *words], catch_exceptions=False)


def test_a_dry_run_lists_what_would_move_and_changes_nothing(pulumi: Pulumi) -> None:
    told = run("--dry-run").output
    assert all(f"{type_}  {type_}/{name}" in told for type_, name in TYPES["aws"])
    assert "nothing was changed" in told and pulumi.states == states()


def test_it_ends_with_what_to_run_and_given_again_says_that_all_is_done(pulumi: Pulumi, tmp_path: Path) -> None:
    told = run().output
    assert f"moved {len(TYPES['aws'])} resources" in told
    assert told.index(f"pulumi up -s {BASE}") < told.index(f"pulumi up -s {SITE}")
    assert_adopted(tmp_path, pulumi)
    assert f"{BASE} has it all" in run().output
