"""When `make up` may say that every site is up, and what it says when one is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from failover.simulator.checkers import HealthStatus, Observation
from sandbox.command import control
from sandbox.command import up as bringup
from sandbox.daemon.overview import is_settled, latest_failure
from sandbox.layout import Instance, Layout, choose_instance
from sandbox.stack_files import COMMITTED, StackSet
from service.errors import Unavailable

REGIONS = ("us-east-1", "eu-west-1", "sa-east-1")
CONFIG = {"Type": "HTTPS", "Regions": list(REGIONS)}
OK, ALERT = "Success: HTTP Status Code 200, OK", "Failure: SSL alert handshake_failure"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def test_few_sites_are_brought_up_side_by_side() -> None:
    assert list(bringup._at_once(COMMITTED)) == [("zone",), ("aws", "azure", "gcp"), ("traffic",)]
    many = StackSet("many", "z", tuple("abcdefghi"), "t")
    assert [len(group) for group in bringup._at_once(many)] == [1, 4, 4, 1, 1]
    assert [stack for group in bringup._at_once(many) for stack in group] == list(many.stacks)


def seen(*reports: str, healthy: bool = True) -> HealthStatus:
    """A check of three checkers, of which the first ones have looked, one after the other."""
    looks = tuple(
        Observation(region, healthy, report, BEGAN + timedelta(seconds=n))
        for n, (region, report) in enumerate(zip(REGIONS, reports, strict=False))
    )
    return HealthStatus("h1", healthy, float(healthy), disabled=False, inverted=False, observations=looks)


@pytest.mark.parametrize(
    ("status", "settled"),
    [
        (seen(), False),
        (seen(OK, OK), False),
        (seen(ALERT, ALERT, ALERT), False),  # the first of three failures: healthy so far, and dead
        (seen(ALERT, ALERT, ALERT, healthy=False), True),
        (seen(OK, OK, OK), True),
        (seen(OK, ALERT, ALERT), True),  # a third of the checkers is enough
        (seen(OK, OK, OK, healthy=False), False),  # about to recover
    ],
)
def test_a_status_is_settled_when_every_checker_has_looked_and_bears_it_out(
    status: HealthStatus, settled: bool
) -> None:
    assert is_settled(status, CONFIG) is settled


def test_nobody_is_waited_for_where_nobody_looks() -> None:
    assert is_settled(seen(), {"Type": "CALCULATED"})
    assert is_settled(seen(), {**CONFIG, "Disabled": True})


def test_the_latest_failing_sentence_is_given() -> None:
    assert latest_failure(seen("Failure: first", ALERT, OK)) == ALERT
    assert latest_failure(seen(OK, OK)) == ""


def status_of(healthy: bool, settled: bool, failure: str = "", ready: int = 1) -> dict[str, Any]:
    return {
        "health_checks": [{"id": "h1", "site": "gcp", "healthy": healthy, "settled": settled, "failure": failure}],
        "workloads": [{"stack": "gcp", "wanted": 1, "replicas": [{"ready": n < ready} for n in range(1)]}],
        "why_not": {},
        "weights": [{"site": "gcp", "health_check": "h1"}],
    }


class FakeControl:
    """Answers with one status after the other; the last one for ever."""

    def __init__(self, *statuses: dict[str, Any]) -> None:
        self.left = list(statuses)

    def status(self) -> dict[str, Any]:
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


@pytest.fixture
def waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Waits for a sandbox that tells these statuses, one after the other."""
    layout = Layout(tmp_path, tmp_path / ".sandbox")
    instance: Instance = choose_instance(layout)

    def wait(*statuses: dict[str, Any]) -> FakeControl:
        fake = FakeControl(*statuses)
        monkeypatch.setattr(control, "connect", lambda _: fake)
        bringup.wait_healthy(layout, instance)
        return fake

    return wait


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock on which every look at it finds a minute gone."""
    minutes = iter(range(0, 10_000, 60))
    clock = SimpleNamespace(monotonic=lambda: float(next(minutes)), sleep=lambda seconds: None)
    monkeypatch.setattr(bringup, "time", clock)


@pytest.mark.usefixtures("hurried")
def test_a_check_of_another_application_is_nobodys_business(waiting: Any) -> None:
    status = status_of(True, True)
    other = {"id": "h2", "site": "another-app", "healthy": False, "settled": False, "failure": "Failure: refused"}
    waiting({**status, "health_checks": [other, *status["health_checks"]]})
    with pytest.raises(Unavailable, match="no health check exists"):
        waiting({**status, "health_checks": [other], "weights": []})


def test_a_check_that_nobody_has_run_yet_is_waited_for(waiting: Any) -> None:
    told = waiting(status_of(True, False), status_of(True, True, ready=0), status_of(True, True))
    assert len(told.left) == 1


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (status_of(True, False, ALERT), f"gcp: {ALERT}"),
        (status_of(False, True, ALERT), f"gcp: {ALERT}"),
        (status_of(True, False), "gcp: its health checkers have not seen enough of it yet"),
        (status_of(True, True, ready=0), "gcp: 0 of 1 replicas ready"),
    ],
)
@pytest.mark.usefixtures("hurried")
def test_who_is_not_healthy_in_time_is_told_with_the_reason(waiting: Any, status: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unavailable) as caught:
        waiting(status)
    assert caught.value.what == f"not healthy in time: gcp. {reason}"
