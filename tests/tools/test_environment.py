"""The virtual environment is made by whatever Python a system ships, before anything is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from service.errors import Unavailable
from tools import environment

ROOT = Path(__file__).resolve().parents[2]
BEFORE_ANYTHING = (
    "tools.environment",
    "sandbox.steps",
    "sandbox.install",
    "sandbox.engine.cli",
    "service.errors",
    "service.ticks",
)


@pytest.mark.parametrize("module", BEFORE_ANYTHING)
def test_what_makes_it_needs_the_standard_library_only(module: str) -> None:
    script = f"import sys; sys.path = [p for p in sys.path if 'site-packages' not in p]; import {module}"
    subprocess.run([sys.executable, "-S", "-c", script], cwd=ROOT, check=True)


def test_a_python_that_is_too_old_is_refused_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 12))
    assert environment.main([]) == 2
    said = capsys.readouterr().err
    assert "error: Python 3.10 is too old" in said
    assert "hint: make PYTHON=" in said


def test_an_environment_that_works_is_left_as_it_is(tmp_path: Path) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")  # its pip answers
    python.chmod(0o755)
    assert environment.make_environment(tmp_path / "venv") == python
    assert python.read_text() == "#!/bin/sh\n"


def test_a_python_without_venv_is_told_with_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\necho 'No module named ensurepip' >&2\nexit 1\n")
    bare.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(bare))
    with pytest.raises(Unavailable, match="No module named ensurepip") as caught:
        environment.make_environment(tmp_path / "venv")
    assert "apt-get install python3-venv" in caught.value.hint


def test_the_locked_uv_is_the_one_that_is_asked_for() -> None:
    folder = ROOT / "tools" / "uv"
    wanted = [line for line in (folder / "requirements.in").read_text().splitlines() if "==" in line]
    assert wanted and all(f"{line} \\" in (folder / "requirements.lock").read_text() for line in wanted)
