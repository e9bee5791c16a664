"""What each site serves as the certificate of the public host, and when that ends: asked from outside, by TLS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from failover.dial import Dial
from service.errors import InvalidInput, Unavailable

SERVED_DAYS = 21
"""A renewal at two thirds of 90 days is ten days early: where fewer remain it has failed for some days."""


@dataclass(frozen=True)
class Served:
    """What one site serves for the host; `ends` None, and why, where it serves nothing that can be verified."""

    site: str
    ends: datetime | None = None
    why: str = ""

    def days_left(self, now: datetime) -> int | None:
        """Whole days until it ends."""
        return (self.ends - now).days if self.ends else None

    def problem(self, now: datetime, least_days: int) -> str:
        """What somebody has to do something about; "" where nothing is."""
        days = self.days_left(now)
        if days is None:
            return self.why
        return f"ends in {days} days, fewer than {least_days}" if days < least_days else ""


def find_sites(dial: Dial, host: str) -> tuple[str, ...]:
    """The sites' own names, as the SRV record of the host lists them. Raises InvalidInput where it lists none."""
    listed = dial.resolve(f"_https._tcp.{host}", "SRV").addresses
    names = tuple(dict.fromkeys(text.split()[-1].rstrip(".") for text in listed))
    if not names:
        what = f"{host} has no SRV record that lists its sites"
        raise InvalidInput(what, hint="name each by --site, such as --site aws.api.example.com")
    return names


def look(dial: Dial, host: str, sites: Sequence[str]) -> list[Served]:
    """Each site is asked for the public host at the site's own address: every one, whatever DNS answers now."""
    return [_look(dial, host, site) for site in sites]


def _look(dial: Dial, host: str, site: str) -> Served:
    try:
        addresses = dial.resolve(site).addresses
        if not addresses:
            return Served(site, why=f"{site} has no address")
        return Served(site, dial.certificate(host, address=addresses[0]).not_after)
    except Unavailable as error:
        return Served(site, why=error.what)


def describe(served: Sequence[Served], least_days: int, now: datetime | None = None) -> list[dict[str, Any]]:
    """The same as plain data, one entry a site."""
    now = now or datetime.now(UTC)
    return [
        {
            "site": one.site,
            "ends": one.ends.isoformat() if one.ends else None,
            "days_left": one.days_left(now),
            "problem": one.problem(now, least_days),
        }
        for one in served
    ]
