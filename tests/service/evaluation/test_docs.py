"""What the documents show runs, and names every command and metric there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from outlast.model import SECTIONS
from service.evaluation.findings import Findings
from service.training.problem import parse_problem

DOCS = Path(__file__).parents[3] / "docs"
METRICS = (DOCS / "reference" / "metrics.md").read_text(encoding="utf-8")
GUIDE = (DOCS / "guides" / "release-a-model.md").read_text(encoding="utf-8")


def _blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize("code", _blocks(METRICS, "python"))
def test_the_examples_run(code: str) -> None:
    exec(compile(code, "metrics.md", "exec"), {})


def test_the_problem_file_shown_is_sound() -> None:
    (text,) = _blocks(GUIDE, "toml")
    problem = parse_problem(text, name="customers")
    assert problem.ranges == {"age": (0.0, 120.0)}


def test_every_command_is_in_the_guide() -> None:
    ours = [row.name for rows in SECTIONS.values() for row in rows if row.name != "train"]
    missing = [name for name in ours if f"outlast model {name}" not in GUIDE]
    assert missing == []


def test_every_metric_is_in_the_reference(findings: Findings) -> None:
    names = {re.sub(r"^(macro|micro|weighted)_|\[.*", "", name) for name in findings.judged.estimates}
    assert [name for name in sorted(names) if f"`{name}`" not in METRICS] == []
