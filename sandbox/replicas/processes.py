"""The processes that images start: each in a group of its own, written down before it runs, and ended whole.

A killed sandbox leaves its processes running. The next one ends exactly those: a process is known by its id and the
moment it started, and it does nothing before both are on disk.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import psutil

from sandbox.images import store as images
from service.bundle.writing import write_whole
from service.errors import Unavailable

# Waits on its standard input until it may begin; the end of the file, because the sandbox died, ends it. `exec` keeps
# the process's id and start time.
_HELD = 'read -r go && exec "$@" </dev/null'
_LEFTOVER_WALL_SECONDS = 5.0
_PROBE_WALL_SECONDS = 2.0


@dataclass(frozen=True)
class Program:
    """What to start: the image's entry point as this machine sees it."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path


def program_of(image: images.Image, report: Callable[[str], None], command: Sequence[str] = ()) -> Program:
    """The image's entry point, or `command`, in its own virtual environment.

    Raises Unavailable where that holds no such program.
    """
    config = image.config
    environment = images.make_environment(str(config["lock"]), report)
    name, *arguments = command or config["entry_point"]
    executable = environment / "bin" / PurePosixPath(name).name
    if not executable.exists():
        raise Unavailable(
            f"the image starts {name!r}, which its requirements do not install",
            hint="start a program of the image's virtual environment, as `python`",
        )
    variables = {key: _inside(image.root, value) for key, value in config["environment"].items()}
    # Its byte code goes beside the image, which is addressed by its content and must not change.
    variables.pop("PYTHONDONTWRITEBYTECODE", None)
    variables["PYTHONPYCACHEPREFIX"] = str(image.folder / "pycache")
    variables["PATH"] = f"{environment / 'bin'}:/usr/local/bin:/usr/bin:/bin"
    folder = image.root / str(config["working_directory"]).lstrip("/")
    return Program((str(executable), *arguments), variables, folder)


def _inside(root: Path, value: str) -> str:
    """A path of the image as this machine sees it: there is no container around the process."""
    inner = root / value.lstrip("/")
    return str(inner) if value.startswith("/") and len(value) > 1 and inner.exists() else value


class Process:
    """One running program. It begins only at `release`; its output is appended to `log`."""

    def __init__(self, program: Program, environment: Mapping[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self._log_start = output.tell()
            self._popen = subprocess.Popen(
                ["/bin/sh", "-c", _HELD, "sh", *program.command],
                cwd=program.folder,
                env={**program.environment, **environment},
                stdin=subprocess.PIPE,
                bufsize=0,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own, so that what it starts ends with it
            )
        self.pid = self._popen.pid
        self.identity = identify(self.pid)

    def release(self) -> None:
        """Let it begin."""
        gate, self._popen.stdin = self._popen.stdin, None
        if gate is not None:
            with gate, contextlib.suppress(BrokenPipeError):
                gate.write(b"go\n")

    @property
    def alive(self) -> bool:
        return self._popen.poll() is None

    @property
    def cpu_seconds(self) -> float:
        """What it has used of processors so far; 0 where that cannot be seen, as of one that ended."""
        try:
            times = psutil.Process(self.pid).cpu_times()
        except psutil.Error:
            return 0.0
        return float(times.user + times.system)

    @property
    def exit_code(self) -> int | None:
        """None while it runs; minus the signal's number where a signal ended it."""
        return self._popen.poll()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process and all that it started."""
        if self.alive:
            self._signal_group(number)

    def bury(self) -> None:
        """After its end: end what it started and left behind, as the end of a container does."""
        self.release()  # closes the gate of one that never began
        self._signal_group(signal.SIGKILL)

    def end(self, wall_seconds: float) -> None:
        """Wait for its end, at most so long; then kill it."""
        try:
            self._popen.wait(max(0.0, wall_seconds))
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self._popen.wait()
        self.bury()

    def tail(self, limit: int = 400) -> str:
        """The end of what this process said, not of what another wrote to the same log before."""
        try:
            with self.log.open("rb") as file:
                size = self.log.stat().st_size
                begun = self._log_start if self._log_start <= size else 0  # the log was begun anew since
                file.seek(max(begun, size - limit))
                return file.read().decode(errors="replace").strip() or "it said nothing"
        except OSError:
            return "no log"

    def _signal_group(self, number: signal.Signals) -> None:
        # Its id is free for others once it has been waited for and its group is empty. Ids are given out in turn, so
        # between the two calls of this module nobody else gets it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def answers(address: str, port: int, path: str) -> bool:
    """Whether a GET is answered with 2xx or 3xx, what the clouds' probes count as well; of path "", a connection."""
    connection = http.client.HTTPConnection(address, port, timeout=_PROBE_WALL_SECONDS)
    try:
        if not path:
            connection.connect()
            return True
        connection.request("GET", path)
        return 200 <= connection.getresponse().status < 400
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


# -- what is written down -----------------------------------------------------------------------------


def write_down(processes: Iterable[Process], path: Path) -> None:
    """Write ids and start times to `path`, in one step."""
    entries = [{"pid": p.pid, "identity": p.identity} for p in processes if p.identity]
    write_whole(path, json.dumps(entries))


def end_leftovers(path: Path) -> int:
    """End the processes that a killed sandbox wrote down, each only if it is still the very one. Returns how many."""
    try:
        entries = json.loads(path.read_text())
        known = [(int(entry["pid"]), str(entry["identity"])) for entry in entries]
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        known = []
    running = [(pid, identity) for pid, identity in known if identify(pid) == identity]
    for pid, _ in running:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    deadline = time.monotonic() + _LEFTOVER_WALL_SECONDS
    while any(identify(pid) == identity for pid, identity in running) and time.monotonic() < deadline:
        time.sleep(0.01)
    path.unlink(missing_ok=True)
    return len(running)


def identify(pid: int) -> str | None:
    """What tells this process from a later one of the same id; None where none runs (a zombie runs no more)."""
    if sys.platform == "linux":
        return _identify_on_linux(pid)
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


def _identify_on_linux(pid: int) -> str | None:
    """The boot and the tick after it at which the process started: a wall clock that is set changes neither."""
    try:
        # proc(5): the command's name is in brackets and may hold anything; then the state, and 19 fields on the start.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except (OSError, ValueError):
        return None
    return None if fields[0] in "ZX" else f"{boot} {fields[19]}"
