"""How often a drill falls into the band that was predicted for it: drills on a sandbox of its own, counted.

The part `band` of the benchmark. The band is the one in which nine of ten drills fall; of 60 drills 49 to 59 are
expected inside, which a binomial of 60 draws with 0.9 gives 98 times in a hundred. The figure is stated, not tuned: one
outside those bounds says that the prediction is wrong.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.report import Verdict, describe_machine
from service.errors import OutlastError

ROOT = Path(__file__).resolve().parents[1]
SITES = ("aws", "azure", "gcp")
SPEED = 15
DRILLS, QUICK_DRILLS = 20, 2  # a site
INSIDE = 0.9  # of the drills, by the band's own claim
SURE = 0.98  # how often a right prediction keeps the bounds


@dataclass(frozen=True)
class Drilled:
    """One drill: what was predicted and what was measured, in simulated seconds; `verdict` as its report says."""

    site: str
    low: float
    high: float
    measured: float
    verdict: str

    @property
    def inside(self) -> bool:
        """Whether it fell into its band."""
        return self.low <= self.measured <= self.high


@dataclass(frozen=True)
class BandFigures:
    """The drills of one run; `failed` are those that measured nothing, each with what it said."""

    machine: str
    speed: int
    load: float
    drills: tuple[Drilled, ...]
    failed: tuple[str, ...] = ()

    @property
    def counted(self) -> tuple[Drilled, ...]:
        """Those whose observers were quick enough for their times to mean anything."""
        return tuple(drill for drill in self.drills if drill.verdict != "invalid")

    @property
    def inside(self) -> int:
        """How many fell into their band."""
        return sum(drill.inside for drill in self.counted)


def measure(drills: int, say: Callable[[str], None], *, load: float) -> BandFigures:
    """Bring a sandbox up, lose each site so many times, take it down."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "OUTLAST_STATE": folder}
        say("make up")
        try:
            _outlast(environment, "up", "--speed", str(SPEED))
            return run_drills(environment, drills, Path(folder, "drills"), say, load=load)
        finally:
            _outlast(environment, "down")


def run_drills(
    environment: Mapping[str, str], drills: int, folder: Path, say: Callable[[str], None], *, load: float
) -> BandFigures:
    """Lose the sites of a sandbox that is up, one after the other, so many times each."""
    found: list[Drilled] = []
    failed: list[str] = []
    for number in range(drills):
        for site in SITES:
            try:
                found.append(_drill(environment, site, folder))
                say(f"{site}, {number + 1} of {drills}: {found[-1].measured:.1f} s, {found[-1].verdict}")
            except OutlastError as error:
                failed.append(f"{site}: {error.what}")
                say(f"{site}, {number + 1} of {drills}: measured nothing: {error.what}")
    return BandFigures(describe_machine(), SPEED, load, tuple(found), tuple(failed))


def _drill(environment: Mapping[str, str], site: str, folder: Path) -> Drilled:
    command = [sys.executable, "-m", "failover", "drill", "now", "--lose", site, "--drills", str(folder), "--json"]
    report = json.loads(_outlast(environment, "exec", "--", *command, codes=(0, 5)))
    total = report["failover"][-1]
    if total["measured"] is None or total["band"] is None:
        raise OutlastError("; ".join(report["deviations"]) or "no band")
    low, high = total["band"]
    return Drilled(site, low, high, total["measured"], report["verdict"])


def _outlast(environment: Mapping[str, str], *arguments: str, codes: Sequence[int] = (0,)) -> str:
    """A command's stdout. Raises OutlastError with what it said when it leaves with another code."""
    command = [sys.executable, "-m", "outlast", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=dict(environment), capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        raise OutlastError(f"`{' '.join(command[1:4])}` left with {done.returncode}:\n{done.stderr[-1500:]}")
    return done.stdout


def expect(drills: int) -> tuple[int, int]:
    """Between which counts a right prediction falls `SURE` of the time, or a little more: the shortest such range.

    The binomial of `drills` draws with `INSIDE`; ends are added by their likelihood, most likely first.
    """
    chances = [math.comb(drills, k) * INSIDE**k * (1 - INSIDE) ** (drills - k) for k in range(drills + 1)]
    low = high = max(range(drills + 1), key=lambda k: chances[k])
    sure = chances[low]
    while sure < SURE and (low > 0 or high < drills):
        below = chances[low - 1] if low else -1.0
        above = chances[high + 1] if high < drills else -1.0
        if below >= above:
            low, sure = low - 1, sure + below
        else:
            high, sure = high + 1, sure + above
    return low, high


def judge(figures: BandFigures) -> tuple[Verdict, ...]:
    """Whether as many fell inside as the band claims."""
    counted = len(figures.counted)
    if not counted:
        return (Verdict("drills inside their band", math.nan, "9 of 10", None),)
    low, high = expect(counted)
    met = low <= figures.inside <= high
    return (Verdict(f"drills inside their band, of {counted}", figures.inside, f"{low} to {high}", met),)


def render(figures: BandFigures) -> str:
    """The section of the page."""
    verdicts = judge(figures)
    return "\n".join(
        [
            "## The predicted band",
            "",
            f"{figures.machine}. Drills of level 1 at speed {figures.speed}, other work "
            f"on the machine: load {figures.load:.1f}. For each the band in which nine of ten such drills fall was "
            "drawn from its own journal, from before the change (docs/concepts/recovery-time.md).",
            "",
            "| target | measured | expected | |",
            "|---|---:|---:|---|",
            *map(str, verdicts),
            "",
            "| site | drills | inside | measured, s | bands, s |",
            "|---|---:|---:|---|---|",
            *_rows(figures),
            "",
            *_leftovers(figures),
        ]
    )


def _rows(figures: BandFigures) -> Iterator[str]:
    for site in SITES:
        drills = [drill for drill in figures.counted if drill.site == site]
        if drills:
            times, lows, highs = ([getattr(d, key) for d in drills] for key in ("measured", "low", "high"))
            yield (
                f"| {site} | {len(drills)} | {sum(d.inside for d in drills)} | {min(times):.1f} to {max(times):.1f} "
                f"| {min(lows):.1f} to {max(highs):.1f} |"
            )


def _leftovers(figures: BandFigures) -> Iterator[str]:
    invalid = len(figures.drills) - len(figures.counted)
    if invalid:
        yield f"{invalid} more drills are not counted: their observers lagged, so that their times mean nothing."
    if figures.failed:
        yield f"{len(figures.failed)} more drills measured nothing: {figures.failed[0].splitlines()[0]}"


def to_document(figures: BandFigures) -> dict[str, Any]:
    """The same as plain data."""
    return {**asdict(figures), "inside": figures.inside, "expected": list(expect(len(figures.counted)))}
