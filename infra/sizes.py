"""Which sizes of a replica each cloud offers, and how it wants them written. Pure."""

from __future__ import annotations

from infra.contract import Size

_GIB = 1024

# vCPU -> MiB from, to, step. docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
_FARGATE: dict[float, tuple[int, int, int]] = {
    0.5: (1 * _GIB, 4 * _GIB, _GIB),
    1: (2 * _GIB, 8 * _GIB, _GIB),
    2: (4 * _GIB, 16 * _GIB, _GIB),
    4: (8 * _GIB, 30 * _GIB, _GIB),
    8: (16 * _GIB, 60 * _GIB, 4 * _GIB),
    16: (32 * _GIB, 120 * _GIB, 8 * _GIB),
}
_FARGATE_QUARTER = (512, 1 * _GIB, 2 * _GIB)

# vCPU -> MiB from, to. cloud.google.com/run/docs/configuring/services/memory-limits and .../cpu. Below one vCPU a
# replica may work on one request only, which this service does not offer.
_CLOUD_RUN: dict[float, tuple[int, int]] = {
    1: (512, 4 * _GIB),
    2: (512, 8 * _GIB),
    4: (2 * _GIB, 16 * _GIB),
    6: (4 * _GIB, 24 * _GIB),
    8: (4 * _GIB, 32 * _GIB),
}


def offered(cloud: str, cpu: float) -> list[int] | range | None:
    """The memory in MiB that `cloud` offers beside `cpu` virtual CPUs; None where it does not offer that `cpu`."""
    if cloud == "aws":
        if cpu == 0.25:
            return list(_FARGATE_QUARTER)
        steps = _FARGATE.get(cpu)
        return range(steps[0], steps[1] + 1, steps[2]) if steps else None
    if cloud == "azure":
        # Consumption: quarters up to four, 2 GiB a CPU. learn.microsoft.com/azure/container-apps/containers
        return [int(cpu * 2 * _GIB)] if 0.25 <= cpu <= 4 and cpu * 4 == int(cpu * 4) else None
    ends = _CLOUD_RUN.get(cpu)
    return range(ends[0], ends[1] + 1) if ends else None


def offered_cpus(cloud: str) -> list[float]:
    """The virtual CPUs that a replica may have in `cloud`, ascending."""
    if cloud == "aws":
        return [0.25, *_FARGATE]
    return [q / 4 for q in range(1, 17)] if cloud == "azure" else list(_CLOUD_RUN)


def explain_bad_size(cloud: str, size: Size) -> tuple[str, str] | None:
    """(setting, what to write instead) when `cloud` does not offer `size`; None when it does."""
    memory = offered(cloud, size.cpu)
    if memory is None:
        return "cpu", f"one of {', '.join(f'{c:g}' for c in offered_cpus(cloud))}"
    if size.memory_mib in memory:
        return None
    if isinstance(memory, range):
        step = f" in steps of {memory.step}" if memory.step > 1 else ""
        return "memoryMiB", f"{memory[0]} to {memory[-1]}{step} beside {size.cpu:g} CPU"
    return "memoryMiB", f"{' or '.join(str(m) for m in memory)} beside {size.cpu:g} CPU"


def fargate_units(cpu: float) -> str:
    """As a task definition wants it: 1024 units are one CPU."""
    return str(int(cpu * 1024))


def gibibytes(memory_mib: int) -> str:
    """As Container Apps wants it: `1Gi`, `0.5Gi`."""
    return f"{memory_mib / _GIB:g}Gi"


def mebibytes(memory_mib: int) -> str:
    """As Cloud Run wants it: `1024Mi`."""
    return f"{memory_mib}Mi"
