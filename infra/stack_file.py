"""A stack's file -> what its program is asked for. Pure: every mistake in the file is reported together.

`parse` takes the configuration as Pulumi hands it over, `namespace:key` -> text; only `infra.stack` asks Pulumi for it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from failover.recovery.kinds import KINDS as CLIENT_KINDS
from failover.routing.lint_rules import RULES as ROUTING_RULES
from failover.routing.predict import CHECKER_REGIONS
from infra import plan
from infra.contract import Replicas, Size
from infra.edge import read_limit
from infra.labels import read_labels
from infra.panels import KEY as DASHBOARD
from infra.policy.rules import names_of
from infra.secrets import SETTINGS as SECRETS
from infra.secrets import read_secrets
from infra.settings.alerts import read_address, read_budget
from infra.settings.base import read_audit_store, read_place, read_switches, store_check
from infra.settings.exceptions import SITE_RULES, TRAFFIC_RULES, Exceptions, read_exceptions
from infra.settings.holdings import STACK as _STACK
from infra.settings.holdings import read_holdings, read_prefix
from infra.settings.kinds import (
    AwsOptions,
    BaseSettings,
    Options,
    Settings,
    SiteSettings,
    TrafficSettings,
    ZoneSettings,
)
from infra.settings.log_days import ACCESS_LOGS, read_log_days
from infra.settings.options import check_room, read_aws, read_aws_pins, read_azure, read_gcp
from infra.settings.private import read_private
from infra.settings.profiles import SIZES, SMALL, Profile
from infra.settings.reader import Reader, one_of
from infra.settings.regions import REGION_KEYS, region_check
from infra.settings.routing import read_own_geographies, read_policy, read_weights
from infra.settings.served import NONE, Available, read_accepted_models, read_models
from infra.settings.training import read_training
from infra.settings.variables import Judge, read_environment
from infra.sizes import explain_bad_size

CLOUDS = ("aws", "azure", "gcp")
PRIVATE = "private"
KINDS = ("zone", "base", *CLOUDS, PRIVATE, "training", "traffic")

MAX_COMMON_NAME = 64
"""The first name of an ACM certificate may have 64 characters (ACM RequestCertificate, after RFC 5280)."""

_NO_SECRETS = f"write it in plain text if it may be read, or leave it out; secrets are {' and '.join(SECRETS)}"


def parse(
    stack: str,
    config: Mapping[str, str],
    secret_keys: Collection[str] = (),
    *,
    available: Available = NONE,
    today: datetime.date = datetime.date.min,
    judge_variables: Judge = lambda variables: (),
) -> Settings:
    """The settings of `stack`, or InvalidInput with every mistake in its file.

    `secret_keys` are those of `config` that are encrypted in the file, `available` the models that could be served; an
    exception that ended before `today` is a mistake as well, and what `judge_variables` says of a site's variables.
    """
    reader = Reader(stack, config)
    encrypted = {k.removeprefix("outlast:") for k in secret_keys if k.startswith("outlast:")}
    for key in sorted(encrypted - SECRETS.keys()):
        reader.wrong(key, "is encrypted, but its value would lie in plain text in what it configures", _NO_SECRETS)
    if not plan.LABEL.fullmatch(stack):
        reader.wrong("kind", f"the stack's name '{stack}' becomes part of host names", "use a-z, 0-9 and hyphens")
    kind = reader.choice("kind", KINDS)
    if kind not in KINDS:
        # Which settings there are depends on the kind: without one, whatever else was said would be a guess.
        reader.finish(unknown_keys=False)
    settings: Settings
    if kind == "zone":
        read_all_exceptions(reader, kind, today)
        settings = _parse_zone(stack, reader)
    elif kind == "base":
        read_all_exceptions(reader, kind, today)
        settings = _parse_base(stack, reader)
    elif kind == "training":
        read_all_exceptions(reader, kind, today)
        settings = read_training(reader, stack, CLOUDS)
    elif kind == "traffic":
        settings = _parse_traffic(stack, reader, today)
    elif kind == PRIVATE:
        read_all_exceptions(reader, kind, today)
        measured_on = reader.text("rpsMeasuredOn", "", check=_day)
        settings = read_private(reader, stack, available, measured_on)
    else:
        exceptions = read_all_exceptions(reader, kind, today)
        secrets = read_secrets(reader, secret_keys, kind)
        environment = read_environment(reader, kind, exceptions, secrets, judge_variables)
        settings = _parse_site(stack, kind, reader, available, environment, secrets)
    settings = replace(settings, labels=read_labels(reader, stack, is_site=kind in (*CLOUDS, PRIVATE)))
    reader.finish()
    return settings


def read_all_exceptions(reader: Reader, kind: str, today: datetime.date) -> Exceptions:
    """Those of a stack of that kind: of the rules of its program, and of the policy pack's."""
    own = dict.fromkeys(CLOUDS, SITE_RULES) | {"traffic": (*ROUTING_RULES, *TRAFFIC_RULES)}
    return read_exceptions(reader, (*own.get(kind, ()), *names_of(kind)), today)


