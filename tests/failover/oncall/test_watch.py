"""A watcher's lines, and when it drains: by choice, never the last one, never for what every site has."""

from __future__ import annotations

from collections.abc import Sequence

from failover.oncall.drain import Reason
from failover.oncall.standing import HostStanding, SiteStanding
from failover.oncall.watch import Watcher
from service.errors import Refused, Unavailable
from tests.failover.oncall.standings import DEAD, UNHEALTHY, host, off, site
from tests.failover.oncall.test_alarms import EXPIRED

BAD = host(site("aws", EXPIRED))


class Drains:
    """Notes who was drained and why; refuses where told to."""

    def __init__(self, refuse: bool = False) -> None:
        self.drained: list[tuple[str, Reason]] = []
        self._refuse = refuse

    def drain(self, site: SiteStanding, reason: Reason) -> str:
        if self._refuse:
            raise Refused("somebody else changed it")
        self.drained.append((site.name, reason))
        return "done"

    def undrain(self, site: SiteStanding) -> str:
        raise AssertionError("a watcher puts nothing back")


def watch(standings: Sequence[HostStanding | Unavailable], drains: Drains | None = None) -> tuple[Watcher, list[str]]:
    """The watcher and the lines of these looks, one a second."""
    left = iter(standings)

    def look() -> HostStanding:
        found = next(left)
        if isinstance(found, Unavailable):
            raise found
        return found

    watcher = Watcher(look, by="watch@host", way=drains)
    return watcher, [str(said) for n in range(len(standings)) for said in watcher.step(f"T{n}")]


def test_an_alarm_is_told_once_and_so_is_its_end() -> None:
    watcher, said = watch([BAD] * 5)
    assert said == [f"T2 alarm: aws: {EXPIRED.problem}"]
    assert len(watcher.standing) == 1
    _, said = watch([*[BAD] * 3, host()])
    assert said[-1] == f"T3 over: aws: no longer so: {EXPIRED.problem}"


def test_without_the_choice_nothing_is_drained_and_with_it_the_reason_is_the_alarm() -> None:
    drains = Drains()
    _, said = watch([BAD] * 3, drains)
    assert said[-1] == "T2 drained: aws: done"
    assert drains.drained == [("aws", Reason("watch@host", "T2", f"certificate: {EXPIRED.problem}"))]
    out = host(site("aws", EXPIRED, **off()))
    _, said = watch([*[BAD] * 3, out], drains)
    assert said[-1].startswith("T3 over: aws: out of DNS: "), "there is no alarm any more"


def test_the_last_healthy_site_stays() -> None:
    drains = Drains()
    last = host(site("aws", EXPIRED), site("azure", DEAD, view=UNHEALTHY), site("gcp", **off()))
    _, said = watch([last] * 4, drains)
    assert drains.drained == []
    assert "not-drained: aws: without aws no healthy site would be left" in said[-1]


def test_one_look_drains_one_site_for_only_the_next_one_knows_who_is_left() -> None:
    """Three alarms begin in one look, in which each of the sites still counts as a survivor of the others."""
    looks = [host(site("azure", DEAD), site("gcp", DEAD), site("aws"))] * 2
    looks += [host()] * 5 + [host(site("aws", EXPIRED), site("azure"), site("gcp"))] * 3
    drains = Drains()
    _, said = watch(looks, drains)
    assert [line.partition(": ")[0] for line in said] == ["T9 alarm"] * 3 + ["T9 drained"]
    assert len(drains.drained) == 1


def test_one_cause_at_every_site_drains_none() -> None:
    drains = Drains()
    _, said = watch([host(*(site(name, EXPIRED) for name in ("aws", "azure", "gcp")))] * 4, drains)
    assert drains.drained == []
    assert all(line.endswith("so does every other site: no routing helps") for line in said)
    assert len(said) == 3


def test_a_refusal_is_a_line_and_tried_again() -> None:
    _, said = watch([BAD] * 4, Drains(refuse=True))
    assert [line.partition(": ")[0] for line in said] == ["T2 alarm", "T2 not-drained", "T3 not-drained"]


def test_a_look_that_fails_is_a_line() -> None:
    _, said = watch([Unavailable("Route 53's API does not answer"), *[BAD] * 3])
    assert said == ["T0 blind: cannot look: Route 53's API does not answer", f"T3 alarm: aws: {EXPIRED.problem}"]
