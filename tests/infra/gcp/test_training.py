"""On Google Cloud: an account that reads one bucket and writes two of its prefixes, and nothing on the project."""

from __future__ import annotations

from collections.abc import Callable

from infra.gcp.training import READ, WRITE, written_parts
from tests.infra.harness import Run, run_stack

STACK = "training-gcp"
MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"


def test_a_job_writes_output_and_checkpoints_alone(run_of: Callable[[str], Run]) -> None:
    written = run_of(STACK).one(MEMBER, "may-write").inputs
    assert written["role"] == WRITE and written["bucket"] == "outlast-training-gcp"
    assert written["condition"]["expression"] == written_parts("outlast-training-gcp")
    assert written_parts("b") == (
        'resource.name.startsWith("projects/_/buckets/b/objects/output/") || '
        'resource.name.startsWith("projects/_/buckets/b/objects/checkpoints/")'
    )


def test_a_job_reads_its_store_and_the_other_buckets_that_the_file_names() -> None:
    run = run_stack(STACK, dataSources=["warehouse"])
    read = {r.inputs["bucket"]: r.inputs for r in run.all(MEMBER).values() if r.inputs["role"] == READ}
    assert read.keys() == {"outlast-training-gcp", "warehouse"}
    assert {one["member"] for one in read.values()} == {"serviceAccount:outlast-training-gcp-job@project.iam"}


def test_the_account_has_no_role_of_the_project_or_the_repository(run_of: Callable[[str], Run]) -> None:
    kinds = {r.type.rpartition(":")[2] for r in run_of(STACK).resources}
    assert {kind for kind in kinds if "iam" in kind.lower()} == {"BucketIAMMember"}


def test_nothing_is_made_before_its_api_is_on(run_of: Callable[[str], Run]) -> None:
    run = run_of(STACK)
    for made in ("training", "job", "repository"):
        (found,) = [r for r in run.resources if r.name == made]
        assert "gcp:projects/service:Service::api-aiplatform" in found.options["dependsOn"]


def test_the_account_is_known_once_it_may_do_its_work(run_of: Callable[[str], Run]) -> None:
    assert {"may-read", "may-write"} <= {name for _, name in run_of(STACK).waits["identity"]}


def test_a_network_that_jobs_are_to_have_is_handed_on() -> None:
    network = "projects/123456789012/global/networks/training"
    assert run_stack(STACK, network=network).outputs["network"] == network
