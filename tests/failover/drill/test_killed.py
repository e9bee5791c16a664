"""kill -9 at every step of every level, then `restore`: the world is as before. By construction, step by step.

Every write to a disk or to a cloud is a step, before which and after which a drill may be killed. From then on nothing
that it would still do happens: neither `finally` nor any handler writes anything.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from failover.drill.aborts import Stop
from failover.drill.journal import Journal, find_unfinished, read_journal
from failover.drill.plan import Limits
from failover.drill.restore import restore_journal, sweep
from failover.drill.run import run_drill
from failover.levers.change import CLOUD_RUN, CONTAINER_APP, ECS, FAULT, FLAG, SWITCH_OFF
from failover.levers.ecs import SUSPENDED
from failover.levers.levels import Way
from failover.levers.registry import build_levers
from service.bundle.golden import Golden
from tests.failover.drill.fake_route53 import FakeRoute53
from tests.failover.drill.fakes import EPOCH, FakeClock, Stage
from tests.failover.levers.fake_clouds import APP_ID, ECS_ARN, FLAG_URL, LOCK_URL, RUN_NAME, FakeWorld

WAYS = {
    "1": Way(1, SWITCH_OFF, ""),
    "2": Way(2, FLAG, FLAG_URL, "wrong-answers"),
    "3 aws": Way(3, ECS, ECS_ARN),
    "3 azure": Way(3, CONTAINER_APP, APP_ID),
    "3 gcp": Way(3, CLOUD_RUN, RUN_NAME),
    "4": Way(4, FAULT, "aws blackhole", "blackhole"),
}
PARTS = 4  # in as many tests, so that workers share them


class Killed(BaseException):
    """Stands for kill -9."""


@dataclass
class Fuse:
    """Lets so many steps pass, and none after."""

    left: int
    passed: int = 0

    def step(self) -> None:
        if self.left <= 0:
            raise Killed
        self.left -= 1
        self.passed += 1


@dataclass
class Scene:
    """A stage whose traffic follows the clouds, and the fuse of one drill on it."""

    stage: Stage
    world: FakeWorld
    way: Way

    def snapshot(self) -> dict[str, Any]:
        fake: FakeRoute53 = self.stage.client
        checks = {name: {k: v for k, v in check.items() if k != "version"} for name, check in fake.checks.items()}
        return {
            "checks": checks,
            "tags": {name: dict(tags) for name, tags in fake.tags.items()},
        } | self.world.snapshot()

    def run(self, fuse: Fuse, monkeypatch: pytest.MonkeyPatch) -> None:
        """One drill, for as long as the fuse lets it."""
        with monkeypatch.context() as patch:
            burn_at_every_write(patch, self, fuse)
            found = None if self.way.action == SWITCH_OFF else self.stage.levers[self.way.action].look(self.way.target)
            plan = self.stage.plan(way=self.way, found=found, lock=LOCK_URL)
            run_drill(plan, self.stage.context, say=lambda _: None, stop=Stop(), probes=self.stage.probes)


def burn_at_every_write(patch: pytest.MonkeyPatch, scene: Scene, fuse: Fuse) -> None:
    def around(plain: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*args: Any, **more: Any) -> Any:
            fuse.step()
            found = plain(*args, **more)
            fuse.step()
            return found

        return stepping

    patch.setattr(Journal, "write_durably", around(Journal.write_durably))
    patch.setattr(Journal, "finish", around(Journal.finish))
    for name in ("update_health_check", "change_tags_for_resource"):
        patch.setattr(scene.stage.client, name, around(getattr(scene.stage.client, name)))
    patch.setattr(scene.world, "on_write", [fuse.step])


def make_scene(golden: Golden, drills: Path, way: Way) -> Scene:
    world, clock = FakeWorld(suspended=dict.fromkeys(SUSPENDED.values(), False)), FakeClock()
    fake: Any = FakeRoute53()
    stage = Stage(fake, clock, golden, drills, moves_after=0.0, returns_after=0.0)
    stage.levers = build_levers(world.clouds, now=clock.utc, pause=clock.sleep, speed=10)
    fake.tags["check-aws"] |= {"outlast:workload": way.target} if way.level == 3 else {}
    quiet = world.snapshot()
    if way.action != SWITCH_OFF:
        clock.on_tick.append(lambda: stage.follow(world.snapshot() | {"objects": flags(world)} != quiet))
    return Scene(stage, world, way)


def flags(world: FakeWorld) -> dict[str, bytes]:
    """The objects without the lock, which takes nobody's traffic."""
    return {url: content for url, content in world.objects.items() if url != LOCK_URL}


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is killed is a process, not the machine: its writes are seen whether or not they are on the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("level", WAYS)
def test_a_drill_killed_at_any_step_is_restored(
    golden: Golden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str, part: int
) -> None:
    whole = make_scene(golden, tmp_path / "whole", WAYS[level])
    before, fuse = whole.snapshot(), Fuse(left=10_000)
    whole.run(fuse, monkeypatch)
    assert whole.snapshot() == before
    assert fuse.passed > 20
    for steps in range(part, fuse.passed, PARTS):
        scene = make_scene(golden, tmp_path / str(steps), WAYS[level])
        with pytest.raises(Killed):
            scene.run(Fuse(left=steps), monkeypatch)
        restore(scene)
        assert scene.snapshot() == before, f"killed after {steps} of {fuse.passed} steps"
        restore(scene)  # doing it again changes nothing
        assert scene.snapshot() == before


