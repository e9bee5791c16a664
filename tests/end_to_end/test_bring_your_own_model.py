"""The commands of docs/guides/bring-your-own-model.md, in its order, with a mixed table: the page does what it says."""

from __future__ import annotations

import json
import random
import re
import shlex
import subprocess

import pytest

from tests.end_to_end.conftest import ROOT, Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]

PAGE = (ROOT / "docs" / "guides" / "bring-your-own-model.md").read_text()
FROM_A_TABLE = PAGE.partition("## From a table")[2].partition("\n## ")[0]
COMMANDS = re.findall(r"^\$ (.+)$", FROM_A_TABLE, re.MULTILINE)
DRAFT, SERVED = COMMANDS[0], COMMANDS[1]
# A piece of each answer, as the page tells it.
TOLD = {
    DRAFT: "clients is a draft: nobody has set its costs and floors",
    SERVED: "right; from",
    "make predict": "clients-",
    "make drill LOSE=aws": "passed: traffic left aws in",
    "outlast model list": "clients (draft, version 1)",
    "outlast predict --model clients --csv new.csv --out scored.csv": "2 rows predicted",
    "outlast exec -- pulumi preview -s aws": "which models are served is said by",
    "outlast model default --stacks-own": "tumour (as the stack files name it)",
    "outlast up": "tumour-",
    "outlast model remove clients": "clients is removed",
}


def test_every_command_of_the_page_is_run_here() -> None:
    assert list(TOLD) == COMMANDS


def test_the_commands_of_the_page_run_in_its_order(project: Project) -> None:
    before = _committed(project)
    (project.root / "clients.csv").write_text(mixed_table(400))
    (project.root / "new.csv").write_text("\n".join(mixed_table(3).splitlines()[:3]) + "\n")
    seen = dict[str, str]()
    for command in COMMANDS:
        done = run(project, command)
        assert bool(done.returncode) is (command == DRAFT), f"{command}\n{done.stdout}\n{done.stderr}"
        seen[command] = done.stdout + done.stderr
        assert TOLD[command] in seen[command], f"{command} does not say what the page tells:\n{seen[command]}"
    assert "service/artifacts/clients/report.html" in seen[DRAFT]
    assert "pulumi up" not in seen[DRAFT], "the sites stay as they were"
    order = [seen[SERVED].index(f"waiting for {site} to answer its golden rows") for site in ("aws", "azure", "gcp")]
    assert order == sorted(order), "one site after the other"
    preview = seen["outlast exec -- pulumi preview -s aws"]
    assert "to update" not in preview, "plain pulumi sees the model that is served"
    assert _committed(project) == before
    assert project.predict().right, "the sites serve what the stack files name again"


def test_a_model_that_traffic_refuses_is_live_nowhere(project: Project) -> None:
    """The digest of a site's model is held to the file of traffic before anything of the site is changed."""
    digits = json.loads(run(project, "outlast model list --json").stdout)[0]
    assert digits["name"] == "digits"
    file = project.root / "stacks" / "Pulumi.aws.yaml"
    text = file.read_text()
    try:
        file.write_text(re.sub(r"tumour@sha256:\w+", f"digits@{digits['digest']}", text))
        refused = run(project, "outlast up")
    finally:
        file.write_text(text)
    assert refused.returncode != 0
    assert "which stacks/Pulumi.traffic.yaml does not accept" in refused.stderr
    assert project.predict().right


def mixed_table(rows: int) -> str:
    """Numbers, categories and missing values of both; who leaves depends on all of them."""
    draw = random.Random(7)
    lines = ["age,income,plan,region,visits,churned"]
    for _ in range(rows):
        age, visits, plan = draw.gauss(45, 12), draw.randint(0, 40), draw.choice(["basic", "plus", "pro", ""])
        leaves = 0.05 * (age - 45) + {"basic": 1.5, "pro": -1.5}.get(plan, 0.0) - 0.08 * (visits - 20) > draw.gauss(
            0, 0.4
        )
        shown = "" if draw.random() < 0.1 else f"{age:.1f}"
        region = draw.choice(["north", "south"])
        lines.append(f"{shown},{draw.lognormvariate(10, 0.5):.0f},{plan},{region},{visits},{'yes' if leaves else 'no'}")
    return "\n".join(lines) + "\n"


def run(project: Project, command: str) -> subprocess.CompletedProcess[str]:
    words = shlex.split(command)
    if words[0] == "make":  # the environment is that of these tests, and complete
        words = ["make", "--old-file=.venv/complete", *words[1:]]
    path = f"{project.root}/.venv/bin:{project.environment()['PATH']}"
    environment = project.environment() | {"PATH": path, "PYTHONPATH": str(project.root)}
    return project.run_in(environment, *words, check=False, timeout_seconds=300.0)


def _committed(project: Project) -> dict[str, bytes]:
    """What the page says stays as it is."""
    folders = [project.root / "stacks", project.root / "service" / "released", project.root / "service" / "problems"]
    return {str(path): path.read_bytes() for folder in folders for path in folder.rglob("*") if path.is_file()}
