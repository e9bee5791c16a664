"""WAF: a web ACL that is associated with a load balancer limits how often one address may ask through it."""

from __future__ import annotations

import http
import uuid
from collections.abc import Iterator

from sandbox.clouds.aws.balancer import BALANCER
from sandbox.clouds.aws.common import arn, own_name, region_of
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import TERRAFORM_AWS, Mistake, OneOf, Range, Text, because, is_given
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World
from sandbox.network.rates import RateRule

ACL = "aws:wafv2/webAcl:WebAcl"
ASSOCIATION = "aws:wafv2/webAclAssociation:WebAclAssociation"

_WINDOW = 300  # WAFv2 API, RateBasedStatement.EvaluationWindowSec: "Default: 300"
_STEP = 10  # the same: "WAF checks the rate about every 10 seconds"
_API = "WAFv2 API"
_GONE = "WAFNonexistentItemException: AWS WAF couldn't perform the operation because your resource doesn't exist."
_UNAVAILABLE = (
    "WAFUnavailableEntityException: AWS WAF couldn't retrieve the resource that you requested. Retry your request."
)


# -- what a client meets ---------------------------------------------------------------------------------------------


def rate_rule(world: World, balancer: Resource) -> RateRule | None:
    """The first rule of the load balancer's web ACL that blocks an address for how often it asks; None without one."""
    acl = next((found for one in world.store.all(ASSOCIATION) if (found := _associated(world, one, balancer))), None)
    rules = sorted((acl.inputs.get("rules") or []) if acl else [], key=lambda rule: rule.get("priority", 0))
    return next((rule for each in rules if (rule := _read(each)) is not None), None)


def _associated(world: World, association: Resource, balancer: Resource) -> Resource | None:
    if world.store.follow(association, "resourceArn", BALANCER) is not balancer:
        return None
    return world.store.follow(association, "webAclArn", ACL)


def _read(rule: Values) -> RateRule | None:
    counted, block = nested(rule, "statement", "rateBasedStatement"), nested(rule, "action", "block")
    if counted is None or block is None or counted.get("aggregateKeyType", "IP") != "IP":
        return None
    answer: Values = block.get("customResponse") or {}
    given = [f"{one['name']}: {one['value']}\r\n" for one in answer.get("responseHeaders") or []]
    status = int(answer.get("responseCode") or http.HTTPStatus.FORBIDDEN)
    window = int(counted.get("evaluationWindowSec") or _WINDOW)
    return RateRule("AWS WAF", int(counted["limit"]), window, _STEP, _spared(counted), status, "".join(given))


def _spared(counted: Values) -> tuple[str, ...]:
    """The one path that the scope leaves out, where it does so letter by letter."""
    match = nested(counted, "scopeDownStatement", "notStatement", "statement", "byteMatchStatement") or {}
    exact = match.get("positionalConstraint") == "EXACTLY" and nested(match, "fieldToMatch", "uriPath") is not None
    return (str(match["searchString"]),) if exact else ()


# -- rules -----------------------------------------------------------------------------------------------------------


def _association_rules(world: World, r: Resource) -> None:
    """The web ACL and the load balancer exist, in one region: WAFv2 API, AssociateWebACL."""
    balancer = world.store.require(BALANCER, r.inputs.get("resourceArn"), _UNAVAILABLE)
    acl = world.store.require(ACL, r.inputs.get("webAclArn"), _GONE)
    if acl.inputs.get("scope") != "REGIONAL" or region_of(acl) != region_of(balancer):
        raise CloudRefused(
            "WAFInvalidParameterException: Error reason: The ARN isn't valid. A valid ARN begins with arn: and "
            "includes other information separated by colons or slashes., field: RESOURCE_ARN, "
            f"parameter: {balancer.id}",
            hint=f"make the web ACL with the scope REGIONAL, in {region_of(balancer)}",
        )


def _rule_combinations(inputs: Values) -> Iterator[Mistake]:
    """WAFv2 API, WebACL.Rules and DefaultAction: one action each, one priority and one name for each rule."""
    default = inputs.get("defaultAction")
    if isinstance(default, dict) and ("allow" in default) == ("block" in default):
        yield "defaultAction", "exactly one of `allow` and `block` must be given"
    rules = inputs.get("rules")
    for what in ("priority", "name"):
        seen = [rule.get(what) for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
        if len(set(map(str, seen))) < len(seen):
            yield "rules", f"WAFInvalidParameterException: two rules have the same {what}"
    if is_given(inputs, "rules") and is_given(inputs, "ruleJson"):
        yield "ruleJson", "conflicts with `rules`"


# -- types -----------------------------------------------------------------------------------------------------------


def _draw(world: World, r: Resource) -> None:
    r.place["acl"] = str(uuid.uuid4())


def _acl_outputs(world: World, r: Resource) -> Values:
    return {
        "arn": arn("wafv2", r, f"regional/webacl/{own_name(r)}/{r.id}"),
        "name": own_name(r),
        "capacity": 0,
        "lockToken": r.id,
        "applicationIntegrationUrl": "",
    }


_RULE = "rules[].statement.rateBasedStatement"

declare(
    ACL,
    fidelity=Fidelity.SIMULATED,
    effect="once it is associated with a load balancer, an address over its rate rule's limit is refused there",
    illness=("an aggregate key other than IP, or an action other than block: nobody is limited",),
    not_known=("how WAF weighs recent requests more when it estimates a rate: here each counts the same",),
    not_simulated="every other statement and action, rule groups, logging, capacity units, the minutes until a change "
    "counts everywhere",
    create=_draw,
    id_of=lambda world, r: str(r.place["acl"]),
    outputs=_acl_outputs,
    limits={
        "name": Text(128, r"[\w\-]+", f"{_API}, EntityName"),
        "scope": OneOf(("REGIONAL", "CLOUDFRONT"), f"{_API}, Scope"),
        f"{_RULE}.limit": Range(10, 2_000_000_000, f"{_API}, RateLimit"),
        f"{_RULE}.evaluationWindowSec": OneOf((60, 120, 300, 600), f"{_API}, RateBasedStatement.EvaluationWindowSec"),
        f"{_RULE}.aggregateKeyType": OneOf(
            ("IP", "FORWARDED_IP", "CUSTOM_KEYS", "CONSTANT"), f"{_API}, RateBasedStatementAggregateKeyType"
        ),
        "rules[].action.block.customResponse.responseCode": Range(200, 599, f"{_API}, ResponseStatusCode"),
        "rules[].priority": Range(0, 2_147_483_647, f"{_API}, RulePriority"),
    },
    combinations=(_rule_combinations,),
    forces_new=because(f"{TERRAFORM_AWS}/wafv2/web_acl.go", "name", "namePrefix", "scope"),
)
declare(
    ASSOCIATION,
    fidelity=Fidelity.SIMULATED,
    effect="lets the web ACL see every request to the load balancer",
    not_simulated="resources other than load balancers",
    rules=(_association_rules,),
    id_of=lambda world, r: f"{r.inputs['webAclArn']},{r.inputs['resourceArn']}",
    forces_new=because(f"{TERRAFORM_AWS}/wafv2/web_acl_association.go", "resourceArn", "webAclArn"),
)
