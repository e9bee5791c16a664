"""The certificate on AWS: every name that leads to the site, and as many proofs."""

from __future__ import annotations

import pytest

from tests.infra.harness import HOST, Run, run_stack

CERTIFICATE, RECORD = "aws:acm/certificate:Certificate", "aws:route53/record:Record"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run() -> Run:
    return run_stack("aws", geographies=["eu", "world"])


def test_it_is_for_the_host_the_site_and_its_geographies(run: Run) -> None:
    inputs = run.one(CERTIFICATE).inputs
    names = [inputs["domainName"], *inputs["subjectAlternativeNames"]]
    assert names == [HOST, f"aws.{HOST}", f"eu.{HOST}", f"world.{HOST}"]


def test_each_name_is_proven(run: Run) -> None:
    proofs = {name for name in run.all(RECORD) if name.startswith("certificate-")}
    assert proofs == {f"certificate-{number}" for number in range(4)}


def test_the_site_says_for_which_geographies_it_answers(run: Run) -> None:
    assert run.outputs["site"]["geographies"] == ["eu", "world"]
