"""The command: which sites it asks, what it prints, and when it leaves with an error."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner

from failover.oncall.standing import HostStanding, SiteLook, SiteStanding
from failover.parity import command
from failover.parity.compare import SiteAnswers
from tests.failover.drill.fakes import EPOCH
from tests.failover.drill.three_sites import HOST
from tests.failover.oncall.standings import site
from tests.failover.parity.test_compare import AWS, DRAWN, GCP, GOLDEN

SITES = {"aws": AWS, "gcp": GCP}


def host(*sites: SiteStanding) -> HostStanding:
    return HostStanding(HOST, 30, sites, EPOCH)


def run(monkeypatch: pytest.MonkeyPatch, answers: dict[str, SiteAnswers], *options: str) -> Any:
    sites = [site(name, look=SiteLook(address="192.0.2.1", status=200)) for name in answers]
    monkeypatch.setattr(command, "build_client", lambda: None)
    monkeypatch.setattr(command, "read_standing", lambda *_, **__: host(*sites))
    monkeypatch.setattr(command, "ask_site", lambda dial, host, name, *_, **__: answers[name])
    return CliRunner().invoke(command.parity, ["--host", "api.outlast.example", "--model", "tumour", *options])


def test_sites_that_answer_the_same_are_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, SITES)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["site", "model", "golden", "drawn", "largest", "gap", "refusals"]
    assert lines[2].startswith(f"gcp   {GOLDEN.digest[:19]}  {len(AWS.golden)}/{len(AWS.golden)}")
    assert "2/2 as aws" in lines[2]


def test_a_difference_leaves_with_5_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, {**SITES, "gcp": replace(GCP, drawn=(DRAWN[1], DRAWN[0]))})
    assert done.exit_code == 5
    assert "differs: gcp: drawn rows: 2 of 2" in done.stdout
    assert done.stderr.splitlines()[-2].startswith("error: 1 differences")


def test_json_is_the_whole_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    document = json.loads(run(monkeypatch, SITES, "--json").stdout)
    assert [row["site"] for row in document["rows"]] == ["aws", "gcp"]
    assert document["differences"] == []


def test_a_site_without_an_address_is_told_and_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    down = site("azure", look=SiteLook(error="has no address: azure.api.outlast.example"))
    run(monkeypatch, SITES)
    monkeypatch.setattr(command, "read_standing", lambda *_, **__: host(down, *_up()))
    done = CliRunner().invoke(command.parity, ["--host", "api.outlast.example", "--model", "tumour"])
    assert "azure: does not answer: has no address" in done.stdout


def _up() -> Sequence[Any]:
    return [site(name, look=SiteLook(address="192.0.2.1", status=200)) for name in SITES]


def test_one_site_alone_is_no_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, {"aws": AWS})
    assert done.exit_code == 4
    assert "has one site" in done.stderr


def test_without_a_host_nobody_is_asked() -> None:
    done = CliRunner(env={"OUTLAST_HOST": ""}).invoke(command.parity, [])
    assert done.exit_code == 2
    assert "--host or in $OUTLAST_HOST" in done.stderr
