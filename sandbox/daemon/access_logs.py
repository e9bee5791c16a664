"""Keeps the access logs of what lets requests in: in the stores that the resources name, in the clouds' own forms.

A load balancer's file comes when its five minutes are over, by the simulated clock; a row of Log Analytics some minutes
later; an entry of Cloud Logging at once. Each store keeps the newest 20 MB.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import secrets
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from failover.simulator.clock import ScaledClock
from sandbox.clouds.access_routes import AccessRoute
from sandbox.clouds.object_store import ObjectStore
from sandbox.daemon.access_forms import to_entries, to_line, to_row
from sandbox.network.access import Access

STORE_BYTES = 20_000_000
_LOOK_WALL_SECONDS = 1.0
_WAITING = 100_000  # requests until they are delivered: what is more is lost, as a log is best effort
_SEGMENT_BYTES = 250_000  # of what is appended to, which goes as a whole


@dataclass
class _Gathered:
    since: float
    found: deque[Access] = field(default_factory=lambda: deque(maxlen=_WAITING))


class AccessLogs:
    """Delivers between `start` and `stop`, which delivers the rest; `follow` tells it which routes there are."""

    def __init__(
        self,
        clock: ScaledClock,
        objects: ObjectStore,
        is_dark: Callable[[str], bool],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._clock = clock
        self._objects = objects
        self._is_dark = is_dark
        self._now = now
        self._taken: deque[Access] = deque(maxlen=_WAITING)
        self._routes: dict[str, AccessRoute] = {}
        self._gathered: dict[str, _Gathered] = {}
        self._segments: dict[str, tuple[str, int]] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access-logs", daemon=True)

    def start(self) -> None:
        """Deliver in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Deliver what there is, as a load balancer that goes away does."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        with contextlib.suppress(OSError):
            self.deliver(all_of_it=True)

    def take(self, access: Access) -> None:
        """A request is over. From any thread, and quick."""
        self._taken.append(access)

    def follow(self, routes: Iterable[AccessRoute]) -> None:
        """Deliver by these routes from now on; what was gathered for one that is gone goes nowhere."""
        with self._lock:
            self._routes = {route.entry: route for route in routes}
            self._gathered = {entry: kept for entry, kept in self._gathered.items() if entry in self._routes}

    def deliver(self, *, all_of_it: bool = False) -> None:
        """Take in what is over, and deliver what is due now."""
        with self._lock:
            now = self._clock.simulated_now()
            while self._taken:
                access = self._taken.popleft()
                if access.entry in self._routes:
                    self._gathered.setdefault(access.entry, _Gathered(now)).found.append(access)
            for entry, gathered in list(self._gathered.items()):
                route = self._routes[entry]
                is_due = all_of_it or now - gathered.since >= route.seconds
                if is_due and not self._is_dark(route.cloud):
                    del self._gathered[entry]
                    self._write(route, gathered.found)

    def _run(self) -> None:
        while not self._stopping.wait(_LOOK_WALL_SECONDS):
            with contextlib.suppress(OSError):  # a full disk: this delivery is lost, the next one is tried
                self.deliver()

    def _write(self, route: AccessRoute, found: Collection[Access]) -> None:
        if route.cloud == "aws":
            self._objects.append(self._name_file(route), _zip(route, found))
            self._objects.trim(route.folder.rstrip("/"), STORE_BYTES)
        else:
            self._extend(route, b"".join(json.dumps(one).encode() + b"\n" for one in _documents(route, found)))

    def _name_file(self, route: AccessRoute) -> str:
        """As the load balancer's guide says, "Access log files": the minute at which the five minutes ended."""
        names, ended = route.names, self._now() + timedelta(minutes=1)
        balancer = names["balancer"].replace("/", ".")
        about = f"{names['account']}_elasticloadbalancing_{names['region']}_{balancer}_{ended:%Y%m%dT%H%MZ}"
        return f"{route.folder}{self._now():%Y/%m/%d}/{about}_{names['address']}_{secrets.token_hex(4)}.log.gz"

    def _extend(self, route: AccessRoute, content: bytes) -> None:
        """The newest object of the folder; a further one where that is long, which may push out the oldest."""
        name, size = self._segments.get(route.folder, ("", _SEGMENT_BYTES))
        if size >= _SEGMENT_BYTES:
            name, size = f"{route.folder}{self._now():%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}", 0
            self._objects.trim(route.folder.rstrip("/"), STORE_BYTES - _SEGMENT_BYTES)
        # On a full disk the last line may be cut off: nothing is added behind it then, but in another object.
        self._segments.pop(route.folder, None)
        self._objects.extend(name, content)
        self._segments[route.folder] = name, size + len(content)


def _zip(route: AccessRoute, found: Collection[Access]) -> bytes:
    return gzip.compress("".join(f"{to_line(one, route.names)}\n" for one in found).encode())


def _documents(route: AccessRoute, found: Collection[Access]) -> list[dict[str, object]]:
    if route.cloud == "azure":
        return [to_row(one, route.names) for one in found]
    return [entry for one in found for entry in to_entries(one, route.names)]
