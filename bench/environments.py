"""A virtual environment for each peer from its own lock, and the load generator: made once, kept in a cache folder.

`python -m bench.environments kserve mlserver` makes those that tests of other servers' clients run in.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
from filelock import FileLock

from service.command_line import CONTEXT, Command, say
from service.errors import Unavailable

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent

_LOCKS = {path.stem.partition("-")[2]: path for path in HERE.glob("requirements-*.lock")}

# Programs of the system that the load is made with, and how to get each.
_PROGRAMS = {
    "wrk": "apt-get install wrk (Debian, Ubuntu), dnf install wrk (Fedora), brew install wrk (macOS)",
    "taskset": "apt-get install util-linux: it gives server and load a core each, on Linux only",
}


def cache_folder() -> Path:
    """Where environments are kept: `OUTLAST_BENCH_CACHE`, else the user's cache folder."""
    base = os.environ.get("OUTLAST_BENCH_CACHE")
    return Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "outlast" / "bench"


def make_environment(name: str, lock: Path) -> Path:
    """The Python of a virtual environment that holds exactly this lock; who else wants it waits."""
    folder = _folder(name, lock)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "complete").exists():
            say(f"making the environment of {name} (once)")
            _make_environment(folder, lock)
    return folder / "bin" / "python"


def find_environment(name: str) -> Path | None:
    """The Python of an environment that was made of `requirements-<name>.lock` before; None where it was not."""
    folder = _folder(name, HERE / f"requirements-{name}.lock")
    return folder / "bin" / "python" if (folder / "complete").exists() else None


def _folder(name: str, lock: Path) -> Path:
    return cache_folder() / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"


def _make_environment(folder: Path, lock: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # Bytecode belongs to an installation; some shells switch it off for everything.
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([*install, "--require-hashes", "-r", str(lock)], check=True, env=environ)
    (folder / "complete").touch()


def require_load_generators() -> None:
    """Raise Unavailable, naming all that the endpoint's part lacks and how to get it, before anything is built."""
    lacking = {name: get for name, get in _PROGRAMS.items() if shutil.which(name) is None}
    if not _vegeta_binary().exists() and _find_go() is None:
        lacking["go"] = "Go, which builds the other load generator: https://go.dev/doc/install"
    if lacking:
        raise Unavailable(
            f"the endpoint cannot be measured without {', '.join(lacking)}: not installed here",
            hint="; ".join(lacking.values()) + "; or leave this part out: --part metrics --part sandbox",
        )


def find_wrk() -> Path:
    """wrk, of the system's packages. Raises Unavailable where it is not installed."""
    require_load_generators()
    return Path(shutil.which("wrk") or "")


def make_vegeta() -> Path:
    """vegeta, built from the module that bench/vegeta/go.mod and go.sum pin."""
    module, binary = HERE / "vegeta", _vegeta_binary()
    if not binary.exists():
        require_load_generators()
        say("building vegeta (once; minutes)")
        binary.parent.mkdir(parents=True, exist_ok=True)
        command = [_find_go() or "go", "build", "-mod=readonly", "-o", str(binary), "github.com/tsenart/vegeta/v12"]
        subprocess.run(command, cwd=module, check=True)
    return binary


def _vegeta_binary() -> Path:
    digest = hashlib.sha256((HERE / "vegeta" / "go.sum").read_bytes()).hexdigest()[:12]
    return cache_folder() / f"vegeta-{digest}"


def _find_go() -> str | None:
    """Go, from PATH or where its installer puts it."""
    return shutil.which("go") or shutil.which("/usr/local/go/bin/go")


@click.command(cls=Command, context_settings=CONTEXT)
@click.argument("names", nargs=-1, required=True, type=click.Choice(sorted(_LOCKS)))
def main(names: tuple[str, ...]) -> None:
    """Make the environments of these servers and clients, unless they are there."""
    for name in names:
        click.echo(make_environment(name, _LOCKS[name]))


if __name__ == "__main__":
    main(prog_name="python -m bench.environments")
