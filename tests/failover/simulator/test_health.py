"""When a health check is healthy: each rule with its source."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.simulator import REGIONS
from failover.simulator.health import Opinion, alarm_says, is_healthy, regions_of


def check(**more: Any) -> dict[str, Any]:
    return {"Type": "HTTPS", **more}


def calculated(threshold: int, *children: str, **more: Any) -> dict[str, Any]:
    return {"Type": "CALCULATED", "HealthThreshold": threshold, "ChildHealthChecks": list(children), **more}


@pytest.mark.parametrize(
    ("share", "healthy"),
    [(0.0, False), (1 / 8, False), (0.18, False), (0.181, True), (2 / 8, True), (1.0, True)],
)
def test_more_than_18_percent_of_the_checkers_decide(share: float, healthy: bool) -> None:
    """Guide, dns-failover-determining-health-of-endpoints."""
    assert is_healthy("a", {"a": check()}, lambda _: share) is healthy


@pytest.mark.parametrize(
    ("config", "share", "healthy"),
    [  # API reference, HealthCheckConfig, Disabled and Inverted
        (check(Disabled=True), 0.0, True),
        (check(Disabled=True, Inverted=True), 0.0, False),
        (check(Disabled=True, Inverted=True), 1.0, False),
        (check(Inverted=True), 1.0, False),
        (check(Inverted=True), 0.0, True),
        (calculated(1, "gone", Disabled=True), 0.0, True),
    ],
)
def test_disabled_and_inverted(config: dict[str, Any], share: float, healthy: bool) -> None:
    assert is_healthy("a", {"a": config}, lambda _: share) is healthy


@pytest.mark.parametrize(
    ("threshold", "well", "healthy"),
    [  # API reference, HealthCheckConfig, HealthThreshold
        (0, "", True),
        (1, "", False),
        (2, "x", False),
        (2, "xy", True),
        (3, "xy", False),  # more than there are children
    ],
)
def test_calculated_checks_count_their_children(threshold: int, well: str, healthy: bool) -> None:
    configs = {"a": calculated(threshold, "x", "y"), "x": check(), "y": check()}
    assert is_healthy("a", configs, lambda child: float(child in well)) is healthy


@pytest.mark.parametrize(
    ("wanted", "state", "last_known", "healthy"),
    [  # API reference, HealthCheckConfig, Type (CLOUDWATCH_METRIC) and InsufficientDataHealthStatus
        ("Unhealthy", "OK", False, True),
        ("Healthy", "ALARM", True, False),
        ("Healthy", "INSUFFICIENT_DATA", False, True),
        ("Unhealthy", "INSUFFICIENT_DATA", True, False),
        ("LastKnownStatus", "INSUFFICIENT_DATA", False, False),
        ("LastKnownStatus", "INSUFFICIENT_DATA", True, True),
        (None, None, True, True),  # "the status for the health check is healthy" where none is known
        ("Unhealthy", None, True, False),
    ],
)
def test_an_alarm_decides_and_without_data_the_setting_does(
    wanted: str | None, state: str | None, last_known: bool, healthy: bool
) -> None:
    config = {"Type": "CLOUDWATCH_METRIC", "InsufficientDataHealthStatus": wanted}
    assert alarm_says(config, state, last_known) is healthy


def test_a_disabled_child_counts_as_healthy_and_an_inverted_one_as_inverted() -> None:
    configs = {"a": calculated(2, "x", "y"), "x": check(Disabled=True), "y": check(Inverted=True)}
    assert is_healthy("a", configs, lambda _: 0.0)


def test_a_drain_flag_takes_a_healthy_site_out() -> None:
    """calculated(2, endpoint, inverted flag): the flag's object appears, so its check succeeds and is inverted."""
    configs = {"site": calculated(2, "endpoint", "flag"), "endpoint": check(), "flag": check(Inverted=True)}
    assert is_healthy("site", configs, lambda child: float(child == "endpoint"))
    assert not is_healthy("site", configs, lambda child: 1.0)


def test_unknown_checks_and_circles_count_as_healthy() -> None:
    assert is_healthy("gone", {}, lambda _: 0.0)
    assert is_healthy("a", {"a": calculated(1, "b"), "b": calculated(1, "a")}, lambda _: 0.0)


def test_nothing_is_probed_for_disabled_and_calculated_checks() -> None:
    assert regions_of(check()) == REGIONS
    assert regions_of(check(Regions=["us-east-1", "us-west-1", "eu-west-1"])) == ("us-east-1", "us-west-1", "eu-west-1")
    assert regions_of(check(Disabled=True)) == regions_of(calculated(0)) == ()


@given(st.integers(1, 10), st.lists(st.booleans(), max_size=60))
def test_an_opinion_turns_after_exactly_threshold_contradictions_in_a_row(threshold: int, seen: list[bool]) -> None:
    """API reference, HealthCheckConfig, FailureThreshold."""
    opinion, row = Opinion(), 0
    for success in seen:
        before = opinion.healthy
        row = 0 if success == before else row + 1
        opinion = opinion.after(success, threshold)
        assert (opinion.healthy != before) == (row >= threshold)
        row = 0 if opinion.healthy != before else row
