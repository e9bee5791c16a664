"""What sites and their DNS cost a month at a given load, line by line. Pure.

Over 300 lines, so that what each cloud is paid for stands side by side.

A line is a product of factors times one price; what is printed is what is multiplied. Lines are `standing` (due without
a single request) or caused by requests, those of Route 53's health checkers among them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from infra.contract import Replicas, Size
from infra.cost import beside, dns
from infra.cost.beside import Beside, Factor, Rows
from infra.cost.dns import CHECKERS_PER_REGION
from infra.cost.logs import Logged, rows_of
from infra.cost.prices import HOURS, PRICES, REGIONS, SECONDS, Price
from infra.plan import INTERFACE_ENDPOINTS, SPOT_WEIGHT, tracked_requests

_GB = 1e9
_MILLION = 1e6
NOTHING = Beside()

INSIGHTS_METRICS = 24
"""That Container Insights sends of one service: assumed, eight each of the cluster, the service and the task family."""


@dataclass(frozen=True)
class Load:
    """What callers ask: predictions a second on average over the month, and what one causes."""

    rps: float = 0.0
    request_bytes: int = 1000
    answer_bytes: int = 1000
    log_bytes: int = 700  # the audit record of a prediction
    seconds: float = 0.1  # Cloud Run rounds the time in which an instance is busy up to this
    predictions_per_query: int = 100  # clients and resolvers cache the host's address


@dataclass(frozen=True)
class Checks:
    """What of the health checks is paid for, and how often a site is asked by them; with `alarms` each has one."""

    interval_seconds: int = 10
    regions: int = 8
    alarms: bool = False

    @property
    def rps(self) -> float:
        """Requests a second that one site gets from the checkers."""
        return CHECKERS_PER_REGION * self.regions / self.interval_seconds

    @property
    def options(self) -> int:
        """HTTPS and the text that is looked for; and asking more often than every 30 s."""
        return 2 + (self.interval_seconds < 30)


@dataclass(frozen=True)
class CostedSite:
    """What of a site is paid for. `share` is its part of the callers' requests, `spot` the replicas at Spot's price;
    with `spot_above` those beyond the minimum are mostly Spot's as well.

    One that is `switched` has a drain switch: a health check looks for it, and another joins that to the site's own.
    One that is `limited` has a rule of its cloud that counts each address's requests; on Azure the service counts.
    One on AWS has a load balancer's address in each of its `zones`, and where it is `private` a NAT gateway as well, or
    with `endpoints` those in its place.
    Its `dashboard` is one of three that an account has for nothing; on the other clouds all are. With `access_logs` a
    line is kept for each request, that of a health checker too, on AWS for `log_days`.
    """

    name: str
    cloud: str
    region: str
    size: Size
    replicas: Replicas
    rps_per_replica: int
    share: float
    spot: int = 0
    switched: bool = False
    spot_above: bool = False
    architecture: str = "x86_64"
    limited: bool = False
    private: bool = False
    endpoints: bool = False
    zones: int = 2
    dashboard: bool = False
    access_logs: bool = False
    container_insights: bool = False
    log_days: int = 30
    beside: Beside = NOTHING

    @property
    def rps_kept_to(self) -> float:
        """Requests a second that a replica gets before another is started."""
        return tracked_requests(self.rps_per_replica) / 60 if self.cloud == "aws" else self.rps_per_replica

    def running(self, rps: float) -> int:
        """How many replicas run on average while that many requests a second come."""
        wanted = math.ceil(rps / self.rps_kept_to)
        return min(max(wanted, self.replicas.minimum), self.replicas.maximum)

    def on_spot(self, running: int) -> int:
        """How many of the running replicas are Spot's: rounded down, for no share of them is promised."""
        above = (running - self.replicas.minimum) * SPOT_WEIGHT // (SPOT_WEIGHT + 1) if self.spot_above else 0
        return max(min(self.spot, running), above)


