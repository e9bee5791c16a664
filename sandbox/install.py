"""A lock with hashes into a virtual environment: by uv where there is one, else by pip, which takes ten times as long.

Only the standard library and `service.errors` are imported: the first environment is made before there is any other.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from service.errors import Unavailable

# What pip may be configured with, and uv's variable for it: who set up pip for a mirror has set up both.
_PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
}


def find_uv(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The uv of the environment that this process runs in. OUTLAST_INSTALLER=pip asks for none."""
    uv = Path(sys.prefix) / "bin" / "uv"
    return uv if os.access(uv, os.X_OK) and environ.get("OUTLAST_INSTALLER") != "pip" else None


def install_lock(python: Path, lock: Path, uv: Path | None, *, compiled: bool = False) -> str:
    """Install exactly what the lock pins into that interpreter's environment; says which program did.

    `compiled` has uv write bytecode, as pip always does: of few packages, for many starts. Of all packages it would
    take minutes, and those that are used are compiled at their first import.

    Raises Unavailable with pip's own last words: where uv cannot, pip is asked, which may be configured otherwise.
    """
    # A lock is whole: what a package says that it needs was overridden where it was wrong (pyproject.toml, tool.uv).
    whole = ["--no-deps", "--require-hashes", "-r", str(lock)]
    wanted = [*whole, *(["--compile-bytecode"] if compiled else [])]
    if uv and not run_quietly(uv_command(uv, python, *wanted), uv_environment(uv)):
        return "uv"
    failed = run_quietly([*pip_command(python), *whole])
    if failed:
        raise Unavailable(
            f"the requirements in {lock.name} could not be installed: {failed}",
            hint="check that pip reaches its index, then repeat",
        )
    return "pip"


def uv_command(uv: Path, python: Path, *arguments: str) -> list[str]:
    """`uv pip install` into that interpreter's environment, whatever other environment is active."""
    return [str(uv), "--quiet", "pip", "install", "--python", str(python), *arguments]


def pip_command(python: Path) -> list[str]:
    """`pip install` into that interpreter's environment, by this process's own pip where the environment has none."""
    has_pip = not run_quietly([str(python), "-m", "pip", "--version"])
    pip = [str(python), "-m", "pip"] if has_pip else [sys.executable, "-m", "pip", "--python", str(python)]
    return [*pip, "--disable-pip-version-check", "install", "--quiet"]


def uv_environment(uv: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """This process's environment, with the settings of the pip beside uv in uv's words where nobody set uv's own."""
    asked = [str(uv.with_name("python")), "-m", "pip", "--disable-pip-version-check", "config", "list"]
    said = subprocess.run(asked, capture_output=True, text=True, check=False, env=dict(environ)).stdout
    return {**read_pip_settings(said), "UV_PYTHON_DOWNLOADS": "never", **environ}


def read_pip_settings(listed: str) -> dict[str, str]:
    """uv's variables from the lines of `pip config list`, such as `global.index-url='https://…'`."""
    found = {}
    for line in listed.splitlines():
        name, _, value = line.partition("=")
        variable = _PIP_TO_UV.get(name.rpartition(".")[2])
        if variable and value.startswith("'"):
            # pip separates several values by white space; uv its indexes likewise, its links by commas.
            words = str(ast.literal_eval(value)).split()
            found[variable] = ("," if variable == "UV_FIND_LINKS" else " ").join(words)
    return found


def run_quietly(command: list[str], environ: Mapping[str, str] | None = None) -> str:
    """Run a command; "" when it went well, else its last words."""
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env=environ and dict(environ)
    )
    words = done.stderr.strip() or done.stdout.strip()
    return (words[-600:] or f"exit code {done.returncode}") if done.returncode else ""
