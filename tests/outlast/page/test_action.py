"""One command at a time, and of what it printed the words that a person needs."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from outlast.page.action import Action, last_words
from service.errors import InvalidInput, Refused

OUTPUT = "Plan d92fa4: lose gcp\n  clock 10\npassed: traffic left gcp in 27.0 s\n  failover 1.0\n"


@pytest.mark.parametrize(
    ("code", "output", "errors", "found"),
    [
        (0, OUTPUT, "", "passed: traffic left gcp in 27.0 s"),
        (5, "deviated: it took 200 s\n", "error: a target was missed\n", "deviated: it took 200 s"),
        (3, "", "• looking\nerror: azure is drained\nhint: undrain it\n", "error: azure is drained hint: undrain it"),
        (0, "  drained azure\nmore\n", "", "drained azure"),
        (0, "", "", "done"),
        (9, "", "", "left with 9"),
    ],
)
def test_last_words(code: int, output: str, errors: str, found: str) -> None:
    assert last_words(code, output, errors) == found


def test_one_runs_at_a_time_and_its_words_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    go_on, ran = threading.Event(), list[Any]()

    def run(command: list[str], **how: Any) -> subprocess.CompletedProcess[str]:
        go_on.wait(10)
        ran.append((command[1:], how["cwd"], how["env"]))
        return subprocess.CompletedProcess(command, 0, OUTPUT, "")

    monkeypatch.setattr(subprocess, "run", run)
    action = Action(tmp_path, lambda: {"OUTLAST_HOST": "api.outlast.example"})
    before = set(threading.enumerate())
    assert action.start("drill", "gcp") == "drill of gcp begins"
    (thread,) = set(threading.enumerate()) - before
    assert action.state() == {"what": "drill", "site": "gcp", "running": True, "said": ""}
    with pytest.raises(Refused, match="drill of gcp runs"):
        action.start("drain", "aws")
    go_on.set()
    thread.join(10)
    assert action.state() == {"what": "drill", "site": "gcp", "running": False, "said": OUTPUT.splitlines()[2]}
    command = ["-m", "outlast", "drill", "now", "--clients", "2", "--lose", "gcp"]
    assert ran == [(command, tmp_path, {"OUTLAST_HOST": "api.outlast.example"})]


def test_no_other_command_is_run(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no button does 'destroy'"):
        Action(tmp_path, dict).start("destroy", "aws")
