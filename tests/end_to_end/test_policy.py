"""The policy pack by the real engine: what it refuses, what it lets through by leave, what plain Pulumi says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
import yaml

from tests.end_to_end.conftest import Project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("sandbox")]


@contextlib.contextmanager
def excusing(project: Project, stack: str, *, without: str = "", until: str = "") -> Iterator[None]:
    """The stack's file without the exception for one rule, or with another end of all of them."""
    path = project.root / "stacks" / f"Pulumi.{stack}.yaml"
    before = path.read_text()
    document = yaml.safe_load(before)
    excuses = [each for each in document["config"]["outlast:exceptions"] if each["rule"] != without]
    document["config"]["outlast:exceptions"] = [each | ({"until": until} if until else {}) for each in excuses]
    path.write_text(yaml.safe_dump(document))
    try:
        yield
    finally:
        path.write_text(before)


def test_a_rule_that_is_not_excused_refuses_the_preview_and_the_update(project: Project) -> None:
    with excusing(project, "aws", without="aws-tasks-private"):
        for command in ("preview", "up"):
            words = [command, "aws"] if command == "preview" else [command]
            done = project.run("-m", "sandbox", *words, check=False, timeout_seconds=300.0)
            assert done.returncode == 3, done.stderr
            assert "aws:ecs/service:Service (service): its tasks have public addresses" in done.stderr
            assert "(rule aws-tasks-private)" in done.stderr


def test_an_exception_that_ended_refuses(project: Project) -> None:
    with excusing(project, "gcp", until="2020-01-01"):
        done = project.run("-m", "sandbox", "preview", "gcp", check=False)
    assert done.returncode != 0
    assert "the exception for 'gcp-rate-limited' ended on 2020-01-01" in done.stderr


def test_a_preview_says_what_is_excused_and_what_it_costs(project: Project) -> None:
    found = project.sandbox("preview", "azure", "traffic", timeout_seconds=240.0)
    assert any("azure-environment-zones" in line and "excused until" in line for line in found["azure"]["advice"])
    assert any("cost a month in USD" in text for text in found["traffic"]["said"])


def test_plain_pulumi_runs_the_same_pack(project: Project) -> None:
    shown = project.pulumi("preview", "-s", "zone", "--policy-pack", "infra/policy").stdout
    assert "outlast@v1.0.0" in shown and "excused" in shown
