"""What the sandbox costs and how true it is: cores at rest, memory, the observers' lag, `make up`, a drill.

The part `sandbox` of the benchmark. Nothing else should run meanwhile. The sandbox that is measured has a folder of
its own, and is gone afterwards.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil

from bench import own_table
from bench.report import MIB, QUICK_WARNING, Verdict, at_most, describe_machine
from service.errors import OutlastError

ROOT = Path(__file__).resolve().parents[1]
SPEEDS = (1, 10)
DRILL_SPEED, DRILL_SITE = 10, "azure"
# What the product promises: shares of one core at rest by speed, bytes, seconds.
CORE_TARGETS = {1: 0.05, 10: 1.0}
MEMORY_TARGET = 900 * 10**6
WARM_UP_TARGET_SECONDS = 30.0
WINDOW_SECONDS, QUICK_WINDOW_SECONDS = 60.0, 10.0


@dataclass(frozen=True)
class Rest:
    """One speed, everything healthy and nobody asking: shares of one core, and the checkers' lag in real seconds."""

    speed: int
    daemon: float
    services: float
    lag: float

    @property
    def both(self) -> float:
        return self.daemon + self.services


@dataclass(frozen=True)
class Way:
    """One way of a drill, in simulated seconds: what was predicted, and what was measured."""

    best: float
    typical: float
    worst: float
    measured: float


@dataclass(frozen=True)
class SandboxFigures:
    """One run. Bytes and real seconds; `up` is step -> seconds of the first `make up` and of a repeated one."""

    machine: str
    versions: Mapping[str, str]
    processes: int
    rests: tuple[Rest, ...]
    rss: int
    pss: int
    cold_up: Mapping[str, float]
    warm_up: Mapping[str, float]
    drill: Mapping[str, Way] = field(default_factory=dict)
    own_table: float = 0.0  # seconds from a table of one's own to the first answer


def measure(window_seconds: float = WINDOW_SECONDS, say: Callable[[str], None] = lambda line: None) -> SandboxFigures:
    """Bring a sandbox up twice, watch it at rest at each speed for `window_seconds`, lose a site, take it down.

    Then another one, with a model of a table that nobody has trained on yet.
    """
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "OUTLAST_STATE": folder}
        try:
            figures = _measure(environment, window_seconds, say)
        finally:
            run_sandbox(environment, "down")
    say(f"a table of {own_table.ROWS:,} rows, from nothing to the first answer")
    return replace(figures, own_table=own_table.measure())


def _measure(environment: Mapping[str, str], window_seconds: float, say: Callable[[str], None]) -> SandboxFigures:
    say("make up, from nothing")
    cold = json.loads(run_sandbox(environment, "up", "--speed", str(SPEEDS[0]), "--json"))
    rests = []
    for speed in SPEEDS:
        say(f"at rest at speed {speed}, {window_seconds:g} s")
        run_sandbox(environment, "speed", str(speed))
        rests.append(_rest(environment, speed, window_seconds))
    family = _family(environment)
    memory = [each.memory_full_info() for each in family]
    say("make up, with nothing to do")
    warm = json.loads(run_sandbox(environment, "up", "--json"))
    say(f"a drill that loses {DRILL_SITE} at speed {DRILL_SPEED}")
    return SandboxFigures(
        machine=describe_machine(),
        versions={"Pulumi": cold["pulumi"]["version"], "language host": cold["pulumi"]["language_host"]},
        processes=len(family),
        rests=tuple(rests),
        rss=sum(each.rss for each in memory),
        pss=sum(getattr(each, "pss", 0) for each in memory),  # Linux has it
        cold_up=cold["seconds"],
        warm_up=warm["seconds"],
        drill=_drill(environment),
    )


def _rest(environment: Mapping[str, str], speed: int, window_seconds: float) -> Rest:
    """CPU time over a window in which nothing happens but health checks."""
    time.sleep(15)  # what starting or changing the speed set off
    family = _family(environment)
    before, began = [_cpu_seconds(each) for each in family], time.monotonic()
    time.sleep(window_seconds)
    passed = time.monotonic() - began
    shares = [(_cpu_seconds(each) - was) / passed for each, was in zip(family, before, strict=True)]
    return Rest(speed, shares[0], sum(shares[1:]), _status(environment)["lag_seconds"])


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _family(environment: Mapping[str, str]) -> list[psutil.Process]:
    """The sandbox's own process, then those of the services."""
    daemon = psutil.Process(_status(environment)["pid"])
    return [daemon, *daemon.children(recursive=True)]


