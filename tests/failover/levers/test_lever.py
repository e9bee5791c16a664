"""What all levers share: they act on what the plan saw, put back only what they left, and verify by reading."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from failover.levers.change import CLOUD_RUN, CONTAINER_APP, ECS, FAULT, FLAG, LOCK, Change, State, sign
from failover.levers.levels import Way
from failover.levers.lever import SETTLE_TRIES, Lever, is_between
from service.errors import Deviated, Refused, Unavailable
from tests.failover.drill.fakes import EPOCH, FakeClock
from tests.failover.levers.fake_clouds import APP_ID, ECS_ARN, FLAG_URL, LOCK_URL, RUN_NAME, FakeWorld

WAYS = {
    ECS: Way(3, ECS, ECS_ARN),
    CONTAINER_APP: Way(3, CONTAINER_APP, APP_ID),
    CLOUD_RUN: Way(3, CLOUD_RUN, RUN_NAME),
    FLAG: Way(2, FLAG, FLAG_URL, "wrong-answers"),
    FAULT: Way(4, FAULT, "aws blackhole", "blackhole"),
}


def change_of(levers: Mapping[str, Lever], action: str) -> Change:
    """The change as a drill `d` would make it now, and let it end an hour later."""
    way = WAYS[action]
    before = levers[action].look(way.target)
    change = Change(action, "check", 1, before, way.after(before), way.target)
    return sign(change, "d", EPOCH.replace(hour=13))


@pytest.mark.parametrize("action", WAYS)
def test_takes_away_and_gives_back(levers: Mapping[str, Lever], world: FakeWorld, action: str) -> None:
    before, change = world.snapshot(), change_of(levers, action)
    levers[action].apply(change)
    assert world.snapshot() != before
    assert levers[action].undo(change) == "restored"
    assert world.snapshot() == before
    assert levers[action].undo(change) == "was as before already"


@pytest.mark.parametrize("action", [ECS, CONTAINER_APP, CLOUD_RUN])
def test_acts_only_on_what_the_plan_saw(levers: Mapping[str, Lever], world: FakeWorld, action: str) -> None:
    change = change_of(levers, action)
    world.desired, world.status, world.ingress = 7, "Stopped", "INGRESS_TRAFFIC_ALL"
    before = world.snapshot()
    with pytest.raises(Refused, match="the plan saw"):
        levers[action].apply(change)
    assert world.snapshot() == before


@pytest.mark.parametrize("action", [ECS, CLOUD_RUN])
def test_leaves_alone_what_somebody_else_did(levers: Mapping[str, Lever], world: FakeWorld, action: str) -> None:
    change = change_of(levers, action)
    levers[action].apply(change)
    world.desired, world.ingress = 7, "INGRESS_TRAFFIC_ALL"
    with pytest.raises(Deviated, match="which this drill did not leave") as caught:
        levers[action].undo(change)
    assert caught.value.hint.startswith("if nobody wants it so: ")
    assert (world.desired, world.ingress) == (7, "INGRESS_TRAFFIC_ALL")


def test_waits_until_a_cloud_has_done_what_it_took(
    levers: Mapping[str, Lever], world: FakeWorld, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = change_of(levers, CONTAINER_APP)
    clock.on_tick.append(lambda: setattr(world, "status", "Stopped"))
    monkeypatch.setattr(world, "write", lambda do: None)  # accepted, and not done yet
    levers[CONTAINER_APP].apply(change)
    assert clock.wall_now() == 1002.0


def test_gives_up_when_a_cloud_never_does_it(
    levers: Mapping[str, Lever], world: FakeWorld, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = change_of(levers, CONTAINER_APP)
    monkeypatch.setattr(world, "write", lambda do: None)
    with pytest.raises(Unavailable, match="was asked to be running=False and is not after 120 s"):
        levers[CONTAINER_APP].apply(change)
    assert clock.wall_now() == 1000.0 + 2 * SETTLE_TRIES


@pytest.mark.parametrize(
    ("state", "explained"),
    [
        ({"desired": 2, "scale-in": True}, True),
        ({"desired": 0, "scale-in": False}, True),
        ({"desired": 1, "scale-in": True}, False),
    ],
)
def test_a_half_made_change_is_recognised(state: State, explained: bool) -> None:
    change = Change(ECS, "check", 1, {"desired": 2, "scale-in": False}, {"desired": 0, "scale-in": True})
    assert is_between(state, change) is explained


def test_a_lock_is_held_by_one(levers: Mapping[str, Lever], world: FakeWorld, clock: FakeClock) -> None:
    nobody = levers[LOCK].look(LOCK_URL)
    mine = sign(Change(LOCK, "check", 1, nobody, {"mode": "drill"}, LOCK_URL), "mine", EPOCH.replace(hour=13))
    theirs = sign(Change(LOCK, "check", 1, nobody, {"mode": "drill"}, LOCK_URL), "theirs", EPOCH.replace(hour=14))
    levers[LOCK].apply(mine)
    with pytest.raises(Refused, match=r"the drills' lock .* id=mine"):
        levers[LOCK].apply(theirs)
    assert levers[LOCK].undo(theirs) == "left alone: drill mine holds it now"
    clock.sleep(3600.0)
    levers[LOCK].apply(theirs)  # the other's turn is over, whatever became of it
    assert levers[LOCK].undo(mine) == "left alone: drill theirs holds it now"
    assert levers[LOCK].undo(theirs) == "restored"
    assert world.objects == {}
