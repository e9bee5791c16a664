"""Commands of the CLI are ended with care: whatever moment a Ctrl-C comes at, nothing is left running."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.engine import commands
from sandbox.engine.cli import Pulumi

STUB = """#!{python}
import pathlib, signal, sys, time
signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
pathlib.Path("ready").touch()
time.sleep(60)
"""


def test_a_ctrl_c_at_the_start_of_a_command_ends_it_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = tmp_path / "pulumi"
    stub.write_text(STUB.format(python=sys.executable))
    stub.chmod(0o755)
    started: list[subprocess.Popen[str]] = []

    def start(*given: Any, **options: Any) -> subprocess.Popen[str]:
        started.append(subprocess.Popen(*given, **options))
        while not (tmp_path / "ready").exists():  # its own handler is set
            assert started[0].poll() is None
        signal.raise_signal(signal.SIGINT)
        return started[0]

    monkeypatch.setattr(commands, "subprocess", _Subprocess(start))
    pulumi = Pulumi(tmp_path, "3.259.0", "PATH", "Pulumi's own")
    with pytest.raises(KeyboardInterrupt):
        commands.run(pulumi, ["up"], environ=dict(os.environ), directory=tmp_path)
    assert started[0].poll() == 0
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


class _Subprocess:
    """The module as `commands` uses it, with another way to start."""

    DEVNULL, PIPE = subprocess.DEVNULL, subprocess.PIPE

    def __init__(self, start: Any) -> None:
        self.Popen = start
