"""What each rule of the routing linter says: its severity, why it matters, and what to write instead. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class LintFinding:
    """One mistake. `rule` never changes its name; `place` is a set identifier, a health check id or the host."""

    rule: str
    severity: Severity
    place: str
    what: str
    why: str
    hint: str

    def __str__(self) -> str:
        return f"{self.severity}: {self.place}: {self.what}: {self.why}\n  hint: {self.hint}"


NO_RECORDS = "no-records"

RULES: Mapping[str, tuple[Severity, str, str]] = {
    # rule: severity, why it matters, hint
    NO_RECORDS: ("error", "nobody can reach it", "bring up the stack that holds the records"),
    "one-site": ("error", "with one site there is no other to go to", "bring up a second site"),
    "mixed-policies": ("error", "Route 53 refuses that for one name and type", "give every record the same policy"),
    "all-weights-zero": (
        "error",
        "Route 53 then answers with all of them equally often, also with those meant to be off",
        "give at least one site a weight above 0",
    ),
    "different-ttls": (
        "error",
        "Route 53 refuses that in a weighted group, and an alias beside plain records skews the shares",
        "give every record the same TTL, 60 where one is an alias of a load balancer",
    ),
    "ttl-too-long": (
        "warning",
        "resolvers send clients to a dead site for that long; Amazon advises 60 s or less with health checks",
        "write ttl 30",
    ),
    "ttl-too-short": (
        "warning",
        "resolvers raise such TTLs to a floor of their own, so the gain is only in the bill",
        "write ttl 30",
    ),
    "same-target": ("error", "losing one of them loses both", "point each record at its own site"),
    "many-values": (
        "warning",
        "Amazon documents one value for such a record, and a check of one says nothing of the others",
        "make a record with a health check of its own for each value",
    ),
    "no-health-check": (
        "error",
        "a record without one always counts as healthy and is answered when its site is dead",
        "attach the site's health check",
    ),
    "unknown-health-check": (
        "error",
        "the status of a deleted check cannot be predicted",
        "attach a health check that exists",
    ),
    "shared-health-check": ("error", "both leave together, although only one is dead", "make one check for each site"),
    "plain-http": (
        "error",
        "a redirect to HTTPS counts as healthy, and nothing behind it is checked",
        "check HTTPS_STR_MATCH on port 443",
    ),
    "checks-itself": (
        "error",
        "it then sees whichever site DNS answers with; Amazon calls the result unpredictable",
        "check the site's own name, or set the site's IP address beside the name",
    ),
    "no-string-match": (
        "warning",
        "any page with a status of 2xx or 3xx passes, a load balancer's own included",
        'use HTTPS_STR_MATCH with a text that only a working model sends, such as "status":"ok"',
    ),
    "no-sni": (
        "warning",
        "the site cannot tell which certificate is asked for, so a missing binding goes unseen",
        "set EnableSNI",
    ),
    "slow-interval": (
        "warning",
        "detection takes three times as long as with 10 s",
        "write interval 10; it cannot be changed later without a new check",
    ),
    "threshold-of-one": ("warning", "one lost packet moves traffic", "write threshold 3"),
    "threshold-too-high": ("warning", "each further failure adds an interval to every failover", "write threshold 3"),
    "disabled-check": (
        "warning",
        "nothing looks at the site; a drill that was not taken back leaves this behind",
        "outlast drill restore, or enable the check",
    ),
    "inverted-check": (
        "error",
        "the site gets traffic exactly when it is dead",
        "set Inverted to false; to take a site out, disable the check as well",
    ),
    "calculated-always-healthy": ("error", "its children then do not matter", "set HealthThreshold to their number"),
    "calculated-never-healthy": ("error", "it can never be healthy", "set HealthThreshold to at most their number"),
    "circular-check": ("error", "its status then follows from nothing that is looked at", "take the check out of it"),
    "goal-missed": ("warning", "the promise cannot be kept", "lower TTL, interval or threshold, or promise less"),
    "longer-ttl-in-chain": (
        "warning",
        "resolvers keep the longer one, and the shorter one behind it shortens nothing",
        "give it the TTL of the group that it leads to, or less",
    ),
    "no-default-location": (
        "warning",
        "clients elsewhere, and those whose place nobody knows, get no answer",
        "give one geography default: true",
    ),
    "location-without-site": (
        "warning",
        "clients there get no answer, as residency asks for",
        "bring up an allowed site, or allow another one",
    ),
    "outside-geography": (
        "error",
        "clients of that geography would be answered by a site that may not answer them",
        "take the site out of the group, or allow it",
    ),
    "leaves-geography": (
        "error",
        "when its sites are unhealthy, Route 53 goes on to a wider location, whose sites may lie outside",
        "make the location's record an alias that does not evaluate its target's health, without a check",
    ),
    "region-outside": (
        "error",
        "data of that geography would be worked on outside of it",
        "deploy the site in an allowed region, or allow the region",
    ),
    "mixed-digests": (
        "warning",
        "clients get another answer from another site, and a failover changes the answers",
        "finish the release: serve one model everywhere",
    ),
    "survivors-too-small": (
        "warning",
        "the sites that are left would be overloaded, and fail one after the other",
        "give the other sites more replicas, or promise less load",
    ),
    "switch-in-own-cloud": (
        "error",
        "when that cloud is down, the switch that should empty it is down as well",
        "keep the switch in another cloud's store",
    ),
    "certificate-ends": (
        "warning",
        "Route 53 does not look at certificates, so every client of the site would fail and no failover would come",
        "renew it now, and find out why it was not renewed by itself",
    ),
}
"""Every rule by its name: severity, why, hint. docs/concepts/routing.md lists them."""


def make_finding(rule: str, place: str, what: str) -> LintFinding:
    """A finding of `rule` at `place`."""
    severity, why, hint = RULES[rule]
    return LintFinding(rule, severity, place, what, why, hint)
