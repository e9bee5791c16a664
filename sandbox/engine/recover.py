"""What a `pulumi` that was killed leaves behind: a lock, and operations of which nobody knows whether they happened.

The file backend keeps `.pulumi/locks/organization/<project>/<stack>/<id>.json` with pid, host and time, and the
operations under way in the stack's own file. A lock is removed only when its owner is certainly dead; an operation is
cleared only after that.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from sandbox.engine import commands
from sandbox.engine.cli import Pulumi
from sandbox.engine.failures import Locked

_CLI = "pulumi"
_CLOCK_SLACK_SECONDS = 2.0  # a process's start is known to the clock tick of its boot time only


@dataclass(frozen=True)
class Lock:
    """A lock of a stack, as its owner described itself."""

    file: Path
    pid: int
    host: str
    user: str
    since: datetime

    @property
    def abandoned(self) -> bool:
        """Whether its owner is certainly dead: it was on this machine, and no process of its pid can be it.

        The pid may be somebody else's by now, who started later than the lock was made. By the wall clock, that is, so
        one that was set forward makes the owner itself seem younger: whatever is called pulumi counts as alive.
        """
        if self.host != socket.gethostname():
            return False
        try:
            owner = psutil.Process(self.pid)
            if owner.status() == psutil.STATUS_ZOMBIE:  # dead, and its parent has not looked yet
                return True
            started, name = owner.create_time(), owner.name()
        except psutil.NoSuchProcess:
            return True
        except psutil.AccessDenied:
            return False
        return started > self.since.timestamp() + _CLOCK_SLACK_SECONDS and name != _CLI

    def __str__(self) -> str:
        return f"{self.user}@{self.host} (pid {self.pid}) since {self.since:%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True)
class Operation:
    """A step of which the engine never learnt the end."""

    kind: str  # creating, updating, deleting, reading, importing
    urn: str
    type: str
    id: str


def locks(state: Path, project: str, stack: str) -> list[Lock]:
    """The locks of a stack, oldest first. One that cannot be read counts as held by nobody known, elsewhere."""
    found = []
    for file in (state / ".pulumi" / "locks" / "organization" / project / stack).glob("*.json"):
        try:
            content = json.loads(file.read_text())
            since = datetime.fromisoformat(content["timestamp"]).astimezone(UTC)
            found.append(Lock(file, int(content["pid"]), content["hostname"], content["username"], since))
        except FileNotFoundError:  # freed while we looked
            continue
        except (ValueError, KeyError):
            written = datetime.fromtimestamp(file.stat().st_mtime, UTC)
            found.append(Lock(file, 0, "(unreadable)", "(unreadable)", written))
    return sorted(found, key=lambda lock: lock.since)


def pending(state: Path, project: str, stack: str) -> list[Operation]:
    """The operations that a killed command left in the state."""
    try:
        content = json.loads((state / ".pulumi" / "stacks" / project / f"{stack}.json").read_text())
    except FileNotFoundError:
        return []
    operations = ((content.get("checkpoint") or {}).get("latest") or {}).get("pending_operations") or []
    return [
        Operation(each["type"], each["resource"]["urn"], each["resource"]["type"], each["resource"].get("id") or "")
        for each in operations
    ]


def recover(
    pulumi: Pulumi,
    project: str,
    stack: str,
    *,
    state: Path,
    environ: Mapping[str, str],
    directory: Path,
    say: Callable[[str], None] = lambda line: None,
) -> list[Operation]:
    """Make a stack usable after a kill -9 of `pulumi`; does nothing to a sound one. Gives what was interrupted.

    The engine forgets an interrupted creation (its --import-pending-creates drops the entry as well, at 3.259.0), and
    the next `up` creates anew: a cloud that did make the thing has to be told, by the urn, to remove it.
    Raises Locked when somebody who may be alive holds the lock.
    """
    held = locks(state, project, stack)
    alive = [lock for lock in held if not lock.abandoned]
    if alive:
        raise Locked(
            f"the stack {stack} is locked by {alive[0]}",
            hint=f"wait for it; if it is gone, `pulumi cancel --yes {stack}` removes its lock",
        )
    if held:
        say(f"{stack}: removing the lock of {held[0]}, who is dead")
        commands.run(pulumi, ["cancel", "--yes", stack], environ=environ, directory=directory)
    left = pending(state, project, stack)
    if left:
        say(f"{stack}: {len(left)} operations were interrupted; asking the clouds what became of them")
        arguments = ["refresh", *commands.UNATTENDED, "--clear-pending-creates"]
        commands.run(pulumi, arguments, environ=environ, directory=directory, stack=stack)
    return left
