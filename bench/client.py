"""What `failover.client` adds to a call, beside bare httpx: the same request to the same server, in turn, in one run.

The part `client` of the benchmark. The server is the project's own, with TLS, on a core of its own; the name server is
the simulated Route 53, asked once.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import json
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.report import QUICK_WARNING, Verdict, at_most, describe_machine
from failover.client import AsyncEndpoint, Endpoint, Reach
from failover.drill.measure import percentile
from failover.simulator import MovingRoute53
from service.bundle.folder import RELEASED, load_golden
from service.errors import OutlastError

ROOT = Path(__file__).resolve().parents[1]
HOST, ZONE = "api.bench.example", "bench.example"
CALLS, QUICK_CALLS, WARM_UP = 6000, 300, 100
ADDED_TARGET_MS = 0.2
START_SECONDS = 60.0
TTL_SECONDS = 86_400


@dataclass(frozen=True)
class Times:
    """Milliseconds of one client's calls, and the processor time that it took for the middle one."""

    p50: float
    p99: float
    cpu_p50: float


@dataclass(frozen=True)
class ClientFigures:
    """Bare httpx and ours, blocking and asynchronous, of one run."""

    machine: str
    load: float
    calls: int
    bare: Times
    ours: Times
    bare_async: Times
    ours_async: Times


@dataclass(frozen=True)
class _Server:
    reach: Reach
    context: ssl.SSLContext
    model: str
    features: dict[str, Any]

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.reach.port}/predict/{self.model}"

    @property
    def sent(self) -> dict[str, Any]:
        """What bare httpx is told so that it sends the same bytes."""
        return {
            "content": json.dumps({"features": self.features}, separators=(",", ":")).encode(),
            "headers": {"host": HOST, "content-type": "application/json"},
            "extensions": {"sni_hostname": HOST},
        }


def measure(calls: int, *, load: float) -> ClientFigures:
    """Call the server by both clients in turn, `calls` times each, blocking and then asynchronously."""
    with _serving() as server:
        bare, ours = _measure_blocking(server, calls)
        bare_async, ours_async = asyncio.run(_measure_async(server, calls))
    return ClientFigures(describe_machine(), load, calls, bare, ours, bare_async, ours_async)


def _measure_blocking(server: _Server, calls: int) -> tuple[Times, Times]:
    with (
        httpx.Client(verify=server.context, trust_env=False) as bare,
        Endpoint(HOST, reach=server.reach) as endpoint,
    ):
        return _take_turns(
            lambda: bare.post(server.url, **server.sent).json(),
            lambda: endpoint.predict(server.features, model=server.model),
            calls,
        )


class _Watch:
    """Takes the times of one client's calls."""

    def __init__(self) -> None:
        self._walls: list[float] = []
        self._cpus: list[float] = []

    @contextlib.contextmanager
    def taking(self) -> Iterator[None]:
        """One call."""
        began, cpu = time.perf_counter(), time.thread_time()
        yield
        self._cpus.append(1000 * (time.thread_time() - cpu))
        self._walls.append(1000 * (time.perf_counter() - began))

    def times(self) -> Times:
        """Of all but the first ones."""
        walls, cpus = self._walls[WARM_UP:], self._cpus[WARM_UP:]
        return Times(*(percentile(*each) or 0.0 for each in ((walls, 0.5), (walls, 0.99), (cpus, 0.5))))


def _take_turns(first: Callable[[], Any], second: Callable[[], Any], calls: int) -> tuple[Times, Times]:
    watches = _Watch(), _Watch()
    for _ in range(WARM_UP + calls):
        for call, watch in zip((first, second), watches, strict=True):
            with watch.taking():
                call()
    return watches[0].times(), watches[1].times()


async def _measure_async(server: _Server, calls: int) -> tuple[Times, Times]:
    watches = _Watch(), _Watch()
    async with (
        httpx.AsyncClient(verify=server.context, trust_env=False) as bare,
        AsyncEndpoint(HOST, reach=server.reach) as endpoint,
    ):
        for _ in range(WARM_UP + calls):
            with watches[0].taking():
                (await bare.post(server.url, **server.sent)).json()
            with watches[1].taking():
                await endpoint.predict(server.features, model=server.model)
    return watches[0].times(), watches[1].times()


