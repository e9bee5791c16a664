"""SIGTERM ends a command with 143, also where its first thread does not let go."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CHILD = """
import sys, time
from service.evaluation.stopping import stop_on_sigterm
with stop_on_sigterm(lambda line: print(line, flush=True), seconds=float(sys.argv[2])):
    print("ready", flush=True)
    while True:
        try:
            time.sleep(60)
        except SystemExit:
            if sys.argv[1] == "in order":
                raise
"""


@pytest.mark.parametrize(("ends", "seconds"), [("in order", "60"), ("by force", "0.05")])
def test_sigterm_ends_it_with_143_and_says_what_is_kept(ends: str, seconds: str) -> None:
    command = [sys.executable, "-c", CHILD, ends, seconds]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGTERM)
        assert "finished fits are kept" in child.stdout.read()
        assert child.wait(timeout=20) == 143
