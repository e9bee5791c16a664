"""Entry points over real sockets: names, certificates, turns, and each fault as a client feels it."""

from __future__ import annotations

import logging
import os
import signal
import socket
import ssl
import struct
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from failover.simulator import REGIONS, MovingRoute53
from failover.simulator.clock import ScaledClock
from sandbox.images import store as images
from sandbox.network.access import NO_REPLICA, OWN, RATE, REDIRECT, Access
from sandbox.network.certificates import KeyPair, PrivateCA
from sandbox.network.faults import Faults, parse_fault
from sandbox.network.listener import Listener
from sandbox.network.listeners import Binding, EntryPoint, Listeners
from sandbox.network.rates import RateRule
from sandbox.replicas.supervisor import Supervisor
from sandbox.replicas.workloads import QUIET_SECONDS
from service.errors import OutlastError, Unavailable
from tests.sandbox.tiny import Wall, own_block, supervised, until, workload

HOST = "api.outlast.example"
OFFSET = 21000
GET = b"GET %s HTTP/1.1\r\nHost: api.outlast.example\r\n\r\n"


@dataclass
class Site:
    """Two replicas of the tiny service behind listeners on addresses of their own."""

    block: str
    wall: Wall
    ca: PrivateCA
    faults: Faults
    supervisor: Supervisor
    listeners: Listeners
    said: list[str]
    accessed: list[Access]

    def entry_point(
        self, host: int = 11, port: int = 443, names: Sequence[str] = (HOST,), **changes: object
    ) -> EntryPoint:
        bindings = tuple(Binding(name, self.pair(name)) for name in names) if port == 443 else ()
        made = EntryPoint(f"front-{host}-{port}", "aws", f"{self.block}.{host}", port, bindings, "service")
        return replace(made, **changes)  # type: ignore[arg-type]

    def pair(self, name: str) -> KeyPair:
        return self.ca.issue(name.replace("*", "any"), [HOST if name == "*" else name])

    def inject(self, kind: str, seconds: float = 60) -> None:
        """Break something; returns once it is broken."""
        self.faults.inject(parse_fault("aws", kind, seconds, self.wall(), ["aws"]))
        self.listeners.tick()

    def heal(self) -> None:
        self.faults.heal()
        self.listeners.tick()

    def connect(self, host: int = 11, port: int = 443, timeout: float = 5) -> socket.socket:
        return socket.create_connection((f"{self.block}.{host}", port + OFFSET), timeout)

    def connect_tls(self, name: str | None = HOST, host: int = 11, timeout: float = 5) -> ssl.SSLSocket:
        context = ssl.create_default_context(cafile=self.ca.pair.certificate)
        context.check_hostname = name is not None
        raw = self.connect(host, timeout=timeout)
        try:
            return context.wrap_socket(raw, server_hostname=name)
        except BaseException:
            raw.close()
            raise

    def get(self, path: str = "/", name: str | None = HOST, host: int = 11, timeout: float = 5) -> tuple[int, bytes]:
        with self.connect_tls(name, host, timeout) as connection:
            connection.sendall(GET % path.encode())
            return parse(read_all(connection))

    def load(self) -> int:
        return sum(replica.connections for replica in self.supervisor.ready("service"))


def read_all(connection: socket.socket) -> bytes:
    content = b""
    while data := connection.recv(65536):
        content += data
    return content


