"""The commands: data on stdout, errors with a hint on stderr, exit codes, and every one of them explained."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.__main__ import SECTIONS, main
from service.evaluation.progress import show_progress

OURS = sorted(row.name for rows in SECTIONS.values() for row in rows if row.module == "service.evaluation.commands")
TABLE = "size,colour,ok\n" + "".join(
    f"{i % 17 + 5 * (i % 2)}.5,{'red' if i % 3 else 'blue'},{'yes' if i % 2 else 'no'}\n" for i in range(60)
)
SMALL = """
objective = "Tell yes from no."
positive_class = "yes"
[costs]
false_positive = 1
false_negative = 3
[floors]
recall = 0.05
[grids.softmax]
[grids.dummy]
"""


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    return path


@pytest.mark.parametrize("command", OURS)
def test_every_command_explains_itself(command: str) -> None:
    result = _run(command, "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout


@pytest.mark.parametrize("command", ["frame", "data", "explore", "prepare"])
def test_a_step_on_a_table_of_ones_own_prints_its_artifact_as_json(command: str, table: Path, tmp_path: Path) -> None:
    result = _run(command, "--csv", str(table), "--target", "ok", "--artifacts", str(tmp_path / "out"), "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout) == json.loads((tmp_path / "out" / f"{command}.json").read_text())


def test_a_table_without_a_problem_file_gets_a_draft_that_is_said_and_kept(table: Path, tmp_path: Path) -> None:
    asked = ["--csv", str(table), "--target", "ok", "--artifacts", str(tmp_path / "out")]
    result = _run("frame", *asked)
    draft = tmp_path / "out" / "table.toml"
    assert f"note: {draft} is a draft" in result.stderr
    assert "hint: set them" in result.stderr
    lines = draft.read_text().replace("false_negative = 1.0", "false_negative = 7.0").splitlines(keepends=True)
    draft.write_text("".join(lines))
    edited = _run("frame", *asked, "--json")
    assert json.loads(edited.stdout)["costs"]["false_negative"] == 7.0, "a draft that was edited is not overwritten"
    assert "is a draft" in edited.stderr
    draft.write_text("".join(lines[1:]))
    named = _run("frame", "--problem", str(draft), "--artifacts", str(tmp_path / "out"), "--json")
    assert named.exit_code == 0, named.stderr
    assert json.loads(named.stdout) == {**json.loads(edited.stdout), "draft": False}
    assert "draft" not in named.stderr, "somebody deleted the line that said it"


def test_advise_names_metric_threshold_and_loss(table: Path, tmp_path: Path) -> None:
    problem = tmp_path / "own.toml"
    problem.write_text(SMALL)
    asked = ["--problem", str(problem), "--csv", str(table), "--target", "ok", "--jobs", "1"]
    result = _run("advise", *asked, "--artifacts", str(tmp_path / "out"), "--json")
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert said["choice"]["metric"] == "expected_cost"
    assert said["best"]["cost_per_1000"] <= said["half"]["cost_per_1000"]
    words = _run("advise", *asked, "--artifacts", str(tmp_path / "out")).stdout
    assert "<- least" in words
    assert f"{said['best']['threshold']:.3f}" in words
    assert f"the loss is {said['cost_per_1000_of_rows_not_chosen_on']['value']:.1f}" in words


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["data", "--problem", "nothing"], "there is no problem file"),
        (["data", "--csv", "table.csv"], "--csv needs --target"),
        (["data", "--csv", "none.csv", "--target", "ok"], "there is no file"),
        (["data"], "4 problems could be meant: digits, languages, spam, tumour"),
        (["predict", "--csv", "none.csv", "--out", "out.csv", "--model", "tumour"], "there is no file"),
        (["predict", "--csv", "none.csv", "--out", "out.csv", "--model", "none"], "no model 'none' is released"),
        (["predict", "--csv", "none.csv", "--out", "out.csv"], "2 models are released, digits and tumour"),
        (["tune", "--problem", "tumour", "--dask", "here"], "--dask here is no address of a Dask scheduler"),
        (["predict", "--csv", "a.csv", "--out", "b", "--model", "tumour", "--dask", "here"], "no address of a Dask"),
        (["predict", "--csv", "a.csv", "--out", "b", "--model", "tumour", "--parts", "c"], "--dask names none"),
        (
            ["predict", "--csv", "a.csv", "--out", "b", "--model", "tumour", "--dask", "local", "--url", "http://x"],
            "two places to predict",
        ),
        (["predict", "--csv", "ftp://a/b", "--out", "b", "--model", "tumour"], "is an address of no known kind"),
        (["predict", "--csv", "none*.csv", "--out", "b", "--model", "tumour"], "no file matches none*.csv"),
        (["shift", "--feedback", "none.jsonl", "--model", "tumour"], "there is no file"),
        (["shift", "--feedback", "none.jsonl"], "2 models are released, digits and tumour"),
    ],
)
def test_a_mistake_leaves_with_2_and_says_what_to_do(arguments: list[str], words: str) -> None:
    result = _run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert words in result.stderr
    assert "hint: " in result.stderr


def test_predict_says_what_it_did(tmp_path: Path) -> None:
    from service.training.datasets import load_bundled

    load_bundled("tumour").frame.head(30).to_csv(tmp_path / "in.csv", index=False)
    asked = ["predict", "--csv", str(tmp_path / "in.csv"), "--out", str(tmp_path / "out.csv"), "--json"]
    result = _run(*asked, "--model", "tumour")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["predicted"] == 30
    by_environment = CliRunner().invoke(main, [*asked, "--overwrite"], env={"OUTLAST_DEFAULT_MODEL": "tumour"})
    assert by_environment.exit_code == 0, by_environment.stderr
    older = _run(*asked, "--overwrite", "--problem", "tumour")
    assert json.loads(older.stdout) == json.loads(result.stdout)
    assert "warning: --problem is called --model now" in older.stderr


def test_a_bar_is_shown_on_a_terminal_and_nowhere_else(capsys: pytest.CaptureFixture[str]) -> None:
    with show_progress() as announce:
        announce("fits", 1, 4)
    assert capsys.readouterr() == ("", "")
    master, terminal = pty.openpty()
    with os.fdopen(terminal, "w") as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stream)
        patch.setenv("TERM", "xterm")
        with show_progress() as announce:
            announce("fits", 1, 4)
    assert b"25%" in _read_to_the_end(master)


def _read_to_the_end(master: int) -> bytes:
    """What came out of a terminal whose other side is closed: in pieces, and ended by an error on Linux."""
    pieces = []
    with contextlib.suppress(OSError):
        while piece := os.read(master, 100_000):
            pieces.append(piece)
    os.close(master)
    return b"".join(pieces)


def test_columns_left_out_and_in_doubt_are_said_and_can_be_decided(tmp_path: Path) -> None:
    prices = [f'"${1000 + i % 11:,}.50"' for i in range(60)]
    rows = [f"{i},{i % 7},{i % 5},{price},{'yn'[i % 2]}" for i, price in enumerate(prices)]
    (tmp_path / "table.csv").write_text("\n".join(["id,x,y,price,ok", *rows]))
    asked = ["--csv", str(tmp_path / "table.csv"), "--target", "ok", "--artifacts", str(tmp_path / "out")]
    told = _run("data", *asked)
    assert told.exit_code == 0, told.output
    assert "note: column id is left out: it counts the rows (0, 1, 2 …)" in told.stderr
    assert "note: column price is numbers with a currency and thousands separators" in told.stderr
    assert told.stderr.count("hint:") == 3
    refused = _run("train", *asked)
    assert refused.exit_code == 2
    assert "--keep COLUMN" in refused.stderr
    decided = _run("prepare", *asked, "--drop", "price", "--keep", "id", "--json")
    assert json.loads(decided.stdout)["input"]["features"] == ["id", "x", "y"]
    assert "column price is left out: it was dropped by --drop" in decided.stderr
    parsed = _run("prepare", *asked, "--parse", "price", "--json")
    assert json.loads(parsed.stdout)["input"] == {"datatype": "FP32", "features": ["x", "y", "price"]}
    assert "--keep, --parse, --group and --time say something of a table" in _run("data", "--drop", "x").stderr
