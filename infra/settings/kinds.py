"""What each kind of stack is asked for, once its file has been read: plain data, no engine.

`labels` are those of every resource of the stack that takes any.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from infra.contract import Replicas, Size
from infra.routing import RoutingPolicy
from infra.settings.exceptions import Exceptions
from infra.settings.profiles import SMALL


@dataclass(frozen=True)
class DnsAccount:
    """The AWS account that holds the zone, for the sites of the other clouds. `role` is assumed where it is not ''."""

    account_ids: tuple[str, ...]
    region: str
    role: str


@dataclass(frozen=True)
class AwsOptions:
    """What only a site on AWS needs to know: `private` tasks get out by NAT gateways, with `endpoints` not at all."""

    availability_zones: tuple[str, ...]
    vpc_cidr: str
    private: bool = False
    spot_above: bool = False
    architecture: str = "x86_64"
    endpoints: bool = False
    container_insights: bool = False


@dataclass(frozen=True)
class AzureOptions:
    """What only a site on Azure needs to know: where its certificate and its secrets lie, and the zone's account.

    `vnet_cidr` is the range of its own network, "" where it has none; without one it cannot be `zone_redundant`.
    """

    subscription_id: str
    certificate_vault: str
    certificate_secret: str
    secrets_vault: str
    registry_login: str
    dns: DnsAccount
    vnet_cidr: str = ""
    zone_redundant: bool = False


@dataclass(frozen=True)
class GcpOptions:
    """What only a site on Google Cloud needs to know. `vpc_cidr`: where instances are that get out nowhere, or ""."""

    project: str
    dns: DnsAccount
    scan_images: bool = False
    billing_account: str = ""
    vpc_cidr: str = ""


Options = AwsOptions | AzureOptions | GcpOptions
OptionsT = TypeVar("OptionsT", bound=Options, covariant=True)


@dataclass(frozen=True)
class ZoneSettings:
    """Of the stack that holds the hosted zone."""

    kind: str
    name: str
    domain: str
    host: str
    protect: bool
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SiteSettings(Generic[OptionsT]):
    """Of a site's stack. `name` is the stack's own, and the site's everywhere.

    `models` maps each model that is served to its digest, the default first; `unpinned` are those that the file names
    without a digest, as it could one release ago. `secrets` are variables of the container that only the cloud's store
    may hold. `profile` is the size of the whole site, from which came what its file does not say; `base` the base
    stack whose store gets the audit records, "" where none does; `held_in` is the one that holds
    its images, log and secrets.
    """

    kind: str
    name: str
    zone: str
    region: str
    prefix: str
    size: Size
    replicas: Replicas
    concurrency: int
    rps_per_replica: int
    models: Mapping[str, str]
    environment: Mapping[str, str]
    options: OptionsT
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    unpinned: tuple[str, ...] = ()
    rps_measured_on: str = ""
    protect: bool = False
    profile: str = SMALL
    log_days: int = 30
    base: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    geographies: tuple[str, ...] = ()
    alert_email: str = ""
    monthly_budget_usd: float | None = None
    address_limit: int = 0
    dashboard: bool = False
    held_in: str = ""
    access_logs: bool = False


@dataclass(frozen=True)
class PrivateSettings:
    """Of the stack of a site that runs on a machine of one's own, at `address`.

    `region` is a word of the owner's, by which residency is judged. `models` and `unpinned` are as for other sites.
    """

    kind: str
    name: str
    zone: str
    region: str
    address: str
    capacity_rps: int
    models: Mapping[str, str]
    dns: DnsAccount
    unpinned: tuple[str, ...] = ()
    geographies: tuple[str, ...] = ()
    rps_measured_on: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BaseSettings:
    """Of the stack that holds what outlives the sites of one cloud: its stores of drain switches and audit records.

    `account` is the subscription on Azure, the project on Google Cloud, and "" on AWS, whose pins are elsewhere.
    `audit_days` is how long nobody may delete an audit record; 0: there is no store of them.
    `holds_for` are sites whose images, log and secrets it holds: the secrets by the variables in `holds_secrets`,
    `prefix` and `log_days` as in the sites' own files.
    """

    kind: str
    name: str
    cloud: str
    region: str
    account: str
    store: str
    protect: bool
    audit_store: str = ""
    audit_days: int = 0
    holds_for: tuple[str, ...] = ()
    holds_secrets: tuple[str, ...] = ()
    prefix: str = "outlast"
    log_days: int = 30
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingSettings:
    """Of the stack that holds what training jobs of one cloud need: their image, their store, their identity.

    `account` is as for a base stack. `data_sources` are stores of others that a job may read, `kms_key` the key that
    everything is encrypted with ("": the cloud's own). `subnets` and `security_groups` are of AWS, `network` is of
    Google Cloud, and `isolated` asks Azure for a network of the workspace's own.
    """

    kind: str
    name: str
    cloud: str
    region: str
    account: str
    store: str
    protect: bool
    checkpoint_days: int
    data_sources: tuple[str, ...] = ()
    kms_key: str = ""
    subnets: tuple[str, ...] = ()
    security_groups: tuple[str, ...] = ()
    network: str = ""
    isolated: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TrafficSettings:
    """Of the stack that holds the records of the public host and the health checks.

    `weights` are in the order of `outlast:sites`, which is that of failover;
    `drain_switches` maps a site to the base stack whose store holds its switch.
    """

    kind: str
    name: str
    zone: str
    weights: Mapping[str, int]
    ttl_seconds: int
    interval_seconds: int
    failure_threshold: int
    checker_regions: tuple[str, ...]
    accepted_models: tuple[str, ...]
    exceptions: Exceptions
    average_rps: float = 0.0
    budget_usd: float | None = None
    policy: RoutingPolicy = field(default_factory=RoutingPolicy)
    drill_every_days: int | None = None
    rto_seconds: int | None = None
    drain_switches: Mapping[str, str] = field(default_factory=dict)
    peak_rps: float | None = None
    client_kinds: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    alert_email: str = ""


Settings = ZoneSettings | BaseSettings | TrainingSettings | SiteSettings[Options] | PrivateSettings | TrafficSettings
