"""What the API takes of a probe depends on its kind."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds.azure.app_probes import probe_combinations
from sandbox.engine.wire import UNKNOWN


def found(*probes: Any) -> dict[str, str]:
    return dict(probe_combinations({"template": {"containers": [{"name": "service", "probes": list(probes)}]}}))


@pytest.mark.parametrize(("kind", "most"), [("Liveness", 30), ("Readiness", 48), ("Startup", 240)])
def test_the_threshold_is_within_the_bounds_of_the_kind(kind: str, most: int) -> None:
    assert found({"type": kind, "failureThreshold": most}) == {}
    [(where, told)] = found({"type": kind, "failureThreshold": most + 1}).items()
    assert where == "template.containers[0].probes[0].failureThreshold"
    assert told.startswith("ContainerAppProbeFailureThresholdOutOfRange: Container 'service'")
    assert f"['1', '{most}']" in told


@pytest.mark.parametrize(("kind", "right"), [("Liveness", False), ("startup", False), ("Readiness", True)])
def test_one_success_is_enough_but_for_readiness(kind: str, right: bool) -> None:
    assert (found({"type": kind, "successThreshold": 2}) == {}) is right
    assert found({"type": kind, "successThreshold": 1}) == {}


def test_there_is_one_of_each_kind() -> None:
    twice = found({"type": "Liveness"}, {"type": "liveness"}, {"type": "Startup"})
    assert twice == {"template.containers[0].probes": "has 2 of type liveness: one is allowed"}


def test_what_is_not_known_yet_is_let_be() -> None:
    assert found(UNKNOWN, {"type": UNKNOWN, "failureThreshold": UNKNOWN}, {"type": UNKNOWN}) == {}
    assert list(probe_combinations({"template": {"containers": UNKNOWN}})) == []
    assert list(probe_combinations({"template": {"containers": [UNKNOWN, {"probes": UNKNOWN}]}})) == []
