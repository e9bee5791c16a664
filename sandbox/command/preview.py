"""`outlast preview`: what an update of each stack would change, what its program says, and what the rules find."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sandbox import project, stack_files
from sandbox.command.environment import load_cli, sandbox_environment
from sandbox.command.policy import policy_flags
from sandbox.command.rollout import STREAMED, read_summary
from sandbox.engine import commands, failures
from sandbox.layout import Layout
from service.errors import InvalidInput, Unavailable

_ARGUMENTS = ("preview", "--suppress-progress", "--json")


@dataclass(frozen=True)
class Previewed:
    """One stack: operation -> how many resources, what its program says, and what the policy pack says as advice."""

    stack: str
    changes: Mapping[str, int]
    said: tuple[str, ...]
    advice: tuple[str, ...]


def preview_stacks(layout: Layout, named: Sequence[str], report: Callable[[str], None]) -> Iterator[Previewed]:
    """Preview the named stacks of this sandbox, or all of them. Raises Refused for what a rule refuses."""
    chosen = stack_files.load(layout)
    unknown = [stack for stack in named if stack not in chosen.stacks]
    if unknown:
        raise InvalidInput(f"no stack here is called {', '.join(unknown)}", hint=f"write {', '.join(chosen.stacks)}")
    instance, pulumi = layout.load_instance(), load_cli(layout)
    if instance is None or pulumi is None:
        raise Unavailable("this folder has no sandbox yet", hint="make up")
    environ = {**sandbox_environment(layout, instance, pulumi), **STREAMED}
    directory, flags = project.refresh(layout), policy_flags(layout.root, report)
    for stack in named or chosen.stacks:
        arguments = [*_ARGUMENTS, *flags]
        events = commands.run(pulumi, arguments, environ=environ, directory=directory, stack=stack)
        yield read_preview(stack, events)


def read_preview(stack: str, events: str) -> Previewed:
    """What the CLI's event stream tells of one preview."""
    said = [
        str(event["message"]).removeprefix(str(event.get("prefix") or "")).strip()
        for event in failures.read_events(events, "diagnosticEvent")
        if event.get("severity") in ("info", "warning")
    ]
    advice = [_advice(event) for event in failures.read_events(events, "policyEvent")]
    return Previewed(stack, read_summary(events), tuple(said), tuple(dict.fromkeys(advice)))


def _advice(event: Mapping[str, Any]) -> str:
    """An excused rule's words, or that a rule could not look: what it needs is known only in the update."""
    last = str(event["message"]).strip().splitlines()[-1]
    resource = str(event.get("resourceUrn") or "").rpartition("::")[2]
    return f"{resource}: {last}" if resource else last


def render(previewed: Previewed) -> str:
    """For people."""
    changes = ", ".join(f"{count} to {verb}" for verb, count in sorted(previewed.changes.items()) if verb != "same")
    lines = [f"{previewed.stack}: {changes or 'nothing to change'}"]
    lines += [f"  {line}" for text in previewed.said for line in text.splitlines()]
    return "\n".join([*lines, *(f"  policy: {text}" for text in previewed.advice)])


def to_data(previewed: Previewed) -> dict[str, Any]:
    """For programs."""
    return asdict(previewed)
