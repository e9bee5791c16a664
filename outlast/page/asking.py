"""Asks every site for its metrics every few seconds, one replica at a time, and remembers what each counted before."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from failover.metrics.gather import Ask
from outlast.page.measured import Counted, Measured, measure, read
from outlast.page.refreshed import Refreshed
from service.errors import OutlastError

EVERY_SECONDS = 5.0
KEPT_SECONDS = 60.0
"""A replica that was not seen for so long is taken for gone."""


class Asking:
    """What the sites measure of themselves; `why_not` holds, by site, why nothing is known of one."""

    def __init__(self, ask: Ask, sites: Callable[[], Sequence[str]]) -> None:
        self._ask = ask
        self._sites = sites
        self._seen: dict[str, dict[str, tuple[Counted, Counted]]] = {}
        self.why_not: dict[str, str] = {}
        self._measured = Refreshed(self._round, EVERY_SECONDS)

    def measured(self) -> dict[str, Measured]:
        """By site, of a moment ago."""
        return self._measured.get()

    def _round(self) -> dict[str, Measured]:
        sites = list(self._sites())
        if sites:
            with ThreadPoolExecutor(max_workers=len(sites)) as pool:
                list(pool.map(self._look, sites))
        return {site: measure(self._seen.get(site, {}).values()) for site in sites}

    def _look(self, site: str) -> None:
        known = self._seen.setdefault(site, {})
        try:
            found = read(self._ask(site), time.monotonic())
        except OutlastError as error:
            self.why_not[site] = error.what
        else:
            self.why_not.pop(site, None)
            known[found.replica] = (known.get(found.replica, (found, found))[1], found)
        for replica in [name for name, (_, last) in known.items() if time.monotonic() - last.at > KEPT_SECONDS]:
            with suppress(KeyError):
                del known[replica]
