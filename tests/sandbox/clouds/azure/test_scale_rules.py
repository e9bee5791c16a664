"""Scale rules of a container app that KEDA would not take are refused by their place."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds.azure.scale_rules import scale_combinations
from sandbox.engine.wire import UNKNOWN


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


def test_an_app_without_rules_has_nothing_wrong() -> None:
    assert list(scale_combinations({})) == []
