"""What a model needs of a site, measured in a process of its own before an image is built, beside what sites have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from service.errors import Mistake, OutlastError, Refused

LARGEST_COMMITTED = 5_000_000  # bytes of a model that may go into git; a larger one stays in the ignored folder
START_SECONDS = 60.0  # what each cloud gives a replica to become healthy: infra/{aws,azure,gcp}/site.py
_MEMORY_SHARE = 0.8  # of a replica's memory: the rest is for requests that wait and for the system
_PATIENCE = 300.0


@dataclass(frozen=True)
class Site:
    """A site that a model may be served on: its name, and the size of one replica."""

    name: str
    cpu: float
    memory_mib: int


@dataclass(frozen=True)
class Needs:
    """What a model took: seconds from the process's start to its golden answers, MiB at most, bytes of its file."""

    start_seconds: float
    memory_mib: float
    bytes: int

    def __str__(self) -> str:
        return f"{self.bytes / 1e6:.2f} MB, {self.memory_mib:.0f} MiB of memory, {self.start_seconds:.1f} s to start"


def measure_needs(folder: Path) -> Needs:
    """Load a release in a fresh process with the server's own modules, and have it answer its golden rows."""
    command = [sys.executable, "-m", "service.importing.trial", str(folder)]
    root = Path(__file__).resolve().parents[2]
    try:
        done = subprocess.run(command, cwd=root, env=os.environ, capture_output=True, text=True, timeout=_PATIENCE)
    except subprocess.TimeoutExpired as error:
        what = f"the model did not answer its golden rows within {_PATIENCE:.0f} s of its start"
        raise Refused(what, hint="bring a smaller one: fewer or shallower trees") from error
    if done.returncode:
        said = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        what = f"the model could not be loaded as the server does it: {said}"
        raise OutlastError(what, hint="export it anew: docs/guides/bring-your-own-model.md names what is taken")
    found = json.loads(done.stdout)
    return Needs(found["seconds"], found["memory_mib"], (folder / "model.onnx").stat().st_size)


def refuse_too_large(needs: Needs, sites: Sequence[Site]) -> None:
    """Raise Refused for a model that would not start, or not fit, on a site that is there."""
    mistakes = [mistake for site in sites for mistake in _check(needs, site)]
    if mistakes:
        hint = "bring a smaller model, or give the site more: outlast:memoryMiB and outlast:cpu in its stack file"
        raise Refused("the model is too large for the sites, and no image was built", mistakes, hint=hint)


def _check(needs: Needs, site: Site) -> list[Mistake]:
    found = []
    if needs.memory_mib > _MEMORY_SHARE * site.memory_mib:
        what = f"takes {needs.memory_mib:.0f} MiB to serve; a replica has {site.memory_mib} MiB, a fifth in reserve"
        found.append(Mistake(f"site {site.name}", what))
    seconds = needs.start_seconds / min(1.0, site.cpu)
    if seconds > START_SECONDS:
        what = f"takes some {seconds:.0f} s to start on {site.cpu:g} virtual CPUs; a replica has {START_SECONDS:.0f} s"
        found.append(Mistake(f"site {site.name}", what))
    return found
