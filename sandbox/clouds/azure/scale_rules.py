"""The rules by which a container app gets more replicas: requests, or a scaler of KEDA by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sandbox.clouds.rules import Mistake
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values, nested
from sandbox.engine.wire import UNKNOWN
from sandbox.replicas.scaling import Keda

# learn.microsoft.com/azure/container-apps: scale-app, concurrentRequests "default 10"; containers, 0.25 to begin with.
REQUESTS, _DEFAULT_CPUS = 10, 0.25
# keda.sh/docs/scalers: those whose metadata are known here; any other name is taken as it is.
_OF_RESOURCES = ("cpu", "memory")
_METRICS = ("Utilization", "AverageValue")
_SCALER = re.compile(r"[a-z][a-z0-9-]{0,62}")


def scale_combinations(inputs: Values) -> Iterator[Mistake]:
    """learn.microsoft.com/azure/container-apps/scale-app, "Custom"; keda.sh/docs/scalers/cpu and memory."""
    for position, rule in enumerate(nested(inputs, "template", "scale", "rules") or []):
        custom = rule.get("custom") if isinstance(rule, dict) else None
        if isinstance(custom, dict):
            where = f"template.scale.rules[{position}].custom"
            yield from ((f"{where}.{path}", why) for path, why in _custom(custom))


def rule_of(r: Resource) -> Keda | None:
    """What moves the number of replicas: requests by the rule for them, processor time by KEDA's scaler.

    An app without a rule has one for requests: ten for each replica (scale-app, "Default scale rule").
    """
    scale: Values = nested(r.inputs, "template", "scale") or {}
    rules = scale.get("rules") or [{"http": {}}]
    http = next((rule["http"] for rule in rules if rule.get("http") is not None), None)
    cpu = next((rule["custom"] for rule in rules if (rule.get("custom") or {}).get("type") == "cpu"), None)
    requests = 0.0 if http is None else float((http.get("metadata") or {}).get("concurrentRequests", REQUESTS))
    percent = 0.0 if cpu is None else float((cpu.get("metadata") or {}).get("value") or 0)
    cpus = float(nested(r.inputs, "template", "containers", 0, "resources", "cpu") or _DEFAULT_CPUS)
    times = float(scale.get("pollingInterval") or 30), float(scale.get("cooldownPeriod") or 300)
    return Keda(requests, percent, cpus, *times) if requests or percent else None


def _custom(custom: Values) -> Iterator[Mistake]:
    kind, metadata = custom.get("type"), custom.get("metadata") or {}
    if UNKNOWN in (kind, metadata):
        return
    if not _SCALER.fullmatch(str(kind or "")):
        yield "type", f"{kind!r} is no scaler of KEDA, such as cpu"
    if kind in _OF_RESOURCES:
        if metadata.get("type") not in _METRICS:
            yield "metadata.type", f"{metadata.get('type')!r} is none of {', '.join(_METRICS)}"
        if not re.fullmatch(r"[1-9]\d{0,8}", str(metadata.get("value") or "")):
            yield "metadata.value", f"{metadata.get('value')!r} is no whole number above 0, as text"
