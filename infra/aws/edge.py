"""The edge of a site on AWS: a web ACL at its load balancer that limits how often one address may ask."""

from __future__ import annotations

import pulumi_aws as aws

from infra.contract import HEALTH_PATH
from infra.edge import MINUTE_SECONDS, RETRY_SECONDS

RULE = "each-address"


def limit_addresses(name: str, load_balancer: aws.lb.LoadBalancer, limit: int) -> None:
    """Let WAF refuse an address that asks more than `limit` times in a minute. WAF counts about every ten seconds."""
    if not limit:
        return
    acl = aws.wafv2.WebAcl(
        "edge",
        name=name,
        scope="REGIONAL",
        default_action=aws.wafv2.WebAclDefaultActionArgs(allow=aws.wafv2.WebAclDefaultActionAllowArgs()),
        # Within the ACL, not a resource beside it: there is one rule, and without it the ACL would let everybody in.
        rules=[_rule(limit)],
        visibility_config=aws.wafv2.WebAclVisibilityConfigArgs(
            cloudwatch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
        ),
    )
    aws.wafv2.WebAclAssociation("edge", resource_arn=load_balancer.arn, web_acl_arn=acl.arn)


def _rule(limit: int) -> aws.wafv2.WebAclRuleArgs:
    counted = aws.wafv2.WebAclRuleStatementRateBasedStatementArgs(
        limit=limit,
        evaluation_window_sec=MINUTE_SECONDS,
        aggregate_key_type="IP",
        scope_down_statement=aws.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementArgs(
            not_statement=aws.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementNotStatementArgs(
                statement=_health_check()
            )
        ),
    )
    return aws.wafv2.WebAclRuleArgs(
        name=RULE,
        priority=1,
        action=aws.wafv2.WebAclRuleActionArgs(block=_refusal()),
        statement=aws.wafv2.WebAclRuleStatementArgs(rate_based_statement=counted),
        # Samples hold whole requests, keys in their headers among them.
        visibility_config=aws.wafv2.WebAclRuleVisibilityConfigArgs(
            cloudwatch_metrics_enabled=True, metric_name=RULE, sampled_requests_enabled=False
        ),
    )


def _refusal() -> aws.wafv2.WebAclRuleActionBlockArgs:
    """429 instead of WAF's own 403: a client tells "later" from "never", and it is the same on every cloud."""
    later = aws.wafv2.WebAclRuleActionBlockCustomResponseResponseHeaderArgs(
        name="retry-after", value=str(RETRY_SECONDS)
    )
    return aws.wafv2.WebAclRuleActionBlockArgs(
        custom_response=aws.wafv2.WebAclRuleActionBlockCustomResponseArgs(response_code=429, response_headers=[later])
    )


def _health_check() -> aws.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementArgs:
    """The path, letter by letter: nothing that is encoded or written otherwise is spared."""
    waf = aws.wafv2  # its names fill a line
    path = waf.WebAclRuleStatementRateBasedStatementScopeDownStatementByteMatchStatementFieldToMatchArgs(
        uri_path=waf.WebAclRuleStatementRateBasedStatementScopeDownStatementByteMatchStatementFieldToMatchUriPathArgs()
    )
    unchanged = waf.WebAclRuleStatementRateBasedStatementScopeDownStatementByteMatchStatementTextTransformationArgs(
        priority=0, type="NONE"
    )
    return waf.WebAclRuleStatementRateBasedStatementScopeDownStatementArgs(
        byte_match_statement=waf.WebAclRuleStatementRateBasedStatementScopeDownStatementByteMatchStatementArgs(
            field_to_match=path,
            positional_constraint="EXACTLY",
            search_string=HEALTH_PATH,
            text_transformations=[unchanged],
        )
    )
