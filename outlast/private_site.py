"""A site of the kind `private` as its machine sees it: its stack's file as the server's variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from infra.judged import judge
from infra.models import ROOT, STACKS
from infra.plan import environment, origin_host
from infra.routing import group_host
from infra.secrets import SETTINGS as SECRETS
from infra.secrets import read_key_file
from infra.settings.kinds import PrivateSettings
from infra.settings.reader import NAMESPACE, as_text
from sandbox import stack_files
from sandbox.layout import HTTPS_PORT, MACHINES, Instance, Layout
from sandbox.network.certificates import PrivateCA
from service.command_line import say
from service.errors import InvalidInput

CALLERS_KEY = "OUTLAST_API_KEY"
"""What callers ask with, as a shell of the sandbox has it: to a server it looks like a misspelt setting."""

_SANDBOX = "OUTLAST_SANDBOX_ENDPOINT"


def prepare(stack: str, environ: Mapping[str, str], root: Path = ROOT) -> dict[str, str]:
    """The variables with which the server is that site. Raises InvalidInput."""
    settings = read_private_site(root, stack)
    rehearsed = rehearse(settings, Layout.of(root), environ) if environ.get(_SANDBOX) else {}
    return variables_of(settings, environ) | rehearsed


def read_private_site(root: Path, stack: str) -> PrivateSettings:
    """The settings of a stack of that kind. Raises InvalidInput for another one, and for every mistake in its file."""
    config = {key: as_text(value) for key, value in stack_files.read_config(root, stack).items()}
    settings = judge(stack, config, (), stacks=STACKS)
    if not isinstance(settings, PrivateSettings):
        where = stack_files.place_of(stack, "outlast:kind")
        what = f"{where} is {settings.kind}: its cloud runs it"
        raise InvalidInput(what, hint="--site is for a stack of the kind private")
    return settings


def variables_of(settings: PrivateSettings, environ: Mapping[str, str]) -> dict[str, str]:
    """The server's variables: whose site it is and which models it must serve, each by its digest, as in a container.

    The stack's file goes before the machine's own environment, which says everything else.
    """
    found = environment(settings.name, settings.models, {})
    differing = [name for name, value in found.items() if environ.get(name, value) != value]
    if differing:
        say(f"{', '.join(differing)}: the stack's file says it, not this environment")
    return found


def rehearse(settings: PrivateSettings, layout: Layout, environ: Mapping[str, str]) -> dict[str, str]:
    """In the sandbox the machine is this one, with a certificate of the sandbox's CA and the sandbox's keys."""
    instance = layout.load_instance()
    if instance is None:
        return {}
    _check_address(settings, instance)
    host = stack_files.public_host(layout)
    names = [host, origin_host(settings.name, host), *(group_host(one, host) for one in settings.geographies)]
    pair = PrivateCA(layout.certificates).issue(f"machine-{settings.name}", names)
    keys = read_key_file(environ)
    secrets = {variable: keys.get(f"{NAMESPACE}:{key}", "") for key, variable in SECRETS.items()}
    return {
        "OUTLAST_HOST_BIND": settings.address,
        "PORT": str(instance.port(HTTPS_PORT)),
        "OUTLAST_TLS_CERTIFICATE": str(pair.certificate),
        "OUTLAST_TLS_KEY": str(pair.key),
        **{variable: value for variable, value in secrets.items() if value},
    }


def _check_address(settings: PrivateSettings, instance: Instance) -> None:
    if settings.address.startswith(f"{instance.block}."):
        return
    where = stack_files.place_of(settings.name, "outlast:address")
    example = instance.address(MACHINES[0])
    raise InvalidInput(
        f"{where} is {settings.address}, which is none of this sandbox's addresses", hint=f"write {example} to rehearse"
    )
