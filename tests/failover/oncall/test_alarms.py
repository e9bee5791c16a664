"""When what the outside sees becomes an alarm, and when it must not."""

from __future__ import annotations

from dataclasses import replace

from failover.oncall.alarms import CERTIFICATE, LOST, Alarm, Alarms
from failover.oncall.standing import HostStanding, SiteLook
from tests.failover.oncall.standings import DEAD, RIGHT, UNHEALTHY, host, site

EXPIRED = SiteLook("127.0.0.2", bad_certificate=True, error="serves no valid certificate: it has expired")
ALL = ("aws", "azure", "gcp")


def rules(alarms: Alarms, *standings: HostStanding) -> list[tuple[str, str, bool]]:
    """What begins and ends in these looks."""
    changes = [change for standing in standings for change in alarms.look(standing)]
    return [(change.alarm.rule, change.alarm.site, change.begins) for change in changes]


def test_a_bad_certificate_is_an_alarm_at_the_third_look_and_over_with_a_good_one() -> None:
    alarms, bad = Alarms(), host(site("aws", EXPIRED))
    assert rules(alarms, bad, bad) == []
    assert rules(alarms, bad, bad) == [(CERTIFICATE, "aws", True)]
    assert alarms.standing[CERTIFICATE, "aws"] == Alarm(CERTIFICATE, "aws", EXPIRED.problem)
    assert rules(alarms, host()) == [(CERTIFICATE, "aws", False)]
    assert alarms.standing == {}


def test_lost_requests_are_an_alarm_from_a_fifth_on() -> None:
    alarms = Alarms()
    for n in range(10):
        alarms.look(host(site("gcp", DEAD if n in (3, 7) else RIGHT)))
    assert alarms.standing[LOST, "gcp"].what == f"fails 2 of 10 requests; the latest {DEAD.problem}"
    few = Alarms()
    for n in range(10):
        few.look(host(site("gcp", DEAD if n == 3 else RIGHT)))
    assert few.standing == {}


def test_a_few_failures_at_the_beginning_say_nothing() -> None:
    alarms = Alarms()
    assert rules(alarms, *[host(site("gcp", DEAD))] * 9) == []


def test_what_route_53_sees_is_no_alarm() -> None:
    unhealthy = host(site("gcp", DEAD, view=UNHEALTHY))
    assert rules(Alarms(), *[unhealthy] * 20) == []


def test_an_alarm_is_over_when_dns_has_left_the_site() -> None:
    alarms = Alarms()
    rules(alarms, *[host(site("gcp", DEAD))] * 10)
    assert rules(alarms, host(site("gcp", DEAD, view=UNHEALTHY))) == [(LOST, "gcp", False)]


def test_one_cause_at_every_site_is_marked_so() -> None:
    alarms = Alarms()
    for _ in range(3):
        alarms.look(host(*(site(name, EXPIRED) for name in ALL)))
    assert [alarm.everywhere for alarm in alarms.standing.values()] == [True, True, True]


def test_the_window_forgets() -> None:
    alarms = Alarms()
    rules(alarms, *[host(site("gcp", DEAD))] * 10)
    assert rules(alarms, *[host(site("gcp", replace(RIGHT)))] * 20) == [(LOST, "gcp", False)]
