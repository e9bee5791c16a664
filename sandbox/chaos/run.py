"""One fault after the other: made by its lever, watched by every kind of client, healed, and seen to be over."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from failover.dial import Dial
from failover.drill.clients import Authority
from failover.drill.discover import read_fleet
from failover.drill.fleet import Fleet, FleetSite
from failover.drill.kinds import Around, look_at, play
from failover.drill.observers import Observer, Watch, look_at_dns, pinned
from failover.drill.plan import predict_loss
from failover.drill.samples import AUTHORITY, CLIENT, SITE, Sample
from failover.drill.streaks import count_answers_needed
from failover.drill.waits import BREAKING
from failover.levers.change import ECS, Change, sign
from failover.levers.clouds import Clouds
from failover.levers.lever import Lever
from failover.recovery.kinds import find_kind
from failover.routing import predict
from sandbox.chaos.faults import ChaosFault
from sandbox.chaos.row import Moments, NotMade, Row, measure_row
from sandbox.chaos.spot import Mix, count_running, find_mix, scaled_above, tell_left
from service.bundle.golden import Golden
from service.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

LEAST_FAULT_SECONDS, AFTER_TYPICAL_SECONDS = 150.0, 120.0  # simulated: how long a fault lasts
LONGEST_RETURN_SECONDS, LEAST_RETURN_WALL_SECONDS = 240.0, 60.0  # simulated; but a killed replica has to start again
WATCHING = ("ttl", *BREAKING)
STEADY_SECONDS, QUIET_WALL_SECONDS = 10.0, 1.5
TICK_SECONDS, PER_KIND, HZ, AUTHORITY_HZ = 0.1, 2, 4.0, 20.0
SPENT_WALL_SECONDS = 30.0  # beyond what a fault is watched, before it ends by itself

Say = Callable[[str], None]


@dataclass
class Recorder:
    """Samples in memory; `elapsed` is real seconds since it was made."""

    began: float = field(default_factory=time.monotonic)
    samples: list[Sample] = field(default_factory=list)

    def elapsed(self) -> float:
        """Wall seconds since the beginning."""
        return time.monotonic() - self.began

    def write(self, kind: str, *, at: float | None = None, **fields: Any) -> None:
        """Keep one sample."""
        if kind == "sample":
            self.samples.append(Sample.from_entry({"at": at, **fields} if at is not None else fields))


@dataclass(frozen=True)
class Lab:
    """What the faults are made in, and by what."""

    route53: Route53Client
    dial: Dial
    host: str
    golden: Golden
    levers: Mapping[str, Lever]
    environ: Mapping[str, str]
    clouds: Clouds

    def fleet(self) -> Fleet:
        """The sites, as Route 53 has them now."""
        return read_fleet(self.route53, self.host)


@dataclass(frozen=True)
class Measured:
    """The rows, and what has none."""

    rows: list[Row] = field(default_factory=list)
    not_made: list[NotMade] = field(default_factory=list)


def run_rows(lab: Lab, faults: Sequence[ChaosFault], sites: Sequence[str], say: Say) -> Measured:
    """A row for each fault at each site, in order. Raises Unavailable where the sandbox does not get steady again."""
    measured, fleet = Measured(), lab.fleet()
    for site in sites or [site.name for site in fleet.sites]:
        for fault in faults:
            told = run_one(lab, fleet, fault, fleet.site(site), measured)
            say(f"{fault.name} at {site}: {told}")
    return measured


def run_one(lab: Lab, fleet: Fleet, fault: ChaosFault, site: FleetSite, measured: Measured) -> str:
    """One fault at one site, kept in `measured`: what there is to say of it."""
    if fault.needs_spot:
        mix = find_mix(lab.clouds, site)
        if isinstance(mix, str):
            measured.not_made.append(NotMade(fault.name, site.name, mix))
            return f"not made: {mix}"
        row = run_spot(lab, fleet, fault, site, mix)
    else:
        row = run_row(lab, fleet, fault, site)
    measured.rows.append(row)
    after = "" if row.noticed_after is None else f" after {row.noticed_after:.0f} s"
    return f"{row.noticed_by}{after}; " + ("; ".join(row.mistakes) or "as promised")


def run_spot(lab: Lab, fleet: Fleet, fault: ChaosFault, site: FleetSite, mix: Mix) -> Row:
    """One fault that takes Spot's tasks, at a site that has some for as long as it lasts."""

    def wait(holds: Callable[[], bool], what: str) -> None:
        wait_until(holds, what, speed=lab.dial.speed)

    left: list[int] = []
    with scaled_above(lab.clouds, lab.levers[ECS], site, mix, wait):
        row = run_row(lab, fleet, fault, site, before_healing=lambda: left.append(count_running(lab.clouds, site)))
    return replace(row, on_spot=True, fails_at_most=fault.fails_at_most, beside=tell_left(left[0], mix))


