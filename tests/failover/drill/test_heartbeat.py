"""The lock of a running drill: renewed while it runs, given up when lost, free soon after its machine has died."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from failover.drill import run as running
from failover.drill.aborts import Stop
from failover.drill.changes import plan_lock
from failover.drill.fleet import HealthCheck
from failover.drill.heartbeat import LOCK_SECONDS, RENEW_SECONDS, Heartbeat, end_of_lock
from failover.drill.journal import read_journal
from failover.levers.change import LOCK, Change, sign
from failover.levers.lever import Lever
from failover.levers.registry import build_levers
from service.errors import Refused, Unavailable
from tests.failover.drill.fakes import FakeClock, Stage
from tests.failover.levers.fake_clouds import LOCK_URL, FakeWorld


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def levers(world: FakeWorld, clock: FakeClock) -> Mapping[str, Lever]:
    return build_levers(world.clouds, now=clock.utc, pause=clock.sleep)


def take(levers: Mapping[str, Lever], clock: FakeClock, drill: str = "one") -> Change:
    lock = sign(plan_lock(HealthCheck("check-aws", 1, 10, 3), LOCK_URL), drill, end_of_lock(clock.utc()))
    levers[LOCK].apply(lock)
    return lock


def test_a_drill_may_last_longer_than_its_lock(levers: Mapping[str, Lever], clock: FakeClock) -> None:
    lock = take(levers, clock)
    beat = Heartbeat(levers, lock, clock.utc)
    for _ in range(10):
        clock.sleep(RENEW_SECONDS)
        beat.renew()
    with pytest.raises(Refused, match="id=one"):
        take(levers, clock, "two")
    assert beat.lost == ""
    assert levers[LOCK].undo(lock) == "restored", "its end has moved on since it was taken"
    take(levers, clock, "two")


def test_a_dead_machine_blocks_for_two_minutes(levers: Mapping[str, Lever], clock: FakeClock) -> None:
    take(levers, clock)
    clock.sleep(LOCK_SECONDS)
    take(levers, clock, "two")


def test_a_lock_that_another_drill_took_is_lost_and_left_to_it(levers: Mapping[str, Lever], clock: FakeClock) -> None:
    lock = take(levers, clock)
    clock.sleep(LOCK_SECONDS)  # as if this machine had slept
    take(levers, clock, "two")
    beat = Heartbeat(levers, lock, clock.utc)
    beat.renew()
    assert beat.lost.startswith("the drill's lock was taken: drill two holds")
    assert levers[LOCK].undo(lock) == "left alone: drill two holds it now"


def test_a_store_that_is_silent_loses_the_lock_only_once_it_has_run_out(
    levers: Mapping[str, Lever], clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    beat = Heartbeat(levers, take(levers, clock), clock.utc)

    def silent(*_: Any) -> Any:
        raise Unavailable("no answer", hint="")

    monkeypatch.setattr(levers[LOCK], "read", silent)
    clock.sleep(LOCK_SECONDS - 1)
    beat.renew()
    assert beat.lost == ""
    clock.sleep(1)
    beat.renew()
    assert beat.lost == "the drill's lock has run out and cannot be renewed: no answer"


def test_it_beats_by_itself(levers: Mapping[str, Lever], clock: FakeClock, world: FakeWorld) -> None:
    lock = take(levers, clock)
    renewed = threading.Event()
    world.on_write.append(renewed.set)
    clock.sleep(LOCK_SECONDS / 2)
    with Heartbeat(levers, lock, clock.utc, every_seconds=0.001):
        assert renewed.wait(5.0)
    assert json.loads(world.objects[LOCK_URL])["expires_at"] == end_of_lock(clock.utc()).isoformat(timespec="seconds")


def test_a_drill_that_has_lost_its_lock_ends_and_gives_the_site_back(
    stage: Stage, world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.levers = build_levers(world.clouds, now=stage.clock.utc, pause=stage.clock.sleep)
    stage.moves_after = 100.0

    class Lost(Heartbeat):
        """Its lock is taken as soon as the site is away."""

        def __post_init__(self) -> None:
            super().__post_init__()
            stage.client.on_update.append(lambda check: setattr(self, "lost", "the drill's lock was taken"))

    monkeypatch.setattr(running, "Heartbeat", Lost)
    plan = stage.plan(lock=LOCK_URL)
    journal = running.run_drill(plan, stage.context, say=stage.said.append, stop=Stop(), probes=stage.probes)
    assert [entry["why"] for entry in read_journal(journal) if entry["kind"] == "abort"] == [
        "the drill's lock was taken"
    ]
    assert stage.client.checks["check-aws"]["Disabled"] is False
    assert world.objects == {}
