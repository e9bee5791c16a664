"""Which lever a level pulls, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from failover.levers.change import CLOUD_RUN, CONTAINER_APP, ECS, FAULT, FLAG, SWITCH_OFF
from failover.levers.levels import EFFECT, RETURN, SANDBOX_KINDS, Way, choose_way
from sandbox.network.faults import KINDS
from service.errors import InvalidInput
from service.server.faults import MODES, parse_fault
from tests.failover.levers.fake_clouds import APP_ID, ECS_ARN, FLAG_URL, RUN_NAME


def way(level: int, kind: str = "", **given: Any) -> Way:
    return choose_way(level, kind, **{"site": "aws", "workload": ECS_ARN, "flag": FLAG_URL, **given})


def test_each_level_has_its_lever() -> None:
    assert way(1).action == SWITCH_OFF
    assert (way(2).action, way(2).target, way(2).kind) == (FLAG, FLAG_URL, "fail-health")
    assert (way(4).action, way(4).target) == (FAULT, "aws blackhole")


@pytest.mark.parametrize(("workload", "action"), [(ECS_ARN, ECS), (APP_ID, CONTAINER_APP), (RUN_NAME, CLOUD_RUN)])
def test_level_3_is_the_sites_own_cloud(workload: str, action: str) -> None:
    assert way(3, workload=workload).action == action


@pytest.mark.parametrize(
    "kind", ["fail-health", "errors:1", "errors:0.5", "latency:3000", "wrong-answers", "nan-answers", "stale-model"]
)
def test_takes_every_fault_that_the_service_takes(kind: str) -> None:
    assert way(2, kind).kind == kind
    flag = f'{{"mode": "{kind}", "expires_at": 60, "id": "d"}}'.encode()
    assert parse_fault(flag, now=0.0) is not None
    assert any(mode.startswith(kind.partition(":")[0]) for mode in MODES)


@pytest.mark.parametrize("kind", ["errors", "errors:0", "errors:2", "latency:", "fail-health:1", "sleep"])
def test_refuses_what_the_service_would_pass_over(kind: str) -> None:
    with pytest.raises(InvalidInput, match="is no fault of the service"):
        way(2, kind)


def test_the_sandboxs_kinds_are_the_sandboxs() -> None:
    assert set(SANDBOX_KINDS) <= set(KINDS)
    with pytest.raises(InvalidInput, match="'delay' is not one that moves traffic"):
        way(4, "delay")


@pytest.mark.parametrize(("level", "missing"), [(2, "flag"), (3, "workload")])
def test_a_site_that_does_not_say_what_to_pull_is_refused(level: int, missing: str) -> None:
    with pytest.raises(InvalidInput, match="is no tag of its health check") as caught:
        way(level, **{missing: ""})
    assert "pulumi up" in str(caught.value)


def test_an_unknown_cloud_and_a_needless_kind_are_refused() -> None:
    with pytest.raises(InvalidInput, match="of no cloud that is known"):
        way(3, workload="heroku:app")
    with pytest.raises(InvalidInput, match="level 3 takes none"):
        way(3, "blackhole")


def test_knows_which_break_requests() -> None:
    broken = {name: w.breaks_requests for name, w in {"1": way(1), "2": way(2), "3": way(3), "4": way(4)}.items()}
    assert broken == {"1": False, "2": False, "3": True, "4": True}
    assert way(2, "wrong-answers").breaks_requests and not way(2, "stale-model").breaks_requests


def test_knows_how_a_checker_meets_the_site() -> None:
    assert [way(2, "latency:3000").fault, way(4, "blackhole").fault, way(3).fault] == ["slow", "blackhole", "refused"]


def test_every_delay_is_in_order_and_grows_with_the_speed() -> None:
    for table in (EFFECT, RETURN):
        for delay in table.values():
            best, typical, worst = delay.seconds(1)
            assert best <= typical <= worst
            assert delay.seconds(10)[2] >= worst
    assert way(2, "errors:1").effect.seconds(1)[2] == 65.0
