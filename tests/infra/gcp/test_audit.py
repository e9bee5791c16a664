"""The audit store on Google Cloud: a locked log bucket, and a site whose records alone are routed there."""

from __future__ import annotations

from tests.infra.harness import audits, run_stack

SINK = "gcp:logging/projectSink:ProjectSink"


def test_the_log_bucket_is_locked_and_exported_by_its_path() -> None:
    run = run_stack("base-gcp", auditRetentionDays=30, protect=True)
    assert run.problems == []
    bucket = run.one("gcp:logging/projectBucketConfig:ProjectBucketConfig")
    assert bucket.inputs["locked"] is True and bucket.inputs["retentionDays"] == 30
    assert bucket.options["protect"] and bucket.options["dependsOn"] == ["gcp:projects/service:Service::logging"]
    assert run.outputs["audit"] == audits(beside=False)["base-gcp"]["audit"]


def test_a_sites_records_alone_go_there_before_its_service_runs() -> None:
    run = run_stack("gcp", base="base-gcp", stacks=audits())
    assert run.problems == []
    sink = run.one(SINK).inputs
    assert sink["destination"] == audits()["base-gcp"]["audit"]["target"]
    assert sink["filter"] == (
        'resource.type="cloud_run_revision" AND resource.labels.service_name="outlast-gcp" AND jsonPayload.chain:*'
    )
    assert f"{SINK}::audit" in run.one("gcp:cloudrunv2/service:Service").options["dependsOn"]
