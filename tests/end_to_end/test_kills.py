"""kill -9 of the sandbox at random moments of an update by the real CLI. tests/sandbox/test_kills.py is quicker."""

from __future__ import annotations

import os
import random
import re
import secrets
import shutil
import signal
import subprocess
import time
from typing import Any

import pytest

from sandbox.command import up as bringup
from sandbox.command.environment import load_cli
from sandbox.steps import Steps
from tests.end_to_end.conftest import Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]
KILLS = 20
Weights = dict[str, int]


def draw(chance: random.Random) -> Weights:
    """Two or three sites, so that an update changes, creates or deletes."""
    weights = {"aws": chance.randint(1, 99), "azure": chance.randint(1, 99), "gcp": chance.randint(1, 99)}
    if chance.random() < 0.5:
        del weights["gcp"]
    return weights


def write(project: Project, original: str, weights: Weights) -> None:
    sites = f"outlast:sites: [{', '.join(weights)}]"
    lines = "\n".join(f"    {site}: {weight}" for site, weight in weights.items())
    text = re.sub(r"outlast:sites: \[.*\]", sites, original)
    text = re.sub(r"(outlast:weights:\n)(    \w+: \d+\n)+", rf"\g<1>{lines}\n", text)
    (project.root / "stacks" / "Pulumi.traffic.yaml").write_text(text)


def kept(status: dict[str, Any]) -> dict[str, Any]:
    """What no update of the weights may change, whatever is killed in it."""
    sites = ("aws", "azure")
    return {
        "entry_points": sorted((f["entry_point"], f["address"], f["port"]) for f in status["entry_points"]),
        "checks": sorted((w["site"], w["health_check"], w["origin"]) for w in status["weights"] if w["site"] in sites),
    }


def start_update(project: Project) -> subprocess.Popen[bytes]:
    inside = project.inside()
    pulumi = str(shutil.which("pulumi", path=inside["PATH"]))
    return subprocess.Popen(
        [pulumi, "up", "-s", "traffic", "--yes", "--skip-preview", "--non-interactive"],
        cwd=project.root,
        env=inside,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for_a_moment(project: Project, update: subprocess.Popen[bytes], chance: random.Random, lasting: float) -> None:
    """Any moment of the update; mostly one after its first effect, for before that it only loads its program."""
    if chance.random() < 0.25:
        time.sleep(chance.uniform(0.1, 1.0) * lasting)
        return
    size = project.layout.journal.stat().st_size
    while project.layout.journal.stat().st_size == size and update.poll() is None:
        time.sleep(0.002)
    time.sleep(chance.uniform(0.0, 0.15))


def go_on(project: Project) -> None:
    """What `make up` does with this one stack."""
    cli = load_cli(project.layout)
    assert cli is not None
    deployment = bringup._Deployment(project.layout, cli, project.inside(), Steps(print), print)
    deployment._make_ready("traffic", project.root)
    project.pulumi("up", "-s", "traffic", "--yes", "--skip-preview")


def test_twenty_kills_at_random_moments(project: Project) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # shown where it fails
    chance = random.Random(seed)
    stack_file = project.root / "stacks" / "Pulumi.traffic.yaml"
    original = stack_file.read_text()
    before, interrupted = kept(project.status()), 0
    began = time.monotonic()
    project.pulumi("up", "-s", "traffic", "--yes", "--skip-preview")
    lasting = time.monotonic() - began
    try:
        for _ in range(KILLS):
            weights = draw(chance)
            write(project, original, weights)
            pid = project.status()["pid"]
            update = start_update(project)
            wait_for_a_moment(project, update, chance, lasting)
            os.kill(pid, signal.SIGKILL)
            interrupted += update.wait(60) != 0
            project.start()
            go_on(project)
            project.pulumi("preview", "-s", "traffic", "--expect-no-changes")
            status = project.status()
            assert kept(status) == before
            assert {w["site"]: w["weight"] for w in status["weights"]} == weights
            assert len(status["health_checks"]) == len(weights)
            assert project.sites_answered(60) <= set(weights)
    finally:
        stack_file.write_text(original)
        go_on(project)
    print(f"{interrupted} of {KILLS} updates were interrupted")
    assert interrupted > KILLS / 5, "hardly an update was interrupted: the moments are drawn wrongly"
