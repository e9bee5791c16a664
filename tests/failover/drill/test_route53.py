"""The client of drills, and an account that asks it to slow down."""

from __future__ import annotations

import pytest

from failover.drill import route53 as edge
from failover.simulator import MovingRoute53
from service.errors import Unavailable


def test_a_throttled_drill_waits_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "THROTTLED_WAIT_SECONDS", 0.1)
    with MovingRoute53(speed=10, requests_per_second=1) as slow:  # one in a tenth of a real second
        client = edge.build_client(slow.endpoint_url)
        assert [client.list_hosted_zones()["HostedZones"] for _ in range(6)] == [[]] * 6


def test_it_does_not_wait_for_ever_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "THROTTLED_WAIT_SECONDS", 0.01)
    with MovingRoute53(speed=1, requests_per_second=0) as closed:
        client = edge.build_client(closed.endpoint_url)
        with pytest.raises(Unavailable, match="asks to slow down, trying to look"), edge.translate_errors("look"):
            client.list_hosted_zones()
