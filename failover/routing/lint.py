"""Pure: mistakes in a routing configuration that Route 53 accepts and that hurt on the day a site is lost.

    findings = lint_routing("api.outlast.example", zone.group("api.outlast.example", "CNAME"), checks)

Each finding says what is so, why it matters and what to write instead. An `error` defeats failover; a `warning` delays
it, or misleads the one who looks. This looks at one group of records and its checks; `failover.routing.lint_zone` at
all groups that a host leads to, `failover.routing.lint_sites` at the sites behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from failover.routing.answers import OUTSIDE_TTL_SECONDS, RecordSet, Sight, Zone, normal_name
from failover.routing.lint_rules import NO_RECORDS, LintFinding, make_finding
from failover.routing.predict import Check, predict_failover
from failover.routing.spread import list_ends

Checks = Mapping[str, Mapping[str, Any]]
"""`HealthCheckConfig`, as boto3 gives it, by health check id."""

LONGEST_TTL_SECONDS = 60  # Developer Guide, resource-record-sets-values-weighted: 60 s or less with health checks
SHORTEST_TTL_SECONDS = 5  # resolvers are known to raise smaller ones to a floor of their own
SLOW_INTERVAL_SECONDS = 30
MOST_FAILURES = 5
_WITHOUT_ENDPOINT = ("CLOUDWATCH_METRIC", "RECOVERY_CONTROL")  # an alarm or a switch decides: nothing is connected to


@dataclass(frozen=True)
class _Routing:
    host: str
    group: Sequence[RecordSet]
    checks: Checks
    goal_seconds: float | None
    sight: Sight
    names: frozenset[str]

    def leads_to_group(self, record: RecordSet) -> bool:
        """Whether a record answers by another group of the zone, or by a name of it that has no records."""
        if record.alias:
            return bool(self.sight.group_of(record.alias, record.type))
        target = normal_name(record.values[0]) if record.values else ""
        zone = self.sight.zone_of(target)
        return zone is not None and zone.source_of(target) is None and bool(record.location)

    def ttl_of(self, record: RecordSet) -> int:
        """How long an answer is kept: an alias has no TTL of its own."""
        if record.alias is None:
            return record.ttl_seconds
        return min((end.ttl_seconds for end in list_ends(self.sight, [record])), default=OUTSIDE_TTL_SECONDS)

    def checked(self) -> Iterator[tuple[RecordSet, str, Mapping[str, Any]]]:
        """Each record set with the endpoint checks that decide about it, through calculated ones."""
        for record in self.group:
            for check_id in _endpoints(record.health_check_id or "", self.checks, frozenset()):
                yield record, check_id, self.checks[check_id]


def lint_routing(
    host: str,
    group: Sequence[RecordSet],
    checks: Checks,
    *,
    goal_seconds: float | None = None,
    zone: Zone | None = None,
    names: Iterable[str] = (),
) -> tuple[LintFinding, ...]:
    """Every finding about the record sets `group` that answer for `host`, errors first.

    Args:
        host: the public host.
        group: its record sets of one type.
        checks: all health checks that exist; the ones that `group` does not lead to are not looked at.
        goal_seconds: the recovery time that was promised; None for none.
        zone: where aliases inside it lead; None for nowhere that is known.
        names: further names that answer with any site, which no check may resolve.
    """
    host = normal_name(host)
    sight = Sight([zone] if zone else [], lambda check_id: True)
    routing = _Routing(host, group, checks, goal_seconds, sight, frozenset([host, *map(normal_name, names)]))
    if not group:
        return (make_finding(NO_RECORDS, routing.host, f"{routing.host} has no records"),)
    found = dict.fromkeys(finding for rule in _RULES for finding in rule(routing))
    return tuple(sorted(found, key=lambda finding: finding.severity != "error"))


# -- the group -------------------------------------------------------------------------------------------------------


def _find_lonely_site(routing: _Routing) -> Iterator[LintFinding]:
    if len(routing.group) == 1 and not routing.leads_to_group(routing.group[0]):
        yield make_finding("one-site", _name(routing.group[0]), "is the only record")


def _find_mixed_policies(routing: _Routing) -> Iterator[LintFinding]:
    policies = sorted({record.policy for record in routing.group})
    if len(policies) > 1:
        yield make_finding("mixed-policies", routing.host, f"mixes {' and '.join(policies)} records")


def _find_no_weight(routing: _Routing) -> Iterator[LintFinding]:
    weights = [record.weight for record in routing.group if record.policy == "weighted"]
    if weights and not any(weights):
        yield make_finding("all-weights-zero", routing.host, "has a weight of 0 for every record")


def _find_ttls(routing: _Routing) -> Iterator[LintFinding]:
    ttls = {_name(record): routing.ttl_of(record) for record in routing.group}
    if len(set(ttls.values())) > 1:
        told = ", ".join(f"{name} {ttl} s" for name, ttl in sorted(ttls.items()))
        yield make_finding("different-ttls", routing.host, f"has different TTLs ({told})")
    for name, ttl in ttls.items():
        if ttl > LONGEST_TTL_SECONDS:
            yield make_finding("ttl-too-long", name, f"has a TTL of {ttl} s")
        elif ttl < SHORTEST_TTL_SECONDS:
            yield make_finding("ttl-too-short", name, f"has a TTL of {ttl} s")


def _find_same_targets(routing: _Routing) -> Iterator[LintFinding]:
    seen: dict[tuple[str, ...], str] = {}
    for record in (one for one in routing.group if not routing.leads_to_group(one)):
        target = (record.alias.dns_name,) if record.alias else tuple(map(normal_name, record.values))
        if target in seen:
            yield make_finding("same-target", _name(record), f"answers with the same value as {seen[target]}")
        seen.setdefault(target, _name(record))


def _find_many_values(routing: _Routing) -> Iterator[LintFinding]:
    for record in routing.group:
        if record.policy in ("weighted", "failover") and len(record.values) > 1:
            yield make_finding("many-values", _name(record), f"holds {len(record.values)} values")


# -- which record has which check ------------------------------------------------------------------------------------


def _find_unchecked(routing: _Routing) -> Iterator[LintFinding]:
    for record in routing.group:
        follows_target = record.alias is not None and record.alias.evaluate_target_health
        follows_target |= record.policy == "geolocation" and routing.leads_to_group(record)
        if not record.health_check_id and not follows_target and len(routing.group) > 1:
            yield make_finding("no-health-check", _name(record), "has no health check")
        elif record.health_check_id and record.health_check_id not in routing.checks:
            yield make_finding(
                "unknown-health-check", _name(record), f"names {record.health_check_id}, which does not exist"
            )


def _find_shared_checks(routing: _Routing) -> Iterator[LintFinding]:
    owner: dict[str, str] = {}
    for record in routing.group:
        if not record.health_check_id:
            continue
        first = owner.setdefault(record.health_check_id, _name(record))
        if first != _name(record):
            yield make_finding("shared-health-check", _name(record), f"has the health check of {first}")


# -- the checks ------------------------------------------------------------------------------------------------------


def _find_plain_http(routing: _Routing) -> Iterator[LintFinding]:
    for _, check_id, config in routing.checked():
        if config["Type"].startswith("HTTP") and not config["Type"].startswith("HTTPS"):
            yield make_finding("plain-http", check_id, f"checks {config['Type']} on port {config.get('Port', 80)}")


def _find_self_checks(routing: _Routing) -> Iterator[LintFinding]:
    for _, check_id, config in routing.checked():
        name = normal_name(config.get("FullyQualifiedDomainName") or "")
        if name in routing.names and not config.get("IPAddress"):
            yield make_finding("checks-itself", check_id, f"resolves {name}, a name that it decides about")


def _find_shallow_checks(routing: _Routing) -> Iterator[LintFinding]:
    for _, check_id, config in routing.checked():
        if not config["Type"].endswith("STR_MATCH"):
            yield make_finding("no-string-match", check_id, f"is a {config['Type']} check")
        if config["Type"].startswith("HTTPS") and config.get("EnableSNI") is False:
            yield make_finding("no-sni", check_id, "sends no server name")


def _find_slow_checks(routing: _Routing) -> Iterator[LintFinding]:
    for _, check_id, config in routing.checked():
        interval, threshold = _pace_of(config)
        if interval >= SLOW_INTERVAL_SECONDS:
            yield make_finding("slow-interval", check_id, f"checks every {interval} s")
        if threshold == 1:
            yield make_finding("threshold-of-one", check_id, "turns after a single check")
        elif threshold > MOST_FAILURES:
            yield make_finding("threshold-too-high", check_id, f"turns after {threshold} failures")


def _find_left_overs(routing: _Routing) -> Iterator[LintFinding]:
    reached = {check for record in routing.group for check in _reached(record.health_check_id or "", routing.checks)}
    for check_id in sorted(reached):
        config = routing.checks[check_id]
        if config.get("Disabled"):
            state = "unhealthy" if config.get("Inverted") else "healthy"
            yield make_finding("disabled-check", check_id, f"is disabled, so it is always {state}")
        elif config.get("Inverted") and config["Type"] != "CALCULATED" and _is_attached(check_id, routing.group):
            yield make_finding("inverted-check", check_id, "is inverted, so a dead endpoint is healthy")


def _find_calculated(routing: _Routing) -> Iterator[LintFinding]:
    for check_id, config in routing.checks.items():
        if config["Type"] != "CALCULATED" or not _is_attached(check_id, routing.group):
            continue
        children, threshold = config.get("ChildHealthChecks") or (), int(config.get("HealthThreshold") or 0)
        if threshold == 0:
            yield make_finding("calculated-always-healthy", check_id, "needs 0 healthy children")
        elif threshold > len(children):
            yield make_finding("calculated-never-healthy", check_id, f"needs {threshold} of {len(children)} children")


def _find_circles(routing: _Routing) -> Iterator[LintFinding]:
    reached = {check for record in routing.group for check in _reached(record.health_check_id or "", routing.checks)}
    for check_id in sorted(reached):
        children = routing.checks[check_id].get("ChildHealthChecks") or ()
        if any(check_id in _reached(child, routing.checks) for child in children):
            yield make_finding("circular-check", check_id, "is a child of its own children")


def _find_missed_goal(routing: _Routing) -> Iterator[LintFinding]:
    if routing.goal_seconds is None:
        return
    for record, check_id, config in routing.checked():
        interval, threshold = _pace_of(config)
        check = Check(interval_seconds=interval, failure_threshold=threshold)
        worst = predict_failover(check, ttl_seconds=record.ttl_seconds, fault="blackhole").worst_seconds
        if worst > routing.goal_seconds:
            what = f"takes up to {worst:.0f} s to leave a dead site, {routing.goal_seconds:.0f} s are promised"
            yield make_finding("goal-missed", check_id, what)


_RULES: tuple[Callable[[_Routing], Iterable[LintFinding]], ...] = (
    _find_lonely_site,
    _find_mixed_policies,
    _find_no_weight,
    _find_ttls,
    _find_same_targets,
    _find_many_values,
    _find_unchecked,
    _find_shared_checks,
    _find_plain_http,
    _find_self_checks,
    _find_shallow_checks,
    _find_slow_checks,
    _find_left_overs,
    _find_calculated,
    _find_circles,
    _find_missed_goal,
)


def _name(record: RecordSet) -> str:
    return record.set_identifier or record.name


def _is_attached(check_id: str, group: Sequence[RecordSet]) -> bool:
    return any(record.health_check_id == check_id for record in group)


def _reached(check_id: str, checks: Checks, seen: frozenset[str] = frozenset()) -> set[str]:
    """A check and, below a calculated one, its children."""
    config = checks.get(check_id)
    if config is None or check_id in seen:
        return set()
    children = config.get("ChildHealthChecks") or ()
    return {check_id}.union(*(_reached(child, checks, seen | {check_id}) for child in children))


def _endpoints(check_id: str, checks: Checks, seen: frozenset[str]) -> list[str]:
    """The checks of endpoints that decide about `check_id`; inverted children are flags, not endpoints."""
    config = checks.get(check_id)
    if config is None or check_id in seen:
        return []
    if config["Type"] != "CALCULATED":
        return [] if config["Type"] in _WITHOUT_ENDPOINT else [check_id]
    children = [child for child in config.get("ChildHealthChecks") or () if not checks.get(child, {}).get("Inverted")]
    return [endpoint for child in children for endpoint in _endpoints(child, checks, seen | {check_id})]


def _pace_of(config: Mapping[str, Any]) -> tuple[int, int]:
    return int(config.get("RequestInterval") or 30), int(config.get("FailureThreshold") or 3)
