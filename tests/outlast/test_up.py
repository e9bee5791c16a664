"""`outlast up` with a table of one's own: what it passes on, and what it refuses before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from outlast import from_table
from outlast.__main__ import main
from service.bundle.folder import RELEASED, load_release
from service.errors import ReleaseRefused
from service.evaluation.asked import Wanted


@pytest.mark.parametrize(
    "words", [["--target", "y"], ["--accept-draft"], ["--drop", "a"], ["--group", "a"], ["--budget", "1"]]
)
def test_what_is_said_of_a_table_needs_one(tmp_path: Path, words: list[str]) -> None:
    done = CliRunner(env={"OUTLAST_STATE": str(tmp_path / "state")}).invoke(main, ["up", *words])
    assert done.exit_code == 2
    assert f"error: {words[0]} of a table, and --csv names none" in done.stderr
    assert "CSV=file.csv" in done.stderr
    assert not (tmp_path / "state").exists()


def test_a_table_that_is_not_there_leaves_everything_as_it_is(tmp_path: Path) -> None:
    runner = CliRunner(env={"OUTLAST_STATE": str(tmp_path / "state")})
    done = runner.invoke(main, ["up", "--csv", str(tmp_path / "none.csv"), "--target", "y"])
    assert done.exit_code == 2
    assert "there is no file" in done.stderr
    assert not (tmp_path / "state").exists()


def test_what_is_refused_at_the_release_is_not_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **asked: object) -> None:
        assert asked["accept_draft"] is False
        raise ReleaseRefused("my is a draft")

    monkeypatch.setattr(from_table, "train_table", refuse)
    runner = CliRunner(env={"OUTLAST_STATE": str(tmp_path / "state")})
    done = runner.invoke(main, ["up", "--csv", "my.csv", "--target", "y"])
    assert done.exit_code == 3
    assert "my is a draft" in done.stderr
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--csv", "my.csv", "--target", "y"], Wanted(csv_file="my.csv", target="y")),
        (["--problem", "digits"], Wanted(problem="digits")),
    ],
)
def test_what_was_trained_is_chosen_before_the_sandbox_comes_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], wanted: Wanted
) -> None:
    from sandbox import serving
    from sandbox.command import up as bringup
    from sandbox.layout import Layout

    release = load_release(RELEASED / "digits")
    seen: list[object] = []

    def bring_up(layout: Layout, *_: object, **asked: object) -> None:
        seen.append((serving.chosen(layout), asked["speed"]))
        raise ReleaseRefused("far enough")

    trained: list[Wanted] = []
    monkeypatch.setattr(from_table, "train_table", lambda asked, **_: trained.append(asked) or release)
    monkeypatch.setattr(bringup, "bring_up", bring_up)
    runner = CliRunner(env={"OUTLAST_STATE": str(tmp_path / "state")})
    runner.invoke(main, ["up", *words, "--accept-draft", "--speed", "10"])
    assert [(one.csv_file, one.problem, one.target) for one in trained] == [
        (wanted.csv_file, wanted.problem, wanted.target)
    ]
    assert seen == [(("digits", release.digest), 10)]
