"""The environment in which plain commands (`pulumi up -s aws`, boto3, a drill) meet the sandbox, not the world."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from sandbox import keys, project
from sandbox import layout as places
from sandbox.engine import cli
from sandbox.layout import Instance, Layout
from sandbox.project import PASSPHRASE
from sandbox.serving import asked_model, overlay_of
from sandbox.stack_files import COMMITTED, load, public_host
from service.errors import InvalidInput, Unavailable

# Whatever points elsewhere must not leak in: a person's own credentials, profiles and backends.
_FOREIGN = ("AWS_", "AZURE_", "ARM_", "GOOGLE_", "CLOUDSDK_", "PULUMI_", "OUTLAST_")


_OWN = ("OUTLAST_STATE",)


def sandbox_environment(layout: Layout, instance: Instance, pulumi: cli.Pulumi | None) -> dict[str, str]:
    """All variables for a command that is run against the sandbox, the caller's own included where harmless."""
    base = cli.without_proxies(os.environ)
    kept = {k: v for k, v in base.items() if not k.startswith(_FOREIGN) or k in _OWN}
    kept["PATH"] = os.pathsep.join([str(layout.root / ".venv" / "bin"), kept.get("PATH", os.defpath)])
    if pulumi is not None:
        kept = cli.environment(pulumi, layout.pulumi_home, layout.pulumi_state, PASSPHRASE, kept)
        # Pulumi looks here where somebody unset the variable; its own words for that name no way out.
        kept["PULUMI_CONFIG_PASSPHRASE_FILE"] = str(layout.passphrase)
    model = asked_model(layout)
    return kept | {
        **dial_of(layout, instance),
        **({"OUTLAST_DEFAULT_MODEL": model} if model else {}),
        **overlay_of(layout),
        **keys.environment_of(layout),
        "OUTLAST_HOST": public_host(layout),
        "AWS_ENDPOINT_URL": f"http://{instance.address(places.API)}:{places.API_PORT}",
        "AWS_ACCESS_KEY_ID": instance.access_key_id,
        "AWS_SECRET_ACCESS_KEY": instance.secret_access_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        **{f"{vendor}_ALLOW_HTTP": "true" for vendor in ("AWS", "AZURE", "GOOGLE")},  # of `service.stores`
        **_vendors_of(instance),
        "OUTLAST_ACME_DIRECTORY": f"http://{instance.address(places.API)}:{places.CONTROL_PORT}{places.AUTHORITY_PREFIX}directory",
    }


def _vendors_of(instance: Instance) -> dict[str, str]:
    """The APIs of Azure and Google as drills call them, and the control interface: one address, one token."""
    endpoint = f"http://{instance.address(places.API)}:{places.CONTROL_PORT}"
    vendors = ("AZURE", "GOOGLE", "SANDBOX")
    return {f"OUTLAST_{vendor}_ENDPOINT": endpoint for vendor in vendors} | {
        f"OUTLAST_{vendor}_TOKEN": instance.token for vendor in vendors
    }


def save_cli(layout: Layout, pulumi: cli.Pulumi) -> None:
    """Write down which Pulumi this sandbox is brought up with, and the passphrase for it."""
    layout.cli.parent.mkdir(parents=True, exist_ok=True)
    layout.cli.write_text(json.dumps({**asdict(pulumi), "bin": str(pulumi.bin)}) + "\n")
    layout.passphrase.write_text(PASSPHRASE)


def load_cli(layout: Layout) -> cli.Pulumi | None:
    """The Pulumi that the last `up` used, or None before the first."""
    try:
        found = json.loads(layout.cli.read_text())
        return cli.Pulumi(**{**found, "bin": Path(found["bin"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def dial_of(layout: Layout, instance: Instance) -> dict[str, str]:
    """Only what `failover.dial.Dial.from_environment` reads."""
    return {
        "OUTLAST_NAMESERVER": instance.address(places.DNS),
        "OUTLAST_PORT_OFFSET": str(instance.port_offset),
        "OUTLAST_CA_FILE": str(layout.ca),
        "OUTLAST_SPEED": str(instance.speed),
    }


def _shell_environment(layout: Layout, instance: Instance, pulumi: cli.Pulumi | None) -> dict[str, str]:
    """For people's own commands: with own stack files, `pulumi` is one that goes to the copies of them."""
    environment = sandbox_environment(layout, instance, pulumi)
    if pulumi is None or load(layout) == COMMITTED:
        return environment
    binaries = project.write_command(layout, pulumi.command, sys.executable)
    # After the virtual environment's folder, which comes first for `python`; no `pulumi` is there.
    return environment | {"PATH": os.pathsep.join([str(binaries), environment["PATH"]])}


def run_command(layout: Layout, pulumi: cli.Pulumi | None, command: Sequence[str]) -> int:
    """Run a command in the sandbox's environment; its exit code."""
    instance = layout.load_instance()
    if instance is None:
        raise Unavailable("this folder has no sandbox yet", hint="make up")
    try:
        process = subprocess.Popen(command, env=_shell_environment(layout, instance, pulumi))
    except OSError as error:
        raise InvalidInput(
            f"{command[0]} cannot be started: {error.strerror}", hint="outlast exec -- pulumi stack ls"
        ) from None
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the command has it too, and decides
