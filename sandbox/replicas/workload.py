"""What a compute resource asks for: an image, its environment, how many replicas, and how their health is asked."""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sandbox.replicas.scaling import Rule

# Variables of the service that are durations: the default in simulated seconds, and the fewest real ones. A server
# knows no clock but the real one, so what a stack file says is turned into real seconds as the defaults are.
_ON_THE_CLOCK = {
    "OUTLAST_DRAIN_SECONDS": (5.0, 0.0),
    "OUTLAST_CONNECTION_SECONDS": (120.0, 0.05),
    "OUTLAST_LEAVING_CONNECTION_SECONDS": (10.0, 0.05),
    "OUTLAST_HEALTH_SECONDS": (1.0, 0.25),  # a self-inference a replica: more often would be felt on a laptop
    "OUTLAST_HEALTH_WINDOW_SECONDS": (60.0, 5.0),
    "OUTLAST_FAULTS_SECONDS": (1.0, 0.1),
}
_PER_WINDOW = "OUTLAST_HEALTH_MIN_REQUESTS"  # in a window that is shorter there are fewer
_LEAST_JUDGED = (50, 5)
_PER_MINUTE = "OUTLAST_REQUESTS_PER_MINUTE_PER_ADDRESS"  # a server's minutes are real ones: more fit into each


@dataclass(frozen=True)
class Probe:
    """One question to a container: a GET that is answered with 2xx or 3xx, or, of path "", a connection."""

    path: str
    port: int
    period_seconds: float = 10.0
    failures: int = 3  # one after the other, until it counts as failed

    @property
    def seconds(self) -> float:
        """How long it may go unanswered."""
        return self.period_seconds * self.failures

    def __str__(self) -> str:
        return f"{self.path} of port {self.port}" if self.path else f"port {self.port}"


@dataclass(frozen=True)
class Workload:
    """What a compute resource asks for."""

    key: str
    stack: str
    image: str  # digest
    port: int
    environment: tuple[tuple[str, str], ...]
    min_replicas: int
    max_replicas: int
    concurrency: int  # requests at once that one replica takes before another is started
    probe_path: str  # "" where a connection is enough
    startup: Probe | None = None
    readiness: Probe | None = None  # in place of `probe_path`
    liveness: Probe | None = None
    tells_port: bool = True  # in PORT, as Cloud Run does; elsewhere the program has to know it
    probed_by_balancer: bool = False  # whose health check may change under the replicas that run
    spot_base: int | None = None  # how many run before any is on capacity that may be taken back; None: none ever is
    spot_share: float = 0.0  # how many of those beyond are
    scaling: Rule | None = None  # what moves their number between the bounds; None: the connections alone
    memory_mib: int = 0  # that a replica is given, to which nothing here holds it; 0: nobody says
    start: int | None = None  # how many there are at first: as many as the cloud remembers, else the least

    @cached_property  # asked for at each connection and each tick
    def revision(self) -> str:
        """Changes with whatever makes new replicas necessary; scaling does not."""
        asked = "" if self.probed_by_balancer else (self.probe_path, self.startup, self.readiness, self.liveness)
        fixed = (self.image, self.port, self.environment, asked)
        return hashlib.sha256(repr(fixed).encode()).hexdigest()[:10]

    @property
    def asked(self) -> Probe:
        """What decides whether a replica that runs gets traffic."""
        return self.readiness or Probe(self.probe_path, self.port)

    @property
    def first_asked(self) -> Probe:
        """What a replica has to answer before anything else."""
        return self.startup or self.asked

    @property
    def sleeps(self) -> bool:
        """Whether it may be without a replica until a connection comes."""
        return self.min_replicas == 0 < self.max_replicas

    def on_spot(self, count: int) -> int:
        """How many of so many replicas are on capacity that may be taken back."""
        return 0 if self.spot_base is None else math.floor(max(count - self.spot_base, 0) * self.spot_share)

    def variables(
        self,
        address: str,
        to_wall: Callable[[float], float],
        local_path: Callable[[str], Path | None] = lambda url: None,
    ) -> dict[str, str]:
        """The environment of a replica that listens on `address`; `to_wall` turns simulated seconds into real ones.

        Its network is the loopback alone: what it would read in a bucket is a file here, as `local_path` says.

        It is bound to that address alone: in the real cloud its network namespace is its own; here nothing opens wider.
        """
        return {
            **{name: str(local_path(value) or value) for name, value in self.environment},
            **_on_the_clock(dict(self.environment), to_wall),
            **({"PORT": str(self.port)} if self.tells_port else {}),
            "OUTLAST_HOST_BIND": address,
        }


def _on_the_clock(given: Mapping[str, str], to_wall: Callable[[float], float]) -> dict[str, str]:
    """Every duration in real seconds, those of the stack file as well; what is no number is left to the server."""
    found = {}
    for name, (default, least) in {**_ON_THE_CLOCK, _PER_WINDOW: _LEAST_JUDGED}.items():
        with contextlib.suppress(ValueError):
            asked = float(given.get(name, default))
            real = max(min(least, asked), to_wall(asked))
            found[name] = str(round(real)) if name == _PER_WINDOW else f"{real:g}"
    if given.get(_PER_MINUTE, "").isdigit():
        found[_PER_MINUTE] = str(round(int(given[_PER_MINUTE]) / to_wall(1.0)))
    return found
