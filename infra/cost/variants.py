"""The price of redundancy: the same load spread otherwise, and what that costs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from infra.cost.estimate import Checks, CostedSite, Estimate, Load, estimate
from infra.plan import capacity


@dataclass(frozen=True)
class Variant:
    """Another way to spread the same load, and what it costs."""

    name: str
    estimate: Estimate
    note: str = ""


def compare(sites: Sequence[CostedSite], checks: Checks, load: Load) -> list[Variant]:
    """The same load on each site alone, on a pair with a standby, on all as they are, and with Spot on AWS."""
    found = [
        Variant(f"only {site.name}", estimate([replace(site, share=1.0)], checks, load), _too_small(site, load))
        for site in sites
    ]
    ordered = sorted(sites, key=lambda site: -site.share)
    if len(ordered) > 1:
        first, standby = replace(ordered[0], share=1.0), replace(ordered[1], share=0.0)
        name = f"active-passive: {first.name}, {standby.name} stands by"
        found.append(Variant(name, estimate([first, standby], checks, load), _too_small(first, load)))
        found.append(
            Variant(f"active-active: {', '.join(s.name for s in sites)}", estimate(_all_at_work(sites), checks, load))
        )
    with_spot = [replace(s, spot=s.running(load.rps * s.share) - 1) if s.cloud == "aws" else s for s in sites]
    if any(site.spot for site in with_spot):
        note = "AWS takes such a task back with two minutes' notice"
        found.append(Variant("as it is, AWS's tasks above the first on Spot", estimate(with_spot, checks, load), note))
    return found


def _all_at_work(sites: Sequence[CostedSite]) -> Sequence[CostedSite]:
    """The sites at their shares; at equal ones where some stand by."""
    return sites if all(site.share for site in sites) else [replace(site, share=1 / len(sites)) for site in sites]


def _too_small(site: CostedSite, load: Load) -> str:
    limit = capacity(site.replicas, site.rps_per_replica)
    return f"cannot bear it: {limit} a second at most" if load.rps > limit else ""
