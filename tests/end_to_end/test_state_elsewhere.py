"""The cloud of the state is dark: the guide's own lines move all stacks elsewhere, and one is changed from there."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.end_to_end.conftest import ROOT, Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]

GUIDE = (ROOT / "docs" / "guides" / "deploy-for-real.md").read_text()
WEIGHTS = {"before": "    azure: 30\n", "after": "    azure: 31\n"}


def lines_of(marker: str) -> str:
    """The guide's commands after that marker, for the committed stacks."""
    (block,) = re.findall(rf"<!-- state: {marker} -->\n\n```\n(.*?)```", GUIDE, re.DOTALL)
    return block.replace("prod-", "")


def typed(project: Project, lines: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return project.run_in(project.inside() | environ, "bash", "-e", "-c", lines, timeout_seconds=180.0)


@pytest.fixture
def elsewhere(project: Project) -> Iterator[Project]:
    """The project; what the guide makes beside it goes afterwards, and the weight is as it was."""
    path = project.root / "stacks" / "Pulumi.traffic.yaml"
    before = path.read_text()
    yield project
    path.write_text(before)
    project.pulumi("up", "-s", "traffic", "--yes", "--skip-preview", "--refresh")
    for name in ("state-copy", "state-elsewhere"):
        shutil.rmtree(project.root / name, ignore_errors=True)


def test_survivors_are_changed_from_a_copy_of_the_state(elsewhere: Project) -> None:
    typed(elsewhere, lines_of("copied"))
    # Whoever types this cannot reach the old backend any more.
    lost = {"PULUMI_BACKEND_URL": "file:///nowhere-that-is-dark"}
    typed(elsewhere, lines_of("elsewhere"), **lost)
    path = elsewhere.root / "stacks" / "Pulumi.traffic.yaml"
    assert WEIGHTS["before"] in path.read_text()
    path.write_text(path.read_text().replace(WEIGHTS["before"], WEIGHTS["after"]))
    here = f"file://{elsewhere.root / 'state-elsewhere'}"
    typed(elsewhere, "pulumi up -s traffic --yes --skip-preview --non-interactive", PULUMI_BACKEND_URL=here)
    weights = {row["site"]: row["weight"] for row in elsewhere.status()["weights"]}
    assert weights["azure"] == 31
