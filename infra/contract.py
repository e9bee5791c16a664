"""The seam between every cloud and the rest: a `SiteSpec` says what is asked for, a `Site` what exists.

A **site** is one cloud in one region that answers for the public host. Each cloud module offers a class that satisfies
`Cloud`; nothing else of it is used. What only one cloud needs to know (a Key Vault, a VPC range) is given to that class
when it is made, so that these two dataclasses mean the same on every cloud.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from service.errors import Unavailable

if TYPE_CHECKING:
    import pulumi

    from infra.audit import AuditStore

SITE_VERSION = 1
"""Of the stack output `site`: raised when a field changes its meaning; `traffic` refuses what it cannot read."""

PORT = 8080
"""Where the container listens; the image's default as well."""

HEALTH_PATH = "/health"
"""Answers 200 and `HEALTH_TEXT` only while the model gives its golden answer. May not end in z: see `infra.plan`."""

LIVE_PATH = "/livez"
"""Answers 200 while the process runs, whatever the model says. Asked by the clouds at the container itself only."""

CONNECTION_SECONDS = 120
"""Greatest age of a client's connection where the cloud's load balancer has a setting for it; the server's own default
(OUTLAST_CONNECTION_SECONDS) for those that pass connections through, as the sandbox's do."""

GRACE_SECONDS = {"aws": 30, "azure": 30, "gcp": 10}
"""From SIGTERM to SIGKILL: ECS stopTimeout, Container Apps terminationGracePeriodSeconds (each by default), Cloud Run's
container contract. A replica that drains longer is killed in the middle of its last answers."""

HEALTH_TEXT = '"status":"ok"'
"""What the health checkers of Route 53 look for in the answer of `HEALTH_PATH`."""


@dataclass(frozen=True)
class Size:
    """One replica: `cpu` in virtual CPUs, `memory_mib` in MiB."""

    cpu: float
    memory_mib: int


@dataclass(frozen=True)
class Replicas:
    """How many copies of the service run: never fewer than `minimum`, never more than `maximum`."""

    minimum: int
    maximum: int


@dataclass(frozen=True)
class SiteSpec:
    """What is asked of a cloud. `zone_id` and `host` come from the stack `zone` and are known when the engine runs.

    `models` maps each model that the site must serve to its digest; the first is asked where a caller names none.
    `secrets` maps variables of the container to values that reach it through the cloud's own store alone; with
    `protect` nobody replaces or deletes what holds data or a name. `audit` is the store that gets the audit records,
    and `log_days` how long the log beside it is kept. `geographies` are those whose group, `<geography>.<host>`, the
    site answers for as well.
    The cloud's alarms go to `alert_email`, and mails when its bill nears `monthly_budget_usd`; without an address or a
    sum there are none.
    `address_limit`: how often one address may ask in a minute, health checks aside; 0 for no limit.
    `dashboard`: whether the cloud's console shows the site's metrics together; `access_logs`: whether what lets
    requests in keeps a line for each of them, for as many days as the log.
    `holdings` is where its images, log and secrets are when the base stack `held_in` holds them; None: it has its own.
    """

    name: str
    region: str
    prefix: str
    zone_id: pulumi.Input[str]
    host: pulumi.Input[str]
    models: Mapping[str, str]
    size: Size
    replicas: Replicas
    concurrency: int
    rps_per_replica: int
    environment: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    protect: bool = False
    geographies: tuple[str, ...] = ()
    audit: pulumi.Output[AuditStore] | None = None
    alert_email: str = ""
    monthly_budget_usd: float | None = None
    address_limit: int = 0
    log_days: int = 30
    dashboard: bool = False
    access_logs: bool = False
    held_in: str = ""
    holdings: pulumi.Output[Mapping[str, Any]] | None = None

    @property
    def model_digest(self) -> str:
        """The first model's, by which `traffic` accepts the site."""
        return next(iter(self.models.values()))


@dataclass(frozen=True)
class Site:
    """What exists: all that `traffic` and the drills need to know of a site.

    `probe_address` is where a checker connects (an IPv4 address, or a name where the cloud has no fixed one),
    `probe_server_name` the SNI and Host that it sends; `capacity_rps` the requests a second that it bears at full size.
    `workload` is what runs it, by the id of its own cloud, and `fault_flag` the address at which its replicas look for
    a fault, "" where they look nowhere: both are what a drill pulls at.
    `geographies` are those whose name its certificate holds.
    """

    name: str
    cloud: str
    region: str
    origin_host: pulumi.Input[str]
    probe_address: pulumi.Input[str]
    probe_server_name: pulumi.Input[str]
    model_digest: str
    image_digest: pulumi.Input[str]
    capacity_rps: int
    workload: pulumi.Input[str]
    fault_flag: str = ""
    geographies: Sequence[str] = ()


class Cloud(Protocol):
    """What every cloud module offers, and no more: a further member needs a decision record."""

    @property
    def name(self) -> str:
        """As in `Site.cloud`: `aws`, `azure`, `gcp`."""

    def unsupported(self, spec: SiteSpec) -> Mapping[str, str]:
        """What of `spec` this cloud will not give: feature -> reason. Empty when it gives everything."""

    def deploy(self, spec: SiteSpec) -> Site:
        """Register the resources of the site and say what will exist."""


@dataclass(frozen=True)
class KnownSite:
    """A `Site` as another stack reads it: the same fields, all of them known."""

    name: str
    cloud: str
    region: str
    origin_host: str
    probe_address: str
    probe_server_name: str
    model_digest: str
    image_digest: str
    capacity_rps: int
    workload: str = ""
    fault_flag: str = ""
    geographies: Sequence[str] = ()


def site_output(site: Site) -> dict[str, Any]:
    """`site` as the stack output of that name: its fields, and the version of their meaning."""
    return {"version": SITE_VERSION} | {f.name: getattr(site, f.name) for f in dataclasses.fields(site)}


def parse_site(output: Mapping[str, Any]) -> KnownSite:
    """The stack output `site`, read back. Pulumi hands every number of another stack over as a float.

    Raises Unavailable for one that lacks something; what drills need at higher levels may be missing.
    """
    fields = dataclasses.fields(KnownSite)
    missing = [f.name for f in fields if f.name not in output and f.default is dataclasses.MISSING]
    if missing:
        what = f"the site '{output.get('name', '')}' was exported without {', '.join(missing)}"
        raise Unavailable(what, hint="run `pulumi up` of its stack from the commit that this one is run from")
    known = {f.name: output[f.name] for f in fields if f.name in output}
    return KnownSite(**known | {"capacity_rps": int(known["capacity_rps"])})
