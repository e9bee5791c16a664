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
@click.option("--role", type=click.Choice(["deployer", "drill"]), default="deployer", show_default=True)
@click.option("--stacks", metavar="SET", help="Stack files of your own, `stacks/Pulumi.SET-*.yaml`.")
@click.option("--stack", "only", multiple=True, metavar="STACK", help="Only what this stack needs; may be repeated.")
@click.option("--level", type=click.IntRange(1, 3), default=1, show_default=True, help="Of the drill, on AWS.")
@click.option("--zone-id", default="ZONE_ID", help="Of the hosted zone: `pulumi stack output zone -s zone`.")
def permissions(cloud: str, role: str, stacks: str | None, only: tuple[str, ...], level: int, zone_id: str) -> None:
    """Print the least that a deployer or a drill runner has to be allowed to, as the cloud's JSON. Asks no cloud."""
    configs = read_configs(ROOT, stacks, only)
    if cloud == "aws":
        policy = for_aws(configs, role, level, zone_id)
        print_json(policy)
        _say_size(policy)
    elif cloud == "azure":
        subscription = _first(configs, "azure", "azure-native:subscriptionId")
        kinds = _kinds_on(configs, "azure")
        print_json(azure.deployer_role(subscription, kinds) if role == "deployer" else azure.drill_role(subscription))
    else:
        _first(configs, "gcp", "gcp:project")
        print_json(gcp.deployer_role(_kinds_on(configs, "gcp")) if role == "deployer" else gcp.drill_role())


Configs = Mapping[str, Mapping[str, Any]]
"""Stack -> its settings."""


def read_configs(root: Path, stacks: str | None, only: Sequence[str] = ()) -> Configs:
    """The settings of a set of stacks, or of those of it that are named. Raises InvalidInput for one not in it."""
    chosen = stack_files.find(root, stacks) if stacks else stack_files.load(Layout.of(root))
    unknown = [stack for stack in only if stack not in chosen.stacks]
    if unknown:
        hint = f"its stacks are {', '.join(chosen.stacks)}; --stacks names another set"
        raise InvalidInput(f"{', '.join(unknown)} is not among {chosen}", hint=hint)
    return {stack: stack_files.read_config(root, stack) for stack in only or chosen.stacks}


def for_aws(configs: Configs, role: str, level: int, zone_id: str) -> dict[str, Any]:
    """The policy for whoever deploys these stacks, or drills their sites."""
    sites = {stack: config for stack, config in configs.items() if config["outlast:kind"] == "aws"}
    scope = aws.Scope(
        account=str(next(iter(configs.values()))["aws:allowedAccountIds"][0]),
        regions=tuple(dict.fromkeys(str(config["aws:region"]) for config in (sites or configs).values())),
        names=tuple(name_site(str(c.get("outlast:prefix", "outlast")), stack) for stack, c in sites.items()),
        zone_id=zone_id,
        store=next((str(config["outlast:store"]) for config in configs.values() if kind_of(config) == "base-aws"), ""),
        bases=tuple(f"outlast-{stack}" for stack in _audit_stacks(configs)),
        audit=next((audit for config in configs.values() if (audit := _audit_store(config))), ""),
        traffic=tuple(stack for stack, config in configs.items() if kind_of(config) == "traffic"),
    )
    if role == "drill":
        return aws.drill_policy(scope, level)
    return aws.deployer_policy(scope, dict.fromkeys(map(kind_of, configs.values())))


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
        say(
            f"this has {size:,} characters, and a managed policy takes {aws.LARGEST_MANAGED:,}: print it by --stack, "
            f"or write it into the role itself, which takes {aws.LARGEST_INLINE:,}"
        )


def kind_of(config: Mapping[str, Any]) -> str:
    """The kind of a stack; of a base stack with the cloud that it is on."""
    kind = str(config["outlast:kind"])
    return f"base-{config['outlast:cloud']}" if kind == "base" else kind


def _kinds_on(configs: Configs, cloud: str) -> list[str]:
    return [kind for kind in dict.fromkeys(map(kind_of, configs.values())) if kind in (cloud, f"base-{cloud}")]


def _first(configs: Configs, kind: str, key: str) -> str:
    """A setting of the first site of that kind. Raises InvalidInput where there is none."""
    found = [
        str(config[key]) for config in configs.values() if kind_of(config) in (kind, f"base-{kind}") and key in config
    ]
    if not found:
        raise InvalidInput(f"no stack here is a site on {kind}", hint="--stacks names another set of stack files")
    return found[0]


COMMANDS = {"permissions": permissions}