def restore(scene: Scene) -> None:
    for journal in find_unfinished(scene.stage.drills):
        restore_journal(journal, scene.stage.client, scene.stage.clock, scene.stage.levers)


@pytest.mark.parametrize("level", WAYS)
def test_and_without_its_journal_once_it_has_expired(
    golden: Golden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    """A sweep, on another machine, at the worst moment: everything is changed."""
    scene = make_scene(golden, tmp_path, WAYS[level])
    before = scene.snapshot()
    killed = Fuse(left=10_000)
    scene.stage.clock.on_tick.append(lambda: setattr(killed, "left", 0) if is_away(scene, before) else None)
    with pytest.raises(Killed):
        scene.run(killed, monkeypatch)
    assert is_away(scene, before)
    sweep(scene.stage.client, scene.stage.clock, lambda _: None, scene.stage.levers)
    assert is_away(scene, before), "not expired yet"
    scene.stage.clock.sleep(3600.0)
    sweep(scene.stage.client, scene.stage.clock, lambda _: None, scene.stage.levers)
    ended = {"objects", "faults"}  # by themselves: the flag and the lock say when, the sandbox heals
    after = scene.snapshot()
    assert {k: v for k, v in after.items() if k not in ended} == {k: v for k, v in before.items() if k not in ended}


def is_away(scene: Scene, before: dict[str, Any]) -> bool:
    """Whether the drill's own change, not only its mark or its lock, is made."""
    ours = {"tags", "objects"} if scene.way.action != FLAG else {"tags"}
    now = scene.snapshot() | {"objects": flags(scene.world)}
    return {k: v for k, v in now.items() if k not in ours} != {k: v for k, v in before.items() if k not in ours}


def test_a_flag_ends_within_the_hour_however_long_a_drill_may_take(
    golden: Golden, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service passes over a flag that ends later: it must not outlive its drill by much."""
    scene = make_scene(golden, tmp_path, WAYS["2"])
    plain = scene.stage.plan
    limits = Limits(max_duration_seconds=1e6)
    monkeypatch.setattr(scene.stage, "plan", lambda **options: plain(**options, limits=limits))
    scene.run(Fuse(left=10_000), monkeypatch)
    [journal] = scene.stage.drills.glob("*/journal.json")
    flag = next(entry for entry in read_journal(journal) if entry.get("action") == FLAG)
    assert datetime.fromisoformat(flag["after"]["expires_at"]) - EPOCH < timedelta(hours=1)
