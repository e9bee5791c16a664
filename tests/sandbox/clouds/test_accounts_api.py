"""What accounts have before a deployment, as the clouds' own APIs tell it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.clouds.accounts import BOOTSTRAP_APIS
from sandbox.clouds.accounts_api import answer, answer_quota
from sandbox.clouds.gcp.common import API
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.values import PROJECT, SUBSCRIPTION
from tests.sandbox.clouds import harness

SERVICES = f"/serviceusage.googleapis.com/v1/projects/{PROJECT}/services"


@pytest.fixture
def clouds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[harness.Clouds]:
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    opened = harness.open_clouds(tmp_path, harness.no_route53)
    yield opened
    opened.world.store.journal.close()


def test_an_api_that_the_program_enables_is_listed(clouds: harness.Clouds) -> None:
    def enabled() -> list[str]:
        found = answer(clouds.world, SERVICES)
        assert found is not None
        return [one["name"].rpartition("/")[2] for one in found["services"]]

    assert enabled() == [*BOOTSTRAP_APIS]
    clouds.make(API, service="compute.googleapis.com", stack="gcp")
    assert "compute.googleapis.com" in enabled()
    assert answer(clouds.world, f"/compute.googleapis.com/compute/v1/projects/{PROJECT}") is not None


def test_quotas_of_an_api_that_is_off_are_refused(clouds: harness.Clouds) -> None:
    with pytest.raises(CloudRefused, match=r"PERMISSION_DENIED: compute\.googleapis\.com has not been used"):
        answer(clouds.world, f"/compute.googleapis.com/compute/v1/projects/{PROJECT}")


def test_environments_are_counted_where_they_are(clouds: harness.Clouds) -> None:
    found = answer(clouds.world, f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.App/locations/eastus/usages")
    assert found is not None and found["value"][0]["currentValue"] == 0


def test_other_paths_are_nobodys(clouds: harness.Clouds) -> None:
    assert answer(clouds.world, "/status") is None
    assert answer(clouds.world, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/x") is None


def test_service_quotas(clouds: harness.Clouds) -> None:
    asked = {"ServiceCode": "vpc", "QuotaCode": "L-F678F1CE"}
    assert answer_quota(clouds.world, "GetAWSDefaultServiceQuota", asked)["Quota"]["Value"] == 5
    with pytest.raises(CloudRefused, match="NoSuchResourceException"):
        answer_quota(clouds.world, "GetServiceQuota", asked)
    with pytest.raises(CloudRefused, match="UnknownOperationException"):
        answer_quota(clouds.world, "ListServices", asked)
