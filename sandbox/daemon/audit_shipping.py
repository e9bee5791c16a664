"""Carries what replicas print to the stores that their sites' resources name, in the clouds' own forms and times.

The replicas' output is appended to files; each file is read on from where its last delivered line ended. That place is
written down after a delivery: what a killed sandbox had read and not delivered is read again, and a line may be
delivered twice, as by the real carriers. Of a file that was cut, because it grew too long, the rest is read where its
former content lies (`log_folder`), then the file from its start.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import secrets
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from failover.simulator.clock import ScaledClock
from sandbox.clouds.audit_routes import Route
from sandbox.clouds.object_store import ObjectStore
from sandbox.daemon.log_folder import before_cut
from service.bundle.writing import write_whole

_LOOK_WALL_SECONDS = 0.5
_RESOURCE = "resourceId="


@dataclass
class Gathered:
    """Lines for a store that were read and not delivered yet, and how far each file was read for them."""

    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    since: float = 0.0
    offsets: dict[str, int] = field(default_factory=dict)


class AuditShipping:
    """Ships between `start` and `stop`; `follow` tells it which routes there are.

    Args:
        logs: the folder of the replicas' output, `<stack>-<number>.log`.
        state_file: where delivered places are written down.
        is_dark: whether a cloud answers nobody; its stores take nothing then, and lines wait.
    """

    def __init__(
        self,
        clock: ScaledClock,
        objects: ObjectStore,
        logs: Path,
        state_file: Path,
        is_dark: Callable[[str], bool],
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC),
    ) -> None:
        self._clock = clock
        self._objects = objects
        self._logs = logs
        self._state_file = state_file
        self._is_dark = is_dark
        self._now = now
        self._delivered = _load(state_file)  # of each route that is followed, how far each file is in its store
        self._routes: dict[str, Route] = {}
        self._gathered: dict[str, Gathered] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit-shipping", daemon=True)

    def start(self) -> None:
        """Ship in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Take no further line; what was gathered is read again by the next sandbox."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def follow(self, routes: Iterable[Route]) -> None:
        """Ship by these routes from now on: what a site printed before it had one is carried by none."""
        with self._lock:
            wanted = {route.key: route for route in routes}
            if wanted.keys() != self._delivered.keys():
                self._delivered = {
                    key: self._delivered[key] if key in self._delivered else self._sizes(route.stack)
                    for key, route in wanted.items()
                }
                self._remember()
            self._routes = wanted
            self._gathered = {key: kept for key, kept in self._gathered.items() if key in wanted}

    def ship(self) -> None:
        """Read on, and deliver what is due now."""
        with self._lock:
            for key, route in self._routes.items():
                gathered = self._gathered.setdefault(key, Gathered())
                self._gather(route, gathered)
                if self._is_due(route, gathered) and not self._is_dark(route.cloud):
                    self._deliver(route, gathered)
                    del self._gathered[key]

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_WALL_SECONDS):
            with contextlib.suppress(OSError):  # a full disk: the next look tries again
                self.ship()

    def _files(self, stack: str) -> list[Path]:
        return [file for file in self._logs.glob(f"{stack}-*.log") if file.stem.rpartition("-")[0] == stack]

    def _sizes(self, stack: str) -> dict[str, int]:
        return {file.name: _size(file) for file in self._files(stack)}

    def _gather(self, route: Route, gathered: Gathered) -> None:
        delivered = self._delivered[route.key]
        for file in self._files(route.stack):
            read = _read_on(file, gathered.offsets.get(file.name, delivered.get(file.name, 0)))
            gathered.offsets[file.name] = read.end
            wanted = [line for line in read.lines if route.wants(line)]
            if wanted and not gathered.lines:
                gathered.since = self._clock.simulated_now()
            gathered.lines += wanted
            gathered.size += sum(map(len, wanted))

    def _is_due(self, route: Route, gathered: Gathered) -> bool:
        waited = self._clock.simulated_now() - gathered.since
        return bool(gathered.lines) and (waited >= route.seconds or gathered.size >= route.most_bytes)

    def _deliver(self, route: Route, gathered: Gathered) -> None:
        forms = {"aws": _to_s3, "azure": _to_blob, "gcp": _to_log_bucket}
        name, content = forms[route.cloud](route, gathered.lines, self._now())
        self._objects.append(name, content)
        self._delivered[route.key] |= gathered.offsets
        self._remember()

    def _remember(self) -> None:
        write_whole(self._state_file, json.dumps({"delivered": self._delivered}))


