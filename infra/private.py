"""A site on a machine or cluster of one's own: its record in the zone, and nothing else of it is touched.

For data that must not leave, and for hybrids. `traffic` makes its health check as it does for every site. Whoever runs
the machine ends TLS there for the public host, and serves the pinned models: `outlast serve --site <stack>`.
"""

from __future__ import annotations

from typing import Any

import pulumi

from infra.contract import Site, site_output
from infra.dns import ZoneWriter
from infra.settings.kinds import PrivateSettings
from infra.site import after
from infra.stack import read_zone

_OWN = "the machine is its owner's: nothing of it is provisioned"
UNSUPPORTED = {
    "image": f"{_OWN}, so no image is built and no digest of one is known",
    "replicas": f"{_OWN} or scaled; outlast:capacityRps says what it bears",
    "secrets": f"{_OWN}; API keys and receipt keys are its own environment's",
    "levels 2 and 3 of a drill": f"{_OWN}; level 1 takes it out of DNS",
}


def program(settings: PrivateSettings) -> dict[str, Any]:
    """Of a stack of the kind `private`."""
    zone = read_zone(settings.zone)
    origin = pulumi.Output.concat(f"{settings.name}.", zone.host)
    record = ZoneWriter(zone.zone_id, settings.dns).address("origin", origin, settings.address)
    site = Site(
        name=settings.name,
        cloud="private",
        region=settings.region,
        origin_host=after(origin, record),
        probe_address=settings.address,
        probe_server_name=zone.host,
        model_digest=next(iter(settings.models.values())),
        image_digest="",
        capacity_rps=settings.capacity_rps,
        workload="",
        geographies=list(settings.geographies),
    )
    return {"site": site_output(site), "unsupported": dict(UNSUPPORTED)}
