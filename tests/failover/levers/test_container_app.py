"""A Container App stopped and started, in Azure Resource Manager's own words."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from failover.levers.change import CONTAINER_APP, Change
from failover.levers.lever import Lever
from service.errors import Unavailable
from tests.failover.levers.fake_clouds import APP_ID, FakeWorld

STOP = Change(CONTAINER_APP, "check", 1, {"running": True}, {"running": False}, APP_ID)


def test_asks_for_stop_and_start(levers: Mapping[str, Lever], world: FakeWorld) -> None:
    levers[CONTAINER_APP].apply(STOP)
    levers[CONTAINER_APP].undo(STOP)
    posts = [request.url.path for request in world.asked if request.method == "POST"]
    assert posts == [f"{APP_ID}/stop", f"{APP_ID}/start"]
    assert all(request.url.params["api-version"] == "2025-01-01" for request in world.asked)


@pytest.mark.parametrize(
    ("status", "running"), [("Running", True), ("Ready", True), ("Progressing", True), ("Stopped", False)]
)
def test_an_app_on_its_way_counts_as_running(
    levers: Mapping[str, Lever], world: FakeWorld, status: str, running: bool
) -> None:
    world.status = status
    assert levers[CONTAINER_APP].look(APP_ID) == {"running": running}


def test_an_app_that_is_gone_is_said(levers: Mapping[str, Lever]) -> None:
    with pytest.raises(Unavailable, match="could not look at Container App another: there is no such thing"):
        levers[CONTAINER_APP].look(APP_ID.replace("containerApps/outlast-azure", "containerApps/another"))
