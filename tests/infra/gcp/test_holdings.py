"""A site's holdings on Google Cloud: secrets in its region, and what a base stack needs switched on for them."""

from __future__ import annotations

from collections.abc import Callable

from tests.infra.harness import Run, run_stack

SECRET = "gcp:secretmanager/secret:Secret"


def test_secrets_lie_in_the_sites_region_and_nowhere_else(run_of: Callable[[str], Run]) -> None:
    for secret in run_of("gcp").all(SECRET).values():
        assert secret.inputs["replication"]["userManaged"]["replicas"] == [{"location": "us-central1"}]


def test_a_base_stack_switches_on_what_it_holds_and_makes_no_log_bucket_where_the_projects_own_will_do() -> None:
    run = run_stack("base-gcp", holdsFor=["gcp"])
    assert {*run.all("gcp:projects/service:Service")} == {"storage", "api-artifactregistry"}
    assert not run.all("gcp:logging/projectBucketConfig:ProjectBucketConfig")
    assert run.outputs["holdings"]["sites"]["gcp"]["log_bucket"] is None
