"""Training on simulated clouds: the guide's commands, one killed on the way; three clouds that lose machines agree.

The stacks of jobs are made by plain `pulumi`, two of them under the policy pack, and taken away whole. The trainings
are small ones: what takes their time is shown in tests/service.
"""

from __future__ import annotations

import hashlib
import json
import random
import re
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jobs.place import from_outputs
from tests.end_to_end.conftest import ROOT, Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]

GUIDE = (ROOT / "docs" / "guides" / "train-where-the-data-is.md").read_text()
(BLOCK,) = re.findall(r"## On the sandbox\n.*?```\n(.*?)```", GUIDE, re.DOTALL)
UP, INIT, MAKE, TRAIN, LIST = BLOCK.splitlines()
CLOUDS = ["aws", "azure", "gcp"]


def type_in(project: Project, command: str) -> subprocess.CompletedProcess[str]:
    """A command of the guide as a person types it."""
    words, environment = _words(project, command), project.environment()
    done = project.run_in(environment, *words, check=False, timeout_seconds=300.0)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def training(project: Project) -> Iterator[Project]:
    """The project; what is released and which stacks there are is as before afterwards, and each goes whole."""
    assert UP == "outlast up"  # as the project is
    problem = project.root / "service" / "problems" / "tumour.toml"
    problem.write_text(re.sub(r"\[grids\..*", FEW_GRIDS, problem.read_text(), flags=re.DOTALL))
    yield project
    subprocess.run(["git", "checkout", "--quiet", "--", "service/released", str(problem)], cwd=project.root, check=True)
    for folder in ("mine", "service/released/mine"):
        shutil.rmtree(project.root / folder, ignore_errors=True)
    stacks = [one["name"] for one in json.loads(project.pulumi("stack", "ls", "--json").stdout)]
    for stack in (name for name in stacks if name.startswith("training-")):
        gone = project.pulumi("destroy", "-s", stack, "--yes", "--skip-preview").stdout
        # Not `destroy --remove`, which takes the stack's file with it.
        project.pulumi("stack", "rm", stack, "--yes", "--preserve-config")
        assert f"- {count_resources(stack)} deleted" in gone, gone


def count_resources(stack: str) -> int:
    """How many resources a stack has, itself included."""
    golden = json.loads((ROOT / "tests" / "golden" / f"{stack}.json").read_text())["resources"]
    return len(golden) + 1


def test_the_guide_trains_on_aws(training: Project) -> None:
    """The command is killed on the way; the same command goes on with the same job."""
    type_in(training, INIT)
    assert f"+ {count_resources('training-aws')} created" in type_in(training, MAKE).stdout
    kill_at(training, TRAIN, "^aws  ")
    done = type_in(training, TRAIN)
    assert re.search(r"cost      aws: 0\.\d+ USD for \d+ s of ml\.m5\.large, as its service counts", done.stdout)
    listed = type_in(training, LIST).stdout.splitlines()
    assert len(listed) == 1 and "aws  Succeeded" in listed[0], "one job, however often it was asked for"
    assert "released  " in done.stdout and "the gate lets it pass" in done.stderr


def make(project: Project, stack: str) -> None:
    """Bring a stack up as its owner does, under the policy pack."""
    project.pulumi("stack", "init", stack)
    said = project.pulumi("up", "-s", stack, "--yes", "--skip-preview", "--policy-pack", "infra/policy").stdout
    assert f"+ {count_resources(stack)} created" in said, said
    assert "held-is-protected" in said, "what its file excuses is said"


def test_the_other_stacks_are_made_under_the_policy_pack(training: Project) -> None:
    """At once, as two people would; the five stacks are not asked, and go on."""
    with ThreadPoolExecutor(2) as people:
        list(people.map(lambda stack: make(training, stack), ("training-azure", "training-gcp")))
    training.pulumi("preview", "-s", "training-aws", "--policy-pack", "infra/policy")
    outputs = {
        cloud: json.loads(training.pulumi("stack", "output", "--json", "-s", f"training-{cloud}").stdout)
        for cloud in CLOUDS
    }
    places = {cloud: from_outputs(told) for cloud, told in outputs.items()}
    assert [place.cloud for place in places.values()] == CLOUDS
    digests = {place.training_image.partition("@")[2] for place in places.values()}
    assert len(digests) == 1, "one Dockerfile, one image, in three registries"
    assert training.predict().right


def test_three_clouds_give_one_model(training: Project) -> None:
    """Each job loses its spot machine, the command is killed; started again, all give the same model."""
    problem = write_problem(training.root / "mine")
    command = f"outlast model train --on all --problem {problem} --spot --max-cost 1 --json"
    kill_at(training, command, *(f"^{cloud}  " for cloud in CLOUDS))
    for cloud in CLOUDS:
        training.sandbox("fault", "--site", f"training-{cloud}", "--kind", "spot", "--for", "20")
    done = json.loads(type_in(training, command).stdout)
    starts = {job["stack"]: job["starts"] for job in training.status()["training"]}  # of each stack the last job's
    assert starts == {f"training-{cloud}": 2 for cloud in CLOUDS}
    assert len({one["winner"] for one in done["compared"]}) == 1
    assert max(one["gap"] for one in done["compared"]) <= 1e-5
    told = json.loads((training.root / "service" / "released" / "mine" / "manifest.json").read_text())["training"]
    assert [one["cloud"] for one in told["compared"]] == CLOUDS
    assert told["data"][0]["sha256"] == hashlib.sha256((problem.parent / "mine.csv").read_bytes()).hexdigest()


def kill_at(project: Project, command: str, *patterns: str) -> None:
    """Start a command, and kill it as soon as it has printed a line that matches each pattern."""
    words, environment = _words(project, command), project.environment()
    with subprocess.Popen(words, cwd=project.root, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told, left = [], set(patterns)
        for line in process.stderr:
            told.append(line)
            left -= {pattern for pattern in left if re.search(pattern, line)}
            if not left:
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL, "".join(told)


def _words(project: Project, command: str) -> list[str]:
    program, *arguments = shlex.split(command)
    assert program == "outlast"
    return [project.python, "-m", "outlast", *arguments]


def write_problem(folder: Path) -> Path:
    """A small problem with a table of its own, which is uploaded to each cloud."""
    folder.mkdir()
    draw = random.Random(3)
    lines = ["length,width,kind"]
    for _ in range(160):
        length, width = draw.gauss(5, 1), draw.gauss(3, 1)
        lines.append(f"{length:.2f},{width:.2f},{'long' if length - width + draw.gauss(0, 0.5) > 2 else 'wide'}")
    table = folder / "mine.csv"
    table.write_text("\n".join(lines) + "\n")
    sha256 = hashlib.sha256(table.read_bytes()).hexdigest()
    path = folder / "mine.toml"
    path.write_text(PROBLEM.format(sha256=sha256))
    return path


FEW_GRIDS = """\
[grids.softmax]
C = [0.1, 0.3, 1.0]

[grids.dummy]
"""
PROBLEM = """\
objective = "tell long from wide"
data = "mine"
positive_class = "long"

[costs]
false_positive = 1.0
false_negative = 1.0

[floors]
accuracy = 0.6

[grids.softmax]
C = [0.3, 1.0]

[grids.dummy]

[table]
path = "mine.csv"
target = "kind"
sha256 = "{sha256}"
"""
