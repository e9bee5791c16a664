"""The forms in which three clouds write a request down, and what is read of each."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from failover.logs.access import ROW, Access, is_asked, read_alb, read_entry, read_row, unzip

NOW = datetime(2026, 11, 29, 20, 0, tzinfo=UTC)
GROUP = "arn:aws:elasticloadbalancing:us-east-1:000000000000:targetgroup/outlast-aws/73e2d6bc24d8a067"
TRACE = "Root=1-58337281-1d84f3d73c47ec4e58577259"
TAIL = (
    f'TLS_AES_128_GCM_SHA256 TLSv1.3 {GROUP} "{TRACE}" "api.example.com" "arn:aws:acm:x" 0 '
    '2026-11-29T19:59:59.900000Z "{actions}" "-" "{reason}" "10.0.0.1:8080" "200" "-" "-" TID_1 "-" "-" "-"'
)


def alb(
    client: str = "192.0.2.7:2817",
    target: str = "10.0.0.1:8080",
    times: str = "0.001 0.048 0.002",
    statuses: str = "200 200",
    request: str = "POST https://api.example.com:443/v1/predict?token=secret HTTP/1.1",
    agent: str = "curl/7.46.0",
    *,
    actions: str = "forward",
    reason: str = "-",
) -> str:
    """A line in the order of the fields that the guide of Elastic Load Balancing gives."""
    head = f"https 2026-11-29T20:00:00.186641Z app/outlast-aws/50dc6c495c0c9188 {client} {target} {times} {statuses}"
    return f'{head} 120 57 "{request}" "{agent}" ' + TAIL.format(actions=actions, reason=reason)


def read(line: str) -> Access:
    found = read_alb(line)
    assert found is not None
    return found


def test_a_line_of_a_load_balancer_is_read_without_the_query() -> None:
    assert read(alb()) == Access(
        time=datetime(2026, 11, 29, 20, 0, 0, 186641, tzinfo=UTC),
        log="load-balancer",
        client="192.0.2.7",
        method="POST",
        host="api.example.com",
        path="/v1/predict",
        status=200,
        replica_status=200,
        replica="10.0.0.1:8080",
        seconds=0.051,
        received=120,
        sent=57,
        user_agent="curl/7.46.0",
        request="1-58337281-1d84f3d73c47ec4e58577259",
    )
    assert "secret" not in read(alb()).to_line("aws").text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (alb(client="2001:db8::7:2817"), {"client": "2001:db8::7"}),
        (alb(client="[2001:db8::7]:2817"), {"client": "2001:db8::7"}),
        (alb(agent=r"a \"quoted\" word"), {"user_agent": 'a "quoted" word'}),
        (alb(agent=r"a \x22quoted\x22 word"), {"user_agent": 'a "quoted" word'}),
        (alb(agent="-"), {"user_agent": ""}),
        (alb(request="- http://api.example.com:80- -"), {"method": "-", "path": "", "status": 200}),
        (alb(request="GET https://[2001:db8::1]:443/v1/models HTTP/2.0"), {"host": "2001:db8::1"}),
        (alb(request="GET https://[broken/ HTTP/1.1"), {"host": "", "path": ""}),
        (alb(statuses="502 -", times="0.001 -1 -1"), {"replica_status": None, "seconds": None, "why": "forward"}),
        (
            alb(statuses="403 -", target="-", times="-1 -1 -1", actions="waf"),
            {"status": 403, "replica": "", "why": "waf"},
        ),
        (alb(statuses="502 -", actions="forward", reason="TargetTLSError"), {"why": "TargetTLSError"}),
        (alb(statuses="- -"), {"status": None}),
        (alb().replace(TRACE, f"Self=1-0-0;{TRACE};Other=1"), {"request": TRACE.removeprefix("Root=")}),
        (alb().replace(TRACE, "-"), {"request": ""}),
        (alb() + ' "a field of next year"', {"status": 200}),
        (alb().partition(' "api.example.com"')[0], {"status": 200, "why": ""}),
    ],
)
def test_what_else_a_line_may_hold(line: str, expected: dict[str, Any]) -> None:
    found = read(line)
    assert {name: getattr(found, name) for name in expected} == expected


@pytest.mark.parametrize("line", ["", "Enable AccessLog for ELB: a file of test", alb(times="a b c"), alb()[:150]])
def test_what_is_no_line_is_none(line: str) -> None:
    assert read_alb(line) is None


def test_a_file_is_unzipped_and_one_that_was_cut_off_as_far_as_it_goes() -> None:
    lines = [f"line {number}" for number in range(2000)]
    content = gzip.compress("\n".join(lines).encode())
    assert unzip(content) == (lines, True)
    assert unzip(content + gzip.compress(b"\nfurther")) == ([*lines, "further"], True)
    read, whole = unzip(content[: len(content) // 2])
    assert not whole and 0 < len(read) < 2000 and read == lines[: len(read)]
    assert unzip(b"no gzip") == ([], False)
    assert unzip(b"") == ([], True)


def row(**given: Any) -> dict[str, Any]:
    values = (
        *("2026-11-29T20:00:00Z", "203.0.113.9,192.0.2.7", "POST", "api.example.com:443", "/v1/predict?token=secret"),
        *(200, "via_upstream", "-", 51, 120, 57, "curl/7.46.0", "id-1", "outlast-azure--abc-1"),
    )
    return dict(zip(ROW, values, strict=True)) | given


def test_a_row_of_the_ingress_is_read_without_the_query() -> None:
    found = read_row(row(), NOW)
    assert found == Access(
        *(NOW, "ingress", "192.0.2.7", "POST", "api.example.com", "/v1/predict", 200, 200, "outlast-azure--abc-1"),
        *(0.051, 120, 57, "curl/7.46.0", "id-1"),
    )


def test_a_row_that_no_replica_answered_says_who_did() -> None:
    found = read_row(row(StatusCode=503, ResponseCodeDetails="no_healthy_upstream", ResponseFlags="UH"), NOW)
    assert (found.status, found.replica_status, found.why) == (503, None, "no_healthy_upstream UH")
    left = read_row(row(StatusCode=0, ResponseCodeDetails="downstream_remote_disconnect", RequestDuration=None), NOW)
    assert (left.status, left.seconds) == (None, None)


ASKED = {
    "requestMethod": "POST",
    "requestUrl": "https://api.example.com/v1/predict?token=secret",
    "requestSize": "120",
    "status": 200,
    "responseSize": "57",
    "userAgent": "curl/7.46.0",
    "remoteIp": "192.0.2.7",
    "latency": "0.051s",
}
BALANCER = {
    "resource": {"type": "http_load_balancer"},
    "trace": "projects/p/traces/15dc480f7c7879c404b6b33843099866",
    "jsonPayload": {"statusDetails": "response_sent_by_backend"},
    "httpRequest": ASKED,
}


def test_an_entry_of_a_load_balancer_is_read_without_the_query() -> None:
    assert read_entry(BALANCER, NOW) == Access(
        *(NOW, "load-balancer", "192.0.2.7", "POST", "api.example.com", "/v1/predict", 200, 200, ""),
        *(0.051, 120, 57, "curl/7.46.0", "15dc480f7c7879c404b6b33843099866"),
    )


def test_an_entry_that_a_policy_denied_names_it() -> None:
    policy = {"name": "outlast-gcp", "outcome": "DENY", "configuredAction": "THROTTLE"}
    payload = {"statusDetails": "denied_by_security_policy", "enforcedSecurityPolicy": policy}
    found = read_entry(BALANCER | {"jsonPayload": payload, "httpRequest": ASKED | {"status": 429}}, NOW)
    assert (found.status, found.replica_status, found.why) == (429, None, "denied_by_security_policy outlast-gcp")


def test_an_entry_of_cloud_run_names_its_instance() -> None:
    run = {"resource": {"type": "cloud_run_revision"}, "labels": {"instanceId": "i" * 40}, "httpRequest": ASKED}
    found = read_entry(run, NOW)
    assert (found.log, found.replica, found.replica_status, found.why) == ("service", "i" * 12, 200, "")
    none = read_entry({"resource": {"type": "cloud_run_revision"}, "httpRequest": {"status": 429}}, NOW)
    assert (none.replica_status, none.seconds, none.received) == (None, None, None)


def test_a_request_is_known_by_its_id_and_a_trace_by_the_form_that_aws_has_of_it() -> None:
    found = read(alb())
    assert is_asked(found, "") and is_asked(found, "1-58337281-1d84f3d73c47ec4e58577259")
    assert is_asked(found, "583372811d84f3d73c47ec4e58577259")
    assert not is_asked(found, "583372811d84f3d73c47ec4e58577258")


def test_a_line_says_what_is_known_and_no_control_character() -> None:
    said = read(alb(statuses="502 -", agent="\x1b[31mred", times="-1 -1 -1")).to_line("aws")
    assert "\x1b" not in said.render()
    document = json.loads(said.text)
    assert document["user_agent"] == "\x1b[31mred" and "seconds" not in document and "replica_status" not in document
