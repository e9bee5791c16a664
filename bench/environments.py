"""A virtual environment for each peer from its own lock, and the load generator: made once, kept in a cache folder."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
from filelock import FileLock

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


def cache_folder() -> Path:
    """Where environments are kept: `OUTLAST_BENCH_CACHE`, else the user's cache folder."""
    base = os.environ.get("OUTLAST_BENCH_CACHE")
    return Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "outlast" / "bench"


def make_environment(name: str, lock: Path) -> Path:
    """The Python of a virtual environment that holds exactly this lock; who else wants it waits."""
    folder = cache_folder() / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not (folder / "complete").exists():
            click.echo(f"making the environment of {name} (once)", err=True)
            _make_environment(folder, lock)
    return folder / "bin" / "python"


def _make_environment(folder: Path, lock: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    # Bytecode belongs to an installation; some shells switch it off for everything.
    environ = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([*install, "--require-hashes", "-r", str(lock)], check=True, env=environ)
    (folder / "complete").touch()


def find_wrk() -> Path:
    """Debian's wrk. Raises ClickException where it is not installed."""
    found = shutil.which("wrk")
    if found is None:
        raise click.ClickException("wrk is not installed\nhint: apt-get install wrk")
    return Path(found)


def make_vegeta() -> Path:
    """vegeta, built from the module that bench/vegeta/go.mod and go.sum pin."""
    module = HERE / "vegeta"
    digest = hashlib.sha256((module / "go.sum").read_bytes()).hexdigest()[:12]
    binary = cache_folder() / f"vegeta-{digest}"
    if not binary.exists():
        go = shutil.which("go") or "/usr/local/go/bin/go"
        if not Path(go).exists():
            raise click.ClickException(
                "go is not installed\nhint: it builds the load generator; see go.dev/doc/install"
            )
        click.echo("building vegeta (once; minutes)", err=True)
        binary.parent.mkdir(parents=True, exist_ok=True)
        command = [go, "build", "-mod=readonly", "-o", str(binary), "github.com/tsenart/vegeta/v12"]
        subprocess.run(command, cwd=module, check=True)
    return binary
