"""The edge of a site on Google Cloud: a Cloud Armor policy that limits how often one address may ask."""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from infra.contract import HEALTH_PATH
from infra.edge import MINUTE_SECONDS

LAST = 2147483647
"""The priority of the rule that every policy has to have, for what no other one is about."""


def limit_addresses(name: str, limit: int, ready: pulumi.ResourceOptions) -> pulumi.Output[str] | None:
    """The policy under which an address may ask `limit` times in a minute, by its id; None where there is no limit."""
    if not limit:
        return None
    health = gcp.compute.SecurityPolicyRuleMatchExprArgs(expression=f"request.path == '{HEALTH_PATH}'")
    rules = [
        gcp.compute.SecurityPolicyRuleArgs(
            priority=1000,
            action="allow",
            description="health checks are not counted",
            match=gcp.compute.SecurityPolicyRuleMatchArgs(expr=health),
        ),
        _throttle(limit),
        gcp.compute.SecurityPolicyRuleArgs(
            priority=LAST, action="allow", description="everybody else", match=_everybody()
        ),
    ]
    policy = gcp.compute.SecurityPolicy("edge", name=name, type="CLOUD_ARMOR", rules=rules, opts=ready)
    policy_id: pulumi.Output[str] = policy.id
    return policy_id


def _throttle(limit: int) -> gcp.compute.SecurityPolicyRuleArgs:
    options = gcp.compute.SecurityPolicyRuleRateLimitOptionsArgs(
        conform_action="allow",
        exceed_action="deny(429)",
        enforce_on_key="IP",  # by default one counter for all addresses together
        rate_limit_threshold=gcp.compute.SecurityPolicyRuleRateLimitOptionsRateLimitThresholdArgs(
            count=limit, interval_sec=MINUTE_SECONDS
        ),
    )
    return gcp.compute.SecurityPolicyRuleArgs(
        priority=2000,
        action="throttle",
        description="each address, by itself",
        match=_everybody(),
        rate_limit_options=options,
    )


def _everybody() -> gcp.compute.SecurityPolicyRuleMatchArgs:
    return gcp.compute.SecurityPolicyRuleMatchArgs(
        versioned_expr="SRC_IPS_V1", config=gcp.compute.SecurityPolicyRuleMatchConfigArgs(src_ip_ranges=["*"])
    )
