"""Which sites of a host are asked, and what they are held to."""

from __future__ import annotations

from typing import Any, cast

import httpx
import pytest

from failover.dial import Dial
from failover.oncall.standing import HostStanding, SiteLook, SiteStanding
from failover.parity import run
from failover.parity.compare import Parity
from service.bundle.folder import RELEASED
from service.errors import Unavailable
from tests.failover.drill.fakes import EPOCH
from tests.failover.drill.three_sites import HOST
from tests.failover.oncall.standings import site
from tests.failover.parity.test_compare import AWS, GCP, OTHER

UP = SiteLook(address="192.0.2.1", status=200)


def compare(monkeypatch: pytest.MonkeyPatch, *sites: SiteStanding) -> Parity:
    answers = {"aws": AWS, "gcp": GCP}
    monkeypatch.setattr(run, "read_standing", lambda *_, **__: HostStanding(HOST, 30, sites, EPOCH))
    monkeypatch.setattr(run, "ask_site", lambda http, host, name, **_: answers[name])
    monkeypatch.setattr(Dial, "client", lambda *_, **__: httpx.Client())
    return run.compare_sites(*(cast(Any, None), Dial(), HOST, RELEASED / "tumour"), count=2, seed=0, api_key="key")


def test_every_site_of_the_host_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    found = compare(monkeypatch, site("aws", UP), site("gcp", UP))
    assert [row.site for row in found.rows] == ["aws", "gcp"]
    assert found.differences == ()


def test_a_site_may_have_what_it_was_deployed_with(monkeypatch: pytest.MonkeyPatch) -> None:
    tagged = site("aws", UP, tags={"outlast:model-digest": OTHER})
    assert compare(monkeypatch, tagged, site("gcp", UP)).differences == ()


def test_a_site_without_an_address_is_told_and_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    down = site("azure", SiteLook(error="has no address"))
    found = compare(monkeypatch, site("aws", UP), down)
    assert [str(difference) for difference in found.differences] == ["azure: does not answer: has no address"]


def test_one_site_alone_is_no_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Unavailable, match="has one site"):
        compare(monkeypatch, site("aws", UP))
