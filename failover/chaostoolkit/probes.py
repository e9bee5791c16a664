"""Probes for an experiment: each answers what it saw, or raises with the reason, which the toolkit puts in its journal.

They read the same environment as drills: OUTLAST_HOST, OUTLAST_DEFAULT_MODEL, OUTLAST_API_KEY, and where to dial.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from failover.chaostoolkit.surroundings import Surroundings
from failover.drill.probes import SERVED_BY, ask_golden, probe_site
from service.errors import Deviated

ANSWERS = 40
"""Questions asked of DNS, which draws one site for each: one with a tenth of the weight is missed once in 68 times."""

PAUSE_SECONDS = 0.1


def host_answers_right(host: str = "", times: int = 10) -> bool:
    """Whether the public host answers golden rows right, each request over a new connection to a name asked anew."""
    around = Surroundings.from_environment(os.environ, host)
    with _client(around) as http:
        for n in range(times):
            row = around.golden.rows[n % len(around.golden.rows)]
            answer = ask_golden(http, around.host, around.golden, row)
            if not answer.right:
                why = f"{answer.error or answer.wrong} ({answer.served_by})"
                raise Deviated(f"request {n + 1} of {times} to {around.host}: {why}", hint=_look(around))
    return True


def site_answers_right(site: str, host: str = "") -> bool:
    """Whether one site answers right, asked directly whatever DNS says, with a valid certificate."""
    around = Surroundings.from_environment(os.environ, host)
    probe = probe_site(
        around.dial,
        around.host,
        site,
        around.find_origin(site),
        golden=around.golden,
        headers=around.headers,
        deadline_seconds=around.dial.deadline_seconds,
    )
    if not probe.answer.right:
        raise Deviated(f"{site} does not answer right: {probe.answer.error or probe.answer.wrong}", hint=_look(around))
    if probe.certificate_ends is None:
        raise Deviated(f"{site} has no valid certificate: {probe.certificate_error}", hint="outlast certificate check")
    return True


def sites_answered(host: str = "", times: int = ANSWERS) -> list[str]:
    """The sites that DNS names for the host, among so many answers."""
    around = Surroundings.from_environment(os.environ, host)
    return sorted({site for _ in range(times) if (site := around.ask_dns())})


def is_answered(site: str, host: str = "", times: int = ANSWERS) -> bool:
    """Whether DNS names the site, among so many answers."""
    return site in sites_answered(host, times)


def traffic_left(site: str, host: str = "", within_seconds: float = 120.0, quiet: int = ANSWERS) -> float:
    """Wait until DNS no longer names the site and another one has answered right; simulated seconds until then.

    The time runs from the call: put the probe right behind the action. `quiet` answers without it in a row end it.
    """
    around = Surroundings.from_environment(os.environ, host)
    began = time.monotonic()
    passed = _wait_until_unnamed(around, site, began, within_seconds, quiet)
    with _client(around) as http:
        answer = ask_golden(http, around.host, around.golden, around.golden.rows[0])
    if not answer.right or answer.served_by == site:
        why = answer.error or answer.wrong or "it is still served"
        raise Deviated(f"{SERVED_BY} says {answer.served_by}: {why}", hint=_look(around))
    return round(passed, 1)


def _look(around: Surroundings) -> str:
    return f"outlast status --host {around.host} shows every site"


def _wait_until_unnamed(around: Surroundings, site: str, began: float, within: float, quiet: int) -> float:
    """Simulated seconds from `began` to the first of `quiet` answers in a row that name another site."""
    around.find_origin(site)  # a site that is not there would be left at once
    streak, first = 0, 0.0
    while streak < quiet:
        passed = (time.monotonic() - began) * around.dial.speed
        named = around.ask_dns()
        if named is None or named == site:
            streak = 0
        else:
            first = first if streak else passed
            streak += 1
        if passed > within:
            hint = f"does its record have a health check or less weight? outlast lint --host {around.host}"
            raise Deviated(f"DNS still names {site} after {within:g} s (simulated)", hint=hint)
        time.sleep(PAUSE_SECONDS if streak == 0 else 0.0)
    return first


@contextmanager
def _client(around: Surroundings) -> Iterator[httpx.Client]:
    with around.dial.client(deadline_seconds=around.dial.deadline_seconds) as http:
        http.headers.update(around.headers)
        yield http
