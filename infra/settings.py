"""A stack's file -> what its program is asked for. Pure: every mistake in the file is reported together.

`parse` takes the configuration as Pulumi hands it over, `namespace:key` -> text; only `infra.stack` asks Pulumi for it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Mapping

from infra import plan
from infra.contract import Replicas, Size
from infra.kinds import (
    AwsOptions,
    AzureOptions,
    DnsAccount,
    GcpOptions,
    Options,
    Settings,
    SiteSettings,
    TrafficSettings,
    ZoneSettings,
)
from infra.reader import Reader, like, one_of
from infra.regions import regions_of
from infra.sizes import explain_bad_size

CLOUDS = ("aws", "azure", "gcp")
KINDS = ("zone", *CLOUDS, "traffic")

CHECKER_REGIONS = (
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-west-1",
    "us-west-2",
)
"""Where Route 53 checks from: the enumeration `HealthCheckRegion` of its API."""

MAX_COMMON_NAME = 64
"""The first name of an ACM certificate may have 64 characters (ACM RequestCertificate, after RFC 5280)."""

RESERVED_ENVIRONMENT = ("OUTLAST_SITE", "OUTLAST_MODEL_DIGESTS", "PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
"""Set by the program, or by the cloud: PORT and K_* are refused by Cloud Run."""


_ACCOUNT = like(r"\d{12}", "an account's 12 digits, in quotes")
_STACK = like(plan.LABEL.pattern, "the name of a stack: letters a-z, digits and hyphens")

_CERTIFICATE_WAYS = (
    "Azure's free certificates do not work behind a name that other clouds answer too, so bring one, in a Key Vault: "
    "(1) a scheduled job runs lego or certbot with DNS-01 against the zone, then `az keyvault certificate import`, "
    "(2) a stack of its own gets one with the provider pulumiverse-acme and writes it there, "
    "(3) import a PFX that you hold, and again before it expires. Name the vault and the secret here; "
    "docs/guides/real-accounts.md shows each way"
)


_NO_SECRETS = "write it in plain text if it may be read (OUTLAST_API_KEYS holds hashes), or leave it out"


def parse(stack: str, config: Mapping[str, str], secret_keys: Collection[str] = ()) -> Settings:
    """The settings of `stack`, or InvalidInput with every mistake in its file. `secret_keys` are those of `config`
    that are encrypted in the file."""
    reader = Reader(stack, config)
    for key in sorted(k.removeprefix("outlast:") for k in secret_keys if k.startswith("outlast:")):
        reader.wrong(key, "is encrypted, but its value would lie in plain text in what it configures", _NO_SECRETS)
    if not plan.LABEL.fullmatch(stack):
        reader.wrong("kind", f"the stack's name '{stack}' becomes part of host names", "use a-z, 0-9 and hyphens")
    kind = reader.choice("kind", KINDS)
    if kind not in KINDS:
        # Which settings there are depends on the kind: without one, whatever else was said would be a guess.
        reader.finish(unknown_keys=False)
    settings: Settings
    if kind == "zone":
        settings = _parse_zone(stack, reader)
    elif kind == "traffic":
        settings = _parse_traffic(stack, reader)
    else:
        settings = _parse_site(stack, kind, reader)
    reader.finish()
    return settings


def _parse_zone(stack: str, reader: Reader) -> ZoneSettings:
    _read_aws_pins(reader)
    domain = reader.text("domain", check=_host)
    host = reader.text("host", check=_host)
    if domain and host:
        _check_host(reader, host, domain)
    return ZoneSettings("zone", stack, domain, host, protect=reader.boolean("protect"))


def _host(value: str) -> str | None:
    return None if plan.is_host(value) else "a host name in lower case, such as api.example.com"


def _check_host(reader: Reader, host: str, domain: str) -> None:
    inside = f"write a name inside it, such as api.{domain}"
    if host == domain:
        reader.wrong("host", f"'{host}' is the zone's own name, which cannot be a CNAME (RFC 1034, 3.6.2)", inside)
    elif not host.endswith(f".{domain}"):
        reader.wrong("host", f"'{host}' is not in the zone '{domain}'", inside)
    if len(host) > MAX_COMMON_NAME:
        reader.wrong("host", f"has {len(host)} characters", f"at most {MAX_COMMON_NAME} fit into a certificate")


def _parse_traffic(stack: str, reader: Reader) -> TrafficSettings:
    _read_aws_pins(reader)
    return TrafficSettings(
        kind="traffic",
        name=stack,
        zone=reader.text("zone", check=_STACK),
        weights=_read_weights(reader),
        ttl_seconds=reader.integer("ttlSeconds", 1, 3600, 30),
        interval_seconds=int(reader.choice("checkIntervalSeconds", ("10", "30"), "10") or 10),
        failure_threshold=reader.integer("failureThreshold", 1, 10, 3),
        checker_regions=_read_checker_regions(reader),
        accepted_models=_read_accepted_models(reader),
    )


def _read_weights(reader: Reader) -> Mapping[str, int]:
    """Site -> weight, for exactly the sites listed."""
    sites = reader.texts("sites", check=_STACK)
    given = reader.mapping("weights")
    weights: dict[str, int] = {}
    for site, weight in given.items():
        if site not in sites and not reader.is_wrong("sites"):
            reader.wrong(f"weights.{site}", "is not among outlast:sites", f"sites are {', '.join(sites) or 'none'}")
        elif type(weight) is not int or not 0 <= weight <= 255:
            reader.wrong(f"weights.{site}", f"is {weight!r}", "write a whole number from 0 to 255 (Route 53)")
        else:
            weights[site] = weight
    for site in (s for s in sites if s not in given and given):
        reader.wrong(f"weights.{site}", "is missing", "write a whole number from 0 to 255; 0 keeps the site in reserve")
    if weights and not any(weights.values()) and len(weights) == len(sites):
        reader.wrong("weights", "all are 0: then Route 53 answers with every site alike", "give one at least 1")
    return {site: weights[site] for site in sites if site in weights}


def _read_checker_regions(reader: Reader) -> tuple[str, ...]:
    regions = reader.texts("checkerRegions", (), check=one_of(CHECKER_REGIONS))
    if 0 < len(regions) < 3:
        reader.wrong(
            "checkerRegions", f"has {len(regions)}", "at least three, or leave it out for all eight (Route 53)"
        )
    return regions


def _read_accepted_models(reader: Reader) -> tuple[str, ...]:
    models = reader.texts("acceptedModels", check=like(r"sha256:[0-9a-f]{64}", "sha256: and 64 hexadecimal digits"))
    if not models and not reader.is_wrong("acceptedModels"):
        reader.wrong("acceptedModels", "names no model, so no site could take traffic", "write one digest")
    if len(models) > 2:
        reader.wrong("acceptedModels", f"has {len(models)}", "one; two while a release goes from site to site")
    return models


def _parse_site(stack: str, cloud: str, reader: Reader) -> SiteSettings[Options]:
    region_key = {"aws": ("aws", "region"), "azure": ("azure-native", "location"), "gcp": ("gcp", "region")}[cloud]
    region = reader.text(region_key[1], check=one_of(sorted(regions_of(cloud))), namespace=region_key[0])
    readers: dict[str, Callable[[Reader, str], Options]] = {"aws": _read_aws, "azure": _read_azure, "gcp": _read_gcp}
    prefix = reader.text("prefix", "outlast", check=like(r"[a-z][a-z0-9-]*", "letters a-z, digits and hyphens"))
    bad_names = plan.list_bad_names(cloud, prefix, stack) if prefix and plan.LABEL.fullmatch(stack) else []
    if bad_names:
        reader.wrong("prefix", "; ".join(bad_names), "choose another prefix, or another name for the stack")
    return SiteSettings(
        kind=cloud,
        name=stack,
        zone=reader.text("zone", check=_STACK),
        region=region,
        prefix=prefix,
        size=_read_size(reader, cloud),
        replicas=_read_replicas(reader),
        concurrency=reader.integer("concurrency", 1, 1000, 40),
        rps_per_replica=reader.integer("rpsPerReplica", 1, 1_000_000),
        environment=_read_environment(reader),
        options=readers[cloud](reader, region),
    )


def _read_size(reader: Reader, cloud: str) -> Size:
    size = Size(reader.number("cpu", 0.25, 16), reader.integer("memoryMiB", 512, 122_880))
    known = not reader.is_wrong("cpu") and not reader.is_wrong("memoryMiB")
    bad = explain_bad_size(cloud, size) if known else None
    if bad:
        given = f"{size.cpu:g}" if bad[0] == "cpu" else str(size.memory_mib)
        reader.wrong(bad[0], f"is {given}, which {cloud} does not offer", f"write {bad[1]}")
    return size


def _read_replicas(reader: Reader) -> Replicas:
    minimum = reader.integer("minReplicas", 1, 300)
    maximum = reader.integer("maxReplicas", 1, 300, minimum)
    if maximum < minimum:
        reader.wrong("maxReplicas", f"is {maximum}, less than minReplicas ({minimum})", f"write at least {minimum}")
    return Replicas(minimum, maximum)


def _read_environment(reader: Reader) -> Mapping[str, str]:
    environment = reader.mapping("environment", {})
    for name, value in environment.items():
        if name in RESERVED_ENVIRONMENT:
            reader.wrong(f"environment.{name}", "is set by the program or the cloud", "leave it out")
        elif not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            reader.wrong(f"environment.{name}", "is not the name of a variable", "letters, digits and underscores")
        elif not isinstance(value, str):
            reader.wrong(
                f"environment.{name}", f"is {value!r}, not a text", "put it in quotes: YAML reads off as false"
            )
    return {k: v for k, v in environment.items() if isinstance(v, str)}


def _read_aws(reader: Reader, region: str) -> AwsOptions:
    reader.texts("allowedAccountIds", check=_ACCOUNT, namespace="aws")
    in_region = like(f"{re.escape(region)}[a-z]", f"a zone of {region}, such as {region}a") if region else None
    zones = reader.texts("availabilityZones", check=in_region)
    if zones and len(zones) != 2:
        reader.wrong("availabilityZones", f"has {len(zones)}", "write two: a load balancer needs them (ELBv2)")
    return AwsOptions(zones, reader.text("vpcCidr", "10.20.0.0/16", check=_network))


def _network(value: str) -> str | None:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        network = None
    fits = network is not None and network.is_private and 16 <= network.prefixlen < plan.LOAD_BALANCER_PREFIX
    return None if fits else "a private IPv4 range from /16 to /26, such as 10.20.0.0/16"


def _read_azure(reader: Reader, region: str) -> AzureOptions:
    guid = like(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "the subscription's id, 8-4-4-4-12 hexadecimal digits")
    vault = reader.text(
        "certificateVault", "", check=like(_VAULT_ID, "the vault's resource id (`az keyvault show --query id`)")
    )
    secret = reader.text(
        "certificateSecret", "", check=like(_SECRET_URL, "https://<vault>.vault.azure.net/secrets/<name>")
    )
    _check_certificate(reader, vault, secret)
    return AzureOptions(
        subscription_id=reader.text("subscriptionId", check=guid, namespace="azure-native"),
        certificate_vault=vault,
        certificate_secret=secret,
        registry_login=reader.choice("registryLogin", ("docker", "token"), "token"),
        dns=_read_dns_account(reader),
    )


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


def _read_gcp(reader: Reader, region: str) -> GcpOptions:
    project = like(r"[a-z][a-z0-9-]{4,28}[a-z0-9]", "the project's id: 6 to 30 letters a-z, digits and hyphens")
    return GcpOptions(reader.text("project", check=project, namespace="gcp"), _read_dns_account(reader))


def _read_dns_account(reader: Reader) -> DnsAccount:
    """The zone lies in AWS: a site elsewhere writes its records there, pinned to the zone's account."""
    account_ids, region = _read_aws_pins(reader)
    role = reader.text("dnsRole", "", check=like(r"arn:aws:iam::\d{12}:role/[\w+=,.@/-]+", "the ARN of a role"))
    return DnsAccount(account_ids, region, role)


def _read_aws_pins(reader: Reader) -> tuple[tuple[str, ...], str]:
    account_ids = reader.texts("allowedAccountIds", check=_ACCOUNT, namespace="aws")
    return account_ids, reader.text("region", check=one_of(sorted(regions_of("aws"))), namespace="aws")
