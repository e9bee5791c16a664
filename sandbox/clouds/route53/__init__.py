"""Route 53 zones, records and health checks: written through boto3 into moto, read back from there on refresh.

The API's own rules are in failover.simulator, in front of moto; here is only what pulumi-aws does with its inputs.
"""

from __future__ import annotations

from sandbox.clouds.route53 import health_checks, records, zones
from sandbox.clouds.route53.api import ELB_ZONE_ID

__all__ = ["ELB_ZONE_ID", "MODULES"]

# Importing a module enters its types into the table.
MODULES = (zones, records, health_checks)
