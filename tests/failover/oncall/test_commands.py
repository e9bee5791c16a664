"""The commands: what they print, what they change, and how they leave."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from click.testing import CliRunner, Result

from failover.dial import Dial
from failover.oncall import commands, look
from failover.oncall.commands import COMMANDS, show_status
from failover.oncall.standing import SiteLook
from failover.person import name_person
from service.errors import Deviated, InvalidInput, Refused
from tests.failover.drill.fake_route53 import FakeRoute53
from tests.failover.drill.fakes import tag
from tests.failover.drill.three_sites import ADDRESSES, HOST
from tests.failover.oncall.standings import DEAD, RIGHT, gated, host


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch, fake_route53: FakeRoute53) -> dict[str, SiteLook]:
    """What each site says; the commands work on the fake Route 53."""
    said = dict.fromkeys(ADDRESSES, RIGHT)

    def answer(dial: Dial, host: str, origin: str, **_: Any) -> SiteLook:
        return said[origin.partition(".")[0]]

    monkeypatch.setattr(look, "look_at_site", answer)
    monkeypatch.setattr(commands, "build_client", lambda: fake_route53)
    return said


def call(name: str, *arguments: str) -> Result:
    plain = {key: None for key in os.environ if key.startswith("OUTLAST_")}
    return CliRunner().invoke(COMMANDS[name], arguments, env={**plain, "OUTLAST_HOST": HOST})


@pytest.mark.usefixtures("looks")
def test_drain_and_undrain_and_what_each_prints(fake_route53: FakeRoute53) -> None:
    done = call("drain", "aws", "--why", "the disk", "--by", "ann")
    assert done.exit_code == 0, done.output
    assert "health check check-aws is disabled and inverted" in done.stdout
    assert "then DNS answers azure 60%, gcp 40%" in done.stdout
    assert "outlast undrain aws --host api.outlast.example" in done.stdout
    assert fake_route53.checks["check-aws"]["Inverted"] is True
    again = call("drain", "aws")
    assert again.exit_code == 0
    assert "aws is out already: ann took it out" in again.stdout
    back = call("undrain", "aws", "--json")
    assert json.loads(back.stdout)["shares"] == {"aws": 0.5, "azure": 0.3, "gcp": 0.2}
    assert fake_route53.checks["check-aws"]["Inverted"] is False
    assert "there is nothing to do" in call("undrain", "aws").stdout


@pytest.mark.usefixtures("looks")
def test_undrain_by_the_check_does_not_pass_over_a_switch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "read_standing", lambda *_, **__: host(gated("aws", thrown=True)))
    refused = call("undrain", "aws")
    assert refused.exit_code == Refused.exit_code
    assert "drained by its drain switch" in refused.stderr


def leave_an_expired_drill(client: FakeRoute53) -> None:
    """What a drill of aws left that was killed long ago."""
    client.checks["check-aws"] |= {"Disabled": True, "Inverted": True}
    tag(client, "check-aws", id="2020-01-01T10-00-00Z-0badcafe", expires_at="2020-01-01T11:00:00+00:00")


@pytest.mark.usefixtures("looks")
def test_a_drain_over_an_expired_drill_sweeps_it_and_can_be_undrained(fake_route53: FakeRoute53) -> None:
    leave_an_expired_drill(fake_route53)
    done = call("drain", "aws", "--by", "ann")
    assert "which had expired: switch-off:check-aws: left alone: drained by ann" in done.stdout
    assert fake_route53.checks["check-aws"]["Inverted"] is True, "it did not come back for a moment"
    assert "drill:id" not in fake_route53.tags["check-aws"]
    assert call("undrain", "aws").exit_code == 0
    assert fake_route53.checks["check-aws"]["Inverted"] is False


@pytest.mark.usefixtures("looks")
def test_undrain_takes_back_what_an_expired_drill_left(fake_route53: FakeRoute53) -> None:
    """Also where an older release drained over its tags."""
    leave_an_expired_drill(fake_route53)
    done = call("undrain", "aws")
    assert "which had expired: switch-off:check-aws: restored" in done.stdout
    leave_an_expired_drill(fake_route53)
    fake_route53.tags["check-aws"] |= {"drain:by": "ann"}
    done = call("undrain", "aws")
    assert done.exit_code == 0, done.output
    assert fake_route53.checks["check-aws"]["Disabled"] is fake_route53.checks["check-aws"]["Inverted"] is False
    assert not [key for key in fake_route53.tags["check-aws"] if key.startswith(("drill:", "drain:"))]


def test_a_dead_site_does_not_come_back_by_a_sweep(looks: dict[str, SiteLook], fake_route53: FakeRoute53) -> None:
    leave_an_expired_drill(fake_route53)
    looks["aws"] = DEAD
    assert call("undrain", "aws").exit_code == Refused.exit_code
    assert fake_route53.checks["check-aws"]["Inverted"] is True


@pytest.mark.usefixtures("looks")
def test_a_drain_holds_where_what_the_drill_left_cannot_be_undone(fake_route53: FakeRoute53) -> None:
    leave_an_expired_drill(fake_route53)
    fake_route53.tags["check-aws"] |= {"drill:undo": "nonsense"}
    done = call("drain", "aws", "--by", "ann")
    assert done.exit_code == 0
    assert "is not undone: the tag drill:undo of health check check-aws does not say what to undo" in done.stderr
    assert fake_route53.tags["check-aws"]["drain:by"] == "ann"


@pytest.mark.usefixtures("looks")
@pytest.mark.parametrize("drained", [True, False])
def test_a_site_comes_back_where_what_the_drill_left_cannot_be_undone(fake_route53: FakeRoute53, drained: bool) -> None:
    leave_an_expired_drill(fake_route53)
    fake_route53.tags["check-aws"] |= {"drill:undo": "nonsense"} | ({"drain:by": "ann"} if drained else {})
    done = call("undrain", "aws")
    assert done.exit_code == 0, done.output
    assert "is not undone: the tag drill:undo of health check check-aws does not say what to undo" in done.stderr
    assert fake_route53.checks["check-aws"]["Disabled"] is fake_route53.checks["check-aws"]["Inverted"] is False


def test_a_person_is_named_where_nobody_says_who(looks: dict[str, SiteLook], fake_route53: FakeRoute53) -> None:
    call("drain", "aws")
    assert fake_route53.tags["check-aws"]["drain:by"] == name_person()


def test_a_dead_site_stays_out_unless_named(looks: dict[str, SiteLook], fake_route53: FakeRoute53) -> None:
    call("drain", "aws")
    looks["aws"] = DEAD
    refused = call("undrain", "aws")
    assert refused.exit_code == Refused.exit_code
    assert "--anyway" in refused.stderr
    done = call("undrain", "aws", "--anyway")
    assert done.exit_code == 0
    assert done.stderr.startswith("warning: aws does not answer")


def test_the_last_one_is_refused_and_nothing_changes(looks: dict[str, SiteLook], fake_route53: FakeRoute53) -> None:
    looks["azure"] = looks["gcp"] = DEAD
    refused = call("drain", "aws")
    assert refused.exit_code == Refused.exit_code
    assert "nothing was changed" in refused.stderr
    assert fake_route53.checks["check-aws"]["version"] == 1
    assert call("drain", "aws", "--last", "aws").exit_code == 0


def test_status_shows_and_changes_nothing(
    looks: dict[str, SiteLook], fake_route53: FakeRoute53, capsys: pytest.CaptureFixture[str]
) -> None:
    looks["gcp"] = DEAD
    show_status(HOST)
    text = capsys.readouterr().out
    assert text.startswith("api.outlast.example: DNS answers with 3 of 3 sites")
    assert "alarm: gcp: Route 53 takes it for healthy" in text
    show_status(HOST, as_json=True)
    assert json.loads(capsys.readouterr().out)["sites"][2]["asked_directly"]["right"] is False
    assert all(check["version"] == 1 for check in fake_route53.checks.values())


def test_no_host_is_named() -> None:
    with pytest.raises(InvalidInput, match="no host"):
        show_status("")


@pytest.mark.usefixtures("looks")
def test_lint_prints_findings_and_leaves_with_an_error_for_what_defeats_failover(fake_route53: FakeRoute53) -> None:
    del fake_route53.records[0]["HealthCheckId"]
    found = call("lint")
    assert found.exit_code == Deviated.exit_code
    assert "aws: has no health check" in found.stdout
    assert "rule no-health-check" in found.stderr
    told = json.loads(call("lint", "--json").stdout)
    assert "no-health-check" in {finding["rule"] for finding in told}


def test_watch_tells_alarms_as_they_come_and_leaves_with_an_error(
    looks: dict[str, SiteLook], fake_route53: FakeRoute53, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(commands.time, "sleep", slept.append)
    looks["aws"] = SiteLook("127.0.0.2", bad_certificate=True, error="serves no valid certificate: it has expired")
    found = call("watch", "--looks", "3", "--json")
    assert found.exit_code == Deviated.exit_code
    assert [json.loads(line)["kind"] for line in found.stdout.splitlines()] == ["alarm"]
    assert "alarms stand: aws: serves no valid certificate" in found.stderr
    assert slept == [10.0, 10.0]
    assert fake_route53.checks["check-aws"]["Disabled"] is False
    call("watch", "--looks", "3", "--drain")
    assert fake_route53.checks["check-aws"]["Disabled"] is True
    assert fake_route53.tags["check-aws"]["drain:why"].startswith("certificate: serves no valid")


@pytest.mark.usefixtures("looks")
def test_watch_of_a_quiet_host_says_nothing() -> None:
    found = call("watch", "--looks", "1")
    assert (found.exit_code, found.output) == (0, "")


@pytest.mark.usefixtures("looks")
def test_lint_judges_the_sites_by_what_was_promised() -> None:
    told = call("lint", "--peak-rps", "180", "--next-drill", "40").stdout
    assert "aws: leaves 200 requests a second when lost, not 1.2 times the peak of 180" in told
    assert "aws: has a certificate that ends on 2026-12-23" in told
    assert "leaves" not in call("lint", "--peak-rps", "160", "--next-drill", "0").stdout
