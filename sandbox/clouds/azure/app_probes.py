"""Probes of Container Apps: what the API takes of each kind beyond what its schema says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sandbox.clouds.rules import Mistake, is_known
from sandbox.clouds.values import Values, nested

# The API's own answer (microsoft/azure-container-apps, issue 1100), and what hashicorp/terraform-provider-azurerm found
# it to take (pull request 31989). azure-native's documentation still says 10 for all.
_MOST_FAILURES = {"liveness": 30, "readiness": 48, "startup": 240}
_ONCE = ("liveness", "startup")


def probe_combinations(inputs: Values) -> Iterator[Mistake]:
    """learn.microsoft.com/azure/container-apps/health-probes: one of each kind, whose thresholds depend on it; the
    bounds: hashicorp/terraform-provider-azurerm, pull request 31989.
    """
    containers = nested(inputs, "template", "containers") or []
    for number, container in enumerate(containers if isinstance(containers, list) else []):
        probes = container.get("probes") if isinstance(container, dict) else None
        if not isinstance(probes, list):
            continue
        where = f"template.containers[{number}].probes"
        kinds = Counter(_kind(probe) for probe in probes if isinstance(probe, dict) and is_known(probe.get("type")))
        yield from (
            (where, f"has {count} of type {kind}: one is allowed") for kind, count in kinds.items() if count > 1
        )
        for position, probe in enumerate(probes):
            if isinstance(probe, dict):
                yield from _thresholds(f"{where}[{position}]", str(container.get("name")), probe)


def _thresholds(where: str, container: str, probe: dict[str, Any]) -> Iterator[Mistake]:
    failures, successes, kind = probe.get("failureThreshold"), probe.get("successThreshold"), _kind(probe)
    most = _MOST_FAILURES.get(kind)
    if most is not None and is_known(failures) and not 1 <= float(failures or 0) <= most:
        yield (
            f"{where}.failureThreshold",
            f"ContainerAppProbeFailureThresholdOutOfRange: Container '{container}' '{probe['type']}' probe's "
            f"FailureThreshold must be in the range of ['1', '{most}'].",
        )
    if kind in _ONCE and is_known(successes) and successes != 1:
        yield f"{where}.successThreshold", f"is {successes:g}, and must be 1 for liveness and startup"


def _kind(probe: dict[str, Any]) -> str:
    return str(probe.get("type")).lower()
