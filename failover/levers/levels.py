"""The levels of a drill: which lever each pulls at a site, what state is wanted, how soon it acts. Pure.

1  DNS         the health check is switched; nothing has to be noticed, no request fails
2  health      the service itself misbehaves, as its fault flag says, and has to be noticed
3  hard        the cloud's own API takes the site away
4  sandbox     what only a simulated cloud can do to itself
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from failover.levers.change import CLOUD_RUN, CONTAINER_APP, ECS, FAULT, FLAG, SWITCH_OFF, State
from service.errors import InvalidInput, Mistake

DNS, HEALTH, HARD, SANDBOX = 1, 2, 3, 4
SAID = {
    DNS: "DNS is switched: no request is expected to fail",
    HEALTH: "the service misbehaves: the health checks have to notice",
    HARD: "the site is really gone: requests to it fail until traffic has left",
    SANDBOX: "the sandbox breaks the site: requests to it fail until traffic has left",
}
FLAG_KINDS = {
    "fail-health": r"fail-health",
    "errors:RATIO": r"errors:(?:0?\.\d+|1(?:\.0+)?)",
    "latency:MS": r"latency:\d+(?:\.\d+)?",
    "wrong-answers": r"wrong-answers",
    "nan-answers": r"nan-answers",
    "stale-model": r"stale-model",
}
"""The modes of `service.server.faults`, as they are written."""
SANDBOX_KINDS = ("refuse", "blackhole", "reset", "kill", "dark")
"""The sandbox's faults that the health checkers see; `make chaos` measures the others too."""
UNBROKEN = ("", "fail-health", "stale-model")
"""Kinds with which every request is still answered right."""
CLOSED_INGRESS = "INGRESS_TRAFFIC_INTERNAL_ONLY"

Fault = Literal["refused", "blackhole", "slow"]
_SLOW: Mapping[str, Fault] = {"blackhole": "blackhole", "dark": "blackhole", "latency": "slow"}


@dataclass(frozen=True)
class Delay:
    """Best, typical and worst seconds until a change acts: of the clock, and of real time, which no clock hurries."""

    clock: tuple[float, float, float] = (0.0, 0.0, 0.0)
    wall: tuple[float, float, float] = (0.0, 0.0, 0.0)
    why: str = ""

    def seconds(self, speed: int) -> tuple[float, float, float]:
        """In seconds of a clock of this speed."""
        best, typical, worst = (c + w * speed for c, w in zip(self.clock, self.wall, strict=True))
        return best, typical, worst


_POLLED = (
    "replicas poll the flag, and look at themselves, every second (OUTLAST_FAULTS_SECONDS, OUTLAST_HEALTH_SECONDS)"
)
_WINDOW = f"{_POLLED}; server errors are a share of the latest answers (OUTLAST_HEALTH_WINDOW_SECONDS)"
_ASSUMED = "not documented, assumed"
EFFECT: Mapping[str, Delay] = {
    SWITCH_OFF: Delay(),
    FLAG: Delay((0.0, 1.0, 3.0), (0.0, 0.3, 1.5), _POLLED),
    "errors": Delay((0.0, 5.0, 60.0), (0.0, 0.5, 5.0), _WINDOW),
    ECS: Delay((0.0, 5.0, 60.0), (0.0, 1.0, 5.0), f"until the load balancer has no target left: {_ASSUMED}"),
    CONTAINER_APP: Delay((0.0, 15.0, 120.0), (0.0, 1.0, 5.0), f"until the app's replicas are stopped: {_ASSUMED}"),
    CLOUD_RUN: Delay((0.0, 10.0, 120.0), (0.0, 1.0, 5.0), f"until Google's front ends follow: {_ASSUMED}"),
    FAULT: Delay(wall=(0.0, 0.5, 2.0), why="until the sandbox has done it"),
}
RETURN: Mapping[str, Delay] = {
    SWITCH_OFF: Delay(),
    FLAG: Delay((0.0, 1.0, 3.0), (0.0, 0.3, 1.5), _POLLED),
    "errors": Delay((0.0, 40.0, 60.0), (0.0, 0.5, 5.0), _WINDOW),
    ECS: Delay((0.0, 60.0, 300.0), (0.0, 3.0, 20.0), f"until new tasks run and are healthy targets: {_ASSUMED}"),
    CONTAINER_APP: Delay((0.0, 60.0, 300.0), (0.0, 3.0, 20.0), f"until the replicas have started: {_ASSUMED}"),
    CLOUD_RUN: Delay((0.0, 10.0, 120.0), (0.0, 1.0, 5.0), f"until Google's front ends follow: {_ASSUMED}"),
    FAULT: Delay((0.0, 10.0, 60.0), (0.0, 2.0, 20.0), "until killed replicas have been started again"),
}


