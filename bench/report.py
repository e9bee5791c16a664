"""The table: every figure as a ratio to ours in the same run, beside its target, and what was missed as missed."""

from __future__ import annotations

import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.measure import Overload

MIB = 2**20
QUICK_WARNING = "**A quick run: its figures say that the benchmark works, not how fast anything is.**"


@dataclass
class Figures:
    """What was measured of one peer; NaN or None where it was not. Times in seconds, memory in bytes."""

    single: float = float("nan")
    many: float = float("nan")
    binary_single: float = float("nan")
    binary_many: float = float("nan")
    p50: float = float("nan")
    p99: float = float("nan")
    answered_share: float = float("nan")
    start: float = float("nan")
    start_as_shipped: float = float("nan")  # with both models of the image
    memory_early: float = float("nan")
    memory: float = float("nan")
    overload: Overload | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: str = ""


@dataclass(frozen=True)
class Verdict:
    """One target: what was measured, what was to reach, and whether it was (None = not measured)."""

    what: str
    measured: float
    target: str
    met: bool | None

    def __str__(self) -> str:
        word = {True: "met", False: "**missed**", None: "not measured"}[self.met]
        shown = "" if self.met is None else f"{self.measured:.2f}"
        return f"| {self.what} | {shown} | {self.target} | {word} |"


def judge(figures: Mapping[str, Figures]) -> list[Verdict]:
    """Every target of the endpoint against the figures of one run."""
    none = Figures()
    ours = figures.get("outlast", none)
    bare, fastapi = figures.get("bare uvicorn", none), figures.get("FastAPI", none)
    mlserver, bentoml = figures.get("MLServer", none), figures.get("BentoML", none)
    verdicts = [
        at_least("requests/s, single rows: ours to FastAPI", ours.single / fastapi.single, 4),
        at_least("requests/s, single rows: ours to MLServer", ours.single / mlserver.single, 9),
        at_least("requests/s, single rows: ours to BentoML", ours.single / bentoml.single, 24),
        at_least("requests/s, single rows: ours to bare uvicorn", ours.single / bare.single, 1.4),
        at_least("requests/s, 64 rows in JSON: ours to bare uvicorn", ours.many / bare.many, 1),
        at_most("p99 at 500/s, median of five: ours to bare uvicorn", ours.p99 / bare.p99, 1.2),
        at_least("start to first right answer: BentoML to ours", bentoml.start / ours.start, 8),
        at_most("start to first right answer: ours to bare uvicorn", ours.start / bare.start, 1.1),
        at_most("memory after the run: ours to MLServer", ours.memory / mlserver.memory, 0.45),
        at_most("memory: after the run to after a tenth of it", ours.memory / ours.memory_early, 1.05),
    ]
    return verdicts + _judge_overload(ours.overload)


def _judge_overload(seen: Overload | None) -> list[Verdict]:
    nan = float("nan")
    accepted = seen.accepted_p99 / seen.unloaded_p99 if seen else nan
    shed = seen.shed_p99 / seen.unloaded_p99 if seen else nan
    return [
        at_least(
            "overload: load sent to capacity", seen.sent_per_second / seen.capacity_per_second if seen else nan, 2.9
        ),
        at_most("overload: p99 of accepted requests to the unloaded one", accepted, 5),
        at_most("overload: p99 of a refusal to the unloaded p99 of an answer", shed, 5),
        at_most("overload: share neither answered nor refused with 503", seen.other_share if seen else nan, 0),
        at_most("overload: seconds to recover", seen.recovered_after if seen else nan, 2),
    ]


def at_least(what: str, measured: float, target: float) -> Verdict:
    """Met from `target` on; not measured when NaN."""
    return Verdict(what, measured, f">= {target:g}", None if measured != measured else measured >= target)


def at_most(what: str, measured: float, target: float) -> Verdict:
    """Met up to `target`; not measured when NaN."""
    return Verdict(what, measured, f"<= {target:g}", None if measured != measured else measured <= target)


