"""Observers: what DNS answers, what real clients get, and what each site does, looked at ten times a second each.

    authority-N   asks an authoritative name server for the host's CNAME: sees the switch first, caches nothing
    client-N      an ordinary client: keeps a DNS answer for its TTL, opens a new connection for every request
    kind-NAME-N   a client that holds on for longer (`failover.drill.kinds`), four times a second
    site-NAME     a pinned client: dials one site's address whatever DNS says

Each runs in a thread of its own on a fixed beat. How late it woke is written into every sample: an observer that
is late measures itself, and the report says so.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any, Protocol, Self

import httpx

from failover.drill.clients import Authority, ClientCache
from failover.drill.context import DrillContext
from failover.drill.facts import Facts
from failover.drill.kinds import Around, Primable, play
from failover.drill.plan import DrillPlan
from failover.drill.probes import SERVED_BY, ask_golden
from failover.drill.samples import AUTHORITY, CLIENT, EMPTY, KIND, SITE, Look, Sample, Tally
from failover.recovery.kinds import find_kind
from service.bundle.golden import Golden
from service.errors import Unavailable

RECENT = 100  # client requests over which an error ratio is taken
JOIN_SECONDS = 10.0


@dataclass(frozen=True)
class Observer:
    """Something that looks: `look` is called every `period_seconds` (real time), first after `phase` periods."""

    name: str
    period_seconds: float
    phase: float
    look: Callable[[], Look]


class Recorder(Protocol):
    """Where samples go: the journal."""

    def elapsed(self) -> float: ...
    def write(self, kind: str, *, at: float | None = None, **fields: Any) -> None: ...


class Watch:
    """Runs observers in threads while in its `with` block; `tally` is what they saw last."""

    def __init__(
        self,
        observers: Sequence[Observer],
        recorder: Recorder,
        lost: str,
        *,
        caches: Sequence[Primable] = (),
        players: Sequence[Primable] = (),
        resources: ExitStack | None = None,
    ) -> None:
        self._observers = tuple(observers)
        self._caches = tuple(caches)
        self._players = tuple(players)
        self._resources = resources or ExitStack()
        self._recorder = recorder
        self._lost = lost
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._tallies = {observer.name: Tally() for observer in observers}
        self._recent: deque[bool] = deque(maxlen=RECENT)
        self._at_lost: list[Sample] = []
        self._threads = [
            threading.Thread(target=self._observe, args=(observer,), name=observer.name, daemon=True)
            for observer in observers
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=JOIN_SECONDS)
        self._resources.close()

    @property
    def beats(self) -> dict[str, float]:
        """Wall seconds between two looks, by observer."""
        return {observer.name: observer.period_seconds for observer in self._observers}

    def prime(self, origin_host: str) -> bool:
        """Make every client one that was sent to this origin: their answers are of all ages, the last one's fresh.

        Those of the players, one of a kind, are of any age: so is what is predicted of them.
        """
        if not all(player.prime(origin_host, random.random()) for player in self._players):
            return False
        count = len(self._caches)
        return all(cache.prime(origin_host, (count - 1 - n) / count) for n, cache in enumerate(self._caches))

    def send_anew(self, origin_host: str) -> bool:
        """Make the first client one that has just asked, and was told this origin."""
        return self._caches[0].prime(origin_host, age=0.0)

    def tally(self, name: str) -> Tally:
        """What the observer of that name saw last."""
        with self._lock:
            return self._tallies[name]

    def tallies(self, prefix: str = "") -> dict[str, Tally]:
        """The tallies of all observers whose name begins so."""
        with self._lock:
            return {name: tally for name, tally in self._tallies.items() if name.startswith(prefix)}

    def first_at_lost(self, prefix: str, after: float) -> float | None:
        """When the lost site was first named, or had first served, in a look begun at `after` or later."""
        with self._lock:
            ends = [sample.ended for sample in self._at_lost if sample.by.startswith(prefix) and sample.at >= after]
        return min(ends, default=None)

    def client_failures(self) -> tuple[int, int]:
        """How many of the clients' latest requests failed or were wrong, and how many those were."""
        with self._lock:
            return sum(not right for right in self._recent), len(self._recent)

    def add(self, sample: Sample) -> None:
        """Write a sample down and count it."""
        self._recorder.write("sample", **sample.to_entry())
        with self._lock:
            if sample.right and sample.site == self._lost:
                self._at_lost.append(sample)
            if sample.by.startswith(CLIENT):
                self._recent.append(sample.right)
            self._tallies[sample.by] = self._tallies[sample.by].add(sample, self._lost)

    def _observe(self, observer: Observer) -> None:
        due = time.monotonic() + observer.phase * observer.period_seconds
        while not self._stop.wait(max(0.0, due - time.monotonic())):
            began, late = self._recorder.elapsed(), time.monotonic() - due
            found = _look_safely(observer)
            self.add(Sample.taken(found, observer.name, began, self._recorder.elapsed(), late))
            # A look longer than the period makes the observer miss beats; it never hurries to catch up.
            missed = max(0.0, time.monotonic() - due) // observer.period_seconds
            due += (missed + 1) * observer.period_seconds


