"""The sandbox's own faults, for as long as a drill may take on the sandbox's clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from failover.levers.change import FAULT, Change, sign
from failover.levers.lever import Lever
from service.errors import Refused
from tests.failover.drill.fakes import EPOCH
from tests.failover.levers.fake_clouds import FakeWorld


def fault(kind: str) -> Change:
    change = Change(FAULT, "check", 1, {"fault": ""}, {"fault": kind}, f"aws {kind}")
    return sign(change, "d", EPOCH + timedelta(seconds=60))


def test_lasts_until_the_drills_expiry_on_the_sandboxs_clock(levers: Mapping[str, Lever], world: FakeWorld) -> None:
    levers[FAULT].apply(fault("blackhole"))
    asked = next(request for request in world.asked if request.url.path == "/fault")
    assert json.loads(asked.content) == {"site": "aws", "kind": "blackhole", "seconds": 600.0}


def test_heals_nothing_but_its_own(levers: Mapping[str, Lever], world: FakeWorld) -> None:
    world.faults = {("aws", "delay"): "200", ("azure", "blackhole"): ""}
    levers[FAULT].apply(fault("blackhole"))
    levers[FAULT].undo(fault("blackhole"))
    assert world.faults == {("aws", "delay"): "200", ("azure", "blackhole"): ""}


@pytest.mark.parametrize("kind", ["delay=200", "blackhole"])
def test_is_read_as_it_is_written(levers: Mapping[str, Lever], kind: str) -> None:
    levers[FAULT].apply(fault(kind))
    assert levers[FAULT].look(f"aws {kind}") == {"fault": kind}


def test_somebody_elses_fault_is_respected(levers: Mapping[str, Lever], world: FakeWorld) -> None:
    world.faults = {("aws", "blackhole"): ""}
    with pytest.raises(Refused, match="the plan saw fault="):
        levers[FAULT].apply(fault("blackhole"))


def test_what_is_no_sites_has_no_site(levers: Mapping[str, Lever], world: FakeWorld) -> None:
    dark = sign(Change(FAULT, "check", 1, {"fault": ""}, {"fault": "control-plane"}, "control-plane"), "d", EPOCH)
    levers[FAULT].apply(dark)
    assert world.faults == {("", "control-plane"): ""}
