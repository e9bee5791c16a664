"""Drills of every level on the sandbox, by the real command line: killed and restored, or run to the end.

Which levers a drill pulls is decided by tags that the stacks wrote; what they are pulled at are the sandbox's clouds.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from failover.drill.discover import read_fleet
from failover.drill.plan import way_to_lose
from failover.drill.route53 import build_client
from failover.levers.clouds import Clouds
from failover.levers.lever import Lever
from failover.levers.registry import build_levers
from tests.end_to_end.conftest import HOST, SPEED, Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]
LOCK = "https://outlast-drills.s3.us-east-1.amazonaws.com/lock.json"
KILLED = [("aws", 2), ("aws", 3), ("azure", 3), ("gcp", 3), ("gcp", 4)]


@pytest.fixture
def inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """The sandbox's environment, of this process as well: boto3 reads it."""
    environment = project.inside()
    for name, value in environment.items():
        if name.startswith(("AWS_", "OUTLAST_")):
            monkeypatch.setenv(name, value)
    return environment


@pytest.fixture
def levers(inside: Mapping[str, str]) -> Mapping[str, Lever]:
    return build_levers(Clouds(inside), now=lambda: datetime.now(UTC), pause=lambda _: None, speed=SPEED)


def is_steady(project: Project) -> bool:
    """Whether every site is healthy for all checkers, and named as often as its weight says."""
    checks = project.status()["health_checks"]
    return len(checks) == 3 and all(check["healthy"] and check["settled"] and not check["failure"] for check in checks)


@contextmanager
def started_drill(
    project: Project, inside: Mapping[str, str], lose: str, level: int
) -> Iterator[subprocess.Popen[str]]:
    """A drill in a process of its own, which is ended at the latest with the block."""
    asked = ["-m", "failover", "drill", "now", "--lose", lose, "--level", str(level), "--clients", "2", "--lock", LOCK]
    with subprocess.Popen(
        [project.python, *asked],
        cwd=project.root,
        env=inside,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


@pytest.mark.parametrize(("lose", "level"), KILLED)
def test_a_killed_drill_of_any_level_is_restored(
    project: Project, inside: Mapping[str, str], levers: Mapping[str, Lever], lose: str, level: int
) -> None:
    project.wait_until(lambda: is_steady(project), "a steady beginning", timeout_seconds=60)
    _, way = way_to_lose(read_fleet(build_client(), HOST), lose, level, "")
    lever = levers[way.action]
    before = lever.look(way.target)
    with started_drill(project, inside, lose, level) as running:
        project.wait_until(
            lambda: lever.look(way.target) != before or running.poll() is not None, "the change", timeout_seconds=40
        )
        running.send_signal(signal.SIGKILL)
        said, _ = running.communicate()
    assert lever.look(way.target) != before, f"nobody undid it: {said}"
    restored = project.run_in(dict(inside), project.python, "-m", "failover", "drill", "restore", "--json")
    found: list[dict[str, Any]] = json.loads(restored.stdout)
    assert [each["found"] for each in found] == ["restored", "tags removed", "restored"], "the loss, the mark, the lock"
    assert lever.look(way.target) == before
    assert not any("drill:" in tag for site in read_fleet(build_client(), HOST).sites for tag in site.check.tags)


def test_a_model_that_answers_wrongly_is_noticed_and_measured(project: Project, inside: Mapping[str, str]) -> None:
    project.wait_until(lambda: is_steady(project), "a steady beginning", timeout_seconds=60)
    asked = ("drill", "now", "--lose", "azure", "--level", "2", "--kind", "wrong-answers", "--json")
    done = project.run_in(dict(inside), project.python, "-m", "failover", *asked, check=False)
    assert done.returncode in (0, 5), done.stderr
    data = json.loads(done.stdout)
    assert data["restored"] and not data["abort"], done.stderr
    assert (data["clients"]["failed"], data["clients"]["wrong"]) == (0, 0), "none outside of the window"
    assert data["window"]["wrong"] > 0, "and some within it"
    assert data["recovery_simulated_seconds"] > 20, "it had to be noticed"