def _parse_zone(stack: str, reader: Reader) -> ZoneSettings:
    read_aws_pins(reader)
    domain = reader.text("domain", check=_host)
    host = reader.text("host", check=_host)
    if domain and host:
        _check_host(reader, host, domain)
    return ZoneSettings("zone", stack, domain, host, protect=reader.boolean("protect"))


def _parse_base(stack: str, reader: Reader) -> BaseSettings:
    cloud = reader.choice("cloud", CLOUDS)
    region, account = read_place(reader, cloud)
    store = reader.text("store", check=store_check(cloud))
    audit_store, audit_days = read_audit_store(reader, cloud, stack, store)
    protect = reader.boolean("protect")
    stores = BaseSettings("base", stack, cloud, region, account, store, protect, audit_store, audit_days)
    return replace(stores, **read_holdings(reader, cloud))


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


def _parse_traffic(stack: str, reader: Reader, today: datetime.date) -> TrafficSettings:
    read_aws_pins(reader)
    sites = reader.texts("sites", check=_STACK)
    policy = read_policy(reader, sites)
    return TrafficSettings(
        kind="traffic",
        name=stack,
        zone=reader.text("zone", check=_STACK),
        weights=read_weights(reader, policy.name, sites),
        ttl_seconds=reader.integer("ttlSeconds", 1, 3600, 30),
        interval_seconds=int(reader.choice("checkIntervalSeconds", ("10", "30"), "10") or 10),
        failure_threshold=reader.integer("failureThreshold", 1, 10, 3),
        checker_regions=_read_checker_regions(reader),
        accepted_models=read_accepted_models(reader),
        exceptions=read_all_exceptions(reader, "traffic", today),
        average_rps=reader.number("averageRps", 0, 1_000_000, 0.0),
        budget_usd=_read_optional(reader, "monthlyBudgetUsd", 1, 10_000_000),
        policy=policy,
        drill_every_days=_read_promise(reader, "drillEveryDays", 366),
        rto_seconds=_read_promise(reader, "rtoSeconds", 86_400),
        drain_switches=read_switches(reader, sites),
        peak_rps=_read_optional(reader, "peakRps", 0.1, 1_000_000),
        client_kinds=reader.texts("clientKinds", (), check=one_of([kind.name for kind in CLIENT_KINDS])),
        alert_email=read_address(reader),
    )


def _read_optional(reader: Reader, key: str, low: float, high: float) -> float | None:
    value = reader.number(key, low, high, low)
    return value if reader.is_given(key) else None


def _read_promise(reader: Reader, key: str, most: int) -> int | None:
    value = reader.integer(key, 1, most, 1)
    return value if reader.is_given(key) else None


def _read_checker_regions(reader: Reader) -> tuple[str, ...]:
    regions = reader.texts("checkerRegions", (), check=one_of(sorted(CHECKER_REGIONS)))
    if 0 < len(regions) < 3:
        reader.wrong(
            "checkerRegions", f"has {len(regions)}", "at least three, or leave it out for all eight (Route 53)"
        )
    return regions


