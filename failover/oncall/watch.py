"""Watching a host from outside, look after look: alarms for what Route 53 does not see, and by choice a drain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from failover.oncall.alarms import Alarm, Alarms, Change
from failover.oncall.drain import Reason, Way, check_drain, find_site
from failover.oncall.standing import HostStanding
from service.errors import OutlastError, Unavailable

Look = Callable[[], HostStanding]


@dataclass(frozen=True)
class Said:
    """One line of a watcher: an alarm that begins or ends, or what was done about one."""

    kind: str  # alarm, over, drained, not-drained, blind
    at: str
    site: str
    rule: str
    what: str

    def __str__(self) -> str:
        place = f"{self.site}: " if self.site else ""
        return f"{self.at} {self.kind}: {place}{self.what}"


class Watcher:
    """Looks when told to. With a `way` it drains a site with an alarm: never the last, never one cause at all."""

    def __init__(self, look: Look, *, by: str, way: Way | None = None) -> None:
        self._look = look
        self._by = by
        self._way = way
        self._alarms = Alarms()

    @property
    def standing(self) -> list[Alarm]:
        """The alarms that stand now."""
        return list(self._alarms.standing.values())

    def step(self, at: str) -> Iterator[Said]:
        """One look; `at` is the time that its lines carry. A look that fails is a line, not the end of the watch."""
        try:
            host = self._look()
        except Unavailable as error:
            yield Said("blind", at, "", "", f"cannot look: {error.what}")
            return
        for change in self._alarms.look(host):
            yield _tell(change, host, at)
        if self._way is None:
            return
        for alarm in self.standing:
            if alarm.everywhere:
                continue
            answer = self._drain(self._way, host, alarm, at)
            yield answer
            if answer.kind == "drained":  # whoever is the last healthy site now, only the next look knows
                return

    def _drain(self, way: Way, host: HostStanding, alarm: Alarm, at: str) -> Said:
        """Drain the alarm's site; an attempt that was refused is made again with the next look."""
        site = find_site(host, alarm.site)
        try:
            check_drain(host, site)
            done = way.drain(site, Reason(self._by, at, f"{alarm.rule}: {alarm.what}"))
        except OutlastError as error:
            return Said("not-drained", at, site.name, alarm.rule, error.what)
        return Said("drained", at, site.name, alarm.rule, done)


def _tell(change: Change, host: HostStanding, at: str) -> Said:
    alarm = change.alarm
    if not change.begins:
        left = not find_site(host, alarm.site).is_healthy
        return Said("over", at, alarm.site, alarm.rule, f"{'out of DNS' if left else 'no longer so'}: {alarm.what}")
    what = alarm.what + ("; so does every other site: no routing helps" if alarm.everywhere else "")
    return Said("alarm", at, alarm.site, alarm.rule, what)
