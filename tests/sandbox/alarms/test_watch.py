"""Alarms of all three clouds, read from their resources, on a clock that the test moves: on, and over again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from failover.simulator.clock import ScaledClock
from sandbox.alarms import watch as watch_module
from sandbox.alarms.counts import Counts
from sandbox.alarms.rule import AlarmRule
from sandbox.alarms.watch import AlarmWatch, Files
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.conftest import clouds as clouds
from tests.sandbox.clouds.harness import Clouds, Made, Wall

ADDRESS = sites.ADDRESS


class Watched:
    """A watch over the alarms of a site, minute by minute."""

    def __init__(self, folder: Path, rules: list[AlarmRule]) -> None:
        self.wall = Wall()
        self.clock = ScaledClock(1, wall=self.wall)
        self.counts = Counts(self.clock.simulated_now)
        self.files = Files(folder / "alarms.json", folder / "mails.txt")
        self.said: list[str] = []
        self.watch = self.open(rules)

    def open(self, rules: list[AlarmRule]) -> AlarmWatch:
        watch = AlarmWatch(self.clock, self.counts, self.files, note=lambda: None, report=self.said.append)
        watch.follow(rules)
        return watch

    def minutes(self, count: int, site: str, *statuses: int) -> list[str]:
        """The alarm's state after each of so many minutes, in each of which these answers were given."""
        states = []
        for _ in range(count):
            for status in statuses:
                self.counts.answer(site, status, 0.01)
            self.wall.sleep(60)
            self.watch.tick()
            states.append(self.watch.status()[0]["state"])
        return states

    def subjects(self) -> list[str]:
        text = self.files.mails.read_text() if self.files.mails.exists() else ""
        return [line.removeprefix("Subject: ") for line in text.splitlines() if line.startswith("Subject: ")]


@pytest.mark.parametrize(
    ("site", "build", "until_over"),
    [("aws", sites.aws_alarm, 3), ("azure", sites.azure_alarm, 9), ("gcp", sites.gcp_alarm, 3)],
)
def test_a_fault_turns_it_on_and_healing_turns_it_off(
    clouds: Clouds, tmp_path: Path, site: str, build: Callable[[Clouds], Made], until_over: int
) -> None:
    build(clouds)
    watched = Watched(tmp_path, clouds.effects().alarms)
    assert watched.minutes(3, site, 200)[-1] == "OK"
    assert watched.minutes(3, site, 200, 500)[-1] == "ALARM"
    assert watched.minutes(until_over, site, 200)[-1] == "OK"
    assert watched.subjects() == [f"ALARM: site-errors ({site})", f"OK: site-errors ({site})"]
    assert f"To: {ADDRESS}" in watched.files.mails.read_text()


def test_another_sites_errors_are_not_its_own(clouds: Clouds, tmp_path: Path) -> None:
    sites.aws_alarm(clouds)
    watched = Watched(tmp_path, clouds.effects().alarms)
    assert set(watched.minutes(5, "azure", 500)) <= {"OK", "INSUFFICIENT_DATA"}
    assert watched.subjects() == []


def test_a_restart_does_not_tell_what_was_told(clouds: Clouds, tmp_path: Path) -> None:
    sites.aws_alarm(clouds)
    rules = clouds.effects().alarms
    watched = Watched(tmp_path, rules)
    watched.minutes(4, "aws", 500)
    watched.watch = watched.open(rules)
    assert watched.watch.status()[0]["state"] == "ALARM"
    watched.minutes(4, "aws", 500)
    assert watched.subjects() == ["ALARM: site-errors (aws)"]


def test_data_that_stop_are_told_and_data_that_never_came_are_not(clouds: Clouds, tmp_path: Path) -> None:
    alarm, topic = sites.aws_alarm(clouds), clouds.only(sites.TOPIC).id
    clouds.change(alarm, treatMissingData="missing", insufficientDataActions=[topic])
    watched = Watched(tmp_path, clouds.effects().alarms)
    assert watched.minutes(3, "aws")[-1] == "INSUFFICIENT_DATA" and watched.subjects() == []
    watched.minutes(3, "aws", 500)
    watched.minutes(3, "aws")
    assert watched.subjects()[0] == "ALARM: site-errors (aws)"
    assert watched.subjects()[-1] == "INSUFFICIENT_DATA: site-errors (aws)"


def test_an_alarm_that_is_taken_away_is_forgotten_and_a_new_one_waits_for_a_whole_minute(
    clouds: Clouds, tmp_path: Path
) -> None:
    sites.aws_alarm(clouds)
    rules = clouds.effects().alarms
    watched = Watched(tmp_path, [])
    watched.wall.sleep(90)
    watched.watch.follow(rules)
    watched.wall.sleep(40)
    watched.watch.tick()
    assert watched.watch.status()[0]["state"] == "INSUFFICIENT_DATA"
    watched.watch.follow([])
    assert watched.watch.status() == []


def test_a_clock_that_jumps_is_not_followed_minute_by_minute(clouds: Clouds, tmp_path: Path) -> None:
    sites.aws_alarm(clouds)
    watched = Watched(tmp_path, clouds.effects().alarms)
    watched.minutes(3, "aws", 200)
    watched.wall.sleep(10_000_000)
    watched.watch.tick()
    assert watched.watch.status()[0]["state"] == "OK"


def test_what_goes_wrong_is_said_and_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for bound in ("_NOTE_SECONDS", "_LEAST_WALL"):
        monkeypatch.setattr(watch_module, bound, 0.01)
    said: list[str] = []
    clock = ScaledClock(1)

    def fail() -> None:
        raise OSError("no disk")

    counts = Counts(clock.simulated_now)
    watch = AlarmWatch(
        clock, counts, Files(tmp_path / "a", tmp_path / "m"), note=fail, report=lambda line: said.append(line)
    )
    watch.start()
    while len(said) < 2:
        assert watch._thread.is_alive()
    watch.stop()
    assert "no disk" in said[0]