def _parse_site(
    stack: str,
    cloud: str,
    reader: Reader,
    available: Available,
    environment: Mapping[str, str],
    secrets: Mapping[str, str],
) -> SiteSettings[Options]:
    namespace, _, key = REGION_KEYS[cloud].partition(":")
    region = reader.text(key, check=region_check(cloud), namespace=namespace)
    readers: dict[str, Callable[[Reader, str, Profile], Options]] = {
        "aws": read_aws,
        "azure": read_azure,
        "gcp": read_gcp,
    }
    prefix = read_prefix(reader)
    bad_names = plan.list_bad_names(cloud, prefix, stack) if prefix and plan.LABEL.fullmatch(stack) else []
    if bad_names:
        reader.wrong("prefix", "; ".join(bad_names), "choose another prefix, or another name for the stack")
    profile = read_profile(reader, cloud)
    replicas, options = read_replicas(reader, profile), readers[cloud](reader, region, profile)
    if isinstance(options, AwsOptions):
        _check_room(reader, options, replicas)
    else:
        check_room(reader, options, replicas)
    models, unpinned = read_models(reader, available)
    return SiteSettings(
        kind=cloud,
        name=stack,
        zone=reader.text("zone", check=_STACK),
        region=region,
        prefix=prefix,
        size=read_size(reader, profile),
        replicas=replicas,
        concurrency=reader.integer("concurrency", 1, 1000, 40),
        rps_per_replica=reader.integer("rpsPerReplica", 1, 1_000_000),
        models=models,
        environment=environment,
        options=options,
        secrets=secrets,
        unpinned=unpinned,
        rps_measured_on=reader.text("rpsMeasuredOn", "", check=_day),
        protect=reader.boolean("protect", profile.boolean("protect")),
        profile=profile.size,
        log_days=read_log_days(reader, profile),
        base=reader.text("base", "", check=_STACK),
        geographies=read_own_geographies(reader, stack),
        alert_email=read_address(reader),
        monthly_budget_usd=read_budget(reader),
        address_limit=read_limit(reader, profile, environment),
        dashboard=reader.boolean(DASHBOARD, profile.boolean(DASHBOARD)),
        held_in=reader.text("heldIn", "", check=_STACK),
        access_logs=reader.boolean(ACCESS_LOGS, profile.boolean(ACCESS_LOGS)),
    )


def _check_room(reader: Reader, options: AwsOptions, replicas: Replicas) -> None:
    """While a deployment goes on, the old tasks and the new ones have addresses."""
    wrong = ("vpcCidr", "availabilityZones", "network", "minReplicas", "maxReplicas")
    if any(reader.is_wrong(key) for key in wrong):
        return
    cidr = options.vpc_cidr
    endpoints = plan.INTERFACE_ENDPOINTS if options.endpoints else 0
    room = plan.room_for_tasks(cidr, len(options.availability_zones), private=options.private, endpoints=endpoints)
    if 2 * replicas.maximum > room:
        what = f"{cidr} has room for {room} tasks, and a deployment of {replicas.maximum} runs twice as many"
        reader.wrong("vpcCidr", what, "write a larger range, or fewer maxReplicas")


def _day(value: str) -> str | None:
    try:
        datetime.date.fromisoformat(value)
    except ValueError:
        return "a date in quotes, such as 2027-12-31"
    return None


def read_profile(reader: Reader, cloud: str) -> Profile:
    """Where the defaults of a site's other settings come from."""
    return Profile(reader.choice("size", SIZES, SMALL), cloud)


def read_size(reader: Reader, profile: Profile) -> Size:
    """The size of a replica, one that the cloud offers."""
    size = Size(
        reader.number("cpu", 0.25, 16, profile.number("cpu")),
        reader.integer("memoryMiB", 512, 122_880, profile.integer("memoryMiB")),
    )
    known = not reader.is_wrong("cpu") and not reader.is_wrong("memoryMiB")
    bad = explain_bad_size(profile.cloud, size) if known else None
    if bad:
        key, instead = bad
        given = f"{size.cpu:g}" if key == "cpu" else str(size.memory_mib)
        source = "" if reader.is_given(key) else f" (by outlast:size, {profile.size})"
        reader.wrong(key, f"is {given}{source}, which {profile.cloud} does not offer", f"write {instead}")
    return size


def read_replicas(reader: Reader, profile: Profile) -> Replicas:
    """How many replicas run, at least and at most."""
    minimum = reader.integer("minReplicas", 1, 300, profile.integer("minReplicas"))
    maximum = reader.integer("maxReplicas", 1, 300, max(minimum, profile.integer("maxReplicas")))
    if maximum < minimum:
        reader.wrong("maxReplicas", f"is {maximum}, less than minReplicas ({minimum})", f"write at least {minimum}")
    return Replicas(minimum, maximum)
