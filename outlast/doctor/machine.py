"""What this machine has for each thing that one may want to do with Outlast.

Only the standard library is imported, and what of this project needs no more: `make doctor` runs it with the system's
own Python while there is no virtual environment.
"""

from __future__ import annotations

import errno
import importlib.util
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from outlast.doctor.checks import Check, Finding, fine, unknown, wrong

UP, TEST, BENCH, ACCOUNTS = "make up", "make test", "make bench", "real accounts"
PURPOSES = (UP, TEST, BENCH, ACCOUNTS)
REQUIRED = (UP, TEST)
"""What is missing of these is a failure unless something else was asked for."""

OLDEST_PYTHON = (3, 11)
GIB = 1024**3
# The sandbox, its service processes and three of Pulumi's programs at once; .venv and the image; a build of the CLI.
MEMORY_BYTES, DISK_BYTES, BUILD_BYTES = 3 * GIB, 3 * GIB, 4 * GIB
_LOOPBACK = "127.77.77.77"
_COMMAND_SECONDS = 10.0


@dataclass(frozen=True)
class Machine:
    """Where to look: the project's folder and the environment, in which PATH says which programs there are."""

    root: Path
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    python: tuple[int, ...] = sys.version_info[:3]

    def find(self, program: str) -> str | None:
        """The path of a program on PATH."""
        return shutil.which(program, path=self.environ.get("PATH", ""))

    def has_package(self, folder: str) -> bool:
        """Whether the project's environment holds a package, by the folder that it is installed in."""
        return any((self.root / ".venv").glob(f"lib/python*/site-packages/{folder}"))


def checks(machine: Machine) -> list[Check]:
    """Every look at this machine, by what it is for."""
    rows = {
        UP: (
            ("Python", _python),
            ("venv", _venv),
            ("system", _system),
            ("loopback", _loopback),
            ("memory", _memory),
            ("disk", _disk),
            ("packages", _packages),
            ("Pulumi", _pulumi),
        ),
        TEST: (("git", _git), ("pytest", _pytest), ("other Pythons", _other_pythons), ("Chromium", _chromium)),
        BENCH: (("wrk", _wrk), ("taskset", _taskset), ("Go", _go)),
        ACCOUNTS: (("docker", _docker), ("libraries", _cloud_libraries)),
    }

    return [Check(purpose, name, partial(look, machine)) for purpose, looks in rows.items() for name, look in looks]


# -- make up -------------------------------------------------------------------------------------------------------


def _python(machine: Machine) -> Finding:
    version = ".".join(map(str, machine.python))
    if machine.python[:2] >= OLDEST_PYTHON:
        return fine(version)
    return wrong(f"{version} is older than 3.11", "install a newer one, then: make PYTHON=python3.12 up")


def _venv(machine: Machine) -> Finding:
    if (machine.root / ".venv" / "bin" / "python").exists():
        return fine("the environment .venv is there")
    if importlib.util.find_spec("ensurepip") is None:  # Debian has it in a package of its own
        return wrong("this Python cannot make a virtual environment", "apt-get install python3-venv (Debian, Ubuntu)")
    return fine("this Python can make a virtual environment")


def _system(machine: Machine) -> Finding:
    system, processor = platform.system(), platform.machine().lower()
    if system in ("Linux", "Darwin") and processor in ("x86_64", "amd64", "aarch64", "arm64"):
        return fine(f"{system} on {processor}")
    return wrong(f"{system} on {processor} is not among Linux and macOS", "on Windows use WSL 2")


def _loopback(machine: Machine) -> Finding:
    with socket.socket() as probe:
        try:
            probe.bind((_LOOPBACK, 0))
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise
            hint = "`make up` prints the command that adds its addresses to lo0 (macOS, after each restart)"
            return wrong("there is no address but 127.0.0.1", hint)
    return fine("the whole of 127.0.0.0/8")


