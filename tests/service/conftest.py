"""One small problem walked whole, once, for every test that looks at what comes out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.evaluation import steps
from service.evaluation.findings import Findings, gather_findings
from service.evaluation.workbench import Workbench
from service.training.datasets import load_bundled, load_csv
from service.training.draft import draft_problem
from service.training.problem import load_problem, parse_problem


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


@pytest.fixture(scope="session")
def three(tmp_path_factory: pytest.TempPathFactory) -> Findings:
    """Everything found of a table of somebody's: numbers and categories, missing values of both, three classes."""
    rng, folder = np.random.default_rng(5), tmp_path_factory.mktemp("three")
    lines = ["age,colour,size,kind,speed"]
    for _ in range(240):
        age, size, colour, kind = (
            rng.normal(40, 9),
            rng.random(),
            rng.choice(["red", "green", ""]),
            rng.choice(["x", "y"]),
        )
        speed = ["slow", "even", "fast"][int(np.clip(3 * size + (colour == "red") - (age - 40) / 30, 0, 2))]
        lines.append(f"{age:.1f},{colour},{'NA' if rng.random() < 0.1 else f'{size:.4f}'},{kind},{speed}")
    path = folder / "three.csv"
    path.write_text("\n".join(lines) + "\n")
    dataset = load_csv(path, "speed")
    problem = parse_problem(draft_problem("three", "speed", dataset.labels.tolist()), name="three")
    grids: Any = {"softmax": {"C": [1.0]}, "one_vs_rest": {"C": [1.0]}, "svm": {}, "dummy": {}}
    bench = Workbench(replace(problem, grids=grids), dataset, folder / "artifacts")
    return gather_findings(bench, released=None, resamples=100)


@pytest.fixture(scope="session")
def three_report(three: Findings) -> str:
    """The report on it, written as step 8 does; drawing takes seconds."""
    return steps.present(three).read_text()


@pytest.fixture
def released() -> Path:
    """The models released in this repository."""
    return Path(__file__).parents[2] / "service" / "released"
