"""Pulumi's own CLI: where it comes from, the environment it runs in, and what its failures mean.

In order: a `pulumi` on PATH that is new enough and has its Python language host; the official release; a build from
pinned Go modules, with Outlast's language host in the place of Pulumi's, which no module proxy has. The last two are
kept in the user's cache folder, so that one serves every clone.

`python -m sandbox.engine.cli` obtains it while something else is done, even before the virtual environment is whole: of
other packages only the standard library is imported.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sandbox.engine import build, files, official
from sandbox.engine.build import Say, say_on_stderr
from service.bundle.writing import write_whole
from service.errors import OutlastError, Unavailable

OLDEST_VERSION = (3, 259, 0)  # the oldest that the SDKs in requirements.lock were run with
LANGUAGE_HOST = "pulumi-language-python"
_HOST_PROGRAM = Path(__file__).with_name("language_host.py")
_ROOT = Path(__file__).resolve().parents[2]
_HOST_SCRIPT = """#!/bin/sh
# Pulumi's own Python language host is not here; this one is Outlast's (sandbox/engine/language_host.py).
exec "${PULUMI_PYTHON_CMD:-python3}" "$(dirname "$0")/language_host.py" "$@"
"""


@dataclass(frozen=True)
class Pulumi:
    """A CLI that can run Python programs."""

    bin: Path  # the folder that holds `pulumi` and its language host
    version: str  # such as 3.259.0
    source: Literal["PATH", "official release", "built from Go modules"]
    language_host: Literal["Pulumi's own", "Outlast's stand-in"]

    @property
    def command(self) -> Path:
        return self.bin / "pulumi"

    def __str__(self) -> str:
        return f"Pulumi {self.version} ({self.source}; language host: {self.language_host})"


# -- obtaining it --------------------------------------------------------------------------------------------------


def cache_folder(environ: Mapping[str, str] = os.environ, system: str = sys.platform) -> Path:
    """Where the CLIs that were obtained are kept."""
    return files.cache_folder(environ, system) / "pulumi"


def on_path(environ: Mapping[str, str] = os.environ) -> Pulumi | None:
    """The `pulumi` on PATH, if it is new enough and its language host lies beside it."""
    found = shutil.which("pulumi", path=environ.get("PATH", ""))
    if found is None:
        return None
    binaries = Path(found).resolve().parent
    if not os.access(binaries / LANGUAGE_HOST, os.X_OK):
        return None
    version = version_of(binaries / "pulumi", environ)
    if version is None or tuple(int(part) for part in version.split(".")) < OLDEST_VERSION:
        return None
    ours = (binaries / "language_host.py").exists()
    return Pulumi(binaries, version, "PATH", "Outlast's stand-in" if ours else "Pulumi's own")


def version_of(command: Path, environ: Mapping[str, str] = os.environ) -> str | None:
    """What `pulumi version` says, without `v`; None when it does not run or says something else."""
    quiet = {**environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        said = subprocess.run([command, "version"], capture_output=True, text=True, env=quiet, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.match(r"v?(\d+\.\d+\.\d+)", said.stdout)
    return found[1] if found and said.returncode == 0 else None


def find(environ: Mapping[str, str] = os.environ, cache: Path | None = None) -> Pulumi | None:
    """The CLI that `obtain` would give at once, if there is one; asks no network and takes no time."""
    return on_path(environ) or _cached(cache or cache_folder(environ))


def obtain(
    say: Say = say_on_stderr,
    *,
    environ: Mapping[str, str] = os.environ,
    cache: Path | None = None,
    base_url: str = official.BASE_URL,
) -> Pulumi:
    """A CLI, whatever it takes; at once if it was obtained before. Progress goes to `say`.

    Two at once wait for one download or build; an interrupted one leaves nothing that the next would take for whole.
    Raises Unavailable when every way fails, with the reason of each.
    """
    cache = cache or cache_folder(environ)
    found = find(environ, cache)
    if found:
        return found
    cache.mkdir(parents=True, exist_ok=True)
    with _exclusively(cache / "lock", say):
        found = _cached(cache)  # by the one waited for
        if found:
            return found
        _remove_leftovers(cache)
        try:
            say(f"Pulumi's CLI is not here: looking for release {build.pinned_version()}")
            with _arriving(cache / _official_name()) as folder:
                official.download(build.pinned_version(), folder, base_url=base_url)
        except OutlastError as unavailable:
            say(f"  {unavailable.what}")
            say("building it from Go modules instead: once, and that takes minutes (2 to 4 on two cores)")
            with _arriving(cache / _built_name()) as folder:
                build.build(folder, say, environ=environ)
        found = _cached(cache)
    if found is None:
        raise Unavailable(f"the CLI in {cache} does not run", hint=f"remove {cache} and try again")
    say(f"{found} is in {found.bin}")
    return found


@contextlib.contextmanager
def obtaining(
    environ: Mapping[str, str] = os.environ, base_url: str = official.BASE_URL
) -> Iterator[Callable[[], Pulumi]]:
    """Obtain a CLI by a process beside, which ends with the block; what is given waits for it.

    Its progress goes to stderr. Waiting raises Unavailable with what it had to say.
    """
    found = find(environ)
    if found:
        yield lambda: found
        return
    command = [sys.executable, "-m", "sandbox.engine.cli", base_url]
    child = subprocess.Popen(command, cwd=_ROOT, env=dict(environ), stdout=subprocess.PIPE, text=True)

    def wait() -> Pulumi:
        said, _ = child.communicate()
        obtained = find(environ)
        if obtained is None:
            what, _, hint = said.strip().partition("\nhint: ")
            raise Unavailable(what or "obtaining Pulumi's CLI was ended", hint=hint or "repeat the command")
        return obtained

    try:
        yield wait
    finally:
        child.terminate()
        child.wait()
        if child.stdout:
            child.stdout.close()


def _official_name() -> str:
    return f"official-{build.pinned_version()}"


def _built_name() -> str:
    return f"built-{build.pinned_version()}-{build.fingerprint()}"


def _cached(cache: Path) -> Pulumi | None:
    version = build.pinned_version()
    release = cache / _official_name() / "bin"
    if os.access(release / "pulumi", os.X_OK):
        return Pulumi(release, version, "official release", "Pulumi's own")
    built = cache / _built_name() / "bin"
    if os.access(built / "pulumi", os.X_OK):
        install_language_host(built)
        return Pulumi(built, version, "built from Go modules", "Outlast's stand-in")
    return None


def install_language_host(binaries: Path) -> None:
    """Put Outlast's language host beside a `pulumi`, unless Pulumi's own is there; the clone that comes last wins."""
    script, program = binaries / LANGUAGE_HOST, binaries / "language_host.py"
    if script.exists() and not program.exists():
        return
    source = _HOST_PROGRAM.read_text(encoding="utf-8")
    for path, text, mode in ((program, source, 0o644), (script, _HOST_SCRIPT, 0o755)):
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_whole(path, text, mode=mode)


@contextlib.contextmanager
def _exclusively(lock: Path, say: Say) -> Iterator[None]:
    """The system frees the lock of a process that is killed."""
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is obtaining Pulumi's CLI: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield  # closing the file frees it


@contextlib.contextmanager
def _arriving(target: Path) -> Iterator[Path]:
    """A folder to fill, which becomes `target` at once when the block succeeds and goes when it does not."""
    folder = target.with_name(f".arriving-{target.name}-{os.getpid()}")
    folder.mkdir()
    try:
        yield folder
        folder.rename(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(cache: Path) -> None:
    """Of processes that were killed; the lock is ours, so nobody fills them."""
    for leftover in cache.glob(".arriving-*"):
        shutil.rmtree(leftover, ignore_errors=True)


# -- its environment --------------------------------------------------------------------------------------------------


_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "grpc_proxy"})


def without_proxies(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables without those that name a proxy, in either spelling, and with a word against the system's own.

    What NO_PROXY may hold differs from library to library: a network is not understood by all of them, and one of a
    proxy's schemes (socks) is refused by some before they have looked whether it is to be used at all.
    """
    kept = {name: value for name, value in environ.items() if name.lower() not in _PROXIES}
    return kept | {"no_proxy": "*", "NO_PROXY": "*"}


