"""How many replicas a site runs, as plain data; `failover.levers.replica_counter` asks the clouds. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Replicas:
    """`ready` run; `wanted` are asked for, None where the cloud does not say."""

    ready: int
    wanted: int | None = None

    def __str__(self) -> str:
        """`2 of 3` where it is known how many are asked for."""
        return str(self.ready) if self.wanted is None else f"{self.ready} of {self.wanted}"
