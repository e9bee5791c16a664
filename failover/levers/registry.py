"""Every lever by the action that it does, built from what only an entry point has: clients, a clock, a speed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from failover.levers.change import CLOUD_RUN, CONTAINER_APP, ECS, FAULT, FLAG, LOCK
from failover.levers.cloud_run import CloudRunLever
from failover.levers.clouds import Clouds
from failover.levers.container_app import ContainerAppLever
from failover.levers.ecs import EcsLever
from failover.levers.flag import FlagLever, LockLever
from failover.levers.lever import Lever
from failover.levers.sandbox_fault import SandboxFaultLever


def build_levers(
    clouds: Clouds, *, now: Callable[[], datetime], pause: Callable[[float], None], speed: int = 1
) -> Mapping[str, Lever]:
    """All levers but those of Route 53. No client is made before a lever is pulled."""
    return {
        LOCK: LockLever(clouds, now, pause),
        FLAG: FlagLever(clouds, now, pause),
        ECS: EcsLever(clouds, pause),
        CONTAINER_APP: ContainerAppLever(clouds, pause),
        CLOUD_RUN: CloudRunLever(clouds, pause),
        FAULT: SandboxFaultLever(clouds, now, speed, pause),
    }