def environment(
    pulumi: Pulumi, home: Path, state: Path, passphrase: str, base: Mapping[str, str] = os.environ
) -> dict[str, str]:
    """The environment in which `pulumi` works against the sandbox, and cannot reach anything else.

    `home` is a PULUMI_HOME made by `plugins.make_home`, `state` the folder of the file backend. What `base` says about
    Pulumi (an access token, another backend) is left out, and so are proxies: all that is asked is on this machine.
    """
    kept = {name: value for name, value in without_proxies(base).items() if not name.startswith("PULUMI_")}
    return {
        **kept,
        "PATH": f"{pulumi.bin}{os.pathsep}{kept.get('PATH', os.defpath)}",
        "PULUMI_HOME": str(home.resolve()),
        # A URL, in which `#`, `%` and `?` would mean something. A state is replaced by renaming, but the attributes
        # beside it are written in place: who read them at that moment had "failed to load checkpoint: EOF".
        "PULUMI_BACKEND_URL": f"file://{urllib.parse.quote(str(state.resolve()))}?create_dir=true&metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": passphrase,
        "PULUMI_PYTHON_CMD": sys.executable,
        "PULUMI_CREDENTIAL_STORE": "plaintext",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        # Without these the engine asks the network for plugins, and takes those on PATH.
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
    }


def main() -> int:
    """Obtain it; on stdout what went wrong, for `obtaining`."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        obtain(lambda line: say_on_stderr(f"• {line}"), base_url=(sys.argv[1:] or [official.BASE_URL])[0])
    except OutlastError as error:
        sys.stdout.write(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
