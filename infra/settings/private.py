"""The settings of a site on a machine or cluster of one's own, which no stack of ours provisions. Pure."""

from __future__ import annotations

import ipaddress

from infra import plan
from infra.settings.kinds import PrivateSettings
from infra.settings.options import read_dns_account
from infra.settings.reader import Reader, like
from infra.settings.routing import read_own_geographies
from infra.settings.served import Available, read_models

_LABEL = like(plan.LABEL.pattern, "a label: letters a-z, digits and hyphens")


def read_private(reader: Reader, stack: str, available: Available, measured_on: str) -> PrivateSettings:
    """What such a site's stack is asked for: where the machine is, what it has to serve, and what it bears."""
    models, unpinned = read_models(reader, available)
    return PrivateSettings(
        kind="private",
        name=stack,
        zone=reader.text("zone", check=_LABEL),
        region=reader.text("region", check=_LABEL),
        address=reader.text("address", check=_address),
        capacity_rps=reader.integer("capacityRps", 1, 100_000_000),
        models=models,
        dns=read_dns_account(reader),
        unpinned=unpinned,
        geographies=read_own_geographies(reader, stack),
        rps_measured_on=measured_on,
    )


def _address(value: str) -> str | None:
    """Route 53's health checkers ask from the internet, and take no address that only a network of one's own knows."""
    try:
        address = ipaddress.IPv4Address(value)
    except ValueError:
        return "an IPv4 address in quotes"
    usable = (address.is_global and not address.is_multicast) or address.is_loopback
    return None if usable else "a public address: Route 53's checkers have to reach it (127.… in the sandbox alone)"
