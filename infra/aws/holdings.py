"""The holdings of a site on AWS: a repository whose tags cannot be moved, a log group, and the names of its secrets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.aws.registry import register_repository
from infra.contract import SiteSpec
from infra.holder import Holder, take, take_secret
from infra.holdings import Found
from infra.plan import name_site
from infra.secrets import SHORT_NAMES
from infra.settings.kinds import BaseSettings

Text = pulumi.Output[str]


@dataclass(frozen=True)
class Holdings:
    """What a site needs to know of them. `secrets` maps a variable of the container to its secret's ARN."""

    repository_url: Text
    repository_arn: Text
    registry_id: Text
    log_group: Text
    log_group_arn: Text
    secrets: Mapping[str, Text]


def of_site(name: str, spec: SiteSpec) -> Holdings:
    """Those that the site's base stack has, or else the site's own, registered here."""
    if spec.holdings is None:
        return _make(name, spec.log_days, spec.secrets, Holder(spec.protect))
    found, secrets = spec.holdings, {one: take_secret(spec.holdings, spec.held_in, one) for one in spec.secrets}
    keys = ("repository_url", "repository_arn", "registry_id", "log_group", "log_group_arn")
    return Holdings(secrets=secrets, **{key: take(found, key) for key in keys})


def of_base(settings: BaseSettings) -> pulumi.Output[Mapping[str, Found]]:
    """Those of every site that a base stack holds them for, by site."""
    found: pulumi.Output[Mapping[str, Found]] = pulumi.Output.all(
        **{site: _known(settings, site) for site in settings.holds_for}
    )
    return found


def _known(settings: BaseSettings, site: str) -> pulumi.Output[Any]:
    holder = Holder(settings.protect, site)
    made = _make(name_site(settings.prefix, site), settings.log_days, settings.holds_secrets, holder)
    secrets = {SHORT_NAMES[variable]: arn for variable, arn in made.secrets.items()}
    known: pulumi.Output[Any] = pulumi.Output.from_input(vars(made) | {"secrets": secrets})
    return known


def _make(name: str, log_days: int, secrets: Iterable[str], holder: Holder) -> Holdings:
    title, rule_opts = holder.title("repository"), holder.options(in_base=True)
    repository = register_repository(title, name, holder.options(), rule_opts)
    logs = aws.cloudwatch.LogGroup(
        holder.title("logs"), name=f"/{name}", retention_in_days=log_days, opts=holder.options()
    )
    return Holdings(
        repository.repository_url,
        repository.arn,
        repository.registry_id,
        logs.name,
        logs.arn,
        {variable: _secret(name, SHORT_NAMES[variable], holder).arn for variable in sorted(secrets)},
    )


def _secret(name: str, short: str, holder: Holder) -> aws.secretsmanager.Secret:
    """No days in which a deleted secret could be had back, and its name could not: the value is in the stack's file."""
    return aws.secretsmanager.Secret(
        holder.title(short), name=f"{name}-{short}", recovery_window_in_days=0, opts=holder.options(in_base=True)
    )
