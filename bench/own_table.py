"""From a table of one's own to the answer of a cloud: what one command takes where nothing was made yet."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from service.errors import OutlastError

ROOT = Path(__file__).resolve().parents[1]
ROWS = 10_000
TARGET_SECONDS = 180.0  # what the product promises, on two cores
TARGET = "left"
_NAME = "bench-clients"
# What the command leaves of that name in the project's ignored folders.
_LEFT = (ROOT / "service" / "artifacts" / _NAME, ROOT / "service" / "drafts" / _NAME)


def write_table(path: Path, rows: int = ROWS) -> None:
    """Numbers, categories and missing values of both; who leaves depends on most of them, and on chance."""
    draw, lines = random.Random(7), [f"age,income,plan,region,visits,tenure,device,{TARGET}"]
    for _ in range(rows):
        age, visits, tenure = draw.gauss(45, 14), draw.randint(0, 40), draw.expovariate(1 / 30)
        plan, region = draw.choice(["basic", "plus", "pro", ""]), draw.choice(["north", "south", "east", "west"])
        device, income = draw.choice(["web", "phone", "tablet"]), draw.lognormvariate(10.3, 0.5)
        leaning = 0.03 * (age - 45) + {"basic": 1.1, "pro": -0.8}.get(plan, 0.0) - 0.06 * visits - 0.02 * tenure
        leaning += 0.5 * (region == "north" and device == "phone") + draw.gauss(0, 0.8)
        shown = ("" if draw.random() < 0.06 else f"{age:.1f}", "" if draw.random() < 0.04 else f"{income:.0f}")
        left = "yes" if leaning > -1.4 else "no"
        lines.append(",".join([*shown, plan, region, str(visits), f"{tenure:.2f}", device, left]))
    path.write_text("\n".join(lines) + "\n")


def measure() -> float:
    """Seconds of `outlast up --csv` from nothing to the first answer through DNS."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, f"{_NAME}.csv")
        write_table(table)
        environment = {**os.environ, "OUTLAST_STATE": str(Path(folder, "state"))}
        _forget()
        try:
            began = time.monotonic()
            _outlast(environment, "up", "--csv", str(table), "--target", TARGET, "--accept-draft")
            return time.monotonic() - began
        finally:
            _outlast(environment, "down")
            _forget()


def _forget() -> None:
    for folder in _LEFT:
        shutil.rmtree(folder, ignore_errors=True)


def _outlast(environment: dict[str, str], *arguments: str) -> None:
    """Run a command of `outlast`. Raises OutlastError with what it said when it fails."""
    command = [sys.executable, "-m", "outlast", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OutlastError(f"`{' '.join(command[1:])}` left with {done.returncode}:\n{done.stderr[-1500:]}")
