"""Cloud Armor: a security policy on a backend service limits how often one address may ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sandbox.clouds.gcp.common import DELETION, compute_outputs, global_id, needs_api
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, SDK, Mistake, OneOf, Range, Text, because, is_known
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World
from sandbox.network.rates import RateRule

POLICY = "gcp:compute/securityPolicy:SecurityPolicy"

_DEFAULT = 2_147_483_647
_THROTTLE = "throttle"
_DENY = re.compile(r"deny\((\d{3})\)")
_PATH = re.compile(r"request\.path == (['\"])(?P<path>[^'\"]*)\1")
_LIMITS = "docs.cloud.google.com/armor/docs/rate-limiting-overview"


# -- what a client meets ---------------------------------------------------------------------------------------------


def rate_rule(world: World, backend: Resource) -> RateRule | None:
    """The first throttle of the backend service's policy, without the paths that rules before it let through; None
    where everybody is let through first.
    """
    policy = world.store.follow(backend, "securityPolicy", POLICY)
    rules = [rule for rule in (policy.inputs.get("rules") if policy else None) or [] if not rule.get("preview")]
    spared: list[str] = []
    for rule in sorted(rules, key=lambda one: one["priority"]):
        if rule["action"] == _THROTTLE and _is_everybody(rule["match"]):
            return _read(rule["rateLimitOptions"], tuple(spared))
        if rule["action"] == "allow":
            if _is_everybody(rule["match"]):
                return None
            path = _PATH.fullmatch(str(nested(rule, "match", "expr", "expression") or ""))
            spared += [path["path"]] if path else []
    return None


def _is_everybody(match: Mapping[str, object]) -> bool:
    return "*" in (nested(match, "config", "srcIpRanges") or [])


def _read(options: Values, spared: tuple[str, ...]) -> RateRule | None:
    """Of each address alone; by default all addresses share one counter, which nothing here simulates."""
    denied = _DENY.fullmatch(str(options.get("exceedAction")))
    if options.get("enforceOnKey") != "IP" or denied is None:
        return None
    threshold = options["rateLimitThreshold"]
    window = int(threshold["intervalSec"])
    return RateRule("Cloud Armor", int(threshold["count"]), window, window, spared, int(denied[1]))


# -- the type --------------------------------------------------------------------------------------------------------


def _rule_combinations(inputs: Values) -> Iterator[Mistake]:
    """pulumi-gcp 10.2.0, SecurityPolicy.rules: "There must always be a default rule (rule with priority 2147483647 and
    match "*")"; Compute Engine API: each priority once, and options of a rate limit with a throttle.
    """
    rules = inputs.get("rules")
    given = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    priorities = [rule.get("priority") for rule in given]
    if given and is_known(*priorities):
        if _DEFAULT not in priorities:
            yield "rules", f"Error 400: the policy has no default rule (priority {_DEFAULT}, match '*')"
        if len(set(priorities)) < len(priorities):
            yield "rules", "Error 400: Cannot have rules with the same priorities"
    for position, rule in enumerate(given):
        if rule.get("action") == _THROTTLE and not rule.get("rateLimitOptions"):
            yield f"rules[{position}].rateLimitOptions", "must be given where the action is throttle"


_OPTIONS = "rules[].rateLimitOptions"
_SECONDS = (10, 30, 60, 120, 180, 240, 270, 300, 600, 900, 1200, 1800, 2700, 3600)

declare(
    POLICY,
    fidelity=Fidelity.SIMULATED,
    effect="an address over the limit of its throttle is refused at the load balancer",
    illness=(
        "`enforceOnKey` left out: all addresses share one counter, and nobody is limited by his own",
        "`preview`: nobody is limited",
    ),
    not_known=("how the counts of Google's several places are put together: here there is one place",),
    not_simulated="bans, rules that deny, addresses and expressions other than `request.path == '…'`, adaptive "
    "protection, inspection of bodies",
    id_of=global_id("securityPolicies"),
    rules=(needs_api("compute"),),
    outputs=compute_outputs,
    limits={
        "name": Text(63, r"[a-z]([-a-z0-9]*[a-z0-9])?", "RFC 1035, as Compute Engine asks"),
        "type": OneOf(("CLOUD_ARMOR", "CLOUD_ARMOR_EDGE", "CLOUD_ARMOR_INTERNAL_SERVICE"), f"{SDK}: type"),
        "rules[].priority": Range(0, _DEFAULT, "Compute Engine API, securityPolicies.rules.priority"),
        f"{_OPTIONS}.rateLimitThreshold.count": Range(1, 1_000_000, _LIMITS),
        f"{_OPTIONS}.rateLimitThreshold.intervalSec": OneOf(_SECONDS, "gcloud compute security-policies rules create"),
        "deletionPolicy": DELETION,
    },
    combinations=(_rule_combinations,),
    forces_new=because(ID, "name", "project") | because(f"{SDK}: type", "type"),
)
