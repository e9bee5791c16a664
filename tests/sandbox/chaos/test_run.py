"""The steps of a row: the fault is made by its lever, ends by itself, and is healed exactly; waits give up."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from failover.dial import Dial
from failover.drill.samples import Look, Sample
from failover.levers.registry import build_levers
from sandbox.chaos import run
from sandbox.chaos.faults import choose_faults
from sandbox.chaos.run import SPENT_WALL_SECONDS, Lab, Recorder, heal, inject, is_over, run_rows, wait_until
from service.errors import Unavailable
from tests.failover.drill.fake_route53 import FakeRoute53
from tests.failover.drill.fakes import FakeClock
from tests.failover.levers.fake_clouds import ECS_ARN, FLAG_URL, FakeWorld


@pytest.fixture
def clouds() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
def lab(clouds: FakeWorld) -> Lab:
    fake: Any = FakeRoute53()
    fake.tags["check-aws"]["outlast:fault-flag"] = FLAG_URL
    levers = build_levers(clouds.clouds, now=lambda: datetime.now(UTC), pause=FakeClock().sleep, speed=10)
    golden: Any = None
    return Lab(fake, Dial(speed=10), "api.outlast.example", golden, levers, {}, clouds.clouds)


def test_a_flag_is_written_for_a_while_and_taken_away(lab: Lab, clouds: FakeWorld) -> None:
    [fault], site = choose_faults("wrong-answers"), lab.fleet().site("aws")
    change = inject(lab, fault, site, lasts=15.0)
    flag = json.loads(clouds.objects[FLAG_URL])
    left = (datetime.fromisoformat(flag["expires_at"]) - datetime.now(UTC)).total_seconds()
    assert flag["mode"] == "wrong-answers"
    assert left == pytest.approx(15.0 + SPENT_WALL_SECONDS, abs=5)
    heal(lab, change)
    assert clouds.objects == {}


@pytest.mark.parametrize(("name", "key"), [("dark", ("aws", "dark")), ("control-plane", ("", "control-plane"))])
def test_a_fault_of_the_sandbox_is_healed_alone(lab: Lab, clouds: FakeWorld, name: str, key: tuple[str, str]) -> None:
    clouds.faults["gcp", "dark"] = ""
    [fault] = choose_faults(name)
    change = inject(lab, fault, lab.fleet().site("aws"), lasts=15.0)
    assert key in clouds.faults
    heal(lab, change)
    assert clouds.faults == {("gcp", "dark"): ""}


def test_a_fault_that_a_site_cannot_have_is_said_and_leaves_it_alone(lab: Lab, clouds: FakeWorld) -> None:
    fake: Any = lab.route53
    fake.tags["check-aws"]["outlast:workload"] = ECS_ARN
    before, said = clouds.snapshot(), list[str]()
    measured = run_rows(lab, choose_faults("spot"), ["aws"], said.append)
    assert measured.rows == [] and clouds.snapshot() == before
    ((fault, site, why),) = [(one.fault, one.site, one.why) for one in measured.not_made]
    assert (fault, site) == ("spot", "aws") and "set outlast:spotAbove to true" in why
    assert said == [f"spot at aws: not made: {why}"]


def kept(recorder: Recorder, by: str, site: str | None, at: float, error: str = "") -> None:
    recorder.samples.append(Sample.taken(Look(site, error), by, at, at + 0.01, 0.0))


def test_it_is_over_once_dns_names_the_site_and_all_is_right_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr(Recorder, "elapsed", lambda self: 20.0)
    kept(recorder, "client-ttl-0", "gcp", 19.5)
    assert not is_over(recorder, "aws", healed=10.0), "not named yet"
    kept(recorder, "authority-1", "aws", 12.0)
    assert is_over(recorder, "aws", healed=10.0)
    kept(recorder, "client-ttl-0", None, 19.0, error="refused")
    assert not is_over(recorder, "aws", healed=10.0)


def test_samples_are_kept_as_a_journal_has_them() -> None:
    recorder = Recorder()
    sample = Sample.taken(Look("aws"), "site-aws", 1.0, 1.5, 0.0)
    recorder.write("sample", **sample.to_entry())
    recorder.write("step", name="steady")
    assert recorder.samples == [sample]


def test_a_wait_gives_up_and_says_for_what(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = iter(range(0, 1000, 15))
    monkeypatch.setattr(run.time, "monotonic", lambda: float(next(moments)))
    monkeypatch.setattr(run.time, "sleep", lambda seconds: None)
    with pytest.raises(Unavailable, match="timed out waiting for spring"):
        wait_until(lambda: False, "spring")
    wait_until(lambda: False)
    wait_until(lambda: True, "spring")
