"""`outlast model train`: here by default, elsewhere by --on; what fits one of the two is refused with the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from outlast.train import command, elsewhere
from outlast.train.command import train
from service.evaluation import commands


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Any]:
    """What the nine steps, or the training elsewhere, were called with."""
    calls: list[Any] = []

    @click.pass_context
    def here(context: click.Context, /, **asked: Any) -> None:
        calls.append(("here", asked))

    monkeypatch.setattr(commands.model, "callback", here)
    monkeypatch.setattr(elsewhere, "train_elsewhere", lambda *asked: calls.append(asked))
    monkeypatch.setattr(command, "TABLES", tmp_path / "tables")
    return calls


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(train, arguments)


def test_the_default_is_the_nine_steps_with_their_own_options(called: list[Any]) -> None:
    assert _run("--problem", "digits", "--budget", "2", "--accept", "recall").exit_code == 0
    ((where, asked),) = called
    assert where == "here" and set(asked) == {option.name for option in commands.model.params}
    assert (asked["problem"], asked["budget"], asked["accept"]) == ("digits", 2.0, ("recall",))


def test_elsewhere_gets_everything(called: list[Any]) -> None:
    options = ("--on", "all", "--data", "a.csv", "--data", "b.csv", "--spot", "--max-cost", "3", "--cpu", "4")
    assert _run("--problem", "digits", *options).exit_code == 0
    ((on, data, cpu, memory, asked),) = called
    assert (on, data, cpu, memory) == ("all", ("a.csv", "b.csv"), 4, 8.0)
    assert (asked["spot"], asked["max_cost"], asked["stop_on_interrupt"]) == (True, 3.0, False)


def test_options_of_a_job_are_refused_here(called: list[Any]) -> None:
    done = _run("--problem", "digits", "--spot", "--time-limit", "3", "--cpu", "2", "--csv", "a.csv", "--data", "b.csv")
    assert done.exit_code == 2 and not called
    for option in ("--spot", "--time-limit", "--cpu", "--csv"):
        assert option in done.stderr


def test_tables_are_joined_here_in_the_order_in_which_they_are_named(called: list[Any], tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text(f"x,y\n1,{name}\n")
    data = [part for name in "ba" for part in ("--data", str(tmp_path / f"{name}.csv"))]
    assert _run("--problem", "mine", *data).exit_code == 0
    joined = Path(called[0][1]["csv_file"])
    assert (joined.name, joined.read_text()) == ("mine.csv", "x,y\n1,b\n1,a\n")
    assert _run("--data", str(tmp_path / "a.csv")).exit_code == 0
    assert called[1][1]["csv_file"] == str(tmp_path / "a.csv")
    assert "--problem NAME" in _run(*data).stderr
