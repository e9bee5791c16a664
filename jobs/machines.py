"""The machines that jobs run on, one dated table a cloud, and which of them a job gets. Pure.

List prices in USD an hour of us-east-1, East US and us-central1 for training, without tax or discount. Every price is
an assumption: the pages of `SOURCES` could not be read on the day of `CHECKED`. Compare before you rely on one.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from service.errors import InvalidInput, Mistake

CHECKED = datetime.date(2026, 11, 29)
STALE_DAYS = 90

SOURCES: Mapping[str, str] = {
    "aws": "aws.amazon.com/sagemaker/ai/pricing (training; ML storage 0.14 USD a GB and month)",
    "azure": "azure.microsoft.com/pricing/details/machine-learning (the virtual machine; no surcharge)",
    "gcp": "cloud.google.com/vertex-ai/pricing (custom training; standard disk 0.04 USD a GB and month)",
}
DISK_USD_HOUR: Mapping[str, float] = {"aws": 30 * 0.14 / 730, "azure": 0.0, "gcp": 100 * 0.04 / 730}
"""What the disk that each request asks for costs in an hour."""


@dataclass(frozen=True)
class Machine:
    """One type of machine, as its cloud names it."""

    name: str
    cpu: int
    memory_gib: float
    usd_hour: float


def _rows(text: str) -> tuple[Machine, ...]:
    rows = (line.split() for line in text.strip().splitlines())
    return tuple(Machine(name, int(cpu), float(memory), float(usd)) for name, cpu, memory, usd in rows)


MACHINES: Mapping[str, tuple[Machine, ...]] = {
    "aws": _rows("""
        ml.m5.large      2    8  0.115
        ml.m5.xlarge     4   16  0.230
        ml.m5.2xlarge    8   32  0.461
        ml.m5.4xlarge   16   64  0.922
        ml.m5.12xlarge  48  192  2.765
        ml.c5.xlarge     4    8  0.204
        ml.c5.2xlarge    8   16  0.408
        ml.c5.4xlarge   16   32  0.816
        ml.r5.large      2   16  0.151
        ml.r5.xlarge     4   32  0.302
        ml.r5.2xlarge    8   64  0.605
        ml.r5.4xlarge   16  128  1.210
    """),
    "azure": _rows("""
        Standard_D2s_v3    2    8  0.096
        Standard_D4s_v3    4   16  0.192
        Standard_D8s_v3    8   32  0.384
        Standard_D16s_v3  16   64  0.768
        Standard_D48s_v3  48  192  2.304
        Standard_F4s_v2    4    8  0.169
        Standard_F8s_v2    8   16  0.338
        Standard_F16s_v2  16   32  0.677
        Standard_E2s_v3    2   16  0.126
        Standard_E4s_v3    4   32  0.252
        Standard_E8s_v3    8   64  0.504
        Standard_E16s_v3  16  128  1.008
    """),
    "gcp": _rows("""
        e2-standard-4    4   16  0.154
        e2-standard-8    8   32  0.308
        e2-standard-16  16   64  0.617
        e2-highmem-2     2   16  0.104
        e2-highmem-4     4   32  0.208
        e2-highmem-8     8   64  0.416
        e2-highmem-16   16  128  0.832
        e2-standard-32  32  128  1.233
        n1-standard-4    4   15  0.219
        n1-standard-8    8   30  0.437
        n1-standard-16  16   60  0.874
        n1-standard-32  32  120  1.748
        n1-standard-64  64  240  3.496
    """),
}


def choose(cloud: str, cpu: int, memory_gib: float) -> Machine:
    """The cheapest machine with so much at least. Raises InvalidInput where the table has none."""
    enough = [machine for machine in MACHINES[cloud] if machine.cpu >= cpu and machine.memory_gib >= memory_gib]
    if not enough:
        most = max(MACHINES[cloud], key=lambda machine: (machine.cpu, machine.memory_gib))
        what = f"{cpu} vCPU and {memory_gib:g} GiB: no machine of the table is that large"
        hint = f"the largest is {most.name} with {most.cpu} vCPU and {most.memory_gib:g} GiB"
        raise InvalidInput(f"no machine for this job on {cloud}", [Mistake("cpu, memory", what, hint)])
    return min(enough, key=lambda machine: (machine.usd_hour, machine.cpu))


def age_days(today: datetime.date) -> int:
    """How old the table is."""
    return (today - CHECKED).days


def is_stale(today: datetime.date) -> bool:
    """Whether the table is older than a promise about costs may rest on."""
    return age_days(today) > STALE_DAYS