@dataclass(frozen=True)
class Way:
    """How a site is taken away: the lever's action, what it is pulled at, and of what kind."""

    level: int
    action: str
    target: str
    kind: str = ""

    @property
    def breaks_requests(self) -> bool:
        """Whether requests are expected to fail, or to be answered wrongly, until traffic has left."""
        return self.kind not in UNBROKEN or self.level == HARD

    @property
    def fault(self) -> Fault:
        """How a health checker meets the site."""
        return _SLOW.get(self.kind.partition(":")[0], "refused")

    @property
    def effect(self) -> Delay:
        """How soon the change acts."""
        return EFFECT["errors" if self.kind.startswith("errors:") else self.action]

    @property
    def back(self) -> Delay:
        """How soon its undo acts."""
        return RETURN["errors" if self.kind.startswith("errors:") else self.action]

    def after(self, before: State) -> dict[str, Any]:
        """The state that is wanted, where `before` is what is there."""
        if self.action == ECS:
            return {key: 0 if key == "desired" else True for key in before}
        wanted: dict[str, dict[str, Any]] = {
            FLAG: {"mode": self.kind},
            CONTAINER_APP: {"running": False},
            CLOUD_RUN: {"ingress": CLOSED_INGRESS},
            FAULT: {"fault": self.kind},
        }
        return wanted[self.action]


def choose_way(level: int, kind: str, *, site: str, workload: str, flag: str) -> Way:
    """How this level takes this site away.

    Raises InvalidInput for a kind that the level has not, and where the site's health check does not say what to pull.
    """
    if level == HEALTH:
        return Way(level, FLAG, _given(site, "outlast:fault-flag", flag, "OUTLAST_FAULTS"), _flag_kind(kind))
    if level == SANDBOX:
        return Way(level, FAULT, f"{site} {_sandbox_kind(kind)}", kind or "blackhole")
    if kind:
        raise InvalidInput(
            "this drill cannot be planned", [Mistake("--kind", f"level {level} takes none", "leave out")]
        )
    if level == DNS:
        return Way(level, SWITCH_OFF, "")
    return Way(level, _action_of(_given(site, "outlast:workload", workload, "a site")), workload)


def _given(site: str, tag: str, value: str, what: str) -> str:
    if value:
        return value
    raise InvalidInput(
        f"{site} cannot be drilled at this level",
        [Mistake(tag, "is no tag of its health check", f"`pulumi up` of the site ({what}), then of traffic, sets it")],
    )


def _action_of(workload: str) -> str:
    for beginning, action in (("arn:", ECS), ("/subscriptions/", CONTAINER_APP), ("projects/", CLOUD_RUN)):
        if workload.startswith(beginning):
            return action
    mistake = Mistake("outlast:workload", f"{workload!r} is of no cloud that is known")
    raise InvalidInput("this site cannot be drilled at level 3", [mistake])


def _flag_kind(kind: str) -> str:
    kind = kind or "fail-health"
    if any(re.fullmatch(pattern, kind, re.ASCII) for pattern in FLAG_KINDS.values()):
        return kind
    mistake = Mistake("--kind", f"{kind!r} is no fault of the service", f"one of: {', '.join(FLAG_KINDS)}")
    raise InvalidInput("this drill cannot be planned", [mistake])


def _sandbox_kind(kind: str) -> str:
    kind = kind or "blackhole"
    if kind in SANDBOX_KINDS:
        return kind
    known = ", ".join(SANDBOX_KINDS)
    mistake = Mistake("--kind", f"{kind!r} is not one that moves traffic", f"one of: {known}; `make chaos` has all")
    raise InvalidInput("this drill cannot be planned", [mistake])
