"""The settings of a site's stack file that only one cloud knows, and the pins of the zone's account. Pure."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from infra import plan
from infra.contract import Replicas
from infra.secrets import SETTINGS as SECRETS
from infra.settings.kinds import AwsOptions, AzureOptions, DnsAccount, GcpOptions
from infra.settings.profiles import Profile
from infra.settings.reader import Reader, like
from infra.settings.regions import has_zones, region_check

_ACCOUNT = like(r"\d{12}", "an account's 12 digits, in quotes")

_CERTIFICATE_WAYS = (
    "Azure's free certificates do not work behind a name that other clouds answer too, so bring one, in a Key Vault: "
    "name the vault and the secret here, and `outlast certificate renew` puts one there and renews it, run daily by a "
    "scheduler; docs/guides/certificates.md shows it, and how to import one that you hold"
)


# What a load balancer takes as targets by their addresses: ELB user guide, "Target type".
_PRIVATE = tuple(map(ipaddress.IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))


NETWORKS = ("private", "public")
EGRESS = ("endpoints", "nat")


def read_aws(reader: Reader, region: str, profile: Profile) -> AwsOptions:
    """What only a site on AWS needs to know."""
    reader.texts("allowedAccountIds", check=_ACCOUNT, namespace="aws")
    in_region = like(f"{re.escape(region)}[a-z]", f"a zone of {region}, such as {region}a") if region else None
    zones = reader.texts("availabilityZones", check=in_region)
    if zones and len(zones) not in (2, 3):
        reader.wrong("availabilityZones", f"has {len(zones)}", "write two or three: a load balancer needs two (ELBv2)")
    private = read_network(reader, profile) == "private"
    endpoints = read_egress(reader, profile, private=private)
    cidr = reader.text("vpcCidr", "10.20.0.0/16", check=_network)
    _check_parts(reader, cidr, len(zones), private)
    return AwsOptions(
        zones,
        cidr,
        private,
        spot_above=reader.boolean("spotAbove", False),
        container_insights=reader.boolean("containerInsights", profile.boolean("containerInsights")),
        architecture=read_architecture(reader, "aws"),
        endpoints=endpoints,
    )


def read_network(reader: Reader, profile: Profile) -> str:
    """Whether the replicas have addresses of their own (`public`), or nobody can reach them past the load balancer."""
    return reader.choice("network", NETWORKS, profile.text("network"))


def read_egress(reader: Reader, profile: Profile, *, private: bool) -> bool:
    """Whether private tasks reach what starts them by endpoints in their VPC, and nothing else."""
    by_endpoints = reader.choice("egress", EGRESS, profile.text("egress")) == "endpoints"
    if by_endpoints and not private and not reader.is_wrong("network"):
        what = "is endpoints, and tasks with addresses of their own get out without any"
        reader.wrong("egress", what, "write outlast:network: private as well")
    return by_endpoints


def _check_parts(reader: Reader, cidr: str, zones: int, private: bool) -> None:
    """Each part of the range has room for a load balancer."""
    if zones not in (2, 3) or reader.is_wrong("vpcCidr") or reader.is_wrong("network"):
        return
    longest = plan.smallest_range(zones, private=private)
    if int(cidr.rpartition("/")[2]) > longest:
        parts = f"{zones * (1 + private)} subnets of at least /{plan.LOAD_BALANCER_PREFIX}"
        reader.wrong("vpcCidr", f"is {cidr!r}, too small for {parts}", f"write a range of /{longest} or larger")


def read_architecture(reader: Reader, cloud: str) -> str:
    """The processor of the replicas. Container Apps and Cloud Run take images for linux/amd64 alone.

    learn.microsoft.com/azure/container-apps/containers; cloud.google.com/run/docs/container-contract.
    """
    chosen = reader.choice("architecture", ("x86_64", "arm64"), "x86_64") or "x86_64"
    if chosen == "arm64" and cloud != "aws":
        reader.wrong("architecture", f"is arm64, and {_RUNS_IT[cloud]} runs x86_64 alone", "leave it out")
    return chosen


_RUNS_IT = {"azure": "Container Apps", "gcp": "Cloud Run"}


def _network(value: str) -> str | None:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        network = None
    private = network is not None and any(network.subnet_of(one) for one in _PRIVATE)
    fits = network is not None and private and 16 <= network.prefixlen < plan.LOAD_BALANCER_PREFIX
    return (
        None if fits else "a private IPv4 range (RFC 1918, or of 100.64.0.0/10) from /16 to /26, such as 10.20.0.0/16"
    )


def read_azure(reader: Reader, region: str, profile: Profile) -> AzureOptions:
    """What only a site on Azure needs to know."""
    vault = reader.text(
        "certificateVault", "", check=like(_VAULT_ID, "the vault's resource id (`az keyvault show --query id`)")
    )
    secret = reader.text(
        "certificateSecret", "", check=like(_SECRET_URL, "https://<vault>.vault.azure.net/secrets/<name>")
    )
    _check_certificate(reader, vault, secret)
    read_architecture(reader, "azure")
    subscription = read_subscription(reader)
    return AzureOptions(
        subscription_id=subscription,
        certificate_vault=vault,
        certificate_secret=secret,
        secrets_vault=_read_secrets_vault(reader, vault, subscription),
        registry_login=reader.choice("registryLogin", ("docker", "token"), "token"),
        dns=read_dns_account(reader),
        **_read_own_network(reader, region, profile),
    )


# learn.microsoft.com/azure/container-apps/custom-virtual-networks, "Subnet": what no subnet may overlap with.
_RESERVED = ("169.254.0.0/16", "172.30.0.0/16", "172.31.0.0/16", "192.0.2.0/24", "100.100.0.0/16")


def _vnet(value: str) -> str | None:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        network = None
    if network is None or not any(network.subnet_of(one) for one in _PRIVATE) or not 16 <= network.prefixlen <= 27:
        return "a private IPv4 range from /16 to /27, such as 10.30.0.0/23"
    taken = [one for one in _RESERVED if network.overlaps(ipaddress.IPv4Network(one))]
    return f"a range that does not overlap with {', '.join(taken)}, which Container Apps uses itself" if taken else None


def _read_own_network(reader: Reader, region: str, profile: Profile) -> dict[str, Any]:
    private = read_network(reader, profile) == "private"
    cidr = reader.text("vnetCidr", "10.30.0.0/23", check=_vnet)
    redundant = reader.boolean("zoneRedundant", private and profile.boolean("zoneRedundant"))
    if redundant and not private:
        what = "is true, and an environment without a subnet of its own lies in one zone"
        reader.wrong("zoneRedundant", what, "write outlast:network: private as well")
    elif redundant and not has_zones(region):
        source = "" if reader.is_given("zoneRedundant") else f" (by outlast:size, {profile.size})"
        what = f"is true{source}, and {region} has no availability zones"
        reader.wrong("zoneRedundant", what, "write outlast:zoneRedundant: false, or a region that has some")
    return {"vnet_cidr": cidr if private else "", "zone_redundant": redundant}


def check_room(reader: Reader, options: AzureOptions | GcpOptions, replicas: Replicas) -> None:
    """While a revision replaces another, both have addresses: on Azure one for ten replicas, on Google two for each."""
    if isinstance(options, AzureOptions):
        key, cidr, count = "vnetCidr", options.vnet_cidr, plan.room_for_replicas
    else:
        key, cidr, count = "vpcCidr", options.vpc_cidr, plan.room_for_instances
    if not cidr or any(reader.is_wrong(one) for one in (key, "maxReplicas", "minReplicas")):
        return
    room = count(cidr)
    if replicas.maximum > room:
        what = f"{cidr} has room for {room} replicas, and maxReplicas is {replicas.maximum}"
        reader.wrong(key, what, "write a larger range, or fewer maxReplicas")


def _read_secrets_vault(reader: Reader, certificate_vault: str, subscription: str) -> str:
    """Where the site's secrets are written: by the site's own provider, which has one subscription."""
    vault = reader.text("secretsVault", certificate_vault, check=like(_VAULT_ID, "the vault's resource id"))
    there = vault.split("/")[2] if vault.count("/") > 2 else subscription
    used = any(reader.is_given(key) for key in SECRETS)
    if used and there != subscription and subscription and not reader.is_wrong("secretsVault"):
        what = f"is in the subscription {there}, and the site's secrets are written in its own, {subscription}"
        which = "" if reader.is_given("secretsVault") else " (it is outlast:certificateVault, for want of another)"
        reader.wrong("secretsVault", what + which, "name a vault of the site's subscription")
    return vault


def read_subscription(reader: Reader) -> str:
    """The subscription that a stack may touch on Azure."""
    guid = like(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "the subscription's id, 8-4-4-4-12 hexadecimal digits")
    return reader.text("subscriptionId", check=guid, namespace="azure-native")


_VAULT_NAME = r"[A-Za-z][A-Za-z0-9-]{2,23}"
_VAULT_ID = (
    rf"/subscriptions/[0-9a-f-]{{36}}/resourceGroups/[\w().-]+/providers/Microsoft\.KeyVault/vaults/{_VAULT_NAME}"
)
# Without a version: with one, a renewed certificate would not be picked up.
_SECRET_URL = rf"https://{_VAULT_NAME}\.vault\.azure\.net/secrets/[A-Za-z0-9-]{{1,127}}"


def _check_certificate(reader: Reader, vault: str, secret: str) -> None:
    given = {"certificateVault": vault, "certificateSecret": secret}
    missing = [key for key, value in given.items() if not value and not reader.is_wrong(key)]
    if missing:
        reader.wrong(missing[0], "is missing: the site has no certificate for the public host", _CERTIFICATE_WAYS)
        for key in missing[1:]:
            reader.wrong(key, "is missing", "the secret's address in that vault, without a version")
    elif vault and secret and not secret.lower().startswith(f"https://{vault.rsplit('/', 1)[1].lower()}."):
        reader.wrong("certificateSecret", f"'{secret}' is not in the vault '{vault}'", "both must name the same vault")


def read_gcp(reader: Reader, region: str, profile: Profile) -> GcpOptions:
    """What only a site on Google Cloud needs to know."""
    read_architecture(reader, "gcp")
    return GcpOptions(
        read_project(reader),
        read_dns_account(reader),
        scan_images=reader.boolean("scanImages", profile.boolean("scanImages")),
        billing_account=reader.text("billingAccount", "", check=_BILLING_ACCOUNT),
        vpc_cidr=_read_closed_network(reader, profile),
    )


def _read_closed_network(reader: Reader, profile: Profile) -> str:
    """The range in which instances are that get out nowhere; "" where they get out as Cloud Run does."""
    closed = reader.choice("egress", ("internet", "none"), profile.text("egress")) == "none"
    cidr = reader.text("vpcCidr", "10.40.0.0/24", check=_run_range)
    return cidr if closed else ""


def _run_range(value: str) -> str | None:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        network = None
    fits = network is not None and network.prefixlen <= 26 and any(network.subnet_of(one) for one in _PRIVATE)
    return None if fits else "a private IPv4 range of /26 or larger, such as 10.40.0.0/24 (Direct VPC egress)"


_BILLING_ACCOUNT = like(r"[0-9A-F]{6}(-[0-9A-F]{6}){2}", "a billing account's id, such as 012345-6789AB-CDEF01")


def read_project(reader: Reader) -> str:
    """The project that a stack may touch on Google Cloud."""
    project = like(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "the project's id: 6 to 30 letters a-z, digits and hyphens")
    return reader.text("project", check=project, namespace="gcp")


def read_dns_account(reader: Reader) -> DnsAccount:
    """The zone lies in AWS: a site elsewhere writes its records there, pinned to the zone's account."""
    account_ids, region = read_aws_pins(reader)
    role = reader.text("dnsRole", "", check=like(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]+", "the ARN of a role"))
    return DnsAccount(account_ids, region, role)


def read_aws_pins(reader: Reader) -> tuple[tuple[str, ...], str]:
    """The accounts that a stack may touch on AWS, and the region that its calls go to."""
    account_ids = reader.texts("allowedAccountIds", check=_ACCOUNT, namespace="aws")
    return account_ids, reader.text("region", check=region_check("aws"), namespace="aws")
