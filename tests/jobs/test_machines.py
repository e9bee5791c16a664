"""Which machine a job gets, and whether the table can be right."""

from __future__ import annotations

import datetime
from typing import Any

import botocore.session
import pytest

from jobs.machines import CHECKED, DISK_USD_HOUR, MACHINES, SOURCES, STALE_DAYS, choose, is_stale
from jobs.spec import SCHEMES
from service.errors import InvalidInput


@pytest.mark.parametrize(
    ("cloud", "cpu", "memory", "name"),
    [
        ("aws", 2, 8, "ml.m5.large"),
        ("aws", 2, 9, "ml.r5.large"),
        ("aws", 4, 8, "ml.c5.xlarge"),
        ("azure", 3, 1, "Standard_F4s_v2"),
        ("azure", 16, 65, "Standard_E16s_v3"),
        ("gcp", 1, 1, "e2-highmem-2"),
        ("gcp", 4, 16, "e2-standard-4"),
    ],
)
def test_takes_the_cheapest_that_suffices(cloud: str, cpu: int, memory: float, name: str) -> None:
    assert choose(cloud, cpu, memory).name == name


@pytest.mark.parametrize("cloud", SCHEMES)
def test_says_which_is_the_largest_where_none_suffices(cloud: str) -> None:
    with pytest.raises(InvalidInput, match=r"hint: the largest is \S+ with \d+ vCPU"):
        choose(cloud, 1000, 1)


@pytest.mark.parametrize("cloud", SCHEMES)
def test_rows_are_whole_and_prices_grow_with_the_machine(cloud: str) -> None:
    rows = MACHINES[cloud]
    assert len({row.name for row in rows}) == len(rows) > 5
    assert cloud in SOURCES and cloud in DISK_USD_HOUR
    larger = [(a, b) for a in rows for b in rows if a.cpu > b.cpu and a.memory_gib >= b.memory_gib]
    family = [(a, b) for a, b in larger if a.name[:5] == b.name[:5]]
    assert family and [pair for pair in family if pair[0].usd_hour <= pair[1].usd_hour] == []


def test_sagemaker_knows_every_type() -> None:
    model = botocore.session.get_session().get_service_model("sagemaker")
    shape: Any = model.shape_for("TrainingInstanceType")
    known = shape.enum
    assert [row.name for row in MACHINES["aws"] if row.name not in known] == []


def test_the_table_is_stale_after_its_days() -> None:
    assert not is_stale(CHECKED + datetime.timedelta(days=STALE_DAYS))
    assert is_stale(CHECKED + datetime.timedelta(days=STALE_DAYS + 1))
