"""Route 53's XML: what is rendered, botocore's own parser reads back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st
from moto.core.model import OperationModel

from failover.simulator.wire import SERVICE, ApiError, parse, render, render_error


def operation(name: str) -> OperationModel:
    return SERVICE.operation_model(name)


def read(name: str, body: bytes, status: int = 200) -> dict[str, Any]:
    response = {"body": body, "headers": {}, "status_code": status}
    return create_parser("rest-xml").parse(response, operation(name).output_shape)


def test_a_response_is_what_botocore_reads() -> None:
    seen = datetime(2026, 11, 23, 1, 2, 3, tzinfo=UTC)
    observation = {
        "Region": "us-east-1",
        "IPAddress": "127.0.0.1",
        "StatusReport": {"Status": 'Success: <200> & "OK"', "CheckedTime": seen},
    }
    reply = render(operation("GetHealthCheckStatus"), {"HealthCheckObservations": [observation]})
    assert read("GetHealthCheckStatus", reply.body)["HealthCheckObservations"] == [observation]


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=0xD7FF)), max_size=4))
def test_any_values_survive(values: list[str]) -> None:
    reply = render(operation("TestDNSAnswer"), {"RecordData": values, "ResponseCode": "NOERROR"})
    assert read("TestDNSAnswer", reply.body)["RecordData"] == values


def test_an_error_is_what_botocore_raises() -> None:
    reply = render_error(ApiError("HealthCheckVersionMismatch", "stale <1>", 409))
    error = read("UpdateHealthCheck", reply.body, reply.status)["Error"]
    assert (error["Code"], error["Message"]) == ("HealthCheckVersionMismatch", "stale <1>")


def test_a_request_is_typed_after_the_service_model() -> None:
    body = b"""<UpdateHealthCheckRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/">
      <HealthCheckVersion>3</HealthCheckVersion><Disabled>true</Disabled>
      <Regions><Region>us-east-1</Region></Regions></UpdateHealthCheckRequest>"""
    assert parse(body, operation("UpdateHealthCheck")) == {
        "HealthCheckVersion": 3,
        "Disabled": True,
        "Regions": ["us-east-1"],
    }


@pytest.mark.parametrize(
    "body", [b"", b"<broken", b"<R><Port>many</Port></R>", b"<R><Disabled>perhaps</Disabled></R>", b"\xff\xfe"]
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        parse(body, operation("UpdateHealthCheck"))
    assert caught.value.code == "InvalidInput"
