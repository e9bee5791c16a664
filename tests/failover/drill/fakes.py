"""Small fakes that can say no: time that passes when somebody waits, observers on that time, an API that refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from hypothesis import settings

from failover.dial import Dial
from failover.drill.context import DrillContext
from failover.drill.discover import read_checks, read_fleet
from failover.drill.facts import Answer, CheckerView, Facts, SiteProbe
from failover.drill.fleet import FleetSite
from failover.drill.observers import Observer, Recorder, Watch
from failover.drill.plan import DrillPlan, Limits, plan_drill
from failover.drill.run import Probes
from failover.drill.samples import AUTHORITY, CLIENT, SITE, Look, Pace, Sample
from failover.levers.lever import Lever
from service.bundle.golden import Golden
from tests.failover.drill.three_sites import ADDRESSES, HOST

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

SPEED = 10
UNHURRIED = settings(deadline=None, max_examples=25)  # a busy machine is no reason to fail
EPOCH = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class FakeClock:
    """Time passes only while somebody sleeps; `on_tick` are called each time it did."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.on_tick: list[Callable[[], None]] = []

    def wall_now(self) -> float:
        return self.seconds

    def utc(self) -> datetime:
        return EPOCH + timedelta(seconds=self.seconds - 1000.0)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        for call in list(self.on_tick):
            call()


class Refusing:
    """A client of which some calls do something else: raise, or come later."""

    def __init__(self, client: Any, **instead: Callable[..., Any]) -> None:
        self._client = client
        self._instead = instead

    def __getattr__(self, name: str) -> Any:
        return self._instead.get(name) or getattr(self._client, name)


@dataclass
class Stage:
    """A world in which DNS and clients follow the lost site's health check, after `moves_after` and `returns_after`."""

    client: Any
    clock: FakeClock
    golden: Golden
    drills: Path
    lose: str = "aws"
    moves_after: float = 0.5
    returns_after: float = 0.2
    dead: set[str] = field(default_factory=set)
    failing_clients: bool = False
    said: list[str] = field(default_factory=list)
    levers: Mapping[str, Lever] = field(default_factory=dict)
    _away: bool = False
    _since: float = float("-inf")

    def __post_init__(self) -> None:
        self.client.on_update.append(self._on_update)

    @property
    def context(self) -> DrillContext:
        dial = Dial(nameserver="127.0.0.1", speed=SPEED)
        return DrillContext(self.client, dial, (), self.golden, self.clock, self.drills, Pace(), levers=self.levers)

    @property
    def probes(self) -> Probes:
        return Probes(
            preflight=self.preflight, watch=lambda context, plan, facts, recorder: TickingWatch(self, recorder)
        )

    def plan(self, **options: Any) -> DrillPlan:
        fleet = read_fleet(self.client, HOST)
        return plan_drill(
            fleet,
            self.lose,
            golden=self.golden,
            speed=SPEED,
            pace=Pace(clients=2),
            peak_rps=options.pop("peak_rps", 40.0),
            limits=options.pop("limits", Limits()),
            **options,
        )

    def preflight(self, context: DrillContext, plan: DrillPlan, *, own_drill: str = "") -> Facts:
        checks = read_checks(context.route53, [site.check_id for site in plan.sites])
        sites = tuple(FleetSite(s.name, s.origin_host, s.weight, checks[s.check_id]) for s in plan.sites)
        probes = {name: make_probe(name, error="refused" if name in self.dead else "") for name in ADDRESSES}
        return Facts(
            plan, sites, {name: CheckerView(3, 3) for name in ADDRESSES}, probes, 3, self.clock.utc(), own_drill
        )

    def _on_update(self, check: dict[str, Any]) -> None:
        if check is self.client.checks[f"check-{self.lose}"]:
            self.follow(check["Disabled"] and check["Inverted"])

    def follow(self, away: bool) -> None:
        """Let traffic leave the lost site from now on, or come back."""
        if away != self._away:
            self._away, self._since = away, self.clock.wall_now()

    def is_away(self) -> bool:
        """Whether traffic avoids the lost site: some time after its health check was switched off, or on again."""
        passed = self.clock.wall_now() - self._since
        return passed >= self.moves_after if self._away else passed < self.returns_after

    def look(self, name: str, away: bool) -> Look:
        """What an observer finds; every client asks DNS anew each time, as with a TTL of 0."""
        elsewhere = "azure" if self.lose == "gcp" else "gcp"
        site = name.removeprefix(SITE) if name.startswith(SITE) else (elsewhere if away else self.lose)
        if name.startswith(SITE) and site in self.dead:
            return Look(None, error="refused")
        return Look(None, error="no answer") if name.startswith(CLIENT) and self.failing_clients else Look(site)


class TickingWatch(Watch):
    """Observers without threads: each looks once whenever the fake clock was slept on."""

    def __init__(self, stage: Stage, recorder: Recorder) -> None:
        names = [f"{AUTHORITY}1", f"{CLIENT}1", f"{CLIENT}2", *(SITE + name for name in ADDRESSES)]
        super().__init__([Observer(name, 0.1, 0, lambda: Look(None)) for name in names], recorder, stage.lose)
        self._stage = stage
        self.primed: list[str] = []

    def __enter__(self) -> Self:
        self._stage.clock.on_tick.append(self.tick)
        return self

    def __exit__(self, *_: object) -> None:
        self._stage.clock.on_tick.remove(self.tick)

    def tick(self) -> None:
        away = self._stage.is_away()
        for name in self.beats:
            found = self._stage.look(name, away)
            ran_out = 0.0 if name.startswith(CLIENT) else None
            at = self._recorder.elapsed()
            self.add(Sample.taken(replace(found, ran_out=ran_out), name, at, at, 0.001))

    def prime(self, origin_host: str) -> bool:
        self.primed.append(origin_host)
        return True

    send_anew = prime


def make_probe(name: str, *, error: str = "", wrong: str = "", days: float | None = 30, clock: Any = None) -> SiteProbe:
    """What a pinned probe found; `days` until the certificate ends, None for none that is valid."""
    ends = None if days is None else EPOCH + timedelta(days=days)
    return SiteProbe(name, ADDRESSES.get(name), Answer(name, 0.01, error, wrong), ends, "" if ends else "self-signed")


def tag(client: Route53Client, check_id: str, **tags: str) -> None:
    """Set drill tags: `id` and `expires_at`."""
    pairs = [{"Key": "drill:" + key.replace("_", "-"), "Value": value} for key, value in tags.items()]
    client.change_tags_for_resource(ResourceType="healthcheck", ResourceId=check_id, AddTags=pairs)  # type: ignore[arg-type]
