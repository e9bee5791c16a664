"""The bare program beside a site's: the same resources with their values, and nothing else."""

from __future__ import annotations

import runpy
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench import programs
from bench.programs import ProgramFigures, Site, judge, render, to_document, write_bare_program
from service.errors import OutlastError

STACK_FILE = "config: {aws:region: us-east-1, outlast:kind: aws}"
RESOURCES: list[dict[str, Any]] = [
    {
        "urn": "urn:pulumi:aws::outlast::aws:sqs/queue:Queue::a",
        "type": "aws:sqs/queue:Queue",
        "inputs": {"__defaults": ["delaySeconds"], "name": "a", "tags": {"__defaults": [], "site": "aws"}},
    },
    {
        "urn": "urn:pulumi:aws::outlast::aws:ecs/cluster:Cluster::b",
        "type": "aws:ecs/cluster:Cluster",
        "inputs": {"name": {"4dabf18193072939515e22adb298388d": "…", "plaintext": '"b"'}, "settings": None},
    },
]


def test_the_bare_program_registers_what_the_state_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bare-aws"
    write_bare_program(folder, "aws", RESOURCES, STACK_FILE)
    made = []
    for module, name in (("pulumi_aws.sqs", "Queue"), ("pulumi_aws.ecs", "Cluster")):
        monkeypatch.setattr(import_module(module), name, lambda *given, **named: made.append((*given, named)))
    runpy.run_path(str(folder / "__main__.py"))
    assert made == [("a", {"name": "a", "tags": {"site": "aws"}}), ("b", {"name": "b"})]
    assert yaml.safe_load((folder / "Pulumi.bare-aws.yaml").read_text())["config"] == {"aws:region": "us-east-1"}
    assert yaml.safe_load((folder / "Pulumi.yaml").read_text())["name"] == "bare-aws"


def test_a_preview_that_creates_nothing_is_no_figure() -> None:
    assert programs._count("Resources:\n    + 49 to create\n") == 49
    with pytest.raises(OutlastError, match="creates nothing"):
        programs._count("Resources:\n    49 unchanged\n")


def test_imports_are_counted_in_processor_time() -> None:
    assert 0 < programs._import_seconds("import json") < 60


def test_what_takes_longer_than_promised_is_missed() -> None:
    sites = (Site("aws", 49, 49, 3.0, 3.0, 0.3, 0.2), Site("gcp", 40, 39, 4.8, 3.0, 0.3, 0.2))
    figures = ProgramFigures("a machine", 7, sites)
    assert [verdict.met for verdict in judge(figures)] == [True, False]
    page = render(figures, quick=True)
    assert "A quick run" in page and "| gcp | 40 | 39 | 4.8 s | 3.0 s | 0.30 s | 0.20 s |" in page
    assert to_document(figures)["rounds"] == 7
