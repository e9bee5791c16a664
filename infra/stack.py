"""What the program asks the engine for: its own name and configuration, and the outputs of other stacks."""

from __future__ import annotations

import functools
import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from infra.applied import apply
from infra.audit import AuditStore, find_audit, require_near
from infra.contract import SITE_VERSION, KnownSite, SiteSpec, parse_site
from infra.holdings import Found, Wanted, find_holdings
from infra.judged import judge
from infra.models import STACKS
from infra.overlay import VARIABLE, lay_over, read_overlay
from infra.secrets import API_KEYS, lay_over_keys, read_key_file
from infra.secrets import VARIABLE as KEY_FILE
from infra.settings.kinds import GcpOptions, Options, Settings, SiteSettings
from infra.stack_file import CLOUDS
from infra.switch import STORE_VERSION, FlagStore, parse_store
from service.errors import Unavailable

ZONE_VERSION = 1
"""Of the stack output `zone`, as SITE_VERSION is of `site`."""

Refer = Callable[[str], pulumi.StackReference]
"""Another stack of this project, by its name."""
Program = Callable[[Any], dict[str, Any]]
"""Settings of a stack -> its outputs."""


@dataclass(frozen=True)
class Zone:
    """What the other stacks need of the stack `zone`."""

    zone_id: pulumi.Output[str]
    host: pulumi.Output[str]


def load_settings() -> Settings:
    """The settings of the stack that is being run, from its file."""
    stack_file, keys, overlay = read_config(), read_key_file(os.environ), read_overlay(os.environ)
    config = lay_over_keys(stack_file, keys)
    secret = [key for key in config if is_config_secret(key) or config[key] != stack_file.get(key)]
    _tell_of_keys(stack_file, config)
    if lay_over(config, overlay) != config:
        pulumi.log.info(f"which models are served is said by {os.environ[VARIABLE]}, not by the stack's file")
    settings = judge(pulumi.get_stack(), config, secret, overlay=overlay, stacks=STACKS)
    if isinstance(settings, SiteSettings):
        _warn_of_names_alone(settings)
        _warn_of_hashes(settings)
    return settings


def load_program(kind: str) -> Program:
    """The program of a kind of stack. Only that stack's cloud is imported: each SDK costs seconds and memory."""
    program: Program = importlib.import_module(f"infra.{kind}.site" if kind in CLOUDS else f"infra.{kind}").program
    return program


def _tell_of_keys(stack_file: Mapping[str, str], config: Mapping[str, str]) -> None:
    if any(config[key] != text for key, text in stack_file.items()):
        pulumi.log.info(f"the keys are those of {os.environ[KEY_FILE]}, not those of the stack's file")


def _warn_of_hashes(settings: SiteSettings[Options]) -> None:
    if API_KEYS in settings.environment:
        what = f"outlast:environment holds {API_KEYS}, which is read for one release more"
        hint = "`pulumi config set --secret outlast:apiKeys` with the same list, so that the cloud's own store has it"
        pulumi.log.warn(f"{what}\nhint: {hint}")


def _warn_of_names_alone(settings: SiteSettings[Options]) -> None:
    for name in settings.unpinned:
        what = f"outlast:models names {name} without its digest, which is read for one release more"
        pulumi.log.warn(f"{what}\nhint: write {name}@{settings.models[name]}")


def read_config() -> dict[str, str]:
    """Every setting of this stack as text, `namespace:key` -> value.

    pulumi.Config reads a key that one knows; which keys were written is asked of the runtime, for a key that nobody
    knows is a mistake to report.
    """
    keys = [k for k in {**get_config_env(), **CONFIG.get()} if k.count(":") == 1]
    found = {k: pulumi.Config(k.split(":")[0]).get(k.split(":")[1]) for k in keys}
    return {k: v for k, v in found.items() if v is not None}


def read_zone(stack: str) -> Zone:
    """The zone that `stack` holds; an error that names the command to run first when it holds none."""
    zone: pulumi.Output[Any] = apply(
        _reference(stack).get_output("zone"), lambda found: _check_version(stack, "zone", found, ZONE_VERSION)
    )
    return Zone(apply(zone, lambda z: str(z["zone_id"])), apply(zone, lambda z: str(z["host"])))


