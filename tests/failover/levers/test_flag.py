"""The fault flag: what is written is what the service reads, and what is over counts as none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from failover.levers.change import FLAG, Change, sign
from failover.levers.flag import NOBODY, read_flag
from failover.levers.lever import Lever
from service.errors import Refused
from service.server.faults import parse_fault
from tests.failover.drill.fakes import EPOCH, FakeClock
from tests.failover.levers.fake_clouds import FLAG_URL, FakeWorld

ENDS = EPOCH + timedelta(minutes=10)


def flag(kind: str = "errors:0.5", drill_id: str = "d") -> Change:
    return sign(Change(FLAG, "check", 1, NOBODY, {"mode": kind}, FLAG_URL), drill_id, ENDS)


def test_the_service_reads_what_the_drill_writes(levers: Mapping[str, Lever], world: FakeWorld) -> None:
    levers[FLAG].apply(flag())
    fault = parse_fault(world.objects[FLAG_URL], EPOCH.timestamp())
    assert fault is not None
    assert (fault.mode, fault.amount, fault.id, fault.expires_at) == ("errors", 0.5, "d", ENDS.timestamp())


def test_another_drills_flag_is_respected_until_it_ends(
    levers: Mapping[str, Lever], world: FakeWorld, clock: FakeClock
) -> None:
    levers[FLAG].apply(flag(drill_id="other"))
    with pytest.raises(Refused, match="id=other"):
        levers[FLAG].apply(flag())
    clock.sleep(600.0)
    late = sign(flag(), "d", ENDS + timedelta(minutes=10))
    levers[FLAG].apply(late)
    assert json.loads(world.objects[FLAG_URL])["id"] == "d"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"mode": "fail-health"}', b'{"mode": "m", "id": "d", "expires_at": "soon"}'],
)
def test_what_is_no_flag_counts_as_none(content: bytes) -> None:
    assert read_flag(content, EPOCH) == NOBODY
