"""Scale rules of a container app that KEDA would not take are refused by their place."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds.azure.scale_rules import rule_of, scale_combinations
from sandbox.clouds.store import Resource
from sandbox.engine.wire import UNKNOWN
from sandbox.replicas.scaling import Keda


def of(**custom: Any) -> dict[str, Any]:
    return {"template": {"scale": {"rules": [{"http": {}}, {"custom": custom}]}}}


@pytest.mark.parametrize(
    ("custom", "where"),
    [
        ({"type": "cpu", "metadata": {"type": "Utilization", "value": "60"}}, []),
        ({"type": "memory", "metadata": {"type": "AverageValue", "value": "512"}}, []),
        ({"type": "azure-servicebus", "metadata": {"queueName": "q"}}, []),
        ({"type": "CPU é", "metadata": {}}, ["type"]),
        ({"metadata": {}}, ["type"]),
        ({"type": "cpu", "metadata": {"type": "Percent", "value": "0"}}, ["metadata.type", "metadata.value"]),
        ({"type": UNKNOWN, "metadata": {}}, []),
    ],
)
def test_a_rule_of_keda_is_held_to_what_keda_takes(custom: dict[str, Any], where: list[str]) -> None:
    found = [path for path, _ in scale_combinations(of(**custom))]
    assert found == [f"template.scale.rules[1].custom.{path}" for path in where]


def app(**scale: Any) -> Resource:
    resources = {"containers": [{"resources": {"cpu": 0.5}}]}
    return Resource("t", "n", "urn", {"template": {**resources, "scale": scale}}, {})


def test_what_moves_the_replicas_is_read_from_the_rules() -> None:
    cpu = {"type": "cpu", "metadata": {"type": "Utilization", "value": "60"}}
    both = [{"http": {"metadata": {"concurrentRequests": "40"}}}, {"custom": cpu}]
    assert rule_of(app(rules=both)) == Keda(40, 60, 0.5)
    assert rule_of(app(rules=[{"custom": cpu}], pollingInterval=15, cooldownPeriod=60)) == Keda(0, 60, 0.5, 15, 60)
    assert rule_of(app()) == Keda(10, 0, 0.5), "ten requests each where nobody says"
    assert rule_of(app(rules=[{"custom": {"type": "cron", "metadata": {}}}])) is None


def test_an_app_without_rules_has_nothing_wrong() -> None:
    assert list(scale_combinations({})) == []
