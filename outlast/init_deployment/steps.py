"""What to type after the stack files are written, in order. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from outlast.init_deployment.files import base_of
from outlast.init_deployment.questions import (
    PASSPHRASE,
    PULUMI_CLOUD,
    Answers,
    chosen_clouds,
    has_bases,
    state_cloud,
    title_of,
)

GUIDE = "docs/guides/deploy-for-real.md"


@dataclass(frozen=True)
class Step:
    """Why, and what to type; `commands` may be empty where something has to be done elsewhere."""

    why: str
    commands: tuple[str, ...] = ()


def next_steps(name: str, answers: Answers) -> list[Step]:
    """Everything from the files to the first prediction."""
    clouds = chosen_clouds(answers)
    sites, host = [f"{name}-{cloud}" for cloud in clouds], answers["host"]
    bases = [base_of(name, cloud) for cloud in clouds] if has_bases(answers) else []
    return [
        Step("See that the files hold together, in the sandbox", (f"make up STACKS={name}", "make down")),
        Step("Let Pulumi keep its state there" + _dark(answers), _login(answers)),
        Step("Make the stacks", _init(answers, [f"{name}-zone", *bases, *sites, f"{name}-traffic"])),
        Step("See what the accounts lack", (f"outlast doctor --stacks {name}",)),
        Step("Give every site the same keys, as the guide on keys tells", _keys(sites)),
        Step("Make the zone, and delegate the domain to the servers that are printed", (_up(f"{name}-zone"),)),
        *_certificate(name, clouds),
        *([Step("Make what outlives the sites, before them", tuple(_up(base) for base in bases))] if bases else []),
        Step("Bring up the sites, one after the other", tuple(_up(site) for site in sites)),
        Step("Let traffic in, and see how every site is", (_up(f"{name}-traffic"), f"outlast status --host {host}")),
        Step("Ask for a prediction: docs/guides/call-the-endpoint.md, with the key that was made above"),
        Step("Lose a site on purpose", (f"outlast drill plan --host {host} --lose {sites[0]}",)),
    ]


def _dark(answers: Answers) -> str:
    cloud = state_cloud(answers)
    if cloud not in chosen_clouds(answers):
        return ""
    return f" (it lies in {title_of(cloud)}: {GUIDE} tells how the others are changed while that is dark)"


def _login(answers: Answers) -> tuple[str, ...]:
    state = answers["state"]
    login = "pulumi login" if state == PULUMI_CLOUD else f"pulumi login {state}"
    passphrase = "export PULUMI_CONFIG_PASSPHRASE_FILE=FILE"
    return (login, passphrase) if answers["secrets"] == PASSPHRASE and state != PULUMI_CLOUD else (login,)


def _init(answers: Answers, stacks: Sequence[str]) -> tuple[str, ...]:
    provider = answers["secrets"]
    by_default = provider == PASSPHRASE and answers["state"] != PULUMI_CLOUD
    flag = "" if by_default else f" --secrets-provider '{provider}'"
    return tuple(f"pulumi stack init {stack}{flag}" for stack in stacks)


def _keys(sites: Sequence[str]) -> tuple[str, ...]:
    secret = tuple(f"pulumi config set --secret outlast:apiKeys -s {site}" for site in sites)
    return ("outlast keys new --name me", *secret)


def _up(stack: str) -> str:
    return f"pulumi up -s {stack} --policy-pack infra/policy"


def _certificate(name: str, clouds: Sequence[str]) -> list[Step]:
    """AWS and Google Cloud issue their own; Azure's lies in the Key Vault before its site is made."""
    renew = f"outlast certificate renew --stack {name}-azure"
    return [Step("Put a certificate for the host into the Key Vault", (renew,))] if "azure" in clouds else []


def render(steps: Sequence[Step]) -> list[str]:
    """Numbered, each command on a line of its own."""
    lines = []
    for number, step in enumerate(steps, 1):
        lines += [f"{number}. {step.why}", *(f"     {command}" for command in step.commands)]
    return lines
