"""Level 3 on AWS: the ECS service is asked for no task, once its scaling is suspended, which would refill it.

The target is the service's ARN. Scaling that the service has not is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from failover.levers.change import State
from failover.levers.clouds import Clouds, translate_errors
from failover.levers.lever import StateLever
from service.errors import InvalidInput, Mistake, Unavailable

_ARN = re.compile(r"arn:aws[a-z-]*:ecs:(?P<region>[a-z0-9-]+):\d{12}:service/(?P<cluster>[^/]+)/(?P<name>[^/]+)")
_DIMENSION = "ecs:service:DesiredCount"
SUSPENDED = {
    "scale-in": "DynamicScalingInSuspended",
    "scale-out": "DynamicScalingOutSuspended",
    "scheduled": "ScheduledScalingSuspended",
}
"""The three kinds of scaling: our name, and that of Application Auto Scaling (SuspendedState)."""


@dataclass(frozen=True)
class Service:
    """Where a service is and what it is called."""

    region: str
    cluster: str
    name: str

    @property
    def resource(self) -> str:
        """As Application Auto Scaling names it."""
        return f"service/{self.cluster}/{self.name}"


class EcsLever(StateLever):
    """Scales a service to zero, and back to what it was."""

    subject = "ECS service"
    by_hand = "aws ecs update-service --service {target} --desired-count NUMBER (and its cluster)"

    def __init__(self, clouds: Clouds, pause: Callable[[float], None]) -> None:
        super().__init__(pause)
        self._clouds = clouds

    def read(self, target: str) -> tuple[State, str]:
        """How many tasks are asked for, and which kinds of scaling are suspended."""
        service = parse_service(target)
        found = describe_service(self._clouds, target, "look at ECS service")
        return {"desired": int(found["desiredCount"]), **self._read_scaling(service)}, ""

    def write(self, target: str, state: State, version: str) -> None:
        """Scaling is suspended before the tasks go, and goes on after they are back."""
        service, scaling = parse_service(target), {key: value for key, value in state.items() if key in SUSPENDED}
        if not state["desired"]:
            self._write_scaling(service, scaling)
        with translate_errors(f"ask ECS service {service.name} for {state['desired']} tasks"):
            ecs = self._clouds.aws("ecs", service.region)
            ecs.update_service(cluster=service.cluster, service=service.name, desiredCount=state["desired"])
        if state["desired"]:
            self._write_scaling(service, scaling)

    def _read_scaling(self, service: Service) -> dict[str, bool]:
        with translate_errors(f"look at the scaling of ECS service {service.name}"):
            scaling = self._clouds.aws("application-autoscaling", service.region)
            found = scaling.describe_scalable_targets(
                ServiceNamespace="ecs", ResourceIds=[service.resource], ScalableDimension=_DIMENSION
            )["ScalableTargets"]
        suspended: dict[str, Any] = found[0].get("SuspendedState", {}) if found else {}
        return {ours: bool(suspended.get(theirs, False)) for ours, theirs in SUSPENDED.items()} if found else {}

    def _write_scaling(self, service: Service, wanted: State) -> None:
        if not wanted:
            return
        with translate_errors(f"suspend the scaling of ECS service {service.name}"):
            scaling = self._clouds.aws("application-autoscaling", service.region)
            scaling.register_scalable_target(
                ServiceNamespace="ecs",
                ResourceId=service.resource,
                ScalableDimension=_DIMENSION,
                SuspendedState={SUSPENDED[key]: value for key, value in wanted.items()},
            )


def parse_service(target: str) -> Service:
    """The service that an ARN names. Raises InvalidInput for what is none."""
    found = _ARN.fullmatch(target)
    if found is None:
        place = "outlast:workload"
        raise InvalidInput("no ECS service is named", [Mistake(place, f"{target!r} is no ARN of a service")])
    return Service(found["region"], found["cluster"], found["name"])


def describe_service(clouds: Clouds, target: str, doing: str) -> dict[str, Any]:
    """What DescribeServices says of the service that an ARN names. Raises Unavailable where there is none."""
    service = parse_service(target)
    with translate_errors(f"{doing} {service.name}"):
        ecs = clouds.aws("ecs", service.region)
        answer = ecs.describe_services(cluster=service.cluster, services=[service.name])
    found: list[dict[str, Any]] = answer["services"]
    if not found:
        raise Unavailable(f"there is no ECS service {target}", hint="`pulumi up` of traffic names it anew")
    return found[0]
