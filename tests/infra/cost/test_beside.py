"""Registries, secrets, alarms, scans and the audit store: as the stack files say, multiplied as it is printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from infra.cost.beside import ALARMS, Beside, caused, registry, standing
from infra.cost.estimate import Checks, Load, estimate
from infra.cost.stacks import read_deployment
from tests.infra.harness import Registered, run_stack
from tests.sandbox.own_set import own_set, write

CLOUDS = ("aws", "azure", "gcp")
ALARM = {
    "aws": "aws:cloudwatch/metricAlarm:MetricAlarm",
    "azure": "azure-native:monitor:MetricAlert",
    "gcp": "gcp:monitoring/alertPolicy:AlertPolicy",
}


def usd(root: Path, site: str, **said: Any) -> dict[str, float]:
    """Line -> USD a month of one site, at ten predictions a second."""
    files = own_set()
    files[site] |= {f"outlast:{key}": value for key, value in said.items()}
    write(root, files | {"base": {"outlast:kind": "base", "outlast:auditRetentionDays": 365}})
    found = estimate(read_deployment(root / "stacks", {site: 1}).sites, Checks(), Load(rps=10))
    return {line.what: round(line.usd, 2) for line in found.lines}


def test_a_site_that_asks_for_nothing_beside_pays_nothing_for_it() -> None:
    assert all(standing(cloud, Beside()) == registry(cloud) for cloud in CLOUDS)
    assert all(caused(cloud, Beside(), 10, 700) == {} for cloud in CLOUDS)


def test_secrets_are_counted_where_the_file_has_them(tmp_path: Path) -> None:
    keys = {"apiKeys": {"secure": "v1:x"}, "receiptKeys": {"secure": "v1:x"}}
    assert usd(tmp_path, "prod-aws", **keys)["secrets"] == 0.80
    assert usd(tmp_path, "prod-gcp", **keys)["secrets"] == 0, "the first six versions are free"
    assert "secrets" not in usd(tmp_path, "prod-azure", **keys)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_alarms_are_as_many_as_the_program_makes(tmp_path: Path, cloud: str) -> None:
    made = run_stack(cloud, alertEmail="ops@example.com").all(ALARM[cloud]).values()
    assert sum(map(_count_metrics, made)) == ALARMS[cloud]
    each = 0.1 if cloud != "aws" else 0.0  # ten are free there
    assert usd(tmp_path, f"prod-{cloud}", alertEmail="ops@example.com")["alarms"] == round(each * ALARMS[cloud], 2)


def _count_metrics(alarm: Registered) -> int:
    """How many metrics an alarm reads; an expression of CloudWatch is none itself."""
    queries = alarm.inputs.get("metricQueries", [])
    return sum("metric" in query for query in queries) or 1


def test_images_are_scanned_for_money_on_google_alone(tmp_path: Path) -> None:
    assert usd(tmp_path, "prod-gcp", scanImages=True)["images scanned, one a week"] == 1.04


@pytest.mark.parametrize(
    ("site", "carried", "kept"), [("prod-aws", 0.53, 5.08), ("prod-azure", 4.60, 5.74), ("prod-gcp", 9.20, 2.21)]
)
def test_audit_records_are_carried_and_kept_for_the_days_of_the_base_stack(
    tmp_path: Path, site: str, carried: float, kept: float
) -> None:
    """18.4 GB a month (10 a second, 700 bytes each), twelve months of which lie there."""
    found = usd(tmp_path, site, base="base")
    assert (found["audit records, carried"], found["audit records, kept"]) == (carried, kept)
    assert ("audit store, objects written" in found) == (site == "prod-aws")
