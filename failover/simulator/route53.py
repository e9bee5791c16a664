"""Route 53 that moves: its API, its health checkers and its name server, on loopback, on one clock.

One file, although long: one class, whose methods are what a user of it may do; all that they do is in other modules.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import boto3
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from failover.routing.answers import Answer, Zone
from failover.routing.places import NOWHERE, Place
from failover.routing.predict import CHECKER_REGIONS
from failover.simulator.checkers import HealthCheckers, HealthStatus, Transition
from failover.simulator.clock import ScaledClock
from failover.simulator.dispatcher import Dispatcher, Service
from failover.simulator.dns_listener import Address
from failover.simulator.dns_server import DnsServer
from failover.simulator.kept import Kept
from failover.simulator.loop import LoopThread
from failover.simulator.operations import Touched
from failover.simulator.store import Store, in_process_client
from failover.simulator.wire import ApiError
from service.errors import InvalidInput, Mistake, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

SNAPSHOT_SCHEMA = 1
POLL_SECONDS = 0.02  # real time: how often wait_until looks
IDLE_POLL_SECONDS = 60.0  # real time: how often the idle API server wakes; to be stopped it is woken
LOOPBACK = "127.0.0.1"


class MovingRoute53:
    """Start it, point boto3 at `endpoint_url` and resolvers at `dns_address`; stop it, or use it in a `with`.

    Args:
        speed: how many times real time the clock runs at; a divisor of 30 up to 15.
        api_address: where the API listens; port 0 takes a free one.
        dns_addresses: where the name server listens, UDP and TCP.
        port_offset: added to every port that a health checker dials.
        outside_names: IPv4 addresses of names that no hosted zone owns (a load balancer's); empty when unknown.
        on_change: given a snapshot after each change, before the caller of the API has its answer; when it raises, the
            change is taken back and the caller is told.
        propagation_seconds: how long a record change needs to reach the name server (and stays PENDING), simulated
        seconds.
        requests_per_second: refuse more API requests than this in a simulated second (the real limit is 5); None for
        all.
        access_key_id: take requests that are signed with this one only, as an account does; None for any.
        services: who answers API requests that are signed for another service; moto for all that are not named.
        account_id: the moto account to use; one that is drawn keeps several instances in a process apart.
        seed: makes everything that is drawn repeat: phases, choices, the account, the ids of zones, checks and changes.
    """

    def __init__(
        self,
        *,
        speed: int = 1,
        api_address: Address = (LOOPBACK, 0),
        dns_addresses: Sequence[Address] = ((LOOPBACK, 0),),
        port_offset: int = 0,
        outside_names: Callable[[str], Sequence[str]] = lambda name: (),
        on_change: Callable[[dict[str, Any]], None] | None = None,
        propagation_seconds: float = 0.0,
        requests_per_second: int | None = None,
        access_key_id: str | None = None,
        services: Mapping[str, Service] | None = None,
        account_id: str | None = None,
        seed: int | None = None,
    ) -> None:
        self.clock = ScaledClock(speed)
        self._api_address = api_address
        self._access_key_id = access_key_id
        self._dns_addresses = dns_addresses
        self._outside_names = outside_names
        self._on_change = on_change
        self._propagation_seconds = propagation_seconds
        self._store = Store(account_id, _chance(seed, "store"))
        self._kept = Kept(self._store)
        self._tables: dict[str, Zone] = {}
        self._thread = LoopThread("moving-route53")
        self._started = False
        self._dns = DnsServer(
            zones=lambda: tuple(self._tables.values()),
            healthy=lambda check_id: self._checkers.healthy(check_id),
            clock=self.clock,
            outside=self._outside,
            chance=_chance(seed, "answers"),
        )
        self._checkers = HealthCheckers(
            self.clock, resolve=self._addresses, port_offset=port_offset, chance=_chance(seed, "phases")
        )
        self._dispatcher = Dispatcher(
            self._store,
            self.clock,
            lambda: self._checkers,
            touched=self._on_touched,
            ask=self._ask_zone,
            propagation_seconds=propagation_seconds,
            requests_per_second=requests_per_second,
            access_key_id=access_key_id,
            services=services,
            chance=_chance(seed, "changes"),
        )
        self._server: BaseWSGIServer | None = None
        self._server_thread: threading.Thread | None = None

    # -- start and stop -----------------------------------------------------------------------------------------------

    def start(self) -> MovingRoute53:
        """Listen and begin to check. Raises Unavailable when a port is taken."""
        try:
            self._server = make_server(
                *self._api_address, self._dispatcher, threaded=True, request_handler=_QuietHandler
            )
        except (OSError, SystemExit) as error:  # werkzeug leaves by SystemExit when a port is taken
            raise _port_taken("the Route 53 API", [self._api_address]) from error
        self._thread.start()
        try:
            self._thread.run(self._dns.start(self._dns_addresses))
        except OSError as error:
            self._server.server_close()
            self._thread.stop()
            raise _port_taken("the DNS server", self._dns_addresses) from error
        self._started = True
        self._thread.call(self._checkers.start)
        self._kept.load()
        self._apply_all()
        self._server_thread = threading.Thread(
            target=self._server.serve_forever, args=(IDLE_POLL_SECONDS,), name="route53-api", daemon=True
        )
        self._server_thread.start()
        return self

    def stop(self) -> None:
        """Close every socket, end both threads, and forget what moto kept for this account."""
        if self._server and self._server_thread:
            shut_down(self._server)
            self._server_thread.join()
            self._server.server_close()
        if self._started:
            self._started = False
            if self._thread.is_alive:
                self._thread.call(self._checkers.stop)
                self._thread.run(self._dns.stop())
        self._thread.stop()
        self._store.close()

    def __enter__(self) -> MovingRoute53:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    # -- where things are --------------------------------------------------------------------------------------------

    @property
    def endpoint_url(self) -> str:
        """For boto3's `endpoint_url` or `AWS_ENDPOINT_URL`; other AWS services of moto answer there too."""
        if self._server is None:
            raise Unavailable("Route 53 is not running", hint="call start()")
        return f"http://{self._api_address[0]}:{self._server.server_port}"

    @property
    def dns_addresses(self) -> tuple[Address, ...]:
        """Where the name server listens."""
        return self._dns.addresses

    @property
    def dns_address(self) -> Address:
        """The first of them."""
        return self._dns.addresses[0]

    def client(self) -> Route53Client:
        """A boto3 client for this Route 53."""
        return boto3.client(
            "route53",
            endpoint_url=self.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=self._access_key_id or "testing",
            aws_secret_access_key="testing",
        )

    def provider_client(self) -> Route53Client:
        """A boto3 client as a provider has one: patient. It is never throttled, where a real provider waits its turn.

        Its requests take no socket. Any thread may use it but the one on which the checkers run.
        """
        client: Route53Client = in_process_client(
            lambda environ: self._dispatcher.reply(environ, limited=False), "route53"
        )
        return client

    # -- looking -----------------------------------------------------------------------------------------------------

    def status(self, health_check_id: str) -> HealthStatus:
        """A health check as its checkers see it now."""
        status = self._checkers.status(health_check_id)
        if status is None:
            raise Unavailable(f"there is no health check {health_check_id}", hint="list_health_checks shows them")
        return status

    def ask(self, name: str, rdtype: str = "A", place: Place = NOWHERE) -> Answer:
        """What the name server would answer now, and which record sets would be chosen; TTLs in simulated seconds."""
        return self._dns.ask(name, rdtype, place=place)

    def respond(self, wire: bytes, limit: int | None = None) -> bytes | None:
        """The name server's response to one DNS message, as its sockets give it."""
        return self._dns.respond(wire, limit)

    @property
    def transitions(self) -> tuple[Transition, ...]:
        """Every change of a health check's status so far, in the clock's simulated seconds."""
        return tuple(self._checkers.transitions)

    def lag_seconds(self) -> float:
        """By how much, in real seconds, the checkers' loop was late at worst in the last ten seconds."""
        return self._checkers.lag_seconds()

    def wait_until(self, holds: Callable[[], bool], *, timeout_seconds: float, what: str = "the condition") -> float:
        """Wait until `holds()`; returns the simulated seconds it took. Raises Unavailable after `timeout_seconds`."""
        began = self.clock.simulated_now()
        while not holds():
            if self.clock.simulated_now() - began > timeout_seconds:
                hint = "give it more timeout_seconds: records and health checks move by the clock"
                raise Unavailable(f"{what} did not come to hold within {timeout_seconds:g} s of the clock", hint=hint)
            time.sleep(POLL_SECONDS)
        return self.clock.simulated_now() - began

    # -- changing ----------------------------------------------------------------------------------------------------

    def set_speed(self, speed: int) -> None:
        """Go on at another speed: checks, TTLs and deadlines together."""
        self.clock.set_speed(speed)
        if self._started:
            self._thread.call(self._checkers.reschedule)

    def set_blind_regions(self, regions: Sequence[str]) -> None:
        """Let the checkers of these regions reach nothing, as behind a broken network; empty heals all."""
        if unknown := set(regions) - set(CHECKER_REGIONS):
            mistake = Mistake("regions", f"{', '.join(sorted(unknown))}", f"take some of {', '.join(CHECKER_REGIONS)}")
            raise InvalidInput("there are no such checker regions", [mistake])
        self._checkers.blind_regions = frozenset(regions)

    def set_control_plane(self, *, available: bool) -> None:
        """Let the API refuse every request (503), or work again. DNS and health checks go on either way."""
        self._dispatcher.available = available

    def snapshot(self) -> dict[str, Any]:
        """Zones, records, health checks, versions, tags and change ids, as plain JSON data."""
        with self._dispatcher.lock:
            return self._snapshot()

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Hold what `snapshot` says, with the same ids; before or after `start`. Checkers begin anew.

        Raises:
            InvalidInput: a snapshot of another schema.
        """
        if snapshot.get("schema") != SNAPSHOT_SCHEMA:
            mistake = Mistake("schema", f"{snapshot.get('schema')!r}", f"this version reads {SNAPSHOT_SCHEMA}")
            raise InvalidInput("the snapshot cannot be restored", [mistake])
        with self._dispatcher.lock:
            self._kept.restore(snapshot)
            self._dispatcher.changes.restore(snapshot["changes"])
            self._apply_all()

    # -- inside ------------------------------------------------------------------------------------------------------

    def _snapshot(self) -> dict[str, Any]:
        return {"schema": SNAPSHOT_SCHEMA, **self._kept.snapshot(), "changes": self._dispatcher.changes.snapshot()}

    def _on_touched(self, touched: Touched) -> None:
        """Follow a change of the API: read again what it touched, keep it, then tell name server and checkers."""
        before = self._kept.snapshot()
        self._kept.follow(touched)
        if touched.zone_id is not None or touched.health_checks:
            self._save(before)
        if touched.zone_id is not None:
            self._publish(touched.zone_id)
        if touched.health_checks or touched.alarms:
            self._apply_checks()

    def _save(self, before: dict[str, Any]) -> None:
        """Hand the new state to `on_change`; a change that cannot be kept is taken back and refused."""
        if self._on_change is None:
            return
        try:
            self._on_change(self._snapshot())
        except Exception as error:
            self._kept.restore(before)
            raise ApiError("ServiceUnavailable", f"The change could not be kept: {error}", 503) from error

    def _apply_all(self) -> None:
        self._tables = self._kept.tables()
        self._apply_checks()

    def _publish(self, zone_id: str) -> None:
        """Let the name server answer from the zone as it is now: at once, or after the time that changes take."""
        table = self._kept.table(zone_id)
        if self._propagation_seconds and self._started:
            wall = self.clock.to_wall(self._propagation_seconds)
            self._thread.call(lambda: self._thread.loop.call_later(wall, self._swap, zone_id, table))
        else:
            self._swap(zone_id, table)

    def _swap(self, zone_id: str, table: Zone | None) -> None:
        others = {other: zone for other, zone in self._tables.items() if other != zone_id}
        self._tables = others if table is None else {**others, zone_id: table}

    def _apply_checks(self) -> None:
        if self._started:
            configs, alarms = self._kept.configs(), self._kept.alarms
            self._thread.call(lambda: self._checkers.apply(configs, alarms))

    def _ask_zone(self, zone_id: str, name: str, rdtype: str, place: Place) -> Answer:
        zone = self._tables.get(zone_id)
        return self._dns.ask(name, rdtype, zones=[zone] if zone else [], place=place)

    def _addresses(self, name: str) -> Sequence[str]:
        return [value for rrset in self._dns.ask(name, "A").records if rrset.type == "A" for value in rrset.values]

    def _outside(self, name: str, rdtype: str) -> Sequence[str]:
        return self._outside_names(name) if rdtype == "A" else ()


def shut_down(server: BaseWSGIServer) -> None:
    """End the loop of a serving server at once: it looks whether it should whenever it wakes, as by a connection."""
    ending = threading.Thread(target=server.shutdown, name="server-end", daemon=True)
    ending.start()
    while ending.is_alive():
        with contextlib.suppress(OSError), socket.create_connection((server.host, server.port), timeout=1):
            ending.join(0.05)


class _QuietHandler(WSGIRequestHandler):
    """No line per request on stderr."""

    def log(self, type: str, message: str, *args: Any) -> None:
        pass


def _port_taken(who: str, addresses: Sequence[Address]) -> Unavailable:
    where = ", ".join(f"{ip} port {port}" for ip, port in addresses)
    return Unavailable(
        f"{who} cannot listen on {where}", hint="end the program that listens there, or give another port"
    )


def _chance(seed: int | None, what: str) -> random.Random:
    """A source of its own for each part: their threads draw in no fixed order."""
    return random.Random() if seed is None else random.Random(f"{seed} {what}")
