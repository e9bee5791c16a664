"""`python -m tools.interpreters`: what depends on the interpreter, tested on the oldest and the newest that is here.

The suite runs on the interpreter of `.venv`. Between 3.11.2 and 3.14 what differs is the standard library: archives,
TLS, asyncio, child processes, virtual environments. The tests of what uses these, PARTS, run on both ends as well, each
in a virtual environment of its own from the same lock, `.venv-<version>`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from service.command_line import CONTEXT, Command, say
from service.errors import OutlastError

ROOT = Path(__file__).resolve().parents[1]
OLDEST = (3, 11)
PARTS = (
    *("tests/sandbox/engine", "tests/sandbox/images", "tests/sandbox/network", "tests/sandbox/replicas"),
    *("tests/service/server", "tests/service/test_command_line.py", "tests/failover/test_dial.py"),
    *("tests/failover/simulator", "tests/outlast", "tests/tools", "tests/sandbox/test_install.py"),
)

Version = tuple[int, ...]


def find_interpreters(folders: Sequence[Path]) -> dict[Version, Path]:
    """Version -> interpreter, of every Python in these folders that is new enough; of equals the first."""
    found: dict[Version, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob("python3*")):
            if re.fullmatch(r"python3(\.\d+)?", path.name) and (version := _version_of(path)) and version >= OLDEST:
                found.setdefault(version, path)
    return found


def likely_folders(environ: Mapping[str, str] = os.environ) -> Iterator[Path]:
    """Where Pythons are: PATH, the system's folder, pyenv's versions."""
    yield from (Path(name) for name in environ.get("PATH", os.defpath).split(os.pathsep) if name)
    yield Path("/usr/bin")
    versions = Path(environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    yield from sorted(versions.glob("*/bin"))


def choose_ends(found: Sequence[Version], own: Version) -> list[Version]:
    """The oldest and the newest, but for the one that the suite runs on anyway."""
    return [version for version in sorted({min(found), max(found)}) if version != own] if found else []


def _version_of(python: Path) -> Version | None:
    """None for what does not run, such as a shim for a version that is not chosen, and for a virtual environment's."""
    script = "import sys; print(*sys.version_info[:3], int(sys.prefix != sys.base_prefix))"
    try:
        done = subprocess.run([python, "-c", script], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    numbers = [int(word) for word in done.stdout.split()] if done.returncode == 0 else []
    return tuple(numbers[:3]) if len(numbers) == 4 and not numbers[3] else None


def _run(command: Sequence[str | Path], what: str) -> None:
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise OutlastError(f"{what} failed", hint=" ".join(map(str, command)))


@click.command(cls=Command, context_settings=CONTEXT)
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Tests at a time.")
def main(workers: int) -> None:
    """Run the tests of PARTS on the oldest and the newest interpreter of this machine, and say which these are."""
    own = tuple(sys.version_info[:3])
    found = find_interpreters(list(likely_folders()))
    ends = choose_ends(list(found), own)
    here = ", ".join(".".join(map(str, version)) for version in sorted(found)) or "none"
    say(f"interpreters from 3.11 on: {here}; the suite runs on {'.'.join(map(str, own))}")
    if not ends:
        say("there is no other to run on")
    for version in ends:
        name = ".".join(map(str, version))
        folder = ROOT / f".venv-{name}"
        _run([found[version], "-m", "tools.environment", "--into", folder], f"making the environment of Python {name}")
        say(f"the tests of what depends on the interpreter, on Python {name}")
        tests = ["-n", str(workers), "--dist", "loadgroup", "-m", "not slow", *PARTS]
        _run([folder / "bin" / "python", "-m", "pytest", "-q", *tests], f"Python {name}")


if __name__ == "__main__":
    main(prog_name="python -m tools.interpreters")
