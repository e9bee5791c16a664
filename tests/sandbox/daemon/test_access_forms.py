"""What the sandbox writes of a request is what the readers of the real clouds' logs understand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from failover.logs.access import Access as Read
from failover.logs.access import read_alb, read_entry, read_row
from sandbox.daemon.access_forms import to_entries, to_line, to_row
from sandbox.network.access import BROKEN, NO_REPLICA, RATE, REDIRECT, Access

BEGAN = datetime(2026, 11, 29, 20, 0, tzinfo=UTC)
SERVED = Access(
    *("entry", "192.0.2.7", 2817, BEGAN.timestamp(), "POST", "/v1/predict", "HTTP/1.1", "api.example.com:8443"),
    *('a "quoted" \\ agent\x1b', "id", ("TLSv1.3", "TLS_AES_256_GCM_SHA384"), "10.0.0.1:8080", 200),
    wait_seconds=0.048,
    ended=BEGAN.timestamp() + 0.05,
    received=120,
    sent=57,
)
ALB = {
    "balancer": "app/outlast-aws/50dc6c495c0c9188",
    "group": "arn:aws:elasticloadbalancing:us-east-1:0:targetgroup/outlast-aws/1",
    "certificate": "arn:aws:acm:x",
    "action": "forward",
    "waf": "waf",
    "port": "443",
}
INGRESS = {"app": "outlast-azure", "environment": "outlast-azure"}
GOOGLE = {
    "project": "p",
    "rule": "https",
    "proxy": "https",
    "map": "outlast-gcp",
    "address": "192.0.2.1",
    "backend": "outlast-gcp",
    "policy": "outlast-gcp",
    "logged": "yes",
    "service": "outlast-gcp",
    "location": "us-central1",
}


def as_read(cloud: str, access: Access) -> Read:
    if cloud == "aws":
        found = read_alb(to_line(replace(access, request="Root=1-58337281-1d84f3d73c47ec4e58577259"), ALB))
        assert found is not None
        return found
    if cloud == "azure":
        return read_row(to_row(access, INGRESS), BEGAN)
    return read_entry(to_entries(access, GOOGLE)[0], BEGAN)


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
def test_a_request_that_a_replica_answered_is_read_as_it_was(cloud: str) -> None:
    found = as_read(cloud, SERVED)
    assert (found.client, found.method, found.host, found.path) == (
        *("192.0.2.7", "POST"),
        *("api.example.com", "/v1/predict"),
    )
    assert (found.status, found.replica_status, found.received, found.sent, found.why) == (200, 200, 120, 57, "")
    assert found.user_agent == SERVED.user_agent and found.seconds == pytest.approx(0.05, abs=0.003)
    assert found.request == ("1-58337281-1d84f3d73c47ec4e58577259" if cloud == "aws" else "id")


@pytest.mark.parametrize(
    ("why", "status", "told"),
    [
        (RATE, 403, {"aws": "waf", "gcp": "denied_by_security_policy outlast-gcp"}),
        (NO_REPLICA, 503, {"aws": "waf,forward", "azure": "no_healthy_upstream UH"}),
        (
            BROKEN,
            502,
            {"aws": "waf,forward", "azure": "upstream_reset_before_response_started{connection_termination} UC"},
        ),
        (REDIRECT, 301, {"azure": "direct_response"}),
    ],
)
def test_a_request_that_none_answered_says_what_the_cloud_says_of_it(
    why: str, status: int, told: dict[str, str]
) -> None:
    access = replace(SERVED, why=why, status=status, replica=SERVED.replica if why == BROKEN else "", wait_seconds=0.0)
    for cloud, expected in told.items():
        found = as_read(cloud, access)
        assert (found.status, found.replica_status, found.why) == (status, None, expected), cloud
        assert cloud != "aws" or found.seconds is None


def test_a_client_that_left_is_written_as_each_cloud_does() -> None:
    access = replace(SERVED, status=None, replica="")
    assert (as_read("aws", access).status, as_read("aws", access).replica_status) == (460, None)
    assert (as_read("azure", access).status, as_read("azure", access).why) == (None, "downstream_remote_disconnect DC")
    assert (as_read("gcp", access).status, as_read("gcp", access).why) == (
        None,
        "client_disconnected_before_any_response",
    )


def test_plain_http_has_no_name_and_no_cipher() -> None:
    line = to_line(replace(SERVED, tls=("", ""), why=REDIRECT, status=301, replica=""), {**ALB, "port": "80"})
    assert line.startswith("http ") and '"POST http://api.example.com:80/v1/predict HTTP/1.1"' in line
    assert " - - arn:aws:elasticloadbalancing" in line


def test_google_has_an_entry_of_each_that_saw_the_request() -> None:
    kinds = [one["resource"]["type"] for one in to_entries(SERVED, GOOGLE)]
    assert kinds == ["http_load_balancer", "cloud_run_revision"]
    assert [one["logName"].rpartition("/")[2] for one in to_entries(SERVED, GOOGLE)] == [
        *("requests", "run.googleapis.com%2Frequests"),
    ]
    assert len(to_entries(SERVED, {**GOOGLE, "logged": ""})) == 1
    assert len(to_entries(replace(SERVED, why=RATE), GOOGLE)) == 1, "the load balancer let it no further"
    assert to_entries(replace(SERVED, why=REDIRECT), {"project": "p"}) == []
    run = read_entry(to_entries(replace(SERVED, why=NO_REPLICA, status=503), GOOGLE)[1], BEGAN)
    assert (run.status, run.replica_status) == (503, None)
    assert to_entries(SERVED, {**GOOGLE, "service": ""})[0]["jsonPayload"]["statusDetails"] == "failed_to_pick_backend"
