"""The certificates on Google Cloud: one for each name, so that a further name leaves the public host's alone."""

from __future__ import annotations

import pytest

from tests.infra.harness import HOST, Run, run_stack

MANAGER = "gcp:certificatemanager"
CERTIFICATE, ENTRY = f"{MANAGER}/certificate:Certificate", f"{MANAGER}/certificateMapEntry:CertificateMapEntry"
PROOF, PROXY = f"{MANAGER}/dnsAuthorization:DnsAuthorization", "gcp:compute/targetHttpsProxy:TargetHttpsProxy"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run() -> Run:
    return run_stack("gcp", geographies=["eu"])


def test_each_name_has_a_proof_and_a_certificate_of_its_own(run: Run) -> None:
    domains = {name: r.inputs["managed"]["domains"] for name, r in run.all(CERTIFICATE).items()}
    assert domains == {"certificate": [HOST], "certificate-eu": [f"eu.{HOST}"]}
    assert {r.inputs["domain"] for r in run.all(PROOF).values()} == {HOST, f"eu.{HOST}"}


def test_the_map_has_an_entry_for_each(run: Run) -> None:
    entries = {r.inputs["hostname"]: r.inputs["name"] for r in run.all(ENTRY).values()}
    assert entries == {HOST: "outlast-gcp", f"eu.{HOST}": "outlast-gcp-eu"}
