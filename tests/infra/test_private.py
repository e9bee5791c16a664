"""A site on a machine of one's own: one record, and a site that traffic takes as any other."""

from __future__ import annotations

import pytest

from infra.contract import parse_site
from infra.permissions.in_use import IN_USE
from service.bundle.folder import RELEASED, read_digest
from tests.infra.harness import HOST, Run, run_stack
from tests.infra.harness import site as cloud_site


@pytest.fixture(scope="module")
def run() -> Run:
    return run_stack("private")


def test_nothing_is_made_but_its_record(run: Run) -> None:
    (record,) = [r for r in run.resources if r.type.startswith("aws:")]
    assert (record.type,) == IN_USE["private"]
    assert (record.inputs["name"], record.inputs["records"]) == (f"private.{HOST}", ["8.8.8.8"])


def test_it_is_a_site_as_every_other(run: Run) -> None:
    found = parse_site(run.outputs["site"])
    assert (found.name, found.cloud, found.region) == ("private", "private", "hall-2")
    assert (found.origin_host, found.probe_address, found.probe_server_name) == (f"private.{HOST}", "8.8.8.8", HOST)
    assert (found.model_digest, found.capacity_rps, found.workload) == (read_digest(RELEASED / "tumour"), 100, "")
    assert run.outputs["site"].keys() == {**cloud_site("aws"), "fault_flag": "", "geographies": []}.keys()


def test_what_it_does_not_give_is_said(run: Run) -> None:
    assert run.outputs["unsupported"].keys() == {"image", "replicas", "secrets", "levels 2 and 3 of a drill"}
