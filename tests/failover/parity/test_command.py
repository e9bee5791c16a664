"""The command: what it prints, and when it leaves with an error."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from failover.parity import command
from failover.parity.compare import SiteAnswers, compare
from tests.failover.parity.test_compare import AWS, DRAWN, GCP, GOLDEN


def run(monkeypatch: pytest.MonkeyPatch, answers: Sequence[SiteAnswers], *options: str) -> Any:
    monkeypatch.setattr(command, "build_client", lambda: None)
    monkeypatch.setattr(command, "compare_sites", lambda *_, **__: compare(answers, GOLDEN, {}))
    return CliRunner().invoke(command.parity, ["--host", "api.outlast.example", "--model", "tumour", *options])


def test_sites_that_answer_the_same_are_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, [AWS, GCP])
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["site", "model", "golden", "drawn", "largest", "gap", "refusals"]
    assert lines[2].startswith(f"gcp   {GOLDEN.digest[:19]}  {len(AWS.golden)}/{len(AWS.golden)}")
    assert "2/2 as aws" in lines[2]


def test_a_difference_leaves_with_5_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, [AWS, replace(GCP, drawn=(DRAWN[1], DRAWN[0]))])
    assert done.exit_code == 5
    assert "differs: gcp: drawn rows: 2 of 2" in done.stdout
    assert done.stderr.splitlines()[-2].startswith("error: 1 differences")


def test_json_is_the_whole_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(run(monkeypatch, [AWS, GCP], "--json").stdout)
    assert [row["site"] for row in document["rows"]] == ["aws", "gcp"]
    assert document["differences"] == []


def test_without_a_host_nobody_is_asked() -> None:
    done = CliRunner(env={"OUTLAST_HOST": ""}).invoke(command.parity, [])
    assert done.exit_code == 2
    assert "--host or in $OUTLAST_HOST" in done.stderr
