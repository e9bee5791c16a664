"""What the stacks decide before anything is created: names, hosts, address ranges, capacity, who may take traffic.

Pure: plain values in, plain values out. Neither pulumi nor boto3 nor a clock is imported here, so all of it can be
tested in microseconds.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from infra.contract import Replicas

ORIGIN_TTL_SECONDS = 60
"""Of the records `<site>.<host>`: they change only when a site is built anew, and should then be seen soon."""

VALIDATION_TTL_SECONDS = 300
"""Of the records that prove ownership: they stand for good and are read when a certificate is issued or renewed."""

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""One part of a host name, RFC 1123 section 2.1, in lower case."""


# -- names ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NameRule:
    """What a cloud asks of a name, and where that is written."""

    longest: int
    pattern: str
    source: str
    shortest: int = 1

    def accepts(self, name: str) -> bool:
        """Whether `name` has the length and the characters asked for."""
        return self.shortest <= len(name) <= self.longest and re.fullmatch(self.pattern, name) is not None


_AZURE = "learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules"
_RESERVED = "learn.microsoft.com/azure/azure-resource-manager/troubleshooting/error-reserved-resource-name"
_RUN = "cloud.google.com/run/docs/reference/rest/v2/projects.locations.services"

NAME_RULES: Mapping[str, Mapping[str, NameRule]] = {
    "aws": {
        "load balancer": NameRule(32, r"(?!internal-)[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?", "ELBv2 API"),
        "repository": NameRule(256, r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*", "ECR API, RepositoryName", shortest=2),
        # Roles are named `<name>-execution` at the longest.
        "role": NameRule(64 - len("-execution"), r"[\w+=,.@-]+", "IAM API, roleNameType"),
        # Groups are named `<name>-front` and `<name>-tasks`.
        "security group": NameRule(
            255 - len("-front"), r"(?!sg-)[\w .:/()#,@\[\]+=&;{}!$*-]+", "EC2, CreateSecurityGroup"
        ),
        "service": NameRule(255, r"[A-Za-z0-9_-]+", "ECS API, CreateService"),
    },
    "azure": {
        "container app": NameRule(32, r"[a-z]([a-z0-9]|-(?!-))*[a-z0-9]", f"{_AZURE}#microsoftapp", shortest=2),
        # Words that no name may hold, or begin with; whole names are reserved as well, but ours have a hyphen.
        "resource": NameRule(128, r"(?!login)(?!.*(microsoft|windows)).*", f"reserved words, {_RESERVED}"),
        "identity": NameRule(128, r"[A-Za-z0-9][\w-]*", f"{_AZURE}#microsoftmanagedidentity", shortest=3),
        "resource group": NameRule(90, r"[\w().-]*[\w()-]", f"{_AZURE}#microsoftresources"),
    },
    "gcp": {
        "service": NameRule(49, r"[a-z]([a-z0-9-]*[a-z0-9])?", _RUN),
        "service account": NameRule(
            30, r"[a-z][a-z0-9-]*[a-z0-9]", "cloud.google.com/iam/docs/service-accounts-create", shortest=6
        ),
        # Parts of a load balancer are named `<name>-redirect` at the longest.
        "load balancer": NameRule(
            63 - len("-redirect"), r"[a-z]([a-z0-9-]*[a-z0-9])?", "cloud.google.com/compute/docs/naming-resources"
        ),
    },
}

REGISTRY_RULE = NameRule(50, r"[a-z0-9]+", f"{_AZURE}#microsoftcontainerregistry", shortest=5)
"""Of an Azure registry, whose name is part of a host name and so is taken once in the world."""


def name_site(prefix: str, site: str) -> str:
    """The one name from which all of a site's resources are named: the same every time, no random part."""
    return f"{prefix}-{site}"


def name_registry(prefix: str, site: str) -> str:
    """The Azure registry's: no hyphens are allowed in it."""
    return name_site(prefix, site).replace("-", "")


def list_bad_names(cloud: str, prefix: str, site: str) -> list[str]:
    """Why the names that follow from `prefix` and `site` cannot be used in `cloud`; empty when they can."""
    tried = [(what, rule, name_site(prefix, site)) for what, rule in NAME_RULES[cloud].items()]
    if cloud == "azure":
        tried.append(("registry", REGISTRY_RULE, name_registry(prefix, site)))
    return [
        f"'{name}' cannot be the name of a {what}: {rule.shortest} to {rule.longest} characters like {rule.pattern} "
        f"({rule.source})"
        for what, rule, name in tried
        if not rule.accepts(name)
    ]


# -- hosts and records ---------------------------------------------------------------------------------------------


def is_host(name: str) -> bool:
    """Whether `name` is a host name in lower case with at least two parts, none of them a wildcard."""
    parts = name.split(".")
    return len(name) <= 253 and len(parts) >= 2 and all(LABEL.fullmatch(p) for p in parts)


def origin_host(site: str, host: str) -> str:
    """The name under which one site alone is reached: `aws.api.example.com`."""
    return f"{site}.{host}"


def sites_host(host: str) -> str:
    """Where clients find the names of all sites (RFC 2782): `_https._tcp.api.example.com`."""
    return f"_https._tcp.{host}"


def is_kept_by_cloud_run(path: str) -> bool:
    """Whether Google's own load balancer answers a path, so that it never reaches a container on Cloud Run.

    cloud.google.com/run/docs/known-issues, "Reserved URL paths": of those that end in z only some are, which it does
    not list, and it recommends to avoid them all.
    """
    return path == "/eventlog" or path.startswith("/_ah/") or path.endswith("z")


def is_ipv4(address: str) -> bool:
    """Whether a probe address is an address, or a name that a checker has to resolve."""
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return True


# -- addresses -----------------------------------------------------------------------------------------------------

LOAD_BALANCER_PREFIX = 27
"""The smallest subnet in which an Application Load Balancer can be placed (ELBv2 user guide, "Subnets")."""


def split_range(cidr: str, count: int) -> list[str]:
    """The first `count` equal, disjoint subnets of `cidr`, each as large as can be."""
    network = ipaddress.IPv4Network(cidr)
    bits = max(count - 1, 0).bit_length()
    return [str(s) for s, _ in zip(network.subnets(prefixlen_diff=bits), range(count), strict=False)]


def lay_out_subnets(cidr: str, zones: Sequence[str], *, private: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Zone -> range of its public subnet, and of its private one where there are any: equal parts of `cidr`."""
    ranges = split_range(cidr, len(zones) * (1 + private))
    return dict(zip(zones, ranges, strict=False)), dict(zip(zones, ranges[len(zones) :], strict=False))


def smallest_range(zones: int, *, private: bool) -> int:
    """The longest prefix of a range whose parts still have room for a load balancer each."""
    return LOAD_BALANCER_PREFIX - (zones * (1 + private) - 1).bit_length()


AWS_KEEPS = 5
"""Addresses of each subnet (VPC user guide)."""

LOAD_BALANCER_WANTS = 8
"""Free addresses in each of its subnets (ELBv2 user guide)."""

INTERFACE_ENDPOINTS = 4
"""Of AWS, by which a task without a way out is started: the registry's two, the log's and the secrets'."""


def room_for_tasks(cidr: str, zones: int = 2, *, private: bool = False, endpoints: int = 0) -> int:
    """How many tasks have an address of their own in the range at once; a deployment runs twice as many as wanted.

    Each of the `endpoints` takes an address of each subnet that tasks are in.
    """
    ranges = split_range(cidr, zones * (1 + private))[-zones:]
    taken = AWS_KEEPS + endpoints + (0 if private else LOAD_BALANCER_WANTS)
    return sum(ipaddress.IPv4Network(one).num_addresses - taken for one in ranges)


def room_for_replicas(cidr: str) -> int:
    """How many replicas a Container Apps environment has addresses for in its subnet, while it replaces all of them.

    learn.microsoft.com/azure/container-apps/custom-virtual-networks, "Subnet": fourteen are kept, one serves ten
    replicas, and a new revision takes as many again.
    """
    return (ipaddress.IPv4Network(cidr).num_addresses - 14) // 2 * 10


def room_for_instances(cidr: str) -> int:
    """How many instances of Cloud Run have their two addresses in the range, while a revision replaces all of them.

    cloud.google.com/run/docs/configuring/vpc-direct-vpc, "IP address allocation"; Google keeps four of a subnet.
    """
    return (ipaddress.IPv4Network(cidr).num_addresses - 4) // 4


# -- capacity ------------------------------------------------------------------------------------------------------


def capacity(replicas: Replicas, rps_per_replica: int) -> int:
    """Requests a second that a site bears at full size."""
    return rps_per_replica * replicas.maximum


SPOT_WEIGHT = 3
"""Of four tasks above the base three are Spot's. Not all: ECS starts none in its place where Spot is short."""

CPU_PERCENT = 60
"""Of a replica's own processors, on average: what Cloud Run aims at by default, so that the clouds scale alike."""

TRACKED_SHARE = 0.7
"""Of what one replica bears, the load at which another is started: that takes minutes, in which the load goes on."""


def tracked_requests(rps_per_replica: int) -> int:
    """Requests a minute for each replica that scaling keeps to; at least 1."""
    return max(round(rps_per_replica * TRACKED_SHARE * 60), 1)


# -- routing -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Candidate:
    """A site as `traffic` sees it before it decides; `model_digest` is None when the site does not exist."""

    name: str
    weight: int
    model_digest: str | None


@dataclass(frozen=True)
class Routing:
    """Who takes traffic and who does not: site -> weight, and site -> reason."""

    weights: Mapping[str, int]
    left_out: Mapping[str, str]


def plan_routing(candidates: Iterable[Candidate], accepted_models: Sequence[str]) -> Routing:
    """Give weight only to sites that exist and serve an accepted model.

    A site that is left out gets no record at all: weight 0 would not do, for Route 53 answers with zero-weight records
    when every other is unhealthy, and then the wrong model would answer.
    """
    weights: dict[str, int] = {}
    left_out: dict[str, str] = {}
    for candidate in candidates:
        if candidate.model_digest is None:
            left_out[candidate.name] = "the stack has no site: it was never brought up, or it was destroyed"
        elif candidate.model_digest not in accepted_models:
            left_out[candidate.name] = f"it serves the model {candidate.model_digest}, which is not accepted"
        else:
            weights[candidate.name] = candidate.weight
    return Routing(weights, left_out)


# -- the models -----------------------------------------------------------------------------------------------------


def fault_flag(variables: Mapping[str, str]) -> str:
    """Where a site's replicas look for a fault, as a drill may write it; "" where they look nowhere.

    What is after a question mark may be somebody's signature: it is nobody else's business.
    """
    if variables.get("OUTLAST_DRILLS", "").strip().lower() != "on":
        return ""
    address = variables.get("OUTLAST_FAULTS", "").partition("?")[0]
    return address if address.startswith("https://") else ""


LONGEST_TAG = 256
"""Characters of a tag's value (Route 53 API, Tag)."""


def drill_tags(workload: str, fault_flag: str) -> dict[str, str]:
    """What a drill pulls at, as tags of the site's health check; what a tag cannot hold is left out."""
    told = {"workload": workload, "fault-flag": fault_flag}
    return {name: value for name, value in told.items() if value and len(value) <= LONGEST_TAG}


def environment(site: str, models: Mapping[str, str], extra: Mapping[str, str]) -> dict[str, str]:
    """The container's variables on every cloud: which site it is, which models it must serve, what the file adds.

    A replica whose image carries another model than the stack was deployed with calls itself unhealthy. Of several
    models the first answers those who name none.
    """
    several = {"OUTLAST_DEFAULT_MODEL": next(iter(models))} if len(models) > 1 else {}
    return {"OUTLAST_SITE": site, "OUTLAST_MODEL_DIGESTS": json.dumps(dict(models)), **several, **extra}
