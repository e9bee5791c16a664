"""The checkers on their loop: what they keep, what they survive, what they say about themselves."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from failover.simulator.checkers import HealthCheckers
from failover.simulator.clock import ScaledClock
from failover.simulator.loop import LoopThread

CONFIG = {
    "Type": "TCP",
    "FullyQualifiedDomainName": "nowhere.example",
    "Port": 1,
    "RequestInterval": 10,
    "FailureThreshold": 1,
}


@dataclass
class Running:
    """Checkers of one check whose name resolves by `resolve`, which a test exchanges."""

    thread: LoopThread
    resolve: Callable[[str], list[str]]

    def start(self) -> Running:
        self.checkers = HealthCheckers(
            ScaledClock(15), resolve=lambda name: self.resolve(name), chance=random.Random(1)
        )
        self.thread.call(self.checkers.start)
        return self

    def apply(self, **changes: Any) -> None:
        self.thread.call(lambda: self.checkers.apply({"check": {**CONFIG, **changes}}))

    def reports(self) -> list[str]:
        status = self.checkers.status("check")
        return [one.report for one in status.observations] if status else []

    def wait(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.fixture
def running() -> Iterator[Running]:
    thread = LoopThread("checkers")
    thread.start()
    made = Running(thread, resolve=lambda name: []).start()
    yield made
    thread.call(made.checkers.stop)
    thread.stop()


def test_a_checker_survives_an_error_of_its_own(running: Running, caplog: pytest.LogCaptureFixture) -> None:
    def broken(name: str) -> list[str]:
        raise KeyError(name)

    running.resolve = broken
    with caplog.at_level(logging.CRITICAL, logger="failover.simulator.checkers"):
        running.apply()
        running.wait(lambda: any("KeyError" in report for report in running.reports()))
        running.resolve = lambda name: []
        running.wait(lambda: len(running.reports()) == 8 and all("DNS" in report for report in running.reports()))


def test_opinions_survive_a_change_that_is_not_of_the_endpoint(running: Running) -> None:
    running.apply()
    running.wait(lambda: not running.checkers.healthy("check"))
    running.apply(FailureThreshold=5)
    assert not running.checkers.healthy("check")
    running.apply(Port=2)  # another endpoint: nothing is known of it
    assert running.checkers.healthy("check")
    assert running.reports() == []


def test_regions_can_be_taken_away_and_added(running: Running) -> None:
    running.apply()
    running.wait(lambda: len(running.reports()) == 8)
    running.apply(Regions=["us-east-1", "us-west-1", "eu-west-1"])
    assert len(running.reports()) == 3
    running.apply(Disabled=True)
    assert running.reports() == []


def test_the_loop_measures_its_own_lag(running: Running) -> None:
    running.thread.call(lambda: time.sleep(0.3))
    running.wait(lambda: running.checkers.lag_seconds() > 0.15)


def test_a_deleted_check_is_gone(running: Running) -> None:
    running.apply()
    running.thread.call(lambda: running.checkers.apply({}))
    assert running.checkers.status("check") is None
    assert running.checkers.healthy("check")


def test_no_checker_ever_leaves_this_machine(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def probed(*_: Any) -> None:
        raise AssertionError("it was connected to")

    monkeypatch.setattr("failover.simulator.checkers.probe", probed)
    running.resolve = lambda name: ["8.8.8.8"]
    running.apply()
    running.wait(lambda: len(running.reports()) > 0)
    assert set(running.reports()) == {
        "Failure: 8.8.8.8 is not on this machine, and the simulated checkers go nowhere else"
    }
