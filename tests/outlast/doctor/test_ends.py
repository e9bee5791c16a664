"""Whether a certificate is for a host and lasts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from failover.certificates.served import SERVED_DAYS
from outlast.doctor.ends import covers, judge_end

NOW = datetime(2026, 11, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    ("days", "names", "said"),
    [
        (60, ("api.example.org",), ""),
        (60, ("*.example.org",), ""),
        (60, ("example.org",), "is not for api.example.org"),
        (60, (), "for no name"),
        (SERVED_DAYS - 1, ("api.example.org",), "in 20 days"),
        (-1, ("api.example.org",), "it is over"),
    ],
)
def test_a_certificate_is_judged(days: int, names: tuple[str, ...], said: str) -> None:
    found = judge_end("api.example.org", NOW + timedelta(days=days), names, NOW, "renew it")
    assert (found.state == "ok") == (not said), found
    assert said in found.what
    assert (found.hint == "renew it") == bool(said)


def test_a_wildcard_stands_for_one_part() -> None:
    assert covers("*.Example.org", "api.example.org")
    assert not covers("*.example.org", "eu.api.example.org") and not covers("*.example.org", "example.org")
