"""The Makefile refuses what a target does not take, instead of doing something else without a word."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def make(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """What `make` would run (-n), with the virtual environment taken for made (-o)."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")} | environment
    command = ["make", "-n", "-o", ".venv/complete", *words]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("typed", "wrong", "takes"),
    [
        (["status", "CSV=x"], "CSV", ""),
        (["up", "SPEED=10", "LOSE=aws"], "LOSE", "SPEED"),
        (["model", "PROBLEM=tumour", "SEED=1"], "SEED", "PROBLEM CSV TARGET"),
        (["up", "CSV=my.csv", "MODEL=tumour"], "MODEL", "SPEED"),
        (["predict", "CSV=my.csv"], "CSV", "MODEL"),
        (["drill", "TARGET=y"], "TARGET", "LOSE MODEL"),
    ],
)
def test_an_option_that_a_target_does_not_take_is_refused(typed: list[str], wrong: str, takes: str) -> None:
    done = make(*typed)
    assert done.returncode == 2
    assert done.stdout == ""
    assert f"error: `make {typed[0]}` takes no {wrong}; nothing was done\nhint: " in done.stderr
    assert not takes or f"it takes {takes}" in done.stderr


@pytest.mark.parametrize(
    ("typed", "run"),
    [
        (["doctor"], "outlast doctor"),
        (["doctor", "STACKS=prod"], 'outlast doctor --stacks "prod"'),
        (["up", "SPEED=10"], "outlast up --speed 10"),
        (["up", "CSV=my file.csv", "TARGET=y"], 'outlast up --csv "my file.csv" --target "y"'),
        (["up", "PROBLEM=spam"], 'outlast up --problem "spam"'),
        (["up", "CSV=my.csv", "TARGET=y", "ACCEPT_DRAFT=1"], 'up --csv "my.csv" --target "y" --accept-draft'),
        (["drill", "LOSE=aws"], "outlast exec -- .venv/bin/outlast drill now --lose"),
        (["drill", "LOSE=aws", "MODEL=digits"], 'drill now --lose "aws" --model "digits"'),
        (["drain", "SITE=aws"], 'outlast exec -- .venv/bin/outlast drain "aws"'),
        (["drain", "SITE=aws", "LAST=aws"], 'drain "aws" --last "aws"'),
        (["undrain", "SITE=aws"], 'outlast exec -- .venv/bin/outlast undrain "aws"'),
        (["predict", "MODEL=digits"], 'outlast predict --model "digits"'),
        (["model", "CSV=my file.csv", "TARGET=y"], 'outlast model train --csv "my file.csv" --target "y"'),
        (["soak", "MINUTES=10"], 'bench.soak --minutes "10"'),
        (["bench", "ARGS=--part metrics"], "outlast bench --part metrics"),
    ],
)
def test_what_a_target_takes_reaches_the_command(typed: list[str], run: str) -> None:
    done = make(*typed)
    assert done.returncode == 0, done.stderr
    assert run in " ".join(done.stdout.split())


def test_a_variable_of_the_environment_is_not_taken_for_an_option() -> None:
    assert make("status", CSV="x").returncode == 0


def test_check_is_what_ci_runs() -> None:
    (needs,) = re.findall(r"^check: (.*?) ##", (ROOT / "Makefile").read_text(), re.MULTILINE)
    run = re.findall(r"^make (\S+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert set(needs.split()) == set(run)
    assert "bash .ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text()