@dataclass(frozen=True)
class Line:
    """One thing that is paid for: `where` is a site or DNS, the amount is the product of `factors`.

    `taken` of what is free in an account another line of the same price has used up.
    """

    where: str
    what: str
    price: Price
    factors: tuple[Factor, ...]
    standing: bool
    taken: float = 0.0

    @property
    def whole(self) -> float:
        """The amount, in the price's unit."""
        return math.prod(number for number, _ in self.factors)

    @property
    def free(self) -> float:
        """How many of the price's units cost nothing here."""
        return max(self.price.free - self.taken, 0.0)

    @property
    def amount(self) -> float:
        """In the price's unit, less what is free."""
        return max(self.whole - self.free, 0.0)

    @property
    def usd(self) -> float:
        """A month."""
        return self.amount * self.price.usd

    @property
    def formula(self) -> str:
        """The amount, as it is multiplied."""
        product = " x ".join(f"{_plain(number)} {unit}".strip() for number, unit in self.factors)
        return f"{product} - {_plain(self.free)}" if self.free else product


def _plain(number: float) -> str:
    return f"{number:.10g}" if number == int(number) else f"{number:.4g}"


@dataclass(frozen=True)
class Estimate:
    """All lines of one deployment at one load."""

    lines: tuple[Line, ...]
    load: Load

    @property
    def usd(self) -> float:
        """A month, in all."""
        return sum(line.usd for line in self.lines)

    @property
    def standing_usd(self) -> float:
        """A month, without a single request."""
        return sum(line.usd for line in self.lines if line.standing)

    @property
    def by_place(self) -> dict[str, float]:
        """Site, or DNS -> USD a month."""
        return {where: sum(line.usd for line in self.lines if line.where == where) for where in self.places}

    @property
    def places(self) -> list[str]:
        """The sites and DNS, in the order of the lines."""
        return list(dict.fromkeys(line.where for line in self.lines))

    @property
    def usd_per_thousand(self) -> float | None:
        """Of predictions; None where nobody asks for any."""
        predictions = self.load.rps * SECONDS
        return 1000 * self.usd / predictions if predictions else None


DNS = "DNS"


def estimate(sites: Sequence[CostedSite], checks: Checks, load: Load) -> Estimate:
    """What the sites cost, each at its share of the load, and the zone with a health check for each of them."""
    lines = [line for site in sites for line in _site_lines(site, checks, load)]
    return Estimate(tuple(_give_once([*lines, *_dns_lines(sites, checks, load)])), load)


def _give_once(lines: Sequence[Line]) -> Iterator[Line]:
    """The same lines, what is free given to the first that use it: an account has it once, however many its sites."""
    taken = dict[Price, float]()
    for line in lines:
        yield replace(line, taken=taken.get(line.price, 0.0))
        taken[line.price] = taken.get(line.price, 0.0) + line.whole


def list_assumptions(sites: Sequence[CostedSite], load: Load) -> list[str]:
    """What was taken for true in an estimate, so that a reader can say where it is wrong for them."""
    elsewhere = [f"{s.name} ({s.region}: the prices of {REGIONS[s.cloud]})" for s in sites if _is_elsewhere(s)]
    return [
        f"a prediction sends {load.request_bytes} bytes, gets {load.answer_bytes} and logs {load.log_bytes}; each is a "
        "new connection",
        f"one DNS query for {load.predictions_per_query} predictions",
        "Azure's replicas never count as idle, since the health checkers keep them in use; an instance of Cloud Run is "
        f"busy for {load.seconds:g} s a request",
        "the sites of one cloud share an account, which has what is free once; AWS's ten alarm metrics and ten metrics "
        "of one's own are among it, its first fifty health checks are not",
        f"images take {beside.IMAGES_GB:g} GB in each registry; the log of private tasks alone passes their way out",
        "drain switches lie outside of AWS; between the clouds nothing passes while they serve, for each site has its "
        "own images, with the model in them; no tax, no discount",
        *([f"prices of another region for {', '.join(elsewhere)}"] if elsewhere else []),
    ]


def _is_elsewhere(site: CostedSite) -> bool:
    return site.region != REGIONS[site.cloud]


