"""Which health checks are refused, and what is filled in."""

from __future__ import annotations

from typing import Any

import pytest

from failover.simulator.check_rules import complete_health_check
from failover.simulator.wire import ApiError

ALARM = {"Name": "too-many-errors", "Region": "us-east-1"}
THREE = ["us-east-1", "us-west-1", "eu-west-1"]


def endpoint(**more: Any) -> dict[str, Any]:
    return {"Type": "HTTPS_STR_MATCH", "FullyQualifiedDomainName": "a.example", "SearchString": "ok", **more}


def alarmed(**more: Any) -> dict[str, Any]:
    return {"Type": "CLOUDWATCH_METRIC", "AlarmIdentifier": ALARM, **more}


@pytest.mark.parametrize(
    ("config", "filled"),
    [  # API reference, HealthCheckConfig: defaults; "If you omit EnableSNI, the default value is true for HTTPS"
        (endpoint(), {"Port": 443, "EnableSNI": True, "RequestInterval": 30, "FailureThreshold": 3}),
        (endpoint(Type="HTTP_STR_MATCH"), {"Port": 80, "RequestInterval": 30, "FailureThreshold": 3}),
        (endpoint(Port=8443, EnableSNI=False, RequestInterval=10), {"FailureThreshold": 3}),
        ({"Type": "CALCULATED", "ChildHealthChecks": ["x"]}, {"HealthThreshold": 0}),
        (alarmed(), {"InsufficientDataHealthStatus": "LastKnownStatus"}),
    ],
)
def test_defaults(config: dict[str, Any], filled: dict[str, Any]) -> None:
    assert complete_health_check(config, {"x"}) == {**filled, **config}


@pytest.mark.parametrize(
    ("config", "told"),
    [
        (endpoint(RequestInterval=17), "RequestInterval must be 10 or 30"),
        (endpoint(FailureThreshold=0), "FailureThreshold must be from 1 to 10"),
        (endpoint(FailureThreshold=11), "FailureThreshold must be from 1 to 10"),
        (endpoint(Port=70_000), "Port must be from 1 to 65535"),
        (endpoint(SearchString=""), "SearchString is required"),
        (endpoint(Type="HTTPS"), "SearchString is not supported for HTTPS"),
        (endpoint(SearchString="x" * 256), "at most 255"),
        (endpoint(ResourcePath="/" + "x" * 255), "at most 255"),
        (endpoint(FullyQualifiedDomainName=""), "Specify IPAddress or FullyQualifiedDomainName"),
        (endpoint(IPAddress="1.2.3"), "IPAddress is not a valid IP address"),
        (endpoint(Regions=THREE[:2]), "at least three Regions"),
        (endpoint(Regions=[*THREE, "mars-1"]), "Regions must be among"),
        ({"Type": "TCP", "IPAddress": "192.0.2.1"}, "Port is required for a TCP"),
        ({"Type": "TCP", "IPAddress": "192.0.2.1", "Port": 1, "ResourcePath": "/"}, "ResourcePath is not supported"),
        ({"Type": "CALCULATED", "ChildHealthChecks": ["gone"]}, "The child health check gone does not exist"),
        ({"Type": "CALCULATED", "HealthThreshold": 300}, "HealthThreshold must be from 0 to 256"),
        (alarmed(AlarmIdentifier=None), "AlarmIdentifier with a Name is required"),
        (alarmed(AlarmIdentifier={"Name": "a", "Region": "mars-1"}), "no region of CloudWatch: mars-1"),
        (alarmed(InsufficientDataHealthStatus="Perhaps"), "must be one of Healthy, Unhealthy, LastKnownStatus"),
        (alarmed(Port=443), "Port cannot be given for CLOUDWATCH_METRIC"),
        (endpoint(AlarmIdentifier=ALARM), "Basic health checks must not have an metric region specified"),
        ({"Type": "RECOVERY_CONTROL"}, "there is no Application Recovery Controller here"),
        ({"Type": "PING"}, "Value 'PING' at 'type' failed to satisfy constraint"),
        ({}, "Value '' at 'type' failed to satisfy constraint"),
    ],
)
def test_refusals(config: dict[str, Any], told: str) -> None:
    with pytest.raises(ApiError) as caught:
        complete_health_check(config, {"x"})
    assert caught.value.code == "InvalidInput"
    assert told in caught.value.message


def test_every_problem_is_told_at_once() -> None:
    with pytest.raises(ApiError) as caught:
        complete_health_check(endpoint(RequestInterval=1, FailureThreshold=0, SearchString=""), ())
    assert caught.value.message.count(";") == 2


@pytest.mark.parametrize(
    ("address", "refused"),
    [  # API reference, HealthCheckConfig, IPAddress: RFC 5735, RFC 6598, RFC 5156
        ("10.0.0.1", True),
        ("172.16.9.9", True),
        ("192.168.1.1", True),
        ("169.254.169.254", True),
        ("100.64.0.1", True),
        ("0.0.0.0", True),
        ("224.0.0.1", True),
        ("255.255.255.255", True),
        ("fe80::1", True),
        ("fd00::1", True),
        ("127.120.1.2", False),  # where the sites of the sandbox are
        ("::1", False),
        ("8.8.8.8", False),
        ("192.0.2.1", False),  # an example's
    ],
)
def test_addresses_that_no_checker_can_reach_are_refused(address: str, refused: bool) -> None:
    try:
        complete_health_check({"Type": "TCP", "IPAddress": address, "Port": 443}, set())
    except ApiError as error:
        assert refused
        assert "local, private, non-routable or multicast" in error.message
    else:
        assert not refused
