"""One small problem walked whole, once, for every test that looks at what comes out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from service.evaluation.findings import Findings, gather_findings
from service.evaluation.workbench import Workbench
from service.model.datasets import load_bundled
from service.model.problem import load_problem


@pytest.fixture(scope="session")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """The tumour problem with small grids."""
    grids = {"softmax": {"C": [0.3]}, "one_vs_rest": {"C": [0.3]}, "naive_bayes": {}, "dummy": {}}
    problem = replace(load_problem("tumour"), grids=grids)  # type: ignore[arg-type]
    return Workbench(problem, load_bundled("tumour"), tmp_path_factory.mktemp("artifacts") / "tumour")


@pytest.fixture(scope="session")
def findings(workbench: Workbench) -> Findings:
    """Everything that steps 2 to 9 find, on few resamples."""
    return gather_findings(workbench, released=None, resamples=200)


@pytest.fixture
def released() -> Path:
    """The models released in this repository."""
    return Path(__file__).parents[3] / "service" / "released"
