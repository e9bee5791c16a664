"""What a routing plan is worth before it is made: the mistakes in it, and how long a lost site would be felt. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from failover.routing.answers import RecordSet
from failover.routing.lint import LintFinding, lint_routing
from failover.routing.predict import Check, Fault, Prediction, predict_failover
from infra.contract import KnownSite
from infra.health_check import describe_check
from infra.kinds import TrafficSettings

FAULTS: tuple[Fault, ...] = ("refused", "blackhole")
"""How a site may be lost: its load balancer refuses at once, or packets to it vanish."""


def lint_plan(
    settings: TrafficSettings, host: str, sites: Mapping[str, KnownSite], weights: Mapping[str, int]
) -> tuple[LintFinding, ...]:
    """Every finding about the weighted group that `weights` describes; a site's name stands for its check's id."""
    group = [
        RecordSet(
            name=host,
            type="CNAME",
            ttl_seconds=settings.ttl_seconds,
            values=(sites[name].origin_host,),
            set_identifier=name,
            weight=weight,
            health_check_id=name,
        )
        for name, weight in weights.items()
    ]
    return lint_routing(host, group, {name: describe_check(settings, site) for name, site in sites.items()})


def predict_loss(settings: TrafficSettings) -> dict[str, dict[str, float]]:
    """Fault -> seconds from the loss of a site to the last client's first good answer: best, typical, worst.

    For clients that honour the TTL; docs/concepts/recovery-time.md says what the terms are.
    """
    check = Check(interval_seconds=settings.interval_seconds, failure_threshold=settings.failure_threshold)
    return {fault: _round(predict_failover(check, ttl_seconds=settings.ttl_seconds, fault=fault)) for fault in FAULTS}


def _round(prediction: Prediction) -> dict[str, float]:
    return {
        "best_seconds": round(prediction.best_seconds, 1),
        "typical_seconds": round(prediction.typical_seconds, 1),
        "worst_seconds": round(prediction.worst_seconds, 1),
    }
