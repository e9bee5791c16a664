"""The band of a drill: from its plan, and at level 1 from its own journal."""

from __future__ import annotations

from typing import Any

import pytest

from failover.drill.band import predict_journaled, predict_kinds, predict_planned
from failover.drill.samples import Sample
from failover.routing.predict import Check, Pace

PLAN: dict[str, Any] = {
    "lose": "aws",
    "speed": 10,
    "ttl_seconds": 30,
    "sites": [{"name": "aws", "share": 0.5}, {"name": "gcp", "share": 0.5}],
}
BEATS = {"authority-1": 0.05, "client-1": 0.1, "client-2": 0.1, "site-aws": 0.1}


def sample(at: float, ms: float, by: str = "client-1", **more: Any) -> Sample:
    return Sample("gcp", by=by, at=at, ms=ms, **more)


def journaled(samples: list[Sample], plan: dict[str, Any] = PLAN, moved: float = 2.0) -> tuple[float, float] | None:
    return predict_journaled(plan, BEATS, samples, 2.0, moved)


def test_it_is_the_ttl_a_beat_and_a_request_of_before_the_change() -> None:
    band = journaled([sample(0.5, 20.0), sample(1.0, 20.0), sample(3.0, 900.0)])
    # 30 s, less at most 0.2 s of head start; a beat of 0 to 1 s; a request of 0.2 s, all in simulated seconds.
    assert band == pytest.approx((30.15, 31.05), abs=0.1)


def test_failed_requests_and_other_observers_count_for_nothing() -> None:
    noise = [sample(0.6, 900.0, error="refused"), sample(0.7, 900.0, by="site-aws")]
    assert journaled([sample(0.5, 20.0), *noise]) == journaled([sample(0.5, 20.0)])


def test_a_switch_that_was_measured_late_moves_it() -> None:
    alone = PLAN | {"sites": [{"name": "aws", "share": 1.0}]}
    band = journaled([sample(0.5, 20.0)], alone, moved=6.0)  # 40 s after the change
    assert band is not None and band[0] > 40


@pytest.mark.parametrize("absent", ["sites", "ttl_seconds"])
def test_a_journal_that_says_too_little_has_none(absent: str) -> None:
    assert journaled([]) is None
    assert journaled([sample(0.5, 20.0)], {key: value for key, value in PLAN.items() if key != absent}) is None


def test_from_level_2_on_it_is_the_plans() -> None:
    assert journaled([], PLAN | {"level": 2, "failover_band": [31.0, 64.0]}) == (31.0, 64.0)
    assert journaled([], PLAN | {"level": 2}) is None


def test_a_plan_has_one_for_every_level_and_detection_widens_and_delays_it() -> None:
    def plan(level: int, effect: tuple[float, float, float] | None = None) -> tuple[float, float]:
        return predict_planned(
            Check(10, 3), ttl_seconds=30, share=0.5, level=level, fault="refused", pace=Pace(10, 4), effect=effect
        )

    dns, service, late = plan(1), plan(2), plan(3, (0.0, 20.0, 60.0))
    assert 29 < dns[0] < 33 and dns[1] < 50
    assert service[0] > dns[0] and service[1] - service[0] > dns[1] - dns[0]
    assert late[1] > service[1]


def of_kinds(*names: str, level: int = 2, breaks: bool = True) -> dict[str, tuple[float, float]]:
    return predict_kinds(
        names,
        Check(10, 3),
        ttl_seconds=30,
        share=0.5,
        level=level,
        fault="refused",
        breaks=breaks,
        pace=Pace(10, 1, 0.25),
        effect=(0.0, 1.0, 3.0),
    )


def test_each_kind_leaves_when_what_it_keeps_has_run_out() -> None:
    bands = of_kinds("jvm", "browser", "pool", "outlast")
    assert list(bands) == ["jvm", "browser", "pool", "outlast"]
    assert 3.0 < bands["outlast"][1] < 8.0, "it goes to another site as soon as the change acts"
    assert bands["pool"][1] < bands["jvm"][1] < bands["browser"][1]


def test_who_keeps_a_connection_that_does_not_break_keeps_it_until_it_is_old() -> None:
    switched = of_kinds("pool", "jvm", level=1, breaks=False)
    assert 90.0 < switched["pool"][1] < 170.0
    noticed = of_kinds("jvm", level=2, breaks=False)
    assert noticed["jvm"][0] > switched["jvm"][0], "health checks have to notice first"
