"""Which certificate each site serves for the host, and what is said where one serves none that lasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from failover.certificates.served import describe, find_sites, look
from failover.dial import Certificate, Dial
from service.errors import InvalidInput, Unavailable

HOST, NOW = "api.outlast.example", datetime(2026, 11, 29, 12, tzinfo=UTC)
SITES = ("aws.api.outlast.example", "azure.api.outlast.example", "gcp.api.outlast.example")
ADDRESSES = {SITES[0]: ("192.0.2.1",), SITES[1]: ("192.0.2.2",)}
LISTED = {f"_https._tcp.{HOST}": tuple(f"0 10 443 {site}." for site in SITES)}


class Far(Dial):
    """Two sites that serve, one whose certificate ends in three days, and one without an address."""

    def resolve(self, host: str, rdtype: str = "A", *, timeout_seconds: float = 2.0) -> Any:
        return SimpleNamespace(addresses=(LISTED if rdtype == "SRV" else ADDRESSES).get(host, ()))

    def certificate(
        self, server_name: str, *, address: str | None = None, port: int = 443, deadline_seconds: float = 5.0
    ) -> Certificate:
        assert server_name == HOST
        days = {"192.0.2.1": 60, "192.0.2.2": 3}[str(address)]
        return Certificate(NOW + timedelta(days=days), (HOST,))


def test_each_site_that_the_record_lists_is_asked_at_its_own_address() -> None:
    assert find_sites(Far(), HOST) == SITES
    told = describe(look(Far(), HOST, SITES), 21, NOW)
    assert [(one["days_left"], one["problem"]) for one in told] == [
        (60, ""),
        (3, "ends in 3 days, fewer than 21"),
        (None, f"{SITES[2]} has no address"),
    ]


def test_the_days_that_are_enough_are_the_callers() -> None:
    assert [one["problem"] for one in describe(look(Far(), HOST, SITES[:2]), 2, NOW)] == ["", ""]


def test_what_is_not_valid_is_said() -> None:
    class Wrong(Far):
        def certificate(self, server_name: str, **_: Any) -> Certificate:
            raise Unavailable("no valid certificate")

    (one,) = describe(look(Wrong(), HOST, SITES[:1]), 21, NOW)
    assert one == {"site": SITES[0], "ends": None, "days_left": None, "problem": "no valid certificate"}


def test_a_site_whose_name_is_not_answered_keeps_nobody_from_the_others() -> None:
    class Silent(Far):
        def resolve(self, host: str, rdtype: str = "A", *, timeout_seconds: float = 2.0) -> Any:
            if host == SITES[0]:
                raise Unavailable(f"no answer for {host}")
            return super().resolve(host, rdtype)

    told = describe(look(Silent(), HOST, SITES[:2]), 21, NOW)
    assert [(one["days_left"], one["problem"]) for one in told] == [
        (None, f"no answer for {SITES[0]}"),
        (3, "ends in 3 days, fewer than 21"),
    ]


def test_a_host_without_the_record_needs_its_sites_named() -> None:
    with pytest.raises(InvalidInput, match="has no SRV record"):
        find_sites(Far(), "other.example")
