"""`outlast permissions`: the policy or role that whoever deploys or drills needs, for the stack files at hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from infra.models import ROOT
from infra.permissions import aws, azure, gcp
from infra.plan import name_site
from sandbox import stack_files
from sandbox.layout import Layout
from service.command_line import Command, print_json, say
from service.errors import InvalidInput


@click.command("permissions", cls=Command)
@click.option("--cloud", type=click.Choice(["aws", "azure", "gcp"]), required=True)
@click.option("--role", type=click.Choice(["deployer", "drill", "trainer"]), default="deployer", show_default=True)
@click.option("--stacks", metavar="SET", help="Stack files of your own, `stacks/Pulumi.SET-*.yaml`.")
@click.option("--stack", "only", multiple=True, metavar="STACK", help="Only what this stack needs; may be repeated.")
@click.option("--level", type=click.IntRange(1, 3), default=1, show_default=True, help="Of the drill, on AWS.")
@click.option("--zone-id", default="ZONE_ID", help="Of the hosted zone: `pulumi stack output zone -s zone`.")
def permissions(cloud: str, role: str, stacks: str | None, only: tuple[str, ...], level: int, zone_id: str) -> None:
    """Print the least that a deployer, a drill runner or whoever trains has to be allowed to, as the cloud's JSON.

    Asks no cloud.
    """
    configs = read_configs(ROOT, stacks, only, training=role == "trainer")
    if cloud == "aws":
        policy = for_aws(configs, role, level, zone_id)
        print_json(policy)
        _say_size(policy)
    elif cloud == "azure":
        print_json(_for_azure(configs, role))
    else:
        print_json(_for_gcp(configs, role))


def _for_azure(configs: Configs, role: str) -> dict[str, Any]:
    subscription = _first(configs, "azure", "azure-native:subscriptionId")
    if role == "deployer":
        return azure.deployer_role(subscription, _kinds_on(configs, "azure"))
    return azure.trainer_role(subscription) if role == "trainer" else azure.drill_role(subscription)


def _for_gcp(configs: Configs, role: str) -> dict[str, Any]:
    _first(configs, "gcp", "gcp:project")
    if role == "deployer":
        return gcp.deployer_role(_kinds_on(configs, "gcp"))
    return gcp.trainer_role() if role == "trainer" else gcp.drill_role()


Configs = Mapping[str, Mapping[str, Any]]
"""Stack -> its settings."""


def read_configs(root: Path, stacks: str | None, only: Sequence[str] = (), *, training: bool = False) -> Configs:
    """The settings of a set of stacks, or of those of it that are named. Raises InvalidInput for one not in it.

    Those of training jobs are left out where nobody names one, as they are brought up by whoever names one; `training`
    asks for these instead.
    """
    chosen = stack_files.find(root, stacks) if stacks else stack_files.load(Layout.of(root))
    known = (*chosen.stacks, *chosen.training)
    unknown = [stack for stack in only if stack not in known]
    if unknown:
        hint = f"its stacks are {', '.join(known)}; --stacks names another set"
        raise InvalidInput(f"{', '.join(unknown)} is not among {chosen}", hint=hint)
    return {
        stack: stack_files.read_config(root, stack)
        for stack in only or (chosen.training if training else chosen.stacks)
    }


def for_aws(configs: Configs, role: str, level: int, zone_id: str) -> dict[str, Any]:
    """The policy for whoever deploys these stacks, or drills their sites."""
    sites = {stack: config for stack, config in configs.items() if config["outlast:kind"] == "aws"}
    training = {stack: config for stack, config in configs.items() if kind_of(config) == "training-aws"}
    scope = aws.Scope(
        account=_account(configs),
        regions=tuple(dict.fromkeys(str(c["aws:region"]) for c in (sites or configs).values() if "aws:region" in c)),
        names=tuple(dict.fromkeys([*_names(sites), *_held_names(configs)])),
        ways_out=[str(config.get("outlast:egress", "nat")) for config in sites.values()] or ("nat",),
        zone_id=zone_id,
        store=next((str(config["outlast:store"]) for config in configs.values() if kind_of(config) == "base-aws"), ""),
        bases=tuple(f"outlast-{stack}" for stack in _audit_stacks(configs)),
        audit=next((audit for config in configs.values() if (audit := _audit_store(config))), ""),
        traffic=tuple(stack for stack, config in configs.items() if kind_of(config) == "traffic"),
        training=tuple(f"outlast-{stack}" for stack in training),
        models=next((str(config["outlast:store"]) for config in training.values()), ""),
        sources=tuple(str(one) for config in training.values() for one in config.get("outlast:dataSources", ())),
        keys=tuple(str(config["outlast:kmsKey"]) for config in training.values() if config.get("outlast:kmsKey")),
    )
    if role == "drill":
        return aws.drill_policy(scope, level)
    if role == "trainer":
        return aws.trainer_policy(scope)
    return aws.deployer_policy(scope, dict.fromkeys(map(kind_of, configs.values())))


def _account(configs: Configs) -> str:
    """The account that the files pin. Raises InvalidInput where none of them touches AWS."""
    found = [str(account) for config in configs.values() for account in config.get("aws:allowedAccountIds", ())]
    if not found:
        what = f"{', '.join(configs) or 'no stack'} touches no account of AWS"
        raise InvalidInput(what, hint="--stack names another stack, --stacks another set of stack files")
    return found[0]


def _names(sites: Configs) -> list[str]:
    return [name_site(str(c.get("outlast:prefix", "outlast")), stack) for stack, c in sites.items()]


def _held_names(configs: Configs) -> list[str]:
    """What is called after a site and is in a base stack on AWS."""
    return [
        name_site(str(config.get("outlast:prefix", "outlast")), site)
        for config in configs.values()
        for site in (config.get("outlast:holdsFor", ()) if kind_of(config) == "base-aws" else ())
    ]


def _audit_stacks(configs: Configs) -> tuple[str, ...]:
    """The base stacks on AWS that take audit records: themselves among `configs`, or named there by a site on AWS."""
    own = [stack for stack, config in configs.items() if _audit_store(config)]
    named = [str(c["outlast:base"]) for c in configs.values() if kind_of(c) == "aws" and c.get("outlast:base")]
    return tuple(dict.fromkeys([*own, *named]))


def _audit_store(config: Mapping[str, Any]) -> str:
    """The bucket of audit records that a base stack on AWS makes; "" for any other stack."""
    if kind_of(config) != "base-aws" or not config.get("outlast:auditRetentionDays"):
        return ""
    return str(config.get("outlast:auditStore") or f"{config['outlast:store']}-audit")


def _say_size(policy: Mapping[str, Any]) -> None:
    size = len(json.dumps(policy, separators=(",", ":")))
    if size > aws.LARGEST_MANAGED:
        inline = f", or write it into the role itself, which takes {aws.LARGEST_INLINE:,}"
        say(
            f"this has {size:,} characters, and a managed policy takes {aws.LARGEST_MANAGED:,}: print it by --stack"
            + (inline if size <= aws.LARGEST_INLINE else "")
        )


def kind_of(config: Mapping[str, Any]) -> str:
    """The kind of a stack; of one that is on any cloud with the cloud that it is on."""
    kind = str(config["outlast:kind"])
    return f"{kind}-{config['outlast:cloud']}" if kind in ("base", "training") else kind


def _kinds_on(configs: Configs, cloud: str) -> list[str]:
    return [kind for kind in dict.fromkeys(map(kind_of, configs.values())) if kind in _kinds_of(cloud)]


def _kinds_of(cloud: str) -> tuple[str, ...]:
    """The kinds of stack that lie on that cloud."""
    return cloud, f"base-{cloud}", f"training-{cloud}"


def _first(configs: Configs, cloud: str, key: str) -> str:
    """A setting of the first stack on that cloud. Raises InvalidInput where there is none."""
    found = [str(config[key]) for config in configs.values() if kind_of(config) in _kinds_of(cloud) and key in config]
    if not found:
        raise InvalidInput(f"no stack here is a site on {cloud}", hint="--stacks names another set of stack files")
    return found[0]


COMMANDS = {"permissions": permissions}
