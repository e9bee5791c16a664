"""The stack `zone`: the public hosted zone that every other stack writes its own records into."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from infra.settings.kinds import ZoneSettings
from infra.stack import ZONE_VERSION


def program(settings: ZoneSettings) -> dict[str, Any]:
    """Register the zone; export what the other stacks read, and the name servers for whoever delegates the domain."""
    zone = aws.route53.Zone(
        "zone",
        name=settings.domain,
        comment=f"outlast: {settings.host} and what proves its certificates",
        # Changes go on within the hour when us-east-1, where Route 53 is controlled from, is impaired. It has to be on
        # beforehand. docs.aws.amazon.com/Route53/latest/DeveloperGuide/accelerated-recovery.html
        enable_accelerated_recovery=True,
        # The proofs of certificates outlive their sites; whoever may delete the zone means them as well.
        force_destroy=not settings.protect,
        opts=pulumi.ResourceOptions(protect=settings.protect),
    )
    return {"zone": _contract(zone, settings), "name_servers": zone.name_servers}


def _contract(zone: aws.route53.Zone, settings: ZoneSettings) -> dict[str, Any]:
    return {
        "version": ZONE_VERSION,
        "zone_id": zone.zone_id,
        "domain": settings.domain,
        "host": settings.host,
    }
