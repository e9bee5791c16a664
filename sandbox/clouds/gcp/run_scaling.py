"""How many instances Cloud Run keeps of a service: the bounds, and what moves the number between them."""

from __future__ import annotations

from sandbox.clouds.gcp.run_sizes import concurrency_of, cpus_of
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values, nested
from sandbox.replicas.scaling import Instances

# cloud.google.com/run/docs/configuring/{min-instances,max-instances,scaling-controls}: what nobody says.
_MIN_INSTANCES, _MAX_INSTANCES, _SHARE = 0, 100, 0.6


def rule_of(r: Resource) -> Instances:
    """Requests at once and processor time, each below its share of what the instances take."""
    template: Values = r.inputs.get("template") or {}
    bounds = template.get("scaling") or {}
    shares = (bounds.get(f"{driver}Utilization") for driver in ("concurrency", "cpu"))
    concurrency, cpu = (_SHARE if share is None else float(share) for share in shares)
    return Instances(concurrency_of(template), cpus_of(template), concurrency, cpu)


def bounds_of(r: Resource) -> tuple[int, int]:
    """The fewest and the most instances: by the service's manual scaling, else by the template's bounds."""
    if nested(r.inputs, "scaling", "scalingMode") == "MANUAL":
        count = int(nested(r.inputs, "scaling", "manualInstanceCount") or 0)
        return count, count
    bounds = nested(r.inputs, "template", "scaling") or {}
    return int(bounds.get("minInstanceCount") or _MIN_INSTANCES), int(bounds.get("maxInstanceCount") or _MAX_INSTANCES)
