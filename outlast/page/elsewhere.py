"""A drill that another machine runs: by the lock that drills share, or else by the tags on the sites' health checks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from time import sleep

from failover.drill.fleet import is_past
from failover.levers.change import State
from failover.levers.clouds import Clouds
from failover.levers.flag import NOBODY, LockLever
from failover.levers.objects import open_object
from failover.oncall.standing import HostStanding
from outlast.page.refreshed import Refreshed
from service.errors import OutlastError

EVERY_SECONDS = 30.0
"""A drill renews the lock as often."""


class SharedLock:
    """Who holds the lock at an address. Raises InvalidInput for an address of no store that is known."""

    def __init__(
        self,
        address: str,
        clouds: Clouds,
        *,
        every_seconds: float = EVERY_SECONDS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._address = address
        self._lever = LockLever(clouds, now, sleep)
        self._holder = Refreshed(self._look, every_seconds, first=NOBODY)
        if address:
            open_object(address, clouds)

    def _look(self) -> State:
        return self._lever.look(self._address) if self._address else NOBODY

    def tell(self) -> tuple[str, str]:
        """Which drill holds it, if one does, and why that cannot be known, if it cannot."""
        try:
            holder = self._holder.get() if self._address else NOBODY
        except OutlastError as error:
            return "", f"the drills' lock: {error.what}"
        if not holder["id"]:
            return "", ""
        return f"drill {holder['id']} runs on another machine: it holds {self._address}, {_until(holder)}", ""


def _until(holder: State) -> str:
    return f"until {holder['expires_at']} unless it renews that"


def tell_tagged(standing: HostStanding) -> str:
    """The drill whose tags a site carries, and that is not past its end."""
    for site in standing.sites:
        if site.drill_id and not is_past(site.drill_expires, standing.now):
            return f"drill {site.drill_id} holds {site.name} until {site.drill_expires}; its journal is not here"
    return ""