def parse(answer: bytes) -> tuple[int, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


@contextmanager
def fronts_of(site_folder: Path, supervisor: Supervisor, wall: Wall) -> Iterator[Site]:
    ca = PrivateCA(site_folder / "certificates")
    clock = ScaledClock(1, wall=wall)
    faults = Faults(clock, site_folder / "faults.json")
    said: list[str] = []
    accessed: list[Access] = []

    def bad_pair(kind: str, names: Sequence[str]) -> KeyPair:
        hosts = ["wrong.invalid"] if kind == "wrong-certificate" else list(names)
        return ca.issue(f"{kind}-{hosts[0]}", hosts, expired=kind == "expired-certificate")

    listeners = Listeners(
        clock=clock,
        supervisor=supervisor,
        faults=faults,
        port_offset=OFFSET,
        bad_pair=bad_pair,
        report=said.append,
        accessed=accessed.append,
    )
    listeners.start()
    try:
        yield Site(own_block(), wall, ca, faults, supervisor, listeners, said, accessed)
    finally:
        listeners.stop()


@pytest.fixture(scope="module")
def two_replicas(
    tmp_path_factory: pytest.TempPathFactory, tiny_image: images.Image, image_cache: Path
) -> Iterator[Supervisor]:
    """For the tests that leave the replicas as they are."""
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        patch.setenv("XDG_CACHE_HOME", str(image_cache))
        running = stack.enter_context(supervised(tmp_path_factory.mktemp("two"), tiny_image, Wall()))
        running.apply([workload(tiny_image, count=2)])
        running.wait_ready("service", 60, lambda: False)
        yield running


@pytest.fixture
def site(tmp_path: Path, two_replicas: Supervisor) -> Iterator[Site]:
    with fronts_of(tmp_path, two_replicas, Wall()) as made:
        made.listeners.apply([made.entry_point()])
        yield made


@pytest.fixture
def fragile(tmp_path: Path, tiny_image: images.Image, empty_environment: None) -> Iterator[Site]:
    """A site with replicas that a test may break."""
    wall = Wall()
    with supervised(tmp_path, tiny_image, wall) as supervisor:
        supervisor.apply([workload(tiny_image, count=2)])
        supervisor.wait_ready("service", 60, lambda: False)
        with fronts_of(tmp_path, supervisor, wall) as made:
            made.listeners.apply([made.entry_point()])
            yield made


@pytest.fixture(autouse=True)
def quiet_loop(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Whatever a client does, asyncio has nothing to complain about."""
    with caplog.at_level(logging.WARNING, "asyncio"):
        yield
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


# -- names and certificates ---------------------------------------------------------------------------


def test_each_name_gets_its_own_certificate(site: Site) -> None:
    site.listeners.apply([site.entry_point(names=[HOST, "other.example", "*.sites.example"])])
    for name, expected in ((HOST, HOST), ("OTHER.example", "other.example"), ("a.sites.example", "*.sites.example")):
        with site.connect_tls(name) as connection:
            found = connection.getpeercert()
            assert found is not None
            assert found["subjectAltName"] == (("DNS", expected),)


@pytest.mark.parametrize("name", ["unknown.example", "a.b.sites.example", None])
def test_a_name_without_a_binding_ends_the_handshake_with_an_alert(site: Site, name: str | None) -> None:
    site.listeners.apply([site.entry_point(names=[HOST, "*.sites.example"])])
    with pytest.raises(ssl.SSLError, match=r"(?i)unrecognized.name"):
        site.connect_tls(name)
    assert site.get()[0] == 200


def test_a_policy_of_tls_13_alone_ends_older_handshakes(site: Site) -> None:
    """Route 53's checkers speak TLS up to 1.2, so such a site is unhealthy to them while browsers reach it."""
    checker = ssl.create_default_context(cafile=site.ca.pair.certificate)
    checker.maximum_version = ssl.TLSVersion.TLSv1_2
    for alone in (True, False):
        site.listeners.apply([site.entry_point(tls13_only=alone)])
        assert site.get()[0] == 200
        refused = pytest.raises(ssl.SSLError, match=r"(?i)protocol.version") if alone else nullcontext()
        later = checker.wrap_socket(site.connect(), server_hostname=HOST, do_handshake_on_connect=False)
        with later, refused:
            later.do_handshake()


def test_a_binding_for_every_name_serves_the_nameless_too(site: Site) -> None:
    site.listeners.apply([site.entry_point(names=["*"])])
    assert site.get(name=None)[0] == 200


def test_a_certificate_that_cannot_be_read_is_reported_and_ends_the_handshake(site: Site) -> None:
    entry = site.entry_point()
    entry.bindings[0].pair.key.unlink()
    site.listeners.apply([replace(entry, redirect=False, answer=500)])
    with pytest.raises(ssl.SSLError):
        site.connect_tls()
    assert "cannot be used" in site.said[0]


def test_a_new_certificate_is_presented_without_closing_what_is_open(site: Site) -> None:
    with site.connect_tls() as before:
        site.listeners.apply([site.entry_point(names=[HOST, "new.example"])])
        assert site.get(name="new.example")[0] == 200
        before.sendall(GET % b"/")
        assert parse(read_all(before))[0] == 200


# -- the way to a replica -----------------------------------------------------------------------------


def test_the_replicas_take_turns_at_each_front(site: Site) -> None:
    site.listeners.apply([site.entry_point(11), site.entry_point(12)])
    answered: dict[int, Counter[bytes]] = {11: Counter(), 12: Counter()}
    for _ in range(4):  # alternating, so that one turn for both would give each one replica alone
        for host, counter in answered.items():
            counter[site.get(host=host)[1]] += 1
    assert [sorted(counter.values()) for counter in answered.values()] == [[2, 2], [2, 2]]


def test_a_dead_replica_is_passed_over_at_once(fragile: Site) -> None:
    victim = fragile.supervisor.ready("service")[0]
    os.kill(victim.process.pid, signal.SIGKILL)
    assert [fragile.get()[0] for _ in range(6)] == [200] * 6


def test_one_that_hangs_costs_a_client_its_connect_and_not_its_answer(fragile: Site) -> None:
    """A stopped process still accepts through its kernel; its queue is what a client meets."""
    victim = fragile.supervisor.ready("service")[0]
    victim.process.send(signal.SIGSTOP)
    try:
        outcomes = []
        for _ in range(2):
            try:
                outcomes.append(fragile.get(timeout=0.4)[0])
            except TimeoutError:
                outcomes.append(0)
        assert sorted(outcomes) == [0, 200]
    finally:
        victim.process.send(signal.SIGCONT)


def test_a_replica_that_dies_on_a_request_is_a_bad_gateway(fragile: Site) -> None:
    assert fragile.get("/die")[0] == 502


def test_without_a_ready_replica_the_answer_is_503(fragile: Site) -> None:
    fragile.supervisor.kill("aws", until=fragile.wall() + 1000)
    until(lambda: not fragile.supervisor.ready("service"))
    assert fragile.get() == (503, b"")


def test_without_a_workload_the_answer_is_the_fronts_own(site: Site) -> None:
    site.listeners.apply([site.entry_point(workload=None, answer=404)])
    assert site.get() == (404, b"")


def test_plain_http_is_sent_to_https_with_host_and_path(site: Site) -> None:
    site.listeners.apply([site.entry_point(), site.entry_point(port=80, redirect=True)])
    with site.connect(port=80) as connection:
        connection.sendall(b"GET /a?b=c HTTP/1.1\r\nhOST: api.outlast.example:80\r\n\r\n")
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 301 Moved Permanently\r\n")
    assert b"\r\nlocation: https://api.outlast.example/a?b=c\r\n" in answer


@pytest.mark.parametrize("sent", [b"\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"x" * 70_000, b"GET / HTTP/1.1\r\n", b""])
def test_what_is_not_http_does_no_harm(site: Site, sent: bytes) -> None:
    site.listeners.apply([site.entry_point(), site.entry_point(port=80, redirect=True)])
    with site.connect(port=80) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            read_all(connection)
    with site.connect() as connection:
        connection.sendall(sent or b"GET / HTTP/1.1\r\n\r\n")
    assert site.get()[0] == 200


def test_each_request_of_a_connection_is_counted_once(site: Site) -> None:
    [meter] = {id(r.meter): r.meter for r in site.supervisor.ready("service")}.values()
    before = meter.requests
    site.get()
    assert meter.requests == before + 1
    with site.connect_tls() as connection:
        connection.sendall(b"GET /slow HT")
        connection.sendall(b"TP/1.1\r\nHost: a\r\n\r\n")
        read_all(connection)
    assert meter.requests == before + 2, "one that comes in two pieces is one"


# -- scale --------------------------------------------------------------------------------------------


def test_a_request_counts_while_it_lasts_and_an_idle_connection_does_not(site: Site) -> None:
    with site.connect_tls() as connection:
        assert site.load() == 0
        connection.sendall(GET % b"/slow")
        until(lambda: site.load() == 1)
        assert parse(read_all(connection))[0] == 200
    until(lambda: site.load() == 0)


def test_load_through_the_front_starts_replicas_and_quiet_stops_them(fragile: Site, tiny_image: images.Image) -> None:
    fragile.supervisor.apply([workload(tiny_image, count=1, most=3)])
    fragile.wall.ahead += QUIET_SECONDS + 1
    until(lambda: len(fragile.supervisor.ready("service")) == 1)
    with ExitStack() as stack:
        for _ in range(5):  # two at once are what one replica takes
            stack.enter_context(connection := fragile.connect_tls())
            connection.sendall(b"GET /half HTTP/1.1\r\n")
        until(lambda: len(fragile.supervisor.ready("service")) == 3)
    until(lambda: fragile.load() == 0)
    fragile.wall.ahead += QUIET_SECONDS + 1
    until(lambda: len(fragile.supervisor.ready("service")) == 1)


def test_the_first_request_to_a_workload_that_sleeps_waits_for_its_replica(
    fragile: Site, tiny_image: images.Image
) -> None:
    fragile.supervisor.apply([workload(tiny_image, count=0, most=2)])
    fragile.wall.ahead += QUIET_SECONDS + 1
    until(lambda: not fragile.supervisor.status()[0]["replicas"])
    assert fragile.get(timeout=15)[0] == 200


def test_desired_zero_answers_503_at_once(fragile: Site, tiny_image: images.Image) -> None:
    fragile.supervisor.apply([workload(tiny_image, count=0)])
    until(lambda: not fragile.supervisor.status()[0]["replicas"])
    assert fragile.get(timeout=3)[0] == 503


# -- clients that behave badly ------------------------------------------------------------------------


def test_a_client_that_has_said_all_still_gets_its_answer(site: Site) -> None:
    """Half closed, over plain TCP; and more than any buffer holds, both ways."""
    site.listeners.apply([site.entry_point(port=80)])
    sent = os.urandom(3_000_000)
    with site.connect(port=80) as connection:
        connection.sendall(GET % b"/echo" + sent)
        connection.shutdown(socket.SHUT_WR)
        assert parse(read_all(connection)) == (200, sent)


def test_a_slow_reader_gets_everything(site: Site) -> None:
    with site.connect_tls() as connection:
        connection.sendall(GET % b"/big")
        time.sleep(0.4)  # the replica has closed by now
        status, body = parse(read_all(connection))
    assert (status, len(body)) == (200, 4_000_000)


def test_a_client_that_vanishes_leaves_nothing_behind(site: Site) -> None:
    for path in (b"/slower", b"/endless", b"/echo"):  # each goes on for longer than a busy machine looks away
        connection = site.connect_tls()
        connection.sendall(GET % path)
        until(lambda: site.load() == 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()
        until(lambda: site.load() == 0)
    assert site.get()[0] == 200


def test_a_client_that_vanishes_before_it_is_let_in_leaves_no_socket(site: Site) -> None:
    (listener,) = (one for one in site.listeners._listeners.values() if one.entry.port == 443)
    site.inject("delay=200")
    connection = site.connect()
    until(lambda: len(listener._new) == 1)
    (accepted,) = listener._new
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
    until(lambda: not listener._tasks)
    assert accepted.fileno() == -1


def test_two_hundred_idle_connections_disturb_nobody(site: Site) -> None:
    with ExitStack() as stack:
        for _ in range(150):
            stack.enter_context(site.connect())  # says nothing at all
        for _ in range(50):
            stack.enter_context(site.connect_tls())  # and nothing after the handshake
        began = time.monotonic()
        assert site.get()[0] == 200
        assert time.monotonic() - began < 1
        assert site.load() == 0


# -- faults -------------------------------------------------------------------------------------------


def refused(site: Site) -> None:
    with pytest.raises(ConnectionRefusedError):
        site.connect()


def silent(site: Site) -> None:
    with pytest.raises(TimeoutError):
        site.connect(timeout=0.2)


def reset(site: Site) -> None:
    """Before a byte of TLS; a client that is quick enough sees it while it connects."""
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        site.get()


def late(site: Site) -> None:
    began = time.monotonic()
    assert site.get()[0] == 200
    assert time.monotonic() - began >= 0.2


def at_once(site: Site) -> bool:
    began = time.monotonic()
    assert site.get()[0] == 200
    return time.monotonic() - began < 0.2


def lost(site: Site) -> None:
    with pytest.raises(TimeoutError):
        site.get(timeout=0.2)


def expired(site: Site) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
        site.get()


def for_another(site: Site) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        site.get()


@pytest.mark.parametrize(
    ("kind", "felt"),
    [
        ("refuse", refused),
        ("blackhole", silent),
        ("dark", silent),
        ("reset", reset),
        ("delay=200", late),
        ("loss=1", lost),
        ("expired-certificate", expired),
        ("wrong-certificate", for_another),
    ],
)
def test_each_fault_is_felt_and_ends_by_itself(site: Site, kind: str, felt: Callable[[Site], None]) -> None:
    assert site.get()[0] == 200
    site.inject(kind, seconds=60)
    felt(site)
    site.wall.ahead += 61
    site.listeners.tick()
    until(lambda: at_once(site))


def test_dropped_packets_change_the_health_of_that_site_by_its_socket_alone(site: Site) -> None:
    """The checkers are given an address and nothing else: no fault, no supervisor, no word of the sandbox."""
    site.listeners.apply([site.entry_point(), replace(site.entry_point(12), stack="azure")])
    config: Any = {"Type": "HTTPS", "Port": 443, "RequestInterval": 10, "FailureThreshold": 1, "EnableSNI": True}
    config |= {"FullyQualifiedDomainName": HOST, "Regions": list(REGIONS[:3])}
    with MovingRoute53(speed=15, port_offset=OFFSET) as route53:
        api = route53.client()
        ids = {}
        for host in (11, 12):
            there = {**config, "IPAddress": f"{site.block}.{host}"}
            made = api.create_health_check(CallerReference=str(host), HealthCheckConfig=there)
            ids[host] = made["HealthCheck"]["Id"]
        until(lambda: all(len(route53.status(id_).observations) == 3 for id_ in ids.values()))
        assert all(route53.status(id_).healthy for id_ in ids.values())
        site.inject("blackhole", seconds=600)
        until(lambda: not route53.status(ids[11]).healthy)
        assert all("timed out" in one.report for one in route53.status(ids[11]).observations)
        assert route53.status(ids[12]).healthy
        site.heal()
        until(lambda: route53.status(ids[11]).healthy)


def test_a_fault_at_another_site_is_not_felt_here(site: Site) -> None:
    there = replace(site.entry_point(12), stack="azure")
    site.listeners.apply([site.entry_point(), there])
    site.inject("refuse")
    refused(site)
    assert site.get(host=12)[0] == 200
    modes = {entry["stack"]: entry["mode"] for entry in site.listeners.status()}
    assert modes == {"aws": "refuse", "azure": "serve"}


def test_some_connections_are_lost_where_the_loss_is_partial(site: Site) -> None:
    site.inject("loss=0.5")
    outcomes: set[int] = set()
    deadline = time.monotonic() + 10
    while len(outcomes) < 2 and time.monotonic() < deadline:
        try:
            outcomes.add(site.get(timeout=0.25)[0])
        except TimeoutError:
            outcomes.add(0)
    assert outcomes == {0, 200}


def test_a_black_hole_silences_what_is_open_and_lets_it_go_on_afterwards(site: Site) -> None:
    with site.connect_tls(timeout=0.4) as connection:
        site.inject("blackhole")
        connection.sendall(GET % b"/")
        with pytest.raises(TimeoutError):
            connection.recv(1)
        site.heal()
        connection.settimeout(5)
        assert parse(read_all(connection))[0] == 200


@pytest.mark.parametrize("kind", ["refuse", "reset"])
def test_connections_that_are_open_are_reset(site: Site, kind: str) -> None:
    with site.connect_tls() as connection:
        site.inject(kind)
        with pytest.raises(ConnectionResetError):
            socket.socket.recv(connection, 1)  # below TLS, which makes an end of it


@pytest.mark.parametrize("kind", ["refuse", "reset"])
def test_a_reset_passes_over_a_connection_whose_client_has_left_already(site: Site, kind: str) -> None:
    """Its answer is still being made; such a stream has no socket, which once ended the thread of all listeners."""
    with site.connect_tls() as connection:
        connection.sendall(GET % b"/slow")
        until(lambda: site.load() == 1)
    time.sleep(0.05)  # it is noticed
    site.inject(kind)
    site.heal()
    assert site.get()[0] == 200
    assert site.said == []


def test_what_one_listener_does_not_survive_the_others_do(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = site.entry_point(12), site.entry_point(13)
    site.listeners.apply([first, second])
    opened = Listener.open

    async def open_(self: Listener, mode: str) -> None:
        if self.entry.key == first.key and mode == "refuse":
            raise ValueError("a mistake")
        await opened(self, mode)

    monkeypatch.setattr(Listener, "open", open_)
    site.inject("refuse")
    with pytest.raises(ConnectionRefusedError):
        site.connect(13)
    site.heal()
    assert site.get(host=13)[0] == 200
    (said,) = site.said
    assert said.startswith(f"{first.key} cannot refuse: ValueError: a mistake\nhint: ")


def test_paths_that_the_cloud_hides_never_reach_a_replica(site: Site) -> None:
    site.listeners.apply([site.entry_point(12, hides=lambda path: path.endswith("z"))])
    assert site.get("/healthz", host=12) == (404, b"")
    assert site.get("/quiz?deep=1", host=12)[0] == 404
    assert site.get("/health?z", host=12)[0] == 200


def test_faults_may_follow_each_other(site: Site) -> None:
    for kind, felt in (("blackhole", silent), ("refuse", silent), ("reset", silent)):
        site.inject(kind)
        felt(site)  # the strongest is what is felt
    site.faults.heal()
    site.inject("refuse")
    refused(site)
    site.heal()
    assert site.get()[0] == 200


# -- ports --------------------------------------------------------------------------------------------


def test_a_tick_without_a_loop_does_nothing(tmp_path: Path, tiny_image: images.Image) -> None:
    with supervised(tmp_path, tiny_image, Wall()) as supervisor, fronts_of(tmp_path, supervisor, Wall()) as stopped:
        stopped.listeners.stop()
        stopped.listeners.tick()
    assert stopped.said == []


def test_a_port_that_is_taken_is_named_and_had_once_it_is_free(site: Site) -> None:
    first, second = site.entry_point(12), site.entry_point(13)
    with socket.socket() as other:
        other.bind((first.address, 443 + OFFSET))
        other.listen()
        with pytest.raises(Unavailable, match=rf"{first.address}:{443 + OFFSET} cannot be listened on") as caught:
            site.listeners.apply([first, second])
        assert f"sport = :{443 + OFFSET}" in caught.value.hint
        assert site.get(host=13)[0] == 200
        for _ in range(3):
            site.listeners.tick()
        assert len(site.said) <= 1  # not at every tick
    until(lambda: {entry["mode"] for entry in site.listeners.status()} == {"serve"})
    assert site.get(host=12)[0] == 200


def test_a_front_that_moves_or_goes_gives_its_port_back(site: Site) -> None:
    site.listeners.apply([replace(site.entry_point(), address=f"{site.block}.20")])
    refused(site)
    assert site.get(host=20)[0] == 200
    site.listeners.apply([])
    with socket.socket() as other:
        other.bind((f"{site.block}.20", 443 + OFFSET))
    assert site.listeners.status() == []


def test_stopping_closes_everything(tmp_path: Path, two_replicas: Supervisor) -> None:
    with fronts_of(tmp_path, two_replicas, Wall()) as site:
        site.listeners.apply([site.entry_point(), site.entry_point(port=80, redirect=True)])
        held = site.connect_tls()
    with held, suppress(ConnectionResetError):
        assert held.recv(1) == b""
    refused(site)
    site.listeners.stop()  # again, and nothing happens


def test_without_a_start_nothing_can_be_applied_and_nothing_has_to_stop(tmp_path: Path, site: Site) -> None:
    listeners = Listeners(
        clock=ScaledClock(),
        supervisor=site.supervisor,
        faults=site.faults,
        port_offset=0,
        bad_pair=lambda kind, names: site.pair(HOST),
        report=site.said.append,
    )
    with pytest.raises(OutlastError, match="have not been started"):
        listeners.apply([])
    listeners.stop()


# -- what an entry point says by itself ---------------------------------------------------------------


HSTS = "strict-transport-security: max-age=31536000\r\n"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_tls_before_12_is_refused_in_words(site: Site, version: ssl.TLSVersion) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = old.maximum_version = version
    old.set_ciphers("ALL:@SECLEVEL=0")
    with (
        old.wrap_socket(site.connect(), server_hostname=HOST, do_handshake_on_connect=False) as client,
        pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"),
    ):
        client.do_handshake()


@pytest.mark.parametrize(
    ("changes", "path", "status"),
    [
        ({"workload": None}, "/", 503),
        ({"workload": None, "answer": 404}, "/", 404),
        ({"hides": lambda path: path == "/kept"}, "/kept", 404),
        ({"rate": RateRule("AWS WAF", 0, 60, 60, (), 429)}, "/", 429),
    ],
)
def test_its_own_answers_have_the_header_of_a_listener(
    site: Site, changes: dict[str, Any], path: str, status: int
) -> None:
    site.listeners.apply([site.entry_point(header=HSTS, **changes)])
    with site.connect_tls() as connection:
        connection.sendall(GET % path.encode())
        answer = read_all(connection)
    assert parse(answer)[0] == status and HSTS.encode() in answer


# -- how often one address may ask --------------------------------------------------------------------


RULE = RateRule("Cloud Armor", 3, 60, 60, ("/health",), 429, "retry-after: 10\r\n")


def ask_from(site: Site, source: str, path: str = "/") -> int:
    """The status that a client at that address of this machine gets."""
    context = ssl.create_default_context(cafile=site.ca.pair.certificate)
    where = (f"{site.block}.11", 443 + OFFSET)
    with (
        socket.create_connection(where, 5, source_address=(source, 0)) as raw,
        context.wrap_socket(raw, server_hostname=HOST) as connection,
    ):
        connection.sendall(GET % path.encode())
        return parse(read_all(connection))[0]


def test_one_address_over_its_limit_is_refused_and_another_is_not(site: Site) -> None:
    site.listeners.apply([site.entry_point(rate=RULE)])
    first, second = f"{site.block}.101", f"{site.block}.102"
    assert [ask_from(site, first) for _ in range(5)] == [200, 200, 200, 429, 429]
    assert ask_from(site, second) == 200
    assert ask_from(site, first, "/health") == 200, "a checker's path is never counted"
    (shown,) = site.listeners.status()
    assert (shown["limited"], shown["rate"]) == ([first], "over 3 requests in 60 s (Cloud Armor): 429")
    site.wall.ahead += 60
    assert ask_from(site, first) == 200
    assert site.listeners.status()[0]["limited"] == []


def test_a_counted_limit_outlives_a_change_of_the_rest_and_a_new_limit_begins_anew(site: Site) -> None:
    source = f"{site.block}.101"
    site.listeners.apply([site.entry_point(rate=RULE)])
    assert [ask_from(site, source) for _ in range(4)][-1] == 429
    site.listeners.apply([site.entry_point(names=[HOST, "other.example"], rate=RULE)])
    assert ask_from(site, source) == 429
    site.listeners.apply([site.entry_point(rate=replace(RULE, requests=10))])
    assert ask_from(site, source) == 200


def test_requests_of_one_connection_are_counted_each(site: Site) -> None:
    """What came before the limit is answered, then the client is told and the connection ends."""
    site.listeners.apply([site.entry_point(rate=replace(RULE, requests=1))])
    with site.connect_tls() as connection:
        connection.sendall(GET % b"/" + GET % b"/" + GET % b"/")
        answers = read_all(connection)
    assert answers.startswith(b"HTTP/1.1 200") and answers.count(b"HTTP/1.1 429") == 1


def test_an_ingress_says_whose_request_it_is(site: Site) -> None:
    source = f"{site.block}.101"
    site.listeners.apply([site.entry_point(forwards=True)])
    with site.connect_tls() as connection:
        own = connection.getsockname()[0]
        connection.sendall(b"GET /head HTTP/1.1\r\nx-forwarded-for: " + source.encode() + b"\r\n\r\n")
        assert f"x-forwarded-for: {source}, {own}".encode() in parse(read_all(connection))[1]


# -- access logs --------------------------------------------------------------------------------------


def test_each_request_of_a_logged_entry_point_is_told_once_it_is_over(site: Site) -> None:
    own = site.entry_point(cloud="aws", logged=True, hides=lambda path: path == "/hidden")
    plain = site.entry_point(port=80, redirect=True, cloud="aws", logged=True)
    empty = site.entry_point(12, logged=True, workload="nobody")
    site.listeners.apply([own, plain, empty, site.entry_point(13)])
    status, head = site.get("/head")
    assert status == 200 and b"X-Amzn-Trace-Id: Root=1-" in head
    assert [site.get("/?token=secret")[0], site.get("/hidden")[0], site.get(host=12)[0], site.get(host=13)[0]] == [
        *(200, 404),
        *(503, 200),
    ]
    with site.connect(port=80) as connection:
        connection.sendall(GET % b"/")
        assert parse(read_all(connection))[0] == 301
    until(lambda: len(site.accessed) == 5)
    assert [(one.entry, one.path, one.status, one.why) for one in site.accessed] == [
        ("front-11-443", "/head", 200, ""),
        ("front-11-443", "/", 200, ""),
        ("front-11-443", "/hidden", 404, OWN),
        ("front-12-443", "/", 503, NO_REPLICA),
        ("front-11-80", "/", 301, REDIRECT),
    ]
    first = site.accessed[0]
    assert first.request.encode() in head and first.tls[0] == "TLSv1.3"
    assert first.replica in {f"{one.address}:{one.port}" for one in site.supervisor.ready("service")}
    assert (first.client, first.host, site.accessed[-1].tls) == ("127.0.0.1", HOST, ("", ""))


def test_a_refusal_is_told_and_a_client_that_leaves(site: Site) -> None:
    rule = RateRule("limit", requests=1, window_seconds=60, step_seconds=60, status=429)
    site.listeners.apply([site.entry_point(logged=True, rate=rule)])
    assert [site.get()[0], site.get()[0]] == [200, 429]
    site.listeners.apply([site.entry_point(logged=True)])
    with site.connect_tls() as connection:
        connection.sendall(GET % b"/slow")
        until(lambda: site.load() == 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: len(site.accessed) == 3)
    assert [(one.status, one.why) for one in site.accessed] == [(200, ""), (429, RATE), (None, "")]
