"""Lists in pages: Route 53's order, marks, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.simulator import pages
from failover.simulator.wire import ApiError

ZONES = [{"Id": f"/hostedzone/Z{n}", "Name": name} for n, name in enumerate(["c.org.", "a.org.", "z.a.org.", "a.org."])]


def names(found: dict[str, Any]) -> list[str]:
    return [zone["Name"] for zone in found["HostedZones"]]


def test_zones_are_listed_by_reversed_labels_from_a_name_on() -> None:
    assert names(pages.list_zones_by_name(ZONES, {})) == ["a.org.", "a.org.", "z.a.org.", "c.org."]
    found = pages.list_zones_by_name(ZONES, {"dnsname": "b.org", "maxitems": "1"})
    assert (names(found), found["IsTruncated"], found["DNSName"], found["MaxItems"]) == (["c.org."], False, "b.org", 1)
    assert names(pages.list_zones_by_name(ZONES, {"dnsname": "d.org"})) == []


def test_the_mark_leads_through_zones_of_one_name() -> None:
    query: dict[str, str] = {"maxitems": "1"}
    seen = []
    while True:
        found = pages.list_zones_by_name(ZONES, query)
        seen += [zone["Id"] for zone in found["HostedZones"]]
        if not found["IsTruncated"]:
            break
        query |= {"dnsname": found["NextDNSName"], "hostedzoneid": found["NextHostedZoneId"]}
    assert seen == [f"/hostedzone/Z{n}" for n in (1, 3, 2, 0)]


@given(number=st.integers(0, 12), length=st.integers(1, 5))
def test_every_item_is_on_one_page(number: int, length: int) -> None:
    items, query, seen = [f"id-{n}" for n in range(number)], {"maxitems": str(length)}, []
    for _ in range(number + 1):
        found = pages.list_by_marker(items, query, member="HealthChecks", longest=3, id_of=str)
        assert len(found["HealthChecks"]) <= min(length, 3)
        seen += found["HealthChecks"]
        if not found["IsTruncated"]:
            break
        query["marker"] = found["NextMarker"]
    assert seen == items


@pytest.mark.parametrize(
    ("query", "told"),
    [({"maxitems": "0"}, "maxItems"), ({"maxitems": "²"}, "maxItems"), ({"hostedzoneid": "Z1"}, "without DNS name")],
)
def test_pages_that_cannot_be_are_refused(query: dict[str, str], told: str) -> None:
    with pytest.raises(ApiError, match=told):
        pages.list_zones_by_name(ZONES, query)


def test_a_mark_that_nothing_has_is_refused() -> None:
    with pytest.raises(ApiError, match="marker x is not valid"):
        pages.list_by_marker(["a"], {"marker": "x"}, member="HealthChecks", longest=3, id_of=str)
