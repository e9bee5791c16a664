"""Which options make `model` a training job, and which do not go with one."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from service.evaluation.job_command import model


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--out", "OUT"], "needs --data, --checkpoints and --out"),
        (["--data", "DIR"], "needs --data, --checkpoints and --out"),
        (["--data", "DIR", "--checkpoints", "C", "--out", "OUT"], "0 of the folders of data hold inputs.json"),
        (
            ["--data", "DIR", "--checkpoints", "C", "--out", "OUT", "--problem", "p", "--dask", "local"],
            "--problem: says nothing to a training job",
        ),
    ],
)
def test_a_job_asks_for_its_folders_and_for_nothing_else(tmp_path: Path, more: list[str], words: str) -> None:
    done = CliRunner().invoke(model, [str(tmp_path) if word == "DIR" else word for word in more])
    assert done.exit_code == 2
    assert words in done.stderr


def test_without_them_it_is_the_nine_steps() -> None:
    done = CliRunner().invoke(model, ["--problem", "none-such"])
    assert done.exit_code == 2
    assert "there is no problem file none-such.toml" in done.stderr
