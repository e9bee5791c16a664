"""Elastic Load Balancing as somebody on call asks it: which load balancers there are, and where they log requests.

Asked and answered in the query protocol: a form, and XML.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from sandbox.clouds.aws.balancer import BALANCER, is_log_asked
from sandbox.clouds.aws.common import own_name, region_of
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import nested
from sandbox.clouds.world import World

_NAMESPACE = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"


def answer(world: World, asked: Mapping[str, str], region: str) -> str:
    """The XML of one call. Raises CloudRefused with the API's own code."""
    if asked.get("Action") == "DescribeLoadBalancerAttributes":
        return _render("DescribeLoadBalancerAttributes", _describe_attributes(world, asked))
    if asked.get("Action") != "DescribeLoadBalancers":
        raise CloudRefused(f"InvalidAction: the sandbox has no {asked.get('Action')} of load balancers")
    names, here = _names(asked), [r for r in world.store.all(BALANCER) if region_of(r) == region]
    known = {own_name(r): r for r in here}
    missing = [name for name in names if name not in known]
    if missing:
        raise CloudRefused(f"LoadBalancerNotFound: Load balancers '[{', '.join(missing)}]' not found")
    members = "".join(_member(known[name]) for name in names or known)
    return _render("DescribeLoadBalancers", f"<LoadBalancers>{members}</LoadBalancers>")


def owner(world: World, asked: Mapping[str, str]) -> str:
    """The stack of the load balancer that is asked for; empty where there is none."""
    names, arn = _names(asked), asked.get("LoadBalancerArn")
    return next((r.stack for r in world.store.all(BALANCER) if own_name(r) in names or r.id == arn), "")


def _names(asked: Mapping[str, str]) -> list[str]:
    return [value for key, value in asked.items() if key.startswith("Names.member.")]


def _describe_attributes(world: World, asked: Mapping[str, str]) -> str:
    """Of a load balancer's attributes those of its access log."""
    arn = asked.get("LoadBalancerArn", "")
    found = world.store.require(BALANCER, arn, f"LoadBalancerNotFound: Load balancer '{arn}' not found")
    said = {
        "enabled": "true" if is_log_asked(found.inputs) else "false",
        "bucket": str(nested(found.inputs, "accessLogs", "bucket") or ""),
        "prefix": str(nested(found.inputs, "accessLogs", "prefix") or ""),
    }
    members = "".join(
        f"<member><Key>access_logs.s3.{key}</Key><Value>{escape(value)}</Value></member>" for key, value in said.items()
    )
    return f"<Attributes>{members}</Attributes>"


def _render(action: str, result: str) -> str:
    return f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result>{result}</{action}Result></{action}Response>'


def _member(r: Resource) -> str:
    shown = {
        "LoadBalancerArn": r.get("arn"),
        "LoadBalancerName": own_name(r),
        "DNSName": r.get("dnsName"),
        "Type": "application",
    }
    return f"<member>{''.join(f'<{key}>{escape(str(value))}</{key}>' for key, value in shown.items())}</member>"


def refuse(refused: CloudRefused) -> str:
    """A refusal as the API writes it."""
    code, _, message = refused.what.partition(": ")
    error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return f'<ErrorResponse xmlns="{_NAMESPACE}">{error}</ErrorResponse>'
