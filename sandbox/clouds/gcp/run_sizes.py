"""What an instance of Cloud Run may be: memory beside CPU, and how many requests at once it takes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

from infra import sizes
from infra.contract import Size
from sandbox.clouds.rules import Mistake, Text, is_known
from sandbox.clouds.values import Values, nested

_USUAL_CONCURRENCY = 80
CPU = Text(None, r"\d+(\.\d+)?m?", "Cloud Run, CPU limits")
MEMORY = Text(None, r"\d+(\.\d+)?(k|Ki|M|Mi|G|Gi)?", "Cloud Run, memory limits")
# The second execution environment needs 512 MiB; the first starts at 128.
_SMALLEST_MEMORY, _SECOND = 512, "EXECUTION_ENVIRONMENT_GEN2"


def size_combination(inputs: Values) -> Iterator[Mistake]:
    """cloud.google.com/run/docs/configuring/services/cpu and memory-limits, by infra.sizes: memory beside CPU, and one
    request at once below one CPU.
    """
    limits = nested(inputs, "template", "containers", 0, "resources", "limits") or {}
    cpu, memory = _cpus(limits.get("cpu", "1")), _mebibytes(limits.get("memory", "512Mi"))
    at_once = nested(inputs, "template", "maxInstanceRequestConcurrency")
    if cpu is None or memory is None:
        return
    if cpu < 1:
        if is_known(at_once) and at_once > 1:
            yield "template.maxInstanceRequestConcurrency", "Total cpu < 1 is not supported with concurrency > 1."
        return
    small = memory < _SMALLEST_MEMORY and nested(inputs, "template", "executionEnvironment") != _SECOND
    bad = sizes.explain_bad_size("gcp", Size(cpu, _SMALLEST_MEMORY if small else memory))
    if bad:
        yield "template.containers[0].resources", f"Invalid value specified: {bad[0]} {bad[1]}"


def _cpus(value: Any) -> float | None:
    """`1`, `0.5` or `500m`; None for what is not known yet, or no such number."""
    text = str(value)
    number = text.removesuffix("m")
    if not re.fullmatch(r"\d+(\.\d+)?", number):
        return None
    return float(number) / (1000 if text.endswith("m") else 1)


def cpus_of(template: Values) -> float:
    """The processors of one instance; pulumi-gcp 10.2.0: by default one."""
    return _cpus(nested(template, "containers", 0, "resources", "limits", "cpu") or "1") or 1.0


def memory_of(template: Values) -> int:
    """The MiB of one instance; cloud.google.com/run/docs/configuring/services/memory-limits: by default 512."""
    return _mebibytes(nested(template, "containers", 0, "resources", "limits", "memory") or "512Mi") or 0


def _mebibytes(value: Any) -> int | None:
    """`512Mi` or `1Gi`, or with M and G; None for what is not known yet, or none of these."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(Mi|Gi|M|G)", str(value))
    if not found:
        return None
    unit = {"Mi": 1.0, "Gi": 1024.0, "M": 1e6 / 2**20, "G": 1e9 / 2**20}[found[2]]
    return math.ceil(float(found[1]) * unit)


def concurrency_of(template: Values) -> int:
    """How many requests at once an instance takes; pulumi-gcp 10.2.0: by default 80, and 1 below one CPU."""
    cpu = _cpus(nested(template, "containers", 0, "resources", "limits", "cpu") or "1")
    usual = 1 if cpu is not None and cpu < 1 else _USUAL_CONCURRENCY
    return int(template.get("maxInstanceRequestConcurrency") or usual)