# -- the server --------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _serving() -> Iterator[_Server]:
    name = sorted(path.name for path in RELEASED.iterdir())[-1]
    golden = load_golden(RELEASED / name)
    features = dict(zip(golden.input.features, golden.rows[0].features, strict=True))
    with tempfile.TemporaryDirectory() as folder, MovingRoute53() as route53:
        _publish(route53)
        certificate = _make_certificate(Path(folder))
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        reach = Reach("127.0.0.1", route53.dns_address[1], port, certificate)
        server = _Server(reach, reach.ssl_context(), name, features)
        with _process(port, certificate, Path(folder, "said")):
            _wait(server)
            yield server


def _publish(route53: MovingRoute53) -> None:
    client = route53.client()
    zone = client.create_hosted_zone(Name=ZONE, CallerReference="1")["HostedZone"]["Id"]
    record = {"Name": HOST, "Type": "A", "TTL": TTL_SECONDS, "ResourceRecords": [{"Value": "127.0.0.1"}]}
    change: Any = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=change)


@contextlib.contextmanager
def _process(port: int, certificate: Path, said: Path) -> Iterator[None]:
    environment = {
        **os.environ,
        "PORT": str(port),
        "OUTLAST_HOST_BIND": "127.0.0.1",
        "OUTLAST_AUTH": "off",
        "OUTLAST_AUDIT": "off",
        "OUTLAST_RECEIPT_KEYS": f"bench:{'00' * 32}",
        "OUTLAST_TLS_CERTIFICATE": str(certificate),
        "OUTLAST_TLS_KEY": str(certificate),
    }
    with said.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "service", "serve"], env=environment, stdout=out, stderr=out)
        try:
            yield
        except OutlastError as error:
            raise OutlastError(f"{error.what}; its last words:\n{said.read_text()[-1500:]}") from error
        finally:
            process.terminate()
            process.wait()


def _wait(server: _Server) -> None:
    over = time.monotonic() + START_SECONDS
    with httpx.Client(verify=server.context, trust_env=False) as http:
        while time.monotonic() < over:
            with contextlib.suppress(httpx.HTTPError):
                if http.post(server.url, **server.sent).status_code == 200:
                    return
            time.sleep(0.1)
    raise OutlastError(f"the server did not answer within {START_SECONDS:g} s")


def _make_certificate(folder: Path) -> Path:
    """A certificate for the host that vouches for itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)]), datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem))
    return path


# -- telling -----------------------------------------------------------------------------------------------------------


def judge(figures: ClientFigures) -> tuple[Verdict, ...]:
    """What ours may add at the 99th percentile."""
    pairs = (("blocking", figures.bare, figures.ours), ("asyncio", figures.bare_async, figures.ours_async))
    return tuple(
        at_most(f"{kind}: ms added at the p99", ours.p99 - bare.p99, ADDED_TARGET_MS) for kind, bare, ours in pairs
    )


def render(figures: ClientFigures, *, quick: bool) -> str:
    """The section of the page."""
    rows = (
        ("httpx.Client", figures.bare),
        ("failover.client.Endpoint", figures.ours),
        ("httpx.AsyncClient", figures.bare_async),
        ("failover.client.AsyncEndpoint", figures.ours_async),
    )
    return "\n".join(
        [
            "## The client",
            "",
            *([QUICK_WARNING, ""] if quick else []),
            f"{figures.machine}. One row to the project's own server "
            f"over TLS on loopback, {figures.calls:,} calls each, in turn; ours compares each receipt with what was "
            f"sent and received, bare httpx reads the JSON. Other work on the machine: load {figures.load:.1f}.",
            "",
            "| client | p50, ms | p99, ms | processor time p50, ms |",
            "|---|---:|---:|---:|",
            *(f"| {name} | {times.p50:.2f} | {times.p99:.2f} | {times.cpu_p50:.2f} |" for name, times in rows),
            "",
            "| target | measured | to reach | |",
            "|---|---:|---:|---|",
            *map(str, judge(figures)),
        ]
    )


def to_document(figures: ClientFigures) -> dict[str, Any]:
    """The same as plain data."""
    return {**asdict(figures), "verdicts": [asdict(verdict) for verdict in judge(figures)]}
