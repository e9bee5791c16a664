"""What is looked at inside, without a container: commands are answered by the test."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, cast

from tools.image_proof.running import Container, list_packages, list_service, stop


class Pretended(Container):
    """Answers every command inside with the same."""

    def __init__(self, stdout: str = "", process: subprocess.Popen[bytes] | None = None) -> None:
        super().__init__(Path("/"), "name", cast(Any, process), 1, 1, Path("/"))
        self.stdout = stdout

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 0, self.stdout, "")

    def kill(self, signal: str) -> None:
        assert signal == "TERM"


def test_what_the_interpreter_lists_is_read() -> None:
    assert list_packages(Pretended(json.dumps({"numpy": "2"}))) == {"numpy": "2"}
    assert list_service(Pretended("bundle\nserver\n")) == ["bundle", "server"]


def test_the_time_to_its_end_is_measured() -> None:
    times = iter([10.0, 12.5])
    with subprocess.Popen(["true"]) as process:
        found = stop(Pretended(process=process), clock=lambda: next(times))
    assert (found.told, found.good) == ("2.5 s, exit code 0", True)
