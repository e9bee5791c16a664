"""Makes `.venv`, for the Makefile: the interpreter's own venv, then uv from its wheel, then all that the lock pins.

    python3 -m tools.environment [--into FOLDER] [COMMAND …]

With a COMMAND (`make up` gives one), Pulumi's CLI is obtained beside, and the command runs as soon as the environment
is whole. Only the standard library is imported, and what of this project needs no more.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parents[1]


def main(command: Sequence[str]) -> int:
    """Make the environment, then run the command; its exit code, or that of what went wrong."""
    if sys.version_info < OLDEST:  # before anything is imported that an older one cannot read
        _say("error: Python {}.{} is too old: 3.11 or newer is needed".format(*sys.version_info[:2]))
        _say("hint: make PYTHON=python3.11 …, with the name of a newer one")
        return 2
    from service.errors import OutlastError

    folder = ROOT / ".venv"
    if command[:1] == ["--into"]:
        folder, command = Path(command[1]), command[2:]
    try:
        return _make_and_run(folder, command)
    except OutlastError as error:
        _say(f"error: {error}")
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted: what is finished stays, and the same command goes on from there")
        return 130


def make_environment(folder: Path) -> Path:
    """An empty virtual environment with pip, or the one that is there; gives its interpreter. Raises Unavailable."""
    from sandbox.install import run_quietly
    from service.errors import Unavailable

    python = folder / "bin" / "python"
    if python.exists() and not run_quietly([str(python), "-m", "pip", "--version"]):
        return python
    failed = run_quietly([sys.executable, "-m", "venv", "--clear", str(folder)])
    if failed:
        raise Unavailable(
            f"{sys.executable} cannot make a virtual environment: {failed}",
            hint="apt-get install python3-venv (Debian, Ubuntu), or name another Python: make PYTHON=python3.12 …",
        )
    return python


def install_uv(python: Path) -> Path | None:
    """uv in the environment, from the wheel that its lock pins; None where there is none for this machine."""
    from sandbox.install import pip_command, run_quietly

    lock = ROOT / "tools" / "uv" / "requirements.lock"
    failed = run_quietly([*pip_command(python), "--require-hashes", "--only-binary=:all:", "-r", str(lock)])
    return None if failed else python.with_name("uv")


def install_command(python: Path, uv: Path | None) -> None:
    """The command `outlast`, from this folder and without the network. Raises Unavailable."""
    from sandbox.install import pip_command, run_quietly, uv_command
    from service.errors import Unavailable

    install = uv_command(uv, python) if uv else pip_command(python)
    failed = run_quietly([*install, "--no-index", "--no-deps", "--no-build-isolation", "-e", str(ROOT)])
    if failed:
        raise Unavailable(f"the command outlast could not be installed: {failed}", hint="rm -r .venv, then repeat")


def _make_and_run(folder: Path, command: Sequence[str]) -> int:
    from sandbox.install import install_lock
    from sandbox.steps import Steps

    steps, lock = Steps(_report), ROOT / "requirements.lock"
    version = ".".join(map(str, sys.version_info[:3]))
    with steps.step("venv", f"making the virtual environment {folder.name} with Python {version}"):
        python = make_environment(folder)
    with _obtaining_cli(python) if command else contextlib.nullcontext():
        with steps.step("uv", "installing uv, which installs the rest"):
            uv = install_uv(python)
        if uv is None:
            _report("uv cannot be had here: pip installs the rest, which takes minutes")
        with steps.step("packages", f"installing {lock.name}"):
            install_lock(python, lock, uv)
        with steps.step("outlast", "installing the command outlast"):
            install_command(python, uv)
        (folder / "complete").touch()
        return subprocess.run(command, check=False).returncode if command else 0


@contextlib.contextmanager
def _obtaining_cli(python: Path) -> Iterator[None]:
    """Pulumi's CLI, obtained by a process beside; `outlast up` waits for it and says if it failed."""
    child = subprocess.Popen([str(python), "-m", "sandbox.engine.cli"], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        child.terminate()
        child.wait()


def _report(line: str) -> None:
    _say(f"• {line}")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
