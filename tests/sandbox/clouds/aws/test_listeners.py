"""Listeners: what an Application Load Balancer speaks, and which TLS policies it has."""

from __future__ import annotations

import pytest

from sandbox.clouds.aws import listeners
from sandbox.clouds.aws.health import LISTENER
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds


@pytest.mark.parametrize("protocol", ["TCP", "TLS"])
def test_an_application_load_balancer_speaks_http(clouds: Clouds, protocol: str) -> None:
    sites.aws_site(clouds)
    asked = {**clouds.only(LISTENER).inputs, "port": 8443, "protocol": protocol}
    with pytest.raises(CloudRefused, match=f"Listener protocol '{protocol}' must be one of 'HTTP, HTTPS'"):
        clouds.make(LISTENER, "two", **asked)


@pytest.mark.parametrize(
    ("policy", "right"),
    [
        ("ELBSecurityPolicy-2016-08", True),
        ("ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", True),
        ("ELBSecurityPolicy-TLS13-1-2-Ext0-FIPS-2023-04", True),
        ("ELBSecurityPolicy-TLS13-1-2-RFC9151-INTEROP4-FIPS-2023-07", True),
        ("ELBSecurityPolicy-TLS13-1-0-FIPS-PQ-2025-09", True),
        ("ELBSecurityPolicy-TLS13-1-1-FIPS-PQ-2025-09", False),
        ("ELBSecurityPolicy-2015-05", False),  # a Network Load Balancer's
        ("ELBSecurityPolicy-TLS13-1-2-Ext0-2021-06", False),
        ("ELBSecurityPolicy-TLS-1-3-2021-06", False),
    ],
)
def test_a_tls_policy_is_one_that_elb_has(clouds: Clouds, policy: str, right: bool) -> None:
    sites.aws_site(clouds)
    asked = {**clouds.only(LISTENER).inputs, "port": 8443, "sslPolicy": policy}
    if right:
        assert clouds.make(LISTENER, "two", **asked).id
    else:
        with pytest.raises(CloudRefused, match="SSLPolicyNotFound"):
            clouds.make(LISTENER, "two", **asked)


def test_a_listener_adds_the_header_that_it_is_told(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    listener = clouds.only("aws:lb/listener:Listener")
    assert listeners.entry_point(clouds.world, listener).header == ""
    listener.inputs["routingHttpResponseStrictTransportSecurityHeaderValue"] = "max-age=31536000"
    assert listeners.entry_point(clouds.world, listener).header == "strict-transport-security: max-age=31536000\r\n"
