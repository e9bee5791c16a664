"""Faults are named whole, end by themselves, and outlive a restart by what they had left."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from failover.simulator import REGIONS
from failover.simulator.clock import ScaledClock
from sandbox.network.faults import KINDS, WITHOUT_SITE, Fault, Faults, parse_fault
from service.errors import InvalidInput, Unavailable

SITES = ("aws", "azure")


@dataclass
class Wall:
    """A wall clock that moves when it is told to; also the seconds since 1970."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def wall() -> Wall:
    return Wall()


def in_force(wall: Wall, path: Path, speed: int = 1) -> Faults:
    return Faults(ScaledClock(speed, wall=wall), path, epoch=wall)


# -- words -> fault -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("refuse", ""),
        ("delay=200", "200"),
        ("delay=2e3", "2000"),
        ("loss=0.250", "0.25"),
        ("kill", ""),
        ("kill=2", "2"),
        ("kill=1e1", "10"),
    ],
)
def test_words_become_a_fault_with_its_value_written_one_way(kind: str, value: str) -> None:
    fault = parse_fault("aws", kind, 60, 10.0, SITES)
    assert fault == Fault("aws", kind.partition("=")[0], value, 70.0)


def test_every_kind_can_be_asked_for() -> None:
    values = {"milliseconds": "=1", "ratio": "=1", "replicas": "=1", "region": f"={REGIONS[0]}", "": ""}
    for kind, (takes, _) in KINDS.items():
        assert parse_fault("" if kind in WITHOUT_SITE else "aws", kind + values[takes], 60, 0.0, SITES).kind == kind


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("delay", "delay needs milliseconds"),
        ("delay=soon", "'soon' is not a number of milliseconds"),
        ("delay=60001", "out of range"),
        ("delay=nan", "out of range"),
        ("loss=1.1", "out of range"),
        ("kill=0", "from 1 to 100 and whole"),
        ("kill=1.5", "from 1 to 100 and whole"),
        ("refuse=1", "refuse takes no value"),
        ("flood", "'flood' is not a fault"),
    ],
)
def test_a_wrong_value_is_named(kind: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as caught:
        parse_fault("aws", kind, 60, 0.0, SITES)
    assert len(caught.value.mistakes) == 1


@pytest.mark.parametrize("seconds", [0, -1, 86401, float("nan"), float("inf")])
def test_a_duration_has_bounds(seconds: float) -> None:
    with pytest.raises(InvalidInput, match="from 1 to 86400 seconds"):
        parse_fault("aws", "refuse", seconds, 0.0, SITES)


def test_all_mistakes_are_told_together() -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_fault("gpc", "delay=-1", 0, 0.0, SITES)
    assert [mistake.place for mistake in caught.value.mistakes] == ["KIND", "SITE", "FOR"]
    assert "one of: aws, azure" in str(caught.value)
    with pytest.raises(InvalidInput) as caught:
        parse_fault("aws", "blind=mars", -5, 0.0, SITES)
    assert [mistake.place for mistake in caught.value.mistakes] == ["KIND", "SITE", "FOR"]
    assert "us-east-1" in str(caught.value)


def test_without_a_site_that_is_up_the_hint_says_what_to_do() -> None:
    with pytest.raises(InvalidInput, match="none is up; `make up` first"):
        parse_fault("aws", "refuse", 60, 0.0, ())


# -- in force -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("speed", [1, 10])
def test_a_fault_ends_by_itself(wall: Wall, tmp_path: Path, speed: int) -> None:
    faults = in_force(wall, tmp_path / "faults.json", speed)
    faults.inject(parse_fault("aws", "refuse", 60, wall.seconds, SITES))
    wall.seconds += 59 / speed
    assert faults.at("aws", "refuse")
    assert faults.at("azure", "refuse") is None
    assert faults.at("aws", "reset") is None
    [told] = faults.describe()
    assert told["seconds_left"] == pytest.approx(1)
    assert told["does"] == KINDS["refuse"][1]
    wall.seconds += 1 / speed
    assert faults.at("aws", "refuse") is None
    assert faults.active() == []
    assert faults.describe() == []


def test_the_same_kind_again_replaces_and_another_is_added(wall: Wall, tmp_path: Path) -> None:
    faults = in_force(wall, tmp_path / "faults.json")
    for kind in ("delay=100", "reset", "delay=200"):
        faults.inject(parse_fault("aws", kind, 60, wall.seconds, SITES))
    assert sorted((f.kind, f.value) for f in faults.active()) == [("delay", "200"), ("reset", "")]


def test_healing_one_kind_leaves_the_others_in_force(wall: Wall, tmp_path: Path) -> None:
    faults = in_force(wall, tmp_path / "faults.json")
    for kind in ("refuse", "reset"):
        faults.inject(parse_fault("aws", kind, 60, wall.seconds, SITES))
    faults.inject(parse_fault("", "control-plane", 60, wall.seconds, SITES))
    assert [f.kind for f in faults.heal("aws", "reset")] == ["reset"]
    assert [f.kind for f in faults.heal(None, "control-plane")] == ["control-plane"]
    assert [f.kind for f in faults.active()] == ["refuse"]


def test_healing_one_site_leaves_the_others_ill(wall: Wall, tmp_path: Path) -> None:
    faults = in_force(wall, tmp_path / "faults.json")
    for site in SITES:
        faults.inject(parse_fault(site, "refuse", 60, wall.seconds, SITES))
    faults.inject(parse_fault("", "control-plane", 60, wall.seconds, SITES))
    assert [f.site for f in faults.heal("aws")] == ["aws"]
    assert {f.site for f in faults.active()} == {"azure", ""}
    assert len(faults.heal()) == 2
    assert faults.active() == []
    assert faults.heal() == []


@pytest.mark.parametrize("speed", [1, 10])
def test_a_restart_heals_nothing_and_prolongs_nothing(wall: Wall, tmp_path: Path, speed: int) -> None:
    path = tmp_path / "faults.json"
    before = in_force(wall, path, speed)
    before.inject(parse_fault("aws", "delay=5", 60, wall.seconds, SITES))
    wall.seconds += 20 / speed
    after = in_force(wall, path, speed)
    [told] = after.describe()
    assert (told["site"], told["kind"], told["value"]) == ("aws", "delay", "5")
    assert told["seconds_left"] == pytest.approx(40)
    wall.seconds += 41 / speed
    assert after.active() == in_force(wall, path, speed).active() == []


def test_a_clock_that_was_set_back_does_not_prolong_a_fault(wall: Wall, tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    in_force(wall, path).inject(parse_fault("aws", "refuse", 60, wall.seconds, SITES))
    wall.seconds -= 900
    [told] = in_force(wall, path).describe()
    assert told["seconds_left"] == pytest.approx(60)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"saved": 1}', '{"saved": 1, "faults": [{"site": "aws"}]}', "\x00\xff"]
)
def test_a_damaged_file_is_named_and_breaks_nothing(wall: Wall, tmp_path: Path, text: str) -> None:
    path = tmp_path / "faults.json"
    path.write_text(text)
    faults = in_force(wall, path)
    assert faults.active() == []
    assert faults.damaged.startswith("faults.json is damaged")
    faults.inject(parse_fault("aws", "refuse", 60, wall.seconds, SITES))
    assert in_force(wall, path).damaged == ""


def test_a_kind_that_this_version_does_not_know_is_left_out(wall: Wall, tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    entry = {"site": "aws", "kind": "flood", "value": "", "seconds_left": 60}
    path.write_text(json.dumps({"saved": wall.seconds, "faults": [entry]}))
    faults = in_force(wall, path)
    assert faults.active() == []
    assert faults.damaged == ""


def test_what_cannot_be_written_is_not_in_force(wall: Wall, tmp_path: Path) -> None:
    faults = in_force(wall, tmp_path / "gone" / "faults.json")
    with pytest.raises(Unavailable, match="cannot be written"):
        faults.inject(parse_fault("aws", "refuse", 60, wall.seconds, SITES))
    assert faults.active() == []