def read_site(stack: str) -> pulumi.Output[KnownSite | None]:
    """The output `site` of `stack`, or None where the stack has none: `traffic` survives a missing site."""

    def parse_known(found: Any) -> KnownSite | None:
        return parse_site(_check_version(stack, "site", found, SITE_VERSION)) if found else None

    return apply(_reference(stack).get_output("site"), parse_known)


def read_store(stack: str) -> pulumi.Output[FlagStore]:
    """The store of drain switches that the base stack `stack` holds; an error that names the command to run first."""

    def parse_known(found: Any) -> FlagStore:
        return parse_store(_check_version(stack, "store", found, STORE_VERSION))

    return apply(_reference(stack).get_output("store"), parse_known)


def read_audit(settings: SiteSettings[Options], refer: Refer) -> pulumi.Output[AuditStore] | None:
    """Where the site's audit records go, by its base stack; None where it names none."""
    if not settings.base:
        return None
    base = refer(settings.base)
    project = settings.options.project if isinstance(settings.options, GcpOptions) else ""
    outputs: pulumi.Output[list[Any]] = pulumi.Output.all(base.get_output("audit"), base.get_output("store"))

    def find(found: list[Any]) -> AuditStore:
        store = find_audit(settings.base, {"audit": found[0], "store": found[1]})
        return require_near(store, settings.name, settings.kind, settings.region, project)

    return apply(outputs, find)


def read_holdings(settings: SiteSettings[Options], refer: Refer) -> pulumi.Output[Found] | None:
    """Where the base stack that holds them has a site's images, log and secrets; None where the site has its own."""
    if not settings.held_in:
        return None
    account = getattr(settings.options, "subscription_id", "") or getattr(settings.options, "project", "")
    wanted = Wanted(settings.name, settings.kind, settings.region, settings.prefix, settings.log_days, account)
    output: pulumi.Output[Any] = refer(settings.held_in).get_output("holdings")
    return apply(output, lambda found: find_holdings(settings.held_in, found, wanted))


def build_spec(settings: SiteSettings[Options]) -> SiteSpec:
    """What is asked of the cloud, from the stack's own settings and what the stack `zone` says."""
    zone = read_zone(settings.zone)
    refer = functools.cache(_reference)  # one base stack may have both, and the engine takes a reference once
    return SiteSpec(
        name=settings.name,
        region=settings.region,
        prefix=settings.prefix,
        zone_id=zone.zone_id,
        host=zone.host,
        models=settings.models,
        size=settings.size,
        replicas=settings.replicas,
        concurrency=settings.concurrency,
        rps_per_replica=settings.rps_per_replica,
        environment=settings.environment,
        protect=settings.protect,
        geographies=settings.geographies,
        secrets=settings.secrets,
        audit=read_audit(settings, refer),
        alert_email=settings.alert_email,
        monthly_budget_usd=settings.monthly_budget_usd,
        address_limit=settings.address_limit,
        log_days=settings.log_days,
        dashboard=settings.dashboard,
        held_in=settings.held_in,
        holdings=read_holdings(settings, refer),
        access_logs=settings.access_logs,
    )


def read_own(output: str) -> pulumi.Output[Any]:
    """What the last `up` of this very stack exported; None before the first, and after a `destroy`."""
    return _reference(pulumi.get_stack()).get_output(output)


def _reference(stack: str) -> pulumi.StackReference:
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{stack}"
    return pulumi.StackReference(stack, stack_name=name)


def _check_version(stack: str, output: str, found: Any, version: int) -> Any:
    """`found`, when it is what this program can read. Raises Unavailable."""
    if not found:
        what, hint = f"the stack '{stack}' has no {output}", f"run `pulumi up -s {stack}` first"
    elif found.get("version") != version:
        what = f"the {output} of the stack '{stack}' has version {found.get('version'):g}, this program reads {version}"
        hint = f"run `pulumi up -s {stack}` from the commit that this stack is run from"
    else:
        return found
    raise Unavailable(what, hint=hint)
