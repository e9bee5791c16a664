"""Hosts as somebody on call may find them, made without Route 53."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from failover.drill.facts import CheckerView
from failover.oncall.standing import CheckStanding, HostStanding, SiteLook, SiteStanding
from failover.routing.answers import RecordSet
from tests.failover.drill.fakes import EPOCH
from tests.failover.drill.three_sites import ADDRESSES, HOST, WEIGHTS

HEALTHY, UNHEALTHY = CheckerView(3, 3), CheckerView(0, 3, "Failure: HTTP Status Code 503")
RIGHT = SiteLook("127.0.0.2", 200, digests=("sha256:one",), seconds=0.02, certificate_ends=EPOCH + timedelta(days=30))
DEAD = SiteLook("127.0.0.2", error="does not answer (ConnectError: refused)")
BY_ANN = {"drain:by": "ann@laptop", "drain:since": "2026-11-23T11:50:00+00:00", "drain:why": "disk"}


def site(name: str, look: SiteLook = RIGHT, *, weight: int | None = None, **check: Any) -> SiteStanding:
    """A healthy site that answers right, but for what is given of its look and its health check."""
    origin = f"{name}.{HOST}"
    record = RecordSet(
        HOST,
        "CNAME",
        30,
        (origin,),
        set_identifier=name,
        weight=WEIGHTS[name] if weight is None else weight,
        health_check_id=f"check-{name}",
    )
    standing = CheckStanding(f"check-{name}", 1, view=HEALTHY)
    return SiteStanding(name, record, origin, replace(standing, **check), look)


def gated(name: str, look: SiteLook = RIGHT, *, thrown: bool = False, **endpoint: Any) -> SiteStanding:
    """A site with a drain switch: a calculated check over its own and over the one that looks for the object."""
    plain = site(name, look, **endpoint)
    assert plain.check is not None
    flag = CheckStanding(f"flag-{name}", 1, kind="HTTPS", inverted=True, view=HEALTHY if thrown else UNHEALTHY)
    gate = CheckStanding(f"gate-{name}", 1, kind="CALCULATED", children=(plain.check, flag), children_needed=2)
    return replace(plain, check=gate)


def off(**tags: str) -> dict[str, Any]:
    """What a health check is that was switched off, with tags."""
    return {"disabled": True, "inverted": True, "tags": {key.replace("_", ":"): value for key, value in tags.items()}}


def host(*sites: SiteStanding, **more: Any) -> HostStanding:
    """A host with these sites, and the rest of three healthy ones."""
    given = {each.name: each for each in sites}
    return HostStanding(HOST, 30, tuple(given.get(name) or site(name) for name in ADDRESSES), EPOCH, **more)