def _memory(machine: Machine) -> Finding:
    return _enough(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"), MEMORY_BYTES, "of memory")


def _disk(machine: Machine) -> Finding:
    return _enough(shutil.disk_usage(machine.root).free, DISK_BYTES, "free where the project lies")


def _enough(there: int, wanted: int, what: str) -> Finding:
    told = f"{there / GIB:.1f} GiB {what}"
    return fine(told) if there >= wanted else wrong(f"{told}, and {wanted // GIB} are needed", "make room")


def _packages(machine: Machine) -> Finding:
    stamp, lock = machine.root / ".venv" / "complete", machine.root / "requirements.lock"
    if not stamp.exists():
        return unknown("not installed yet", "`make up` installs them from PyPI, or from what pip is set up with")
    if stamp.stat().st_mtime < lock.stat().st_mtime:
        return unknown("older than requirements.lock", "`make up` brings them up to date")
    return fine("as requirements.lock pins them")


def _pulumi(machine: Machine) -> Finding:
    from sandbox.engine import build, cli

    found = cli.find(machine.environ)
    if found:
        return fine(str(found))
    cache = cli.cache_folder(machine.environ)
    free = shutil.disk_usage(next(folder for folder in (cache, *cache.parents) if folder.exists())).free
    if free < BUILD_BYTES:
        what = f"not here, and {free / GIB:.1f} GiB are too few to build it (4 GiB)"
        return wrong(what, "make room, or https://www.pulumi.com/docs/iac/download-install/")
    version = build.pinned_version()
    return unknown("not here yet", f"`make up` downloads {version}, or builds it in some minutes")


# -- make test, make bench -----------------------------------------------------------------------------------------


def _program(machine: Machine, program: str, hint: str) -> Finding:
    path = machine.find(program)
    return fine(path) if path else wrong("not on PATH", hint)


def _git(machine: Machine) -> Finding:
    return _program(machine, "git", "apt-get install git, or xcode-select --install (macOS)")


def _pytest(machine: Machine) -> Finding:
    if machine.has_package("pytest"):
        return fine("in .venv")
    return unknown("not installed yet", "`make test` makes .venv first")


def _other_pythons(machine: Machine) -> Finding:
    names = [f"python3.{minor}" for minor in range(OLDEST_PYTHON[1], 15)]
    found = [name for name in names if machine.find(name)]
    told = ", ".join(found) or "none by a name of its own"
    return fine(told) if len(found) > 1 else unknown(told, "`make test-pythons` runs on the oldest and newest it finds")


def _chromium(machine: Machine) -> Finding:
    found = next(filter(None, map(machine.find, ("chromium", "chromium-browser", "google-chrome"))), None)
    return fine(found) if found else unknown("not on PATH", "apt-get install chromium: tests of pages are skipped else")


def _wrk(machine: Machine) -> Finding:
    return _program(machine, "wrk", "apt-get install wrk (Debian, Ubuntu), brew install wrk (macOS)")


def _taskset(machine: Machine) -> Finding:
    return _program(machine, "taskset", "apt-get install util-linux; there is none for macOS")


def _go(machine: Machine) -> Finding:
    path = machine.find("go")
    return fine(path) if path else unknown("not on PATH", "a pinned one is got as a wheel where it is needed (70 MB)")


# -- real accounts -------------------------------------------------------------------------------------------------


def _docker(machine: Machine) -> Finding:
    """A builder for the processors that the sites run on: the image is built here, and pushed to each registry."""
    docker, install = machine.find("docker"), "https://docs.docker.com/engine/install/ (with the buildx plugin)"
    if docker is None:
        return wrong("not on PATH: nothing can build the image", install)
    asked = [docker, "buildx", "inspect"]
    environ = dict(machine.environ)
    done = subprocess.run(asked, capture_output=True, text=True, check=False, env=environ, timeout=_COMMAND_SECONDS)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[:200]
        return wrong(f"`docker buildx inspect` failed: {said}", "start docker; " + install)
    platforms = re.search(r"^Platforms:\s*(.*)$", done.stdout, re.MULTILINE)
    offered = platforms[1] if platforms else ""
    if "linux/amd64" in offered:
        return fine("a builder for linux/amd64")
    hint = "docker run --privileged --rm tonistiigi/binfmt --install amd64"
    return wrong(f"its builder is for {offered or 'nothing that it names'}, and the sites run linux/amd64", hint)


def _cloud_libraries(machine: Machine) -> Finding:
    lacking = [name for name in ("azure/identity", "google/auth") if not machine.has_package(name)]
    if not lacking:
        return fine("azure-identity, google-auth")
    return wrong(f"{', '.join(lacking).replace('/', '-')} not in .venv", ".venv/bin/pip install 'outlast[clouds]'")
