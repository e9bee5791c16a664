"""What only somebody outside sees of a site: when it is an alarm, when it is over, and when it may be drained. Pure.

Route 53's checkers do not verify certificates, and take a site for healthy while more than 18 % of them reach it. A
watcher that asks each site at its own address, as a client would, sees both. A failure that Route 53 sees as well is no
alarm of this kind: DNS leaves the site by itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from failover.oncall.standing import HostStanding, SiteLook

CERTIFICATE, LOST = "certificate", "lost-requests"
_REMEMBERED = 20  # looks at a site
_CERTIFICATE_LOOKS = 3  # in a row: a certificate does not come and go
_FEWEST_LOOKS, _LOST_SHARE = 10, 0.2  # before a share says anything, and from which on it is an alarm


@dataclass(frozen=True)
class Alarm:
    """One thing that is wrong at a site and that DNS does not follow; `everywhere`: at every site alike."""

    rule: str
    site: str
    what: str
    everywhere: bool = False


@dataclass(frozen=True)
class Change:
    """An alarm that has begun, or is over."""

    alarm: Alarm
    begins: bool


class Alarms:
    """The alarms that stand; each look at the host may begin some and end others."""

    def __init__(self) -> None:
        self._looks: dict[str, deque[SiteLook]] = {}
        self.standing: dict[tuple[str, str], Alarm] = {}

    def look(self, host: HostStanding) -> list[Change]:
        """Take one more look in, and say what it changes."""
        for site in host.sites:
            self._looks.setdefault(site.name, deque(maxlen=_REMEMBERED)).append(site.look)
        in_dns = [site.name for site in host.sites if site.is_healthy]
        found = _judge({name: self._looks[name] for name in in_dns})
        ended = [Change(alarm, begins=False) for key, alarm in self.standing.items() if key not in found]
        begun = [Change(alarm, begins=True) for key, alarm in found.items() if key not in self.standing]
        self.standing = found
        return ended + begun


def _judge(looks: Mapping[str, Sequence[SiteLook]]) -> dict[tuple[str, str], Alarm]:
    found: dict[tuple[str, str], Alarm] = {}
    for rule, judge in ((CERTIFICATE, _judge_certificate), (LOST, _judge_losses)):
        told = {name: what for name, seen in looks.items() if (what := judge(seen))}
        # Leaving helps only where another site does better (docs/decisions/0003).
        everywhere = 1 < len(looks) == len(told)
        found |= {(rule, name): Alarm(rule, name, what, everywhere) for name, what in told.items()}
    return found


def _judge_certificate(looks: Sequence[SiteLook]) -> str:
    latest = list(looks)[-_CERTIFICATE_LOOKS:]
    bad = len(latest) == _CERTIFICATE_LOOKS and all(look.bad_certificate for look in latest)
    return latest[-1].problem if bad else ""


def _judge_losses(looks: Sequence[SiteLook]) -> str:
    failed = [look for look in looks if look.problem and not look.bad_certificate]
    if len(looks) < _FEWEST_LOOKS or len(failed) < _LOST_SHARE * len(looks):
        return ""
    return f"fails {len(failed)} of {len(looks)} requests; the latest {failed[-1].problem}"