# -- the lines of one site -------------------------------------------------------------------------------------------


def _site_lines(site: CostedSite, checks: Checks, load: Load) -> list[Line]:
    callers = load.rps * site.share
    running = site.running(callers + checks.rps)
    standing = {"aws": _aws, "azure": _azure, "gcp": _gcp}[site.cloud](site, running)
    asked = {"aws": _aws_requests, "azure": _azure_requests, "gcp": _gcp_requests}[site.cloud]
    caused = asked(site, running, callers, checks.rps, load)
    edge, counted = _edge(site, callers + checks.rps)
    there = beside.standing(site.cloud, site.beside)
    carried = beside.caused(site.cloud, site.beside, callers, load.log_bytes)
    due, asked_for = {**standing, **edge, **there}, {**caused, **counted, **carried}
    return [*_lines(site.name, due, True), *_lines(site.name, asked_for, False)]


def _lines(where: str, rows: Rows, standing: bool) -> list[Line]:
    return [Line(where, what, PRICES[price], factors, standing) for what, (price, factors) in rows.items()]


def _aws(site: CostedSite, running: int) -> Rows:
    cpu, memory, hours = (site.size.cpu, "vCPU"), (site.size.memory_mib / 1024, "GB"), (HOURS, "h")
    spot, kind = site.on_spot(running), "fargate-arm" if site.architecture == "arm64" else "fargate"
    on_demand: Factor = (running - spot, "")
    rows: dict[str, tuple[str, tuple[Factor, ...]]] = {
        "Fargate, CPU": (f"{kind}-cpu", (on_demand, cpu, hours)),
        "Fargate, memory": (f"{kind}-memory", (on_demand, memory, hours)),
    }
    if spot:
        rows["Fargate Spot, CPU"] = (f"{kind}-spot-cpu", ((spot, ""), cpu, hours))
        rows["Fargate Spot, memory"] = (f"{kind}-spot-memory", ((spot, ""), memory, hours))
    rows["load balancer"] = ("aws-balancer", ((1, ""), hours))
    if site.dashboard:
        rows["dashboard, less what is free"] = ("aws-dashboard", ((1, ""),))
    if site.container_insights:
        rows["Container Insights"] = ("aws-insights", ((INSIGHTS_METRICS, "metrics"),))
    zones = (site.zones, "")
    if site.private and site.endpoints:
        ours: tuple[Factor, ...] = ((INTERFACE_ENDPOINTS, ""), zones, hours)
        rows["interface endpoints, of four services one a zone"] = ("aws-endpoint", ours)
        rows["public IPv4 addresses, the load balancer's one a zone"] = ("aws-address", (zones, hours))
    elif site.private:
        rows["NAT gateways, one a zone"] = ("aws-nat", (zones, hours))
        rows["public IPv4 addresses, of load balancer and NAT gateway one a zone"] = (
            "aws-address",
            ((2, ""), zones, hours),
        )
    else:
        addresses: tuple[Factor, ...] = ((site.zones + running, ""), hours)
        rows["public IPv4 addresses, the load balancer's one a zone and one a task"] = ("aws-address", addresses)
    return rows


def _azure(site: CostedSite, running: int) -> Rows:
    seconds: Factor = (SECONDS, "s")
    return {
        "Container Apps, CPU in use, less what is free": (
            "azure-cpu",
            ((running, ""), (site.size.cpu, "vCPU"), seconds),
        ),
        "Container Apps, memory, less what is free": (
            "azure-memory",
            ((running, ""), (site.size.memory_mib / 1024, "GiB"), seconds),
        ),
    }


def _gcp(site: CostedSite, running: int) -> Rows:
    instances, seconds = (running, ""), (SECONDS, "s")
    return {
        "Cloud Run, CPU of idle minimum instances": ("gcp-idle-cpu", (instances, (site.size.cpu, "vCPU"), seconds)),
        "Cloud Run, memory of the same": ("gcp-memory", (instances, (site.size.memory_mib / 1024, "GiB"), seconds)),
        "forwarding rules, up to five": ("gcp-rules", ((1, ""), (HOURS, "h"))),
    }


