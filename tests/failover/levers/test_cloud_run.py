"""A Cloud Run service whose ingress is closed and opened, guarded by Google's etag."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from failover.levers.change import CLOUD_RUN, Change
from failover.levers.cloud_run import CloudRunLever
from failover.levers.lever import Lever
from service.errors import Refused
from tests.failover.levers.fake_clouds import RUN_NAME, FakeWorld

OPEN, CLOSED = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", "INGRESS_TRAFFIC_INTERNAL_ONLY"
CLOSE = Change(CLOUD_RUN, "check", 1, {"ingress": OPEN}, {"ingress": CLOSED}, RUN_NAME)


def test_closes_and_opens_as_it_was(levers: Mapping[str, Lever], world: FakeWorld) -> None:
    levers[CLOUD_RUN].apply(CLOSE)
    assert world.ingress == CLOSED
    assert levers[CLOUD_RUN].undo(CLOSE) == "restored"
    assert world.ingress == OPEN


def test_an_old_etag_is_refused(world: FakeWorld) -> None:
    lever = CloudRunLever(world.clouds, lambda _: None)
    state, etag = lever.read(RUN_NAME)
    world.etag += 1
    with pytest.raises(Refused, match="somebody else changed it meanwhile"):
        lever.write(RUN_NAME, state, etag)


def test_an_undo_that_meets_a_newer_version_looks_again(
    levers: Mapping[str, Lever], world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    levers[CLOUD_RUN].apply(CLOSE)
    write, tries = CloudRunLever.write, [0]

    def meet_a_newer(lever: CloudRunLever, *asked: Any) -> None:
        tries[0] += 1
        world.etag += tries[0] == 1
        write(lever, *asked)

    monkeypatch.setattr(CloudRunLever, "write", meet_a_newer)
    assert levers[CLOUD_RUN].undo(CLOSE) == "restored"
    assert tries == [2]
