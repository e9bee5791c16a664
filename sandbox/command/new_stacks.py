"""Making the stacks that Pulumi does not know yet: while the daemon starts, where its CLI is here already."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sandbox import project
from sandbox.command.environment import sandbox_environment, save_cli
from sandbox.engine import cli, commands
from sandbox.layout import Instance, Layout
from sandbox.stack_files import StackSet

PROJECT = "outlast"  # Pulumi.yaml's name


def state_file(layout: Layout, stack: str) -> Path:
    """Where Pulumi's file backend keeps a stack."""
    return layout.pulumi_state / ".pulumi" / "stacks" / PROJECT / f"{stack}.json"


def stack_exists(layout: Layout, stack: str) -> bool:
    """Whether Pulumi's file backend holds the stack; looking saves half a second of asking the CLI."""
    return state_file(layout, stack).exists()


def make_early(layout: Layout, instance: Instance, stacks: StackSet) -> None:
    """Make them if the CLI is here; else `make` has to, when it is."""
    pulumi = cli.find()
    if pulumi is not None:
        save_cli(layout, pulumi)
        make(layout, pulumi, sandbox_environment(layout, instance, pulumi), stacks, project.refresh(layout))


def make(layout: Layout, pulumi: cli.Pulumi, environment: Mapping[str, str], stacks: StackSet, directory: Path) -> None:
    """Make them side by side: one takes half a second of the CLI.

    The first goes alone, as it may make the backend as well: of two that do so at once, one reads a file that the other
    has not written yet.
    """
    new = [stack for stack in stacks.stacks if not stack_exists(layout, stack)]
    for together in (new[:1], new[1:]):
        asked = {stack: ["stack", "init"] for stack in together}
        commands.run_all(pulumi, asked, environ=environment, directory=directory)