def _look_safely(observer: Observer) -> Look:
    """A bug in one look must not end the observer in silence, nor leave the drill waiting for it."""
    try:
        return observer.look()
    except Exception as error:
        return Look(None, error=f"{type(error).__name__}: {error}")


def open_watch(context: DrillContext, plan: DrillPlan, facts: Facts, recorder: Recorder) -> Watch:
    """The observers of one drill, not yet started. Sites without an address are not asked directly."""
    resources, deadline = ExitStack(), context.dial.deadline_seconds

    def open_client(**how: Any) -> httpx.Client:
        http = resources.enter_context(context.dial.client(deadline_seconds=deadline, **how))
        http.headers.update(context.headers)
        return http

    count, pace = len(context.authorities), context.pace
    sites = {origin: site for site, origin in plan.origins.items()}
    caches = [ClientCache(context.authorities[n % count], context.dial, plan.host) for n in range(pace.clients)]
    observers = [
        # Several name servers share the beat: the zone is asked authority_hz times a second in all.
        Observer(
            f"{AUTHORITY}{server.name}",
            count / pace.authority_hz,
            n / count,
            look_at_dns(server, plan.host, sites, deadline),
        )
        for n, server in enumerate(context.authorities)
    ]
    for n, cache in enumerate(caches, start=1):
        look = _look_by_request(open_client(lookup=cache.lookup), plan, context.golden, n, cache)
        observers.append(Observer(f"{CLIENT}{n}", 1 / pace.client_hz, n / (pace.clients + 1), look))
    around = Around(
        context.dial, plan.host, context.golden, context.api_key, deadline, resources, context.authorities[0]
    )
    players = {name: play(find_kind(name), around) for name in plan.kinds}
    for n, (name, player) in enumerate(players.items(), start=1):
        observers.append(Observer(f"{KIND}{name}-1", 1 / pace.kind_hz, n / (len(players) + 1), player.look))
    addresses = {name: probe.address for name, probe in sorted(facts.probes.items()) if probe.address}
    for n, (site, address) in enumerate(addresses.items()):
        look = pinned(_look_by_request(open_client(address=address), plan, context.golden, n), site)
        observers.append(Observer(f"{SITE}{site}", 1 / pace.site_hz, (n + 0.5) / len(addresses), look))
    return Watch(observers, recorder, plan.lose, caches=caches, players=list(players.values()), resources=resources)


def look_at_dns(
    authority: Authority, host: str, sites: Mapping[str, str], timeout_seconds: float
) -> Callable[[], Look]:
    """Which site a name server answers with; `sites`: origin -> site."""

    def look() -> Look:
        try:
            origin, _ = authority.ask(host, timeout_seconds)
        except Unavailable as error:
            return Look(None, error=error.what)
        if origin is None:
            return Look(None, error=EMPTY)
        site = sites.get(origin)
        return Look(site) if site else Look(None, wrong=f"points at {origin}, which is no site of the plan")

    return look


def _look_by_request(
    http: httpx.Client, plan: DrillPlan, golden: Golden, offset: int, cache: ClientCache | None = None
) -> Callable[[], Look]:
    """Each request sends the next golden row; observers begin at different rows."""
    rows = cycle(golden.rows[offset % len(golden.rows) :] + golden.rows[: offset % len(golden.rows)])

    def look() -> Look:
        answer = ask_golden(http, plan.host, golden, next(rows))
        wrong = answer.wrong
        if not answer.error and answer.served_by not in plan.origins:
            wrong = wrong or f"{SERVED_BY} says {answer.served_by}, which is no site of the plan"
        return Look(answer.served_by, answer.error, wrong, cache.take_ran_out() if cache else None)

    return look


def pinned(look: Callable[[], Look], site: str) -> Callable[[], Look]:
    """A pinned look: that another site answers at this address is an error."""

    def look_there() -> Look:
        found = look()
        if found.right and found.site != site:
            return replace(found, error=f"answered by {found.site}")
        return found

    return look_there
