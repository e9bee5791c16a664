"""Elastic Load Balancing as somebody on call asks it: which load balancers there are, by their names.

Asked and answered in the query protocol: a form, and XML.
"""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from sandbox.clouds.aws.balancer import BALANCER
from sandbox.clouds.aws.common import own_name, region_of
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.world import World

_NAMESPACE = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"


def answer(world: World, asked: Mapping[str, str], region: str) -> str:
    """The XML of one DescribeLoadBalancers. Raises CloudRefused with the API's own code."""
    if asked.get("Action") != "DescribeLoadBalancers":
        raise CloudRefused(f"InvalidAction: the sandbox has no {asked.get('Action')} of load balancers")
    names, here = _names(asked), [r for r in world.store.all(BALANCER) if region_of(r) == region]
    known = {own_name(r): r for r in here}
    missing = [name for name in names if name not in known]
    if missing:
        raise CloudRefused(f"LoadBalancerNotFound: Load balancers '[{', '.join(missing)}]' not found")
    members = "".join(_member(known[name]) for name in names or known)
    result = f"<DescribeLoadBalancersResult><LoadBalancers>{members}</LoadBalancers></DescribeLoadBalancersResult>"
    return f'<DescribeLoadBalancersResponse xmlns="{_NAMESPACE}">{result}</DescribeLoadBalancersResponse>'


def owner(world: World, asked: Mapping[str, str]) -> str:
    """The stack of the load balancer that is asked for; empty where there is none."""
    names = _names(asked)
    return next((r.stack for r in world.store.all(BALANCER) if own_name(r) in names), "")


def _names(asked: Mapping[str, str]) -> list[str]:
    return [value for key, value in asked.items() if key.startswith("Names.member.")]


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