def _status(environment: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run_sandbox(environment, "status", "--json"))
    return found


def _drill(environment: Mapping[str, str]) -> dict[str, Way]:
    command = [sys.executable, "-m", "failover", "drill", "now", "--lose", DRILL_SITE, "--json"]
    report = json.loads(run_sandbox(environment, "exec", "--", *command))
    keys = ("best", "typical", "worst", "measured")
    return {way: Way(*(float(report[way][-1][key]) for key in keys)) for way in ("failover", "failback")}


def run_sandbox(environment: Mapping[str, str], *arguments: str) -> str:
    """A `python -m sandbox …` command's stdout. Raises OutlastError with what it said when it fails."""
    command = [sys.executable, "-m", "sandbox", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode:
        raise OutlastError(f"`{' '.join(command[1:])}` left with {done.returncode}:\n{done.stderr[-1500:]}")
    return done.stdout


# -- telling ----------------------------------------------------------------------------------------------------------


def judge(figures: SandboxFigures) -> tuple[Verdict, ...]:
    """What the product promises of the sandbox, against the figures of one run."""
    return (
        *(
            at_most(f"at rest, speed {r.speed}: per cent of a core", 100 * r.both, 100 * CORE_TARGETS[r.speed])
            for r in figures.rests
        ),
        at_most("memory, resident: MB", figures.rss / 1e6, MEMORY_TARGET / 1e6),
        at_most("`make up` from nothing: seconds", sum(figures.cold_up.values()), WARM_UP_TARGET_SECONDS),
        at_most("`make up` with nothing to do: seconds", sum(figures.warm_up.values()), WARM_UP_TARGET_SECONDS),
        at_most(
            f"`make up CSV=`, {own_table.ROWS:,} rows, from nothing to the first answer: seconds",
            figures.own_table,
            own_table.TARGET_SECONDS,
        ),
    )


def render(figures: SandboxFigures, *, quick: bool = False) -> str:
    """A section of the page, as Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in figures.versions.items())
    lines = [
        "## The sandbox",
        "",
        *([QUICK_WARNING, ""] if quick else []),
        f"{figures.machine}; {versions}. One daemon and {figures.processes - 1} service processes, three sites, eight",
        "health checkers each. At rest: everything healthy, nobody asking. Shares are of one core.",
        "",
        "| what | measured | to reach | |",
        "|---|---|---|---|",
        *map(str, judge(figures)),
        "",
        "| speed | daemon | services | the checkers' lag at worst |",
        "|---|---|---|---|",
        *(f"| {r.speed} | {r.daemon:.1%} | {r.services:.1%} | {r.lag * 1000:.0f} ms |" for r in figures.rests),
        "",
        f"Resident memory counts pages that processes share once for each; shared out, it is "
        f"{figures.pss / MIB:.0f} MiB.",
        "",
        "| `make up` | from nothing | again |",
        "|---|---|---|",
        *(
            f"| {step} | {_seconds(figures.cold_up, step)} | {_seconds(figures.warm_up, step)} |"
            for step in _steps(figures)
        ),
        "",
        f"| drill at speed {DRILL_SPEED}, simulated seconds | best | typical | worst | measured |",
        "|---|---|---|---|---|",
        *(
            f"| {way} | {w.best:.0f} | {w.typical:.0f} | {w.worst:.0f} | {w.measured:.0f} |"
            for way, w in figures.drill.items()
        ),
    ]
    return "\n".join(lines) + "\n"


def _steps(figures: SandboxFigures) -> list[str]:
    return list(dict.fromkeys([*figures.cold_up, *figures.warm_up]))


def _seconds(steps: Mapping[str, float], step: str) -> str:
    return f"{steps[step]:.1f} s" if step in steps else ""


def to_document(figures: SandboxFigures) -> dict[str, Any]:
    """The run as plain data."""
    return asdict(figures)