def _to_s3(route: Route, lines: list[bytes], now: datetime.datetime) -> tuple[str, bytes]:
    """Named as Firehose names objects: "Amazon S3 object name format" in its developer guide."""
    own = f"{route.source}-1-{now:%Y-%m-%d-%H-%M-%S}-{secrets.token_hex(8)}"
    return f"{route.folder}{now:%Y/%m/%d/%H}/{own}", b"".join(lines)


def _to_blob(route: Route, lines: list[bytes], now: datetime.datetime) -> tuple[str, bytes]:
    """A blob an hour, with a JSON line for each line: "Send to Azure Storage" of Azure Monitor's resource logs."""
    place = f"{_RESOURCE}{route.source.upper()}/y={now:%Y}/m={now:%m}/d={now:%d}/h={now:%H}/m=00/PT1H.json"
    about = {"time": f"{now:%Y-%m-%dT%H:%M:%S.%fZ}", "resourceId": route.source.upper()}
    return route.folder + place, b"".join(_console_line(line, about) for line in lines)


def _console_line(line: bytes, about: dict[str, str]) -> bytes:
    properties = {"Log": line.decode(errors="replace").rstrip("\n"), "Stream": "stdout", "ContainerName": "service"}
    document = {**about, "category": "ContainerAppConsoleLogs", "properties": properties}
    return json.dumps(document).encode() + b"\n"


def _to_log_bucket(route: Route, lines: list[bytes], now: datetime.datetime) -> tuple[str, bytes]:
    """A LogEntry a line. A JSON payload is a protobuf Struct, whose numbers are all doubles."""
    entries = [_log_entry(route, line, now) for line in lines]
    content = b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)
    return f"{route.folder}{now:%Y-%m-%d}/{now:%H-%M-%S}-{secrets.token_hex(8)}", content


def _log_entry(route: Route, line: bytes, now: datetime.datetime) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "insertId": secrets.token_hex(8),
        "timestamp": f"{now:%Y-%m-%dT%H:%M:%S.%fZ}",
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": route.source}},
    }
    try:
        payload = json.loads(line, parse_int=float)
    except ValueError:
        payload = None
    if isinstance(payload, dict):
        return {**entry, "jsonPayload": payload}
    return {**entry, "textPayload": line.decode(errors="replace").rstrip("\n")}


@dataclass(frozen=True)
class _Read:
    lines: list[bytes]
    end: int


def _read_on(file: Path, begin: int) -> _Read:
    """As `_read_lines`; of a file that was cut meanwhile first what it held from `begin` on."""
    if _size(file) >= begin:
        return _read_lines(file, begin)
    rest, anew = _read_lines(before_cut(file), begin), _read_lines(file, 0)
    return _Read(rest.lines + anew.lines, anew.end)


def _read_lines(file: Path, begin: int) -> _Read:
    """The whole lines of a file from `begin` on, and where the last of them ends."""
    try:
        with file.open("rb") as opened:
            opened.seek(begin)
            text = opened.read()
    except FileNotFoundError:
        return _Read([], begin)
    whole = text[: text.rfind(b"\n") + 1]
    return _Read(whole.splitlines(keepends=True), begin + len(whole))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def _load(file: Path) -> dict[str, dict[str, int]]:
    """Delivered places, by route; nothing where the file is missing or damaged."""
    try:
        found = json.loads(file.read_text())["delivered"]
        return {str(key): {str(name): int(place) for name, place in places.items()} for key, places in found.items()}
    except (FileNotFoundError, ValueError, AttributeError, TypeError, KeyError):
        return {}
