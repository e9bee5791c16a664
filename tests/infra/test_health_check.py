"""The health check of a site: its address only where that is fixed, the rest from the traffic stack."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from infra.contract import HEALTH_PATH, HEALTH_TEXT
from infra.health_check import describe_check


@pytest.mark.parametrize(("address", "fixed"), [("192.0.2.7", True), ("aws.api.outlast.example", False)])
def test_a_check_asks_a_fixed_address_or_resolves_the_name_itself(address: str, fixed: bool) -> None:
    settings: Any = SimpleNamespace(interval_seconds=10, failure_threshold=3)
    site: Any = SimpleNamespace(probe_address=address, probe_server_name="aws.api.outlast.example")
    assert describe_check(settings, site) == ({"IPAddress": address} if fixed else {}) | {
        "Type": "HTTPS_STR_MATCH",
        "FullyQualifiedDomainName": "aws.api.outlast.example",
        "Port": 443,
        "EnableSNI": True,
        "ResourcePath": HEALTH_PATH,
        "SearchString": HEALTH_TEXT,
        "RequestInterval": 10,
        "FailureThreshold": 3,
    }