def render(figures: Mapping[str, Figures], verdicts: Sequence[Verdict], *, quick: bool, load: float) -> str:
    """The section of the page, as Markdown."""
    lines = ["## The endpoint", ""]
    if quick:
        lines += [QUICK_WARNING, ""]
    lines += [f"{describe_machine()}. Load of the machine before the run: {load:.2f}.", ""]
    lines += [
        "Server on core 0, load generator on core 1. Closed loop: wrk, 16 connections, 4 for 64 rows. Open: vegeta.",
        "Start: from starting the process to the first right answer, files in the cache. Memory: proportional set size",
        "of all processes of a server. The two cores may be threads of one: compare within a run only.",
        "",
        "### Targets",
        "",
        "| what | measured | to reach | |",
        "|---|---|---|---|",
        *map(str, verdicts),
        "",
        "### Figures",
        "",
        _row(
            "",
            "requests/s, 1 row",
            "64 rows",
            "1 row binary",
            "64 rows binary",
            "p50 at 500/s",
            "p99",
            "start",
            "memory",
        ),
        _row(*["---"] * 9),
    ]
    for name, each in figures.items():
        lines.append(
            _row(
                name,
                *(_number(value, 0) for value in (each.single, each.many, each.binary_single, each.binary_many)),
                *(_number(value * 1000, 2, " ms") for value in (each.p50, each.p99)),
                _number(each.start, 2, " s"),
                _number(each.memory / MIB, 0, " MiB"),
            )
        )
    if "outlast" in figures and (shipped := figures["outlast"].start_as_shipped) == shipped:
        lines += [
            "",
            f"Ours serves one model here, as the others do. With both of its image it starts in {shipped:.2f} s.",
        ]
    lines += ["", *_describe_overload(figures), "### Settings", ""]
    for name, each in figures.items():
        versions = ", ".join(f"{package} {version}" for package, version in each.versions.items())
        lines.append(f"* {name}: {each.notes} ({versions})")
    return "\n".join(lines) + "\n"


def _describe_overload(figures: Mapping[str, Figures]) -> list[str]:
    seen = figures["outlast"].overload if "outlast" in figures else None
    if seen is None:
        return []
    return [
        "### Overload",
        "",
        f"Binary requests of 64 rows of digits, both models served. "
        f"Capacity {seen.capacity_per_second:.0f}/s; {seen.sent_per_second:.0f}/s were sent, "
        f"{seen.accepted_share:.0%} of them answered. p99: unloaded {seen.unloaded_p99 * 1000:.1f} ms, accepted "
        f"{seen.accepted_p99 * 1000:.1f} ms, refused {seen.shed_p99 * 1000:.1f} ms. Recovered after "
        f"{seen.recovered_after:.2f} s. The generator was at work {seen.generator_share:.0%} of the time.",
        "",
    ]


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _number(value: float, digits: int, unit: str = "") -> str:
    return "" if value != value else f"{value:,.{digits}f}{unit}"


def describe_machine() -> str:
    """Processor, system and time of the run."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    names = [line.partition(":")[2].strip() for line in info.splitlines() if line.startswith("model name")]
    processor = f"{len(names)} x {names[0]}" if names else platform.processor()
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"{when}, {processor}, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def read_versions(python: Path, packages: Sequence[str]) -> dict[str, str]:
    """The installed versions in an environment."""
    code = "import sys; from importlib.metadata import version; print(*map(version, sys.argv[1:]))"
    run = subprocess.run([str(python), "-c", code, *packages], capture_output=True, text=True, check=True)
    return dict(zip(packages, run.stdout.split(), strict=True))


def to_document(figures: Mapping[str, Figures], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """The run as plain data."""
    return {
        "machine": describe_machine(),
        "figures": {name: asdict(each) for name, each in figures.items()},
        "targets": [asdict(verdict) for verdict in verdicts],
    }
