"""Asking sites for their metrics: replicas add up, one that is silent is told, one that is gone is forgotten."""

from __future__ import annotations

import pytest

from outlast.page import asking
from outlast.page.asking import Asking
from service.errors import Unavailable


def _text(replica: str, number: int) -> str:
    return f'outlast_requests_total{{replica="{replica}",route="/predict/{{name}}",status="200"}} {number}\n'


def test_replicas_add_up_and_a_silent_site_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = [0.0]
    monkeypatch.setattr(asking.time, "monotonic", lambda: moment[0])
    said = {"aws": [_text("a", 10), _text("b", 10), _text("a", 30), _text("b", 40)], "gcp": []}

    def ask(site: str) -> str:
        if not said[site]:
            raise Unavailable("does not answer")
        return said[site].pop(0)

    sites = Asking(ask, lambda: list(said))
    for at in (0.0, 5.0, 10.0, 15.0):
        moment[0] = at
        found = sites._round()
    assert (found["aws"].replicas, found["aws"].per_second) == (2, 5.0)
    assert (found["gcp"].replicas, sites.why_not) == (0, {"gcp": "does not answer"})
    moment[0] = 72.0  # the one that was seen last at 10 is gone, and the other at 15 not yet
    said["aws"], said["gcp"] = [_text("b", 40)], [_text("g", 1)]
    found = sites._round()
    assert (found["aws"].replicas, found["gcp"].replicas, sites.why_not) == (1, 1, {})
    assert Asking(ask, list).measured() == {}
