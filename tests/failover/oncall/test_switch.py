"""A drain switch: written to a store, never asking Route 53, and every reason to refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from failover.dial import Dial
from failover.levers.clouds import Clouds
from failover.oncall import switch as switching
from failover.oncall.standing import SiteLook
from failover.oncall.switch import SwitchedHost, Switches
from failover.oncall.switch_note import SwitchNote
from service.errors import InvalidInput, Refused
from tests.failover.drill.three_sites import HOST
from tests.failover.levers.test_objects import Bucket
from tests.failover.oncall.standings import DEAD, RIGHT

NOW = SwitchNote("2026-11-23T12:00:00+00:00")
STORES = {"aws": "https://outlastswitches.blob.core.windows.net", "azure": "https://storage.googleapis.com/switches"}
URLS = {site: f"{store}/flags/{site}.drain" for site, store in STORES.items()}


class Stores:
    """Both stores, by the path of each object; a silent one times out."""

    def __init__(self) -> None:
        self.objects = {httpx.URL(url).path: Bucket() for url in URLS.values()}
        self.silent = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.silent:
            raise httpx.ConnectTimeout("timed out", request=request)
        return self.objects[request.url.path].answer(request)

    def thrown(self, site: str) -> bool:
        return self.objects[httpx.URL(URLS[site]).path].content is not None


@pytest.fixture
def stores() -> Stores:
    return Stores()


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, SiteLook]]:
    said = dict.fromkeys(("aws", "azure", "gcp"), RIGHT)

    def answer(dial: Dial, host: str, origin: str, **_: Any) -> SiteLook:
        return said[origin.partition(".")[0]]

    monkeypatch.setattr(switching, "look_at_site", answer)
    yield said


@pytest.fixture
def switches(stores: Stores, looks: dict[str, SiteLook]) -> Switches:
    environ = {"OUTLAST_AZURE_TOKEN": "t", "OUTLAST_GOOGLE_TOKEN": "t"}
    clouds = Clouds(environ, transport=httpx.MockTransport(stores.answer))
    return Switches(SwitchedHost(HOST, ("aws", "azure", "gcp"), URLS), Dial(), clouds)


def test_a_switch_is_thrown_and_taken_back(switches: Switches, stores: Stores) -> None:
    assert "Route 53 takes aws for unhealthy" in switches.throw("aws", NOW)
    assert stores.thrown("aws") and switches.is_thrown("aws")
    assert "since 2026-11-23T12:00:00+00:00" in switches.throw("aws", NOW), "once more changes nothing"
    assert "is gone" in switches.take_back("aws")
    assert not stores.thrown("aws")
    assert "nothing to do" in switches.take_back("aws")


def test_the_object_holds_no_more_than_its_note(switches: Switches, stores: Stores) -> None:
    """Anybody may read it."""
    switches.throw("aws", NOW)
    (content,) = (each.content for each in stores.objects.values() if each.content)
    assert content == b'{"since": "2026-11-23T12:00:00+00:00"}'


def test_the_last_one_that_serves_only_when_named(
    switches: Switches, stores: Stores, looks: dict[str, SiteLook]
) -> None:
    looks["gcp"] = DEAD
    switches.throw("azure", NOW)
    with pytest.raises(Refused) as caught:
        switches.throw("aws", NOW)
    assert {m.place: m.what.split(" ")[0] for m in caught.value.mistakes} == {"azure": "is", "gcp": "does"}
    assert not stores.thrown("aws")
    with pytest.raises(InvalidInput, match="do not fit"):
        switches.throw("aws", NOW, last="gcp")
    assert "is there" in switches.throw("aws", NOW, last="aws")


def test_a_site_that_does_not_answer_right_stays_out_unless_named(
    switches: Switches, stores: Stores, looks: dict[str, SiteLook]
) -> None:
    switches.throw("aws", NOW)
    looks["aws"] = DEAD
    with pytest.raises(Refused, match="is not given back"):
        switches.take_back("aws")
    assert stores.thrown("aws")
    assert "is gone" in switches.take_back("aws", anyway=True)


def test_a_store_that_is_silent_drains_nobody(switches: Switches, stores: Stores) -> None:
    switches.throw("aws", NOW)
    stores.silent = True
    assert not switches.is_thrown("aws")


def test_a_site_without_a_switch_is_named(switches: Switches) -> None:
    with pytest.raises(InvalidInput) as caught:
        switches.throw("gcp", NOW)
    assert "'gcp' has no drain switch" in str(caught.value)
    assert not switches.is_thrown("gcp")
