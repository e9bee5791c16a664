"""Training on simulated clouds: the guide's commands, one of them killed on the way."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import ROOT, Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]

GUIDE = (ROOT / "docs" / "guides" / "train-where-the-data-is.md").read_text()
(BLOCK,) = re.findall(r"## On the sandbox\n.*?```\n(.*?)```", GUIDE, re.DOTALL)
UP, INIT, MAKE, TRAIN, LIST = BLOCK.splitlines()


def type_in(project: Project, command: str) -> subprocess.CompletedProcess[str]:
    """A command of the guide as a person types it."""
    words, environment = _words(project, command), project.environment()
    done = project.run_in(environment, *words, check=False, timeout_seconds=300.0)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def training(project: Project) -> Iterator[Project]:
    """The project; what is released and which stacks there are is as before afterwards."""
    assert UP == "outlast up"  # as the project is
    yield project
    subprocess.run(["git", "checkout", "--quiet", "--", "service/released"], cwd=project.root, check=True)
    stacks = json.loads(project.pulumi("stack", "ls", "--json").stdout)
    for stack in (one["name"] for one in stacks if one["name"].startswith("training-")):
        project.pulumi("destroy", "-s", stack, "--yes", "--skip-preview")
        project.pulumi("stack", "rm", stack, "--yes", "--preserve-config")


def test_the_guide_trains_on_aws(training: Project) -> None:
    """The command is killed on the way; the same command goes on with the same job."""
    for command in (INIT, MAKE):
        type_in(training, command)
    kill_at(training, TRAIN, r"fits [1-9]\d* of")
    done = type_in(training, TRAIN)
    assert re.search(r"cost      aws: 0\.\d+ USD for \d+ s of ml\.m5\.large, as its service counts", done.stdout)
    listed = type_in(training, LIST).stdout.splitlines()
    assert len(listed) == 1 and "aws  Succeeded" in listed[0], "one job, however often it was asked for"
    assert "released  " in done.stdout and "the gate lets it pass" in done.stderr


def kill_at(project: Project, command: str, pattern: str) -> None:
    """Start a command, and kill it as soon as it prints a line that matches."""
    words, environment = _words(project, command), project.environment()
    with subprocess.Popen(words, cwd=project.root, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = []
        for line in process.stderr:
            told.append(line)
            if re.search(pattern, line):
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL, "".join(told)


def _words(project: Project, command: str) -> list[str]:
    program, *arguments = shlex.split(command)
    assert program == "outlast"
    return [project.python, "-m", "outlast", *arguments]
