"""The names on Azure: each claimed for the subscription, each bound to the app."""

from __future__ import annotations

import pytest

from tests.infra.harness import HOST, Run, run_stack

APP, RECORD = "azure-native:app:ContainerApp", "aws:route53/record:Record"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run() -> Run:
    return run_stack("azure", geographies=["eu"])


def test_each_name_is_claimed(run: Run) -> None:
    claims = {name: r.inputs["name"] for name, r in run.all(RECORD).items() if name.startswith("ownership")}
    assert claims == {"ownership": f"asuid.{HOST}", "ownership-eu": f"asuid.eu.{HOST}"}


def test_each_name_is_bound_with_the_certificate(run: Run) -> None:
    bound = run.one(APP).inputs["configuration"]["ingress"]["customDomains"]
    assert [domain["name"] for domain in bound] == [HOST, f"eu.{HOST}"]
    assert len({domain["certificateId"] for domain in bound}) == 1
