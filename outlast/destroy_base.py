"""What holds a base stack back from `outlast destroy`, and what stays of it for as long as its retention says."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.settings.kinds import BaseSettings
from infra.settings.reader import as_text
from infra.stack_file import parse
from sandbox import stack_files
from service.errors import Mistake, Refused

Config = Mapping[str, Any]

NEEDS: Mapping[str, str] = {
    "outlast:base": "its audit records go there",
    "outlast:heldIn": "its images and log are there",
}
"""Setting of a site that names a base stack -> what for."""


def read_all(root: Path) -> list[tuple[str, Config]]:
    """Every stack file: the stack and its settings."""
    paths = sorted((root / "stacks").glob("Pulumi.*.yaml"))
    names = [path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in paths]
    return [(name, stack_files.read_config(root, name)) for name in names]


def refuse_used(root: Path, base: str, count: Callable[[], Mapping[str, int]]) -> None:
    """Raises Refused while traffic that is up has a drain switch in the base stack, or a site that is up needs it.

    `count` says how many resources each stack has: the file of one that was destroyed may go on naming its base.
    """
    files = read_all(root)
    needed = [*_switches(files, base), *_needed(files, base)]
    up = count() if needed else {}
    mistakes = [mistake for stack, mistake in needed if up.get(stack)]
    if mistakes:
        raise Refused(f"{base} has what others need; nothing was destroyed", mistakes)


def _switches(files: list[tuple[str, Config]], base: str) -> Iterator[tuple[str, Mistake]]:
    for stack, config in files:
        for site, its in (config.get("outlast:drainSwitches") or {}).items():
            if its == base:
                place = stack_files.place_of(stack, f"outlast:drainSwitches.{site}")
                yield stack, Mistake(place, f"is {base}, and {stack} is up", "leave it out, and `up`")


def _needed(files: list[tuple[str, Config]], base: str) -> Iterator[tuple[str, Mistake]]:
    for site, config in files:
        for key, why in NEEDS.items():
            if config.get(key) == base:
                hint = f"`outlast destroy {site}` first"
                yield site, Mistake(stack_files.place_of(site, key), f"is {base}, and the site is up: {why}", hint)


def what_stays(root: Path, base: str, today: datetime.date | None = None) -> str:
    """The audit store, until when it stays at the latest, and why; "" for a base stack without one."""
    settings = parse(base, {key: as_text(value) for key, value in stack_files.read_config(root, base).items()})
    if not isinstance(settings, BaseSettings) or not settings.audit_days:
        return ""
    day = (today or datetime.datetime.now(datetime.UTC).date()) + datetime.timedelta(days=settings.audit_days)
    why = {
        "aws": "Object Lock lets nobody delete a record before its time, and S3 no bucket with records in it",
        "azure": "its policy holds each record unless it is deleted first, which only a locked policy refuses",
        "gcp": "a locked log bucket lets nobody delete a record before its time",
    }[settings.cloud]
    told = f"the audit store {settings.audit_store} may stay until {day.isoformat()}, the youngest record's last day"
    return f"{told}: {why}; give the command again then"
