"""What a journal says of the survivors' replicas: before the loss, while the site was away, and at the end. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from failover.drill.account import UNKNOWN, Span
from failover.levers.replicas import Replicas


@dataclass(frozen=True)
class Scaled:
    """One survivor's replicas; None: not known, and `why` says why.

    `most` is the largest count while the lost site was away, `more_after` how many simulated seconds after the change
    there were first more than before; None where there never were.
    """

    site: str
    before: Replicas | None
    most: Replicas | None
    after: Replicas | None
    more_after: float | None = None
    why: str = ""

    @property
    def counts(self) -> tuple[str, str, str]:
        """The three counts in words."""
        before, most, after = (
            UNKNOWN if found is None else str(found) for found in (self.before, self.most, self.after)
        )
        return before, most, after


def read_scaled(entries: Sequence[Mapping[str, Any]], away: Span, speed: int) -> tuple[Scaled, ...]:
    """Of each survivor that was counted, or could not be, by name."""
    sites = sorted({str(entry["site"]) for entry in entries if entry["kind"] == "replicas"})
    return tuple(
        _read([e for e in entries if e["kind"] == "replicas" and e["site"] == site], site, away, speed)
        for site in sites
    )


def _read(looks: Sequence[Mapping[str, Any]], site: str, away: Span, speed: int) -> Scaled:
    counted = [(float(look["at"]), _replicas(look)) for look in looks if "error" not in look]
    refusals = [str(look["error"]) for look in looks if "error" in look]
    earlier = [found for at, found in counted if away.begin is None or at < away.begin]
    during = [(at, found) for at, found in counted if away.holds(at)]
    before = earlier[-1] if earlier else None
    more = [at for at, found in during if before and found.ready > before.ready]
    return Scaled(
        site,
        before,
        most=max((found for _, found in during), key=lambda found: found.ready, default=None),
        after=counted[-1][1] if counted else None,
        more_after=round((more[0] - (away.begin or 0.0)) * speed, 1) if more else None,
        why=refusals[-1] if refusals else "",
    )


def _replicas(look: Mapping[str, Any]) -> Replicas:
    wanted = look.get("wanted")
    return Replicas(int(look["ready"]), None if wanted is None else int(wanted))
