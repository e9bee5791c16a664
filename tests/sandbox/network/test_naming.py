"""The id of a request: the caller's where there is one, else drawn, and the head that goes on with it."""

from __future__ import annotations

import re

import pytest

from sandbox.network.naming import name_request, read_header


def head(*headers: str) -> bytes:
    return "\r\n".join(["POST /v1/predict HTTP/1.1", "Host: a", *headers, "", ""]).encode()


@pytest.mark.parametrize(
    ("cloud", "header", "value"),
    [
        ("aws", b"x-amzn-trace-id", r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}"),
        ("azure", b"x-request-id", r"[0-9a-f-]{36}"),
        ("gcp", b"x-cloud-trace-context", r"[0-9a-f]{32}/\d+"),
    ],
)
def test_a_request_without_an_id_gets_one_that_the_replica_sees(cloud: str, header: bytes, value: str) -> None:
    given, named = name_request(cloud, head())
    assert re.fullmatch(value, read_header(named, header)) and read_header(named, header).partition("/")[0] == given
    assert (
        read_header(named, b"host") == "a" and named.endswith(b"\r\n\r\n") and name_request(cloud, head())[0] != given
    )


def test_a_load_balancer_keeps_the_callers_root_and_adds_a_field_of_its_own() -> None:
    given, named = name_request("aws", head("x-amzn-trace-id: Root=1-67891233-abcdef012345678912345678;CalledFrom=app"))
    assert re.fullmatch(r"Self=1-\w{8}-\w{24};Root=1-67891233-abcdef012345678912345678;CalledFrom=app", given)
    assert read_header(named, b"x-amzn-trace-id") == given and named.lower().count(b"x-amzn-trace-id") == 1
    assert re.match(r"Root=1-\w{8}-\w{24};Foo=1", name_request("aws", head("X-Amzn-Trace-Id: Foo=1"))[0])
    assert re.fullmatch(r"Root=1-\w{8}-\w{24}", name_request("aws", head("X-Amzn-Trace-Id:"))[0])


@pytest.mark.parametrize(
    ("cloud", "header", "expected"),
    [
        ("azure", "X-Request-Id:  id-1 ", "id-1"),
        (
            "gcp",
            "traceparent: 00-15dc480f7c7879c404b6b33843099866-25c549956d7c28e2-01",
            "15dc480f7c7879c404b6b33843099866",
        ),
        ("gcp", "X-Cloud-Trace-Context: 15dc480f7c7879c404b6b33843099866/1;o=1", "15dc480f7c7879c404b6b33843099866"),
    ],
)
def test_the_callers_id_is_kept(cloud: str, header: str, expected: str) -> None:
    assert name_request(cloud, head(header)) == (expected, head(header))


def test_what_is_no_id_is_not_taken_and_nobodys_request_is_left_alone() -> None:
    assert re.fullmatch(r"[0-9a-f]{32}", name_request("gcp", head("traceparent: what"))[0])
    assert name_request("", head()) == ("", head())
    assert read_header(head(), b"user-agent") == ""
