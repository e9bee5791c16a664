"""Pure: mistakes in the sites behind a host, as far as they decide whether a failover ends well.

    findings = lint_sites([SiteFacts("aws", "aws", capacity_rps=100), …], Promises(peak_rps=150))

What nobody knows is left out of `SiteFacts` and is not judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from failover.routing.lint_rules import LintFinding, make_finding

HEADROOM = 1.2
"""How much more than the peak the survivors should bear: retries come on top."""


@dataclass(frozen=True)
class SiteFacts:
    """A site as the linter sees it; None or "" for what is not known. `switch_cloud`: whose store its switch is in."""

    name: str
    cloud: str = ""
    region: str = ""
    model_digest: str | None = None
    capacity_rps: float | None = None
    certificate_ends: datetime | None = None
    switch_cloud: str = ""


@dataclass(frozen=True)
class Promises:
    """What the sites are held to; None for what was not promised. `regions`: site -> where it may be.

    `reached`: where clients are -> the only sites that may answer them (`lint_zone.list_reached`); empty where every
    site answers everybody.
    """

    peak_rps: float | None = None
    next_drill: datetime | None = None
    regions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    reached: Mapping[str, Sequence[str]] = field(default_factory=dict)


def lint_sites(sites: Sequence[SiteFacts], promises: Promises) -> tuple[LintFinding, ...]:
    """Every finding about the sites that take traffic, errors first."""
    rules = (_find_mixed_digests, _find_small_survivors, _find_own_switches, _find_regions, _find_certificates)
    found = [finding for rule in rules for finding in rule(sites, promises)]
    return tuple(sorted(found, key=lambda finding: finding.severity != "error"))


def _find_mixed_digests(sites: Sequence[SiteFacts], promises: Promises) -> Iterator[LintFinding]:
    served: dict[str, list[str]] = {}
    for site in sites:
        if site.model_digest:
            served.setdefault(site.model_digest, []).append(site.name)
    if len(served) > 1:
        told = "; ".join(f"{', '.join(names)}: {digest[:19]}…" for digest, names in served.items())
        yield make_finding(
            "mixed-digests", ", ".join(site.name for site in sites), f"serve {len(served)} models ({told})"
        )


def _find_small_survivors(sites: Sequence[SiteFacts], promises: Promises) -> Iterator[LintFinding]:
    """Whoever is lost: each site in turn, and what is left for those whom it answers.

    Nobody says how much of the peak comes from one geography: all of it may.
    """
    if promises.peak_rps is None:
        return
    capacities = {site.name: site.capacity_rps for site in sites}
    everybody = {"": [*capacities]} if len(sites) > 1 else {}
    for where, names in (promises.reached or everybody).items():
        yield from _find_small(where, {name: capacities[name] for name in names if name in capacities}, promises)


def _find_small(where: str, capacities: Mapping[str, float | None], promises: Promises) -> Iterator[LintFinding]:
    if promises.peak_rps is None or None in capacities.values():
        return
    whose = f" to clients of {where}" if where else ""
    for lost in capacities:
        left = sum(rps or 0.0 for name, rps in capacities.items() if name != lost)
        if left < HEADROOM * promises.peak_rps:
            need = f"{HEADROOM:g} times the peak of {promises.peak_rps:g}"
            told = f"leaves {left:g} requests a second{whose} when lost, not {need}"
            yield make_finding("survivors-too-small", lost, told)


def _find_own_switches(sites: Sequence[SiteFacts], promises: Promises) -> Iterator[LintFinding]:
    for site in sites:
        if site.switch_cloud and site.switch_cloud == site.cloud:
            yield make_finding("switch-in-own-cloud", site.name, f"has its drain switch in a store of {site.cloud}")


def _find_regions(sites: Sequence[SiteFacts], promises: Promises) -> Iterator[LintFinding]:
    for site in sites:
        allowed = promises.regions.get(site.name)
        if allowed is not None and site.region and site.region not in allowed:
            told = f"not in {', '.join(allowed)}" if allowed else "and all of its geographies allow no region in common"
            yield make_finding("region-outside", site.name, f"is in {site.region}, {told}")


def _find_certificates(sites: Sequence[SiteFacts], promises: Promises) -> Iterator[LintFinding]:
    for site in sites:
        ends, drill = site.certificate_ends, promises.next_drill
        if ends and drill and ends <= drill:
            told = f"has a certificate that ends on {ends.astimezone(UTC):%Y-%m-%d}, the next drill is on "
            yield make_finding("certificate-ends", site.name, f"{told}{drill.astimezone(UTC):%Y-%m-%d}")