def run_row(
    lab: Lab, fleet: Fleet, fault: ChaosFault, site: FleetSite, *, before_healing: Callable[[], None] = lambda: None
) -> Row:
    """One fault at one site."""
    recorder, speed = Recorder(), lab.dial.speed
    way = fault.way(site.name, site.fault_flag)
    share = fleet.shares()[site.name]
    pace = predict.Pace(speed, len(WATCHING) * PER_KIND, 1 / HZ, 0.5)
    predicted = predict_loss(site, way, fleet.ttl_seconds, pace)
    watch = open_watch(lab, fleet, recorder, site.name)
    # Before the first look as well, so that connections that are kept are to the site.
    wait_until(lambda: watch.prime(site.origin_host), f"DNS to name {site.name}", speed=speed)
    with watch:
        wait_until(lambda: is_quiet(watch), "every client to get right answers", speed=speed)
        time.sleep(STEADY_SECONDS / speed)
        watch.prime(site.origin_host)
        injected = recorder.elapsed()
        lasts = max(LEAST_FAULT_SECONDS, predicted.terms[0].typical_seconds + AFTER_TYPICAL_SECONDS) / speed
        change = inject(lab, fault, site, lasts)
        try:
            time.sleep(lasts)
            before_healing()
        finally:
            healed = recorder.elapsed()
            heal(lab, change)
        moments = Moments(injected, healed, speed)
        needed = count_answers_needed(share)
        wait_until(lambda: is_over(recorder, site.name, healed), speed=speed)
        return measure_row(
            fault.name,
            site.name,
            recorder.samples,
            moments,
            needed=needed,
            predicted=predicted,
            expected=fault.noticed_by,
            of_provider=fault.of_provider,
        )


def inject(lab: Lab, fault: ChaosFault, site: FleetSite, lasts: float) -> Change:
    """Make the fault; it ends by itself a while after the real seconds that it is to last."""
    way = fault.way(site.name, site.fault_flag)
    lever = lab.levers[way.action]
    before = lever.look(way.target)
    change = Change(way.action, site.check.id, site.check.version, before, way.after(before), way.target)
    ends = datetime.now(UTC) + timedelta(seconds=lasts + SPENT_WALL_SECONDS)
    signed = sign(change, f"chaos-{fault.name}", ends)
    lever.apply(signed)
    return signed


def heal(lab: Lab, change: Change) -> None:
    """Undo exactly this fault. The control interface answers also where Route 53 refuses."""
    lab.levers[change.action].undo(change)


def open_watch(lab: Lab, fleet: Fleet, recorder: Recorder, lost: str) -> Watch:
    """Every observer: DNS, the kinds of clients, and one that is pinned to each site."""
    resources = ExitStack()
    deadline = lab.dial.deadline_seconds
    key, authority = lab.environ.get("OUTLAST_API_KEY", ""), Authority("1", lab.dial)
    around = Around(lab.dial, lab.host, lab.golden, key, deadline, resources, authority)
    clients = {f"{CLIENT}{name}-{n}": play(find_kind(name), around) for name in WATCHING for n in range(PER_KIND)}
    looks = {name: player.look for name, player in clients.items()}
    for site in fleet.sites:
        address = lab.dial.resolve(site.origin_host).addresses[0]
        looks[SITE + site.name] = pinned(look_at(address, around), site.name)
    observers = [Observer(name, 1 / HZ, n / len(looks), look) for n, (name, look) in enumerate(looks.items())]
    origins = {site.origin_host: site.name for site in fleet.sites}
    observers.append(
        Observer(f"{AUTHORITY}1", 1 / AUTHORITY_HZ, 0.0, look_at_dns(authority, lab.host, origins, deadline))
    )
    told = [player for player in clients.values() if player.cache is not None]
    return Watch(observers, recorder, lost, caches=told, resources=resources)


def is_quiet(watch: Watch) -> bool:
    """Whether the latest looks of every observer were right."""
    return all(tally.right >= 2 for tally in watch.tallies().values())


def is_over(recorder: Recorder, site: str, healed: float) -> bool:
    """Whether for a while now every look was right, and DNS has named the site since it was healed."""
    samples = list(recorder.samples)
    named = any(s.by.startswith(AUTHORITY) and s.site == site and s.at > healed for s in samples)
    since = recorder.elapsed() - QUIET_WALL_SECONDS
    return named and since > healed and all(s.right for s in samples if s.at > since)


def wait_until(holds: Callable[[], bool], what: str = "", *, speed: int = 1) -> None:
    """Wait. Raises Unavailable where it took too long and `what` says for what."""
    deadline = time.monotonic() + max(LEAST_RETURN_WALL_SECONDS, LONGEST_RETURN_SECONDS / speed)
    while not holds():
        if time.monotonic() > deadline:
            if what:
                raise Unavailable(f"timed out waiting for {what}", hint="make status; make heal")
            return
        time.sleep(TICK_SECONDS)
