"""Sizes of a replica: what each cloud offers, and how it wants it written."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra import sizes
from infra.contract import Size

CLOUDS = ("aws", "azure", "gcp")


@pytest.mark.parametrize(
    ("cloud", "cpu", "memory_mib"),
    [
        ("aws", 0.25, 512),
        ("aws", 0.5, 4096),
        ("aws", 4, 30720),
        ("aws", 8, 61440),
        ("aws", 16, 122880),
        ("azure", 0.25, 512),
        ("azure", 0.75, 1536),
        ("azure", 4, 8192),
        ("gcp", 1, 512),
        ("gcp", 8, 32768),
    ],
)
def test_offered(cloud: str, cpu: float, memory_mib: int) -> None:
    assert sizes.explain_bad_size(cloud, Size(cpu, memory_mib)) is None


@pytest.mark.parametrize(
    ("cloud", "cpu", "memory_mib", "key"),
    [
        ("aws", 0.25, 4096, "memoryMiB"),
        ("aws", 0.5, 1025, "memoryMiB"),
        ("aws", 8, 16384 + 1024, "memoryMiB"),
        ("aws", 32, 65536, "cpu"),
        ("azure", 4.25, 8704, "cpu"),
        ("azure", 0.3, 614, "cpu"),
        ("gcp", 1, 4097, "memoryMiB"),
        ("gcp", 3, 4096, "cpu"),
        ("gcp", 6, 2048, "memoryMiB"),
    ],
)
def test_not_offered(cloud: str, cpu: float, memory_mib: int, key: str) -> None:
    found = sizes.explain_bad_size(cloud, Size(cpu, memory_mib))
    assert found is not None
    assert found[0] == key


@settings(max_examples=50)
@given(cloud=st.sampled_from(CLOUDS), index=st.integers(0, 30), memory_mib=st.integers(1, 130_000))
def test_what_is_said_to_be_offered_is(cloud: str, index: int, memory_mib: int) -> None:
    cpus = sizes.offered_cpus(cloud)
    cpu = cpus[index % len(cpus)]
    memory = sizes.offered(cloud, cpu)
    assert memory
    assert (sizes.explain_bad_size(cloud, Size(cpu, memory_mib)) is None) == (memory_mib in memory)
    assert sizes.explain_bad_size(cloud, Size(cpu, memory[0])) is None


@pytest.mark.parametrize(("cpu", "units"), [(0.25, "256"), (0.5, "512"), (16, "16384")])
def test_fargate_units(cpu: float, units: str) -> None:
    assert sizes.fargate_units(cpu) == units


def test_memory_is_written_as_each_cloud_wants_it() -> None:
    assert [sizes.gibibytes(m) for m in (512, 1024, 1536, 8192)] == ["0.5Gi", "1Gi", "1.5Gi", "8Gi"]
    assert sizes.mebibytes(1024) == "1024Mi"
