"""A site's log on Google Cloud: the project's own bucket for 30 days, else one of its own in its region."""

from __future__ import annotations

from collections.abc import Callable

from tests.infra.harness import Run, run_stack

BACKEND = "gcp:compute/backendService:BackendService"
BUCKET, SINK = "gcp:logging/projectBucketConfig:ProjectBucketConfig", "gcp:logging/projectSink:ProjectSink"


def test_thirty_days_are_what_the_project_keeps_anyway(run_of: Callable[[str], Run]) -> None:
    run = run_of("gcp")
    assert not run.all(BUCKET) and not run.all(SINK)
    assert "api-logging" not in run.all("gcp:projects/service:Service")


def test_any_other_number_is_a_bucket_in_the_sites_region_that_its_service_fills(run_of: Callable[[str], Run]) -> None:
    run = run_stack("gcp", logRetentionDays=90, protect=True)
    bucket, sink = run.one(BUCKET), run.one(SINK)
    assert (bucket.inputs["location"], bucket.inputs["retentionDays"]) == ("us-central1", 90)
    assert bucket.options["protect"]
    assert sink.inputs["destination"] == "logging.googleapis.com/logs-id"
    assert sink.inputs["filter"] == (
        'resource.type="cloud_run_revision" AND resource.labels.service_name="outlast-gcp"'
    )
    assert f"{SINK}::logs" in run.one("gcp:cloudrunv2/service:Service").options["dependsOn"]
    assert "api-logging" in run.all("gcp:projects/service:Service")


def test_by_choice_its_load_balancer_fills_it_too_with_every_request() -> None:
    run = run_stack("gcp", logRetentionDays=90, accessLogs=True)
    assert (
        'OR (resource.type="http_load_balancer" AND resource.labels.url_map_name="outlast-gcp")'
        in (run.one(SINK).inputs["filter"])
    )
    assert run.one(BACKEND).inputs["logConfig"] == {"enable": True, "sampleRate": 1.0}


def test_without_a_word_requests_are_not_logged(run_of: Callable[[str], Run]) -> None:
    assert run_of("gcp").one(BACKEND).inputs["logConfig"] == {"enable": False}
