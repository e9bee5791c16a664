"""`outlast predict`: the endpoint's command, and with --csv the file's."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner

from outlast.__main__ import main
from service.training.datasets import load_bundled


@pytest.mark.parametrize("form", [["--csv", "{}"], ["--csv={}"]], ids=["two words", "one word"])
def test_with_csv_a_file_is_scored(tmp_path: Path, form: list[str]) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    load_bundled("tumour").frame.head(5).to_csv(source, index=False)
    arguments = [word.format(source) for word in form] + ["--out", str(out), "--model", "tumour"]
    done = CliRunner().invoke(main, ["predict", *arguments])
    assert (done.exit_code, done.stderr) == (0, "")
    assert len(list(csv.DictReader(out.read_text().splitlines()))) == 5


def test_without_csv_the_endpoint_is_asked(tmp_path: Path) -> None:
    done = CliRunner(env={"OUTLAST_STATE": str(tmp_path)}).invoke(main, ["predict"])
    assert done.exit_code == 4
    assert "this folder has no sandbox yet" in done.stderr


def test_an_option_of_the_other_kind_is_refused_with_the_way_to_it() -> None:
    done = CliRunner().invoke(main, ["predict", "--out", "x"], prog_name="outlast")
    assert done.exit_code == 2
    assert "No such option '--out'" in done.stderr
    assert "hint: outlast predict --help" in done.stderr
    assert "--csv FILE" in CliRunner().invoke(main, ["predict", "--help"]).stdout
