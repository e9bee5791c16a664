"""The holdings of a site on Google Cloud: a repository cleaned of what is old, a log bucket, its secrets' names.

The log bucket is there only where its days are not those of the project's own (`infra.gcp.logs`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp

from infra.contract import SiteSpec
from infra.gcp.registry import register_repository
from infra.holder import Holder, take, take_secret
from infra.holdings import Found
from infra.plan import name_site
from infra.secrets import SHORT_NAMES
from infra.settings.kinds import BaseSettings
from infra.settings.log_days import GOOGLES_OWN

Text = pulumi.Output[str]


@dataclass(frozen=True)
class Holdings:
    """What a site needs to know of them. `log_bucket` is its path, None where the project's own bucket has the log;
    `secrets` maps a variable of the container to its secret's whole name.
    """

    registry_uri: Text
    log_bucket: Text | None
    secrets: Mapping[str, Text]


def of_site(name: str, project: str, spec: SiteSpec, ready: pulumi.ResourceOptions) -> Holdings:
    """Those that the site's base stack has, or else the site's own, registered here once the APIs are on."""
    if spec.holdings is None:
        where = Where(project, spec.region, ready)
        return _make(name, where, spec.log_days, spec.secrets, Holder(spec.protect))
    found, secrets = spec.holdings, {one: take_secret(spec.holdings, spec.held_in, one) for one in spec.secrets}
    bucket = None if spec.log_days == GOOGLES_OWN else take(found, "log_bucket")
    return Holdings(take(found, "registry_uri"), bucket, secrets)


def of_base(settings: BaseSettings) -> pulumi.Output[Mapping[str, Found]]:
    """Those of every site that a base stack holds them for, by site."""
    ready = pulumi.ResourceOptions(depends_on=_switch_on_apis(settings))
    where = Where(settings.account, settings.region, ready)
    found: pulumi.Output[Mapping[str, Found]] = pulumi.Output.all(
        **{site: _known(settings, site, where) for site in settings.holds_for}
    )
    return found


@dataclass(frozen=True)
class Where:
    """The project and the region, and what waits until the project has its APIs."""

    project: str
    region: str
    ready: pulumi.ResourceOptions


def _switch_on_apis(settings: BaseSettings) -> list[gcp.projects.Service]:
    """Destroying the base stack leaves them on: others may use them."""
    apis = ["artifactregistry"]
    apis += ["logging"] if settings.log_days != GOOGLES_OWN else []
    apis += ["secretmanager"] if settings.holds_secrets else []
    return [
        gcp.projects.Service(f"api-{api}", service=f"{api}.googleapis.com", disable_on_destroy=False) for api in apis
    ]


def _known(settings: BaseSettings, site: str, where: Where) -> pulumi.Output[Any]:
    name, holder = name_site(settings.prefix, site), Holder(settings.protect, site)
    made = _make(name, where, settings.log_days, settings.holds_secrets, holder)
    secrets = {SHORT_NAMES[variable]: secret for variable, secret in made.secrets.items()}
    known: pulumi.Output[Any] = pulumi.Output.from_input(vars(made) | {"secrets": secrets})
    return known


def _make(name: str, where: Where, log_days: int, secrets: Iterable[str], holder: Holder) -> Holdings:
    repository = register_repository(holder.title("repository"), name, where.region, holder.options(where.ready))
    return Holdings(
        repository.registry_uri,
        None if log_days == GOOGLES_OWN else _log_bucket(name, where, log_days, holder).id,
        {variable: _secret(name, SHORT_NAMES[variable], where, holder).id for variable in sorted(secrets)},
    )


def _log_bucket(name: str, where: Where, log_days: int, holder: Holder) -> gcp.logging.ProjectBucketConfig:
    return gcp.logging.ProjectBucketConfig(
        holder.title("logs"),
        project=where.project,
        location=where.region,
        bucket_id=name,
        retention_days=log_days,
        deletion_policy="DELETE",
        opts=holder.options(where.ready),
    )


def _secret(name: str, short: str, where: Where, holder: Holder) -> gcp.secretmanager.Secret:
    return gcp.secretmanager.Secret(
        holder.title(short),
        secret_id=f"{name}-{short}",
        replication=_replication(where.region),
        opts=holder.options(where.ready, in_base=True),
    )


def _replication(region: str) -> gcp.secretmanager.SecretReplicationArgs:
    """In the site's region and in no other: where Google chooses, it may be anywhere."""
    replica = gcp.secretmanager.SecretReplicationUserManagedReplicaArgs(location=region)
    managed = gcp.secretmanager.SecretReplicationUserManagedArgs(replicas=[replica])
    return gcp.secretmanager.SecretReplicationArgs(user_managed=managed)
