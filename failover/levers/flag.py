"""Level 2: the fault flag that the service's replicas poll. It ends by itself, whatever becomes of the drill.

The target is the address from which the replicas read it (`OUTLAST_FAULTS` of `service.server.faults`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from failover.levers.change import Change, State
from failover.levers.clouds import Clouds
from failover.levers.lever import StateLever
from failover.levers.objects import StoredObject, open_object
from service.errors import Refused

NOBODY: State = {"mode": "", "id": "", "expires_at": ""}


class FlagLever(StateLever):
    """Writes the flag, and takes it away."""

    subject = "the fault flag"
    by_hand = "delete {target}"

    def __init__(self, clouds: Clouds, now: Callable[[], datetime], pause: Callable[[float], None]) -> None:
        super().__init__(pause)
        self._clouds = clouds
        self._now = now

    def read(self, target: str) -> tuple[State, str]:
        """Mode, owner and end of the flag; of one that is absent, over or no flag at all, nothing of each."""
        content, version = self._open(target).read()
        return read_flag(content, self._now()), version

    def write(self, target: str, state: State, version: str) -> None:
        """Put the flag, or delete it where no mode is asked for."""
        flag = self._open(target)
        if state["mode"]:
            flag.write(json.dumps(dict(state)).encode(), version)
        else:
            flag.delete(version)

    def undo(self, change: Change) -> str:
        """Take it away; one that is another drill's by now is left alone."""
        owner = self.look(change.target)["id"]
        if owner not in ("", change.after.get("id")):
            return f"left alone: drill {owner} holds it now"
        return super().undo(change)

    def _open(self, target: str) -> StoredObject:
        return open_object(target, self._clouds)


def read_flag(content: bytes, now: datetime) -> State:
    """What a flag's content says at this moment."""
    try:
        flag = json.loads(content)
        ends = datetime.fromisoformat(str(flag["expires_at"])).astimezone(UTC)
        found = {key: str(flag[key]) for key in NOBODY}
    except (ValueError, KeyError, TypeError):
        return NOBODY
    return found if ends > now else NOBODY


class LockLever(FlagLever):
    """One drill at a time, whatever machine each runs on: an object that says whose turn it is, and until when.

    Read and written as a flag is, of the mode `drill`; a store refuses the second of two that write at once.
    """

    subject = "the drills' lock"

    def renew(self, lock: Change) -> None:
        """Hold it for as long as `lock` says. Raises Refused where another drill has it by now."""
        state, version = self.read(lock.target)
        if state["id"] not in ("", lock.after["id"]):
            raise Refused(
                f"drill {state['id']} holds {lock.target} until {state['expires_at']}",
                hint="wait until that drill has ended, then make a new plan: outlast drill plan --lose SITE",
            )
        self.write(lock.target, lock.after, version)

    def undo(self, change: Change) -> str:
        """Give it back; its end moved on with each renewal, so only its owner tells whose it is."""
        ends = {"expires_at": self.look(change.target)["expires_at"]}
        return super().undo(replace(change, after={**change.after, **ends}))
