"""Draining by a switch: one object in a store of another cloud, written and read without Route 53's API.

A health check of Route 53 looks for the object (`infra.switch`), and checkers and name servers go on when the API of
Route 53 refuses everybody. So nothing here asks that API: whose sites there are is handed in, and how they are is asked
of them. What the object says is `failover.oncall.switch_note`'s.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from failover.dial import Dial
from failover.levers.clouds import Clouds
from failover.levers.objects import ABSENT, open_object
from failover.oncall.drain import check_last
from failover.oncall.look import look_at_site
from failover.oncall.switch_note import SwitchNote
from service.errors import InvalidInput, Mistake, Refused, Unavailable


@dataclass(frozen=True)
class SwitchedHost:
    """A host whose sites have drain switches: every site that may take traffic, and the address of each switch."""

    host: str
    sites: Sequence[str]
    switches: Mapping[str, str]

    def switch_of(self, site: str) -> str:
        """Where the switch of a site is. Raises InvalidInput for a site that has none."""
        if site in self.switches:
            return self.switches[site]
        known = ", ".join(self.switches)
        raise InvalidInput(
            "there is no such switch",
            [Mistake("SITE", f"{site!r} has no drain switch behind {self.host}", f"one of: {known}")],
        )


@dataclass(frozen=True)
class Switches:
    """Throws and takes back the switches of one host; `dial` asks its sites, `clouds` the stores."""

    of: SwitchedHost
    dial: Dial
    clouds: Clouds

    def throw(self, site: str, note: SwitchNote, *, last: str = "") -> str:
        """Drain a site. Raises Refused where no other one would serve, unless `last` names this very site."""
        url = self.of.switch_of(site)
        check_last(site, last)
        switch = open_object(url, self.clouds)
        content, version = switch.read()
        if version != ABSENT:
            since = SwitchNote.parse(content).since or "a time that its switch does not tell"
            return f"{site} is drained already, since {since}"
        if not last:
            self._check_survivors(site)
        switch.write(note.to_bytes(), ABSENT)
        return f"the switch {url} is there: Route 53 takes {site} for unhealthy once its checkers have seen it"

    def take_back(self, site: str, *, anyway: bool = False) -> str:
        """Put a site back. Raises Refused where it does not answer right."""
        url = self.of.switch_of(site)
        switch = open_object(url, self.clouds)
        _, version = switch.read()
        if version == ABSENT:
            return f"{site} has no switch thrown: there is nothing to do"
        problem = "" if anyway else self._find_problem(site)
        if problem:
            raise Refused(
                f"{site} is not given back: asked directly it {problem}; nothing was changed",
                hint=f"mend it first; or, knowing that: outlast undrain {site} --anyway",
            )
        switch.delete(version)
        return f"the switch {url} is gone: what the checkers see of {site} counts again"

    def is_thrown(self, site: str) -> bool:
        """Whether a site is drained by its switch; one that has none, or whose store does not answer, is not."""
        if site not in self.of.switches:
            return False
        try:
            return open_object(self.of.switches[site], self.clouds).read()[1] != ABSENT
        except Unavailable:  # Route 53 takes it in the same way: a store that is silent drains nobody
            return False

    def _check_survivors(self, site: str) -> None:
        others = [name for name in self.of.sites if name != site]
        with ThreadPoolExecutor(max_workers=max(1, len(others))) as pool:
            problems = dict(zip(others, pool.map(self._why_no_survivor, others), strict=True))
        if not all(problems.values()):
            return
        raise Refused(
            f"without {site} no site would be left that answers right, and DNS would answer with all of them; nothing "
            "was changed",
            [Mistake(name, problem) for name, problem in problems.items()]
            or [Mistake(self.of.host, "has no other site")],
            hint=f"mend one of them first; or, knowing that: outlast drain {site} --last {site}",
        )

    def _why_no_survivor(self, site: str) -> str:
        return "is drained as well" if self.is_thrown(site) else self._find_problem(site)

    def _find_problem(self, site: str) -> str:
        """Why a site does not serve, asked at its own address; "" where it does."""
        host, deadline = self.of.host, self.dial.deadline_seconds
        return look_at_site(self.dial, host, f"{site}.{host}", deadline_seconds=deadline).problem
