"""From a table to a model: what is said on the way, and what becomes of the options."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from outlast import from_table
from service.bundle.folder import RELEASED, Release, load_release
from service.errors import InvalidInput
from service.evaluation import asked
from service.evaluation.asked import Wanted
from service.evaluation.workbench import Workbench
from tests.service.evaluation.test_asked import TABLE


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(asked, "ARTIFACTS", tmp_path / "artifacts")
    path = tmp_path / "clients.csv"
    header, *rows = TABLE.splitlines()
    counted = [f"{number},{row}" for number, row in enumerate(rows)]
    path.write_text("\n".join([f"id,{header}", *counted]))
    return path


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the nine steps were asked for; they are done at once, by the released model."""
    seen: dict[str, Any] = {}

    def run_steps(bench: Workbench, **options: Any) -> tuple[object, object]:
        seen.update(options, bench=bench)
        floor = SimpleNamespace(metric="recall", value=0.91234, low=0.8, high=0.95)
        verdict = SimpleNamespace(verdict=SimpleNamespace(floors=[floor]))
        return verdict, SimpleNamespace(release=load_release(RELEASED / "tumour"))

    monkeypatch.setattr(from_table, "run_steps", run_steps)
    return seen


def train(table: Path, said: list[str], **options: Any) -> Release:
    accept_draft, budget = options.pop("accept_draft", False), options.pop("budget", None)
    wanted = Wanted(csv_file=table, **{"target": "ok", **options})
    return from_table.train_table(wanted, accept_draft=accept_draft, budget=budget, report=said.append)


def test_what_is_read_left_out_drawn_up_and_judged_is_said(table: Path, trained: dict[str, Any]) -> None:
    said: list[str] = []
    release = train(table, said, accept_draft=True)
    assert release.manifest.problem == "tumour"
    assert said[:2] == [f"reading {table}", "60 rows, 3 columns, ok: no, yes"]
    assert said[2].startswith("column id is left out: it counts the rows")
    draft = table.parent / "artifacts" / "clients" / "clients.toml"
    assert said[3] == f"{draft} is a draft: equal costs, and a floor just above guessing"
    assert "recall 0.912 (0.800 to 0.950)" in said[-1]
    assert trained["accept_draft"] is True
    assert draft.is_file()


def test_columns_are_dropped_and_kept_as_asked(table: Path, trained: dict[str, Any]) -> None:
    train(table, [], drop=["size"], keep=["id"], budget=2.5)
    assert trained["bench"].budget == 2.5
    assert trained["bench"].dataset.features == ("id", "colour", "late")
    assert trained["accept_draft"] is False


def test_a_table_that_cannot_be_learnt_from_is_refused_before_anything_is_fitted(
    table: Path, trained: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput, match="cannot be learnt from"):
        train(table, [], target="none")
    assert trained == {}
