"""A world of all clouds in memory, and the levers that are pulled at it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from failover.levers.lever import Lever
from failover.levers.registry import build_levers
from tests.failover.drill.fakes import FakeClock
from tests.failover.levers.fake_clouds import FakeWorld


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def levers(world: FakeWorld, clock: FakeClock) -> Mapping[str, Lever]:
    return build_levers(world.clouds, now=clock.utc, pause=clock.sleep, speed=10)
