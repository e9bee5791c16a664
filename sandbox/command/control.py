"""Talking to the running sandbox, and starting and stopping it."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import httpx

from sandbox import layout as places
from sandbox.daemon.log_folder import DAEMON_LOG
from sandbox.layout import Instance, Layout
from sandbox.replicas.processes import end_leftovers
from service.errors import OutlastError, Unavailable

_START_WALL_SECONDS = 60.0
# The interface is plain HTTP on loopback: reading the system's certificate authorities for it would take 20 ms a call.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_STOP_WALL_SECONDS = 30.0


class Answered(OutlastError):
    """The sandbox refused a call, in its own words (mistakes and hint are in them) and with its own exit code."""

    def __init__(self, said: str, *, exit_code: int) -> None:
        super().__init__(said)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Control:
    """The control interface of one running sandbox."""

    instance: Instance
    died: Path | None = None  # where a daemon that left by itself says why

    def call(self, method: str, path: str, body: dict[str, Any] | None = None, timeout_seconds: float = 30.0) -> Any:
        """The answer's JSON. Raises Unavailable where no sandbox answers, and Answered for what it refuses."""
        url = f"http://{self.instance.address(places.API)}:{places.CONTROL_PORT}{path}"
        try:
            response = httpx.request(
                method,
                url,
                json=body or {},
                timeout=timeout_seconds,
                trust_env=False,
                verify=_NO_TLS,
                headers={"authorization": f"Bearer {self.instance.token}"},
            )
        except httpx.HTTPError as error:
            raise Unavailable(self._why_silent(), hint="make up") from error
        answer = response.json()
        if response.status_code != 200:
            raise Answered(answer.get("error", ""), exit_code=answer.get("exit_code", 1))
        return answer

    def _why_silent(self) -> str:
        try:
            said = self.died.read_text().strip() if self.died else ""
        except OSError:
            said = ""
        return f"the sandbox left by itself, {said}" if said else "the sandbox does not answer"

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", "/status")
        return found

    def is_up(self) -> bool:
        try:
            self.status()
        except Unavailable:
            return False
        return True


def connect(layout: Layout) -> Control:
    """The running sandbox of this folder. Raises Unavailable where there is none."""
    instance = layout.load_instance()
    if instance is None:
        raise Unavailable("this folder has no sandbox yet", hint="make up")
    return Control(instance, layout.died)


def is_running(layout: Layout) -> bool:
    """Whether a daemon of this folder lives, ready or not: it holds the lock for as long as it does."""
    if not layout.lock.exists():
        return False
    lock = filelock.FileLock(layout.lock, timeout=0)
    try:
        with lock:
            return False
    except filelock.Timeout:
        return True


def start(layout: Layout, meanwhile: Callable[[], None] = lambda: None) -> Control:
    """Start the daemon in the background and return once it answers. Raises Unavailable with its log's end.

    `meanwhile` is what needs no daemon: it is done while that starts, which leaves a processor free.
    """
    control = connect(layout)
    layout.logs.mkdir(parents=True, exist_ok=True)
    log = layout.logs / DAEMON_LOG
    began = log.stat().st_size if log.exists() else 0
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "PULUMI_"))}
    environment["GRPC_ENABLE_FORK_SUPPORT"] = "0"  # replicas are started from a process that serves gRPC
    with log.open("ab") as output:
        # A session of its own: Ctrl-C in `make up` is for `make up`.
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "serve"],
            cwd=layout.root,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=environment,
        )
    meanwhile()
    deadline = time.monotonic() + _START_WALL_SECONDS
    while not control.is_up():
        if process.poll() is not None or time.monotonic() > deadline:
            raise Unavailable(f"the sandbox did not start: {_end_of(log, began)}", hint=f"the whole log: {log}")
        time.sleep(0.05)
    return control


def stop(layout: Layout) -> bool:
    """Stop the daemon and wait until it is gone; end what a killed one left behind. False where nothing ran."""
    if not is_running(layout):
        return end_leftovers(layout.processes) > 0
    connect(layout).call("POST", "/stop")
    deadline = time.monotonic() + _STOP_WALL_SECONDS
    while is_running(layout):
        if time.monotonic() > deadline:
            raise Unavailable("the sandbox did not stop in time", hint=f"see {layout.logs / DAEMON_LOG}")
        time.sleep(0.05)
    return True


def _end_of(log: Path, began: int) -> str:
    text = log.read_bytes()[began:].decode(errors="replace").strip()
    lines = [line for line in text.splitlines() if line.startswith(("error:", "hint:"))] or text.splitlines()[-6:]
    return "\n".join(lines) or "it said nothing"