def _edge(site: CostedSite, rps: float) -> tuple[Rows, Rows]:
    """What a rule that counts each address's requests costs, and what its counting does."""
    if not site.limited or site.cloud == "azure":
        return {}, {}
    what, key, rules = {"aws": ("web ACL", "aws-acl", 1), "gcp": ("security policy", "gcp-armor", 3)}[site.cloud]
    standing: Rows = {what: (f"{key}-policy", ((1, ""),)), f"{what}, rules": (f"{key}-rule", ((rules, ""),))}
    return standing, {f"{what}, requests": (f"{key}-requests", (_millions(rps),))}


# -- what requests cause ---------------------------------------------------------------------------------------------


def _aws_requests(site: CostedSite, running: int, callers: float, checkers: float, load: Load) -> Rows:
    # A capacity unit is 25 new connections a second; below one it is billed in parts.
    units: Factor = ((callers + checkers) / 25, "capacity units")
    return {
        "load balancer, capacity units": ("aws-balancer-unit", (units, (HOURS, "h"))),
        "data out, less what is free": ("aws-out", (_gigabytes(callers + checkers, load.answer_bytes),)),
        **_way_out(site, callers, load),
        **_logs(site, callers, checkers, load),
    }


def _azure_requests(site: CostedSite, running: int, callers: float, checkers: float, load: Load) -> Rows:
    return {
        "requests, less what is free": ("azure-requests", (_millions(callers + checkers),)),
        "data out, less what is free": ("azure-out", (_gigabytes(callers + checkers, load.answer_bytes),)),
        **_logs(site, callers, checkers, load),
    }


def _gcp_requests(site: CostedSite, running: int, callers: float, checkers: float, load: Load) -> Rows:
    # Requests that come at random find an instance busy in this part of the time.
    busy = 1 - math.exp(-(callers + checkers) / running * load.seconds)
    cpu: tuple[Factor, ...] = ((running, ""), (site.size.cpu, "vCPU"), (SECONDS, "s"), (busy, "of the time"))
    both_ways = load.request_bytes + load.answer_bytes
    return {
        "Cloud Run, CPU while busy": ("gcp-busy-cpu", cpu),
        "requests, less what is free": ("gcp-requests", (_millions(callers + checkers),)),
        "load balancer, data in and out": ("gcp-balancer-data", (_gigabytes(callers + checkers, both_ways),)),
        "data out": ("gcp-out", (_gigabytes(callers + checkers, load.answer_bytes),)),
        **_logs(site, callers, checkers, load),
    }


def _logs(site: CostedSite, callers: float, checkers: float, load: Load) -> Rows:
    return rows_of(
        Logged(site.cloud, site.log_days, callers * load.log_bytes, callers + checkers, each_request=site.access_logs)
    )


def _way_out(site: CostedSite, callers: float, load: Load) -> Rows:
    """Private tasks send their log through what they get out by; answers leave by the load balancer."""
    if not site.private:
        return {}
    what, price = ("endpoints", "aws-endpoint-data") if site.endpoints else ("NAT gateways", "aws-nat-data")
    return {f"log through {what}": (price, (_gigabytes(callers, load.log_bytes),))}


def _gigabytes(rps: float, size: int) -> Factor:
    return (rps * SECONDS * size / _GB, "GB")


def _millions(rps: float) -> Factor:
    return (rps * SECONDS / _MILLION, "million")


# -- DNS -------------------------------------------------------------------------------------------------------------


def _dns_lines(sites: Sequence[CostedSite], checks: Checks, load: Load) -> list[Line]:
    on_aws = sum(site.cloud == "aws" for site in sites)
    rows = dns.standing(
        {"aws": on_aws, "elsewhere": len(sites) - on_aws},
        options=checks.options,
        switched=sum(site.switched for site in sites),
        alarms=len(sites) if checks.alarms else 0,
    )
    return [*_lines(DNS, rows, True), *_lines(DNS, dns.caused(load.rps, load.predictions_per_query), False)]
