"""Three tiny sites for drills: real TLS on loopback, answering a golden model as the service does."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import os
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from failover.simulator import MovingRoute53

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

ZONE, HOST = "outlast.example", "api.outlast.example"
ADDRESSES = {"aws": "127.0.0.2", "azure": "127.0.0.3", "gcp": "127.0.0.4"}
WEIGHTS = {"aws": 50, "azure": 30, "gcp": 20}
CLASSES = ("benign", "malignant")
WIDTH = 3
REGIONS = 3


def predict(features: Sequence[float]) -> dict[str, float]:
    """The model: a logistic function of the sum."""
    malignant = 1 / (1 + math.exp(-sum(features)))
    return {"benign": 1 - malignant, "malignant": malignant}


def label_of(probabilities: Mapping[str, float]) -> str:
    return max(CLASSES, key=lambda name: probabilities[name])


def write_release(folder: Path) -> Path:
    """A manifest and golden rows of that model, as a release has them; returns golden.json."""
    rows = []
    for n, features in enumerate([[1.5, 0.5, -0.25], [-2.0, 0.5, 0.0], [0.75, 0.75, 0.75], [-1.0, -1.0, 0.5]]):
        probabilities = predict(features)
        label = label_of(probabilities)
        rows.append({"id": f"row-{n}", "features": features, "label": label, "probabilities": probabilities})
    golden = folder / "golden.json"
    golden.write_text(json.dumps({"schema": 1, "rows": rows}))
    manifest = {
        "schema": 1,
        "problem": "tumour",
        "version": "1",
        "created": "2026-01-01T00:00:00Z",
        "model": {"file": "model.onnx", "sha256": "0" * 64, "opset": 18},
        "golden": {"file": golden.name, "sha256": hashlib.sha256(golden.read_bytes()).hexdigest()},
        "data": {"name": "none", "sha256": "0" * 64, "rows": 1},
        "input": {"name": "features", "datatype": "FP32", "features": [f"f{n}" for n in range(WIDTH)]},
        "classes": list(CLASSES),
        "positive_class": None,
        "thresholds": {},
        "tolerance": 1e-4,
        "metrics": {},
        "verdict": {},
        "versions": {},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return golden


@dataclass
class Behaviour:
    """What a site does wrong, though it looks healthy to Route 53: set it while it runs."""

    status: int = 200
    flip: bool = False
    says: str = ""


@dataclass
class Site:
    """One tiny site: TLS on its own loopback address, `/health` and the inference path over HTTP/1.1."""

    name: str
    address: str
    port: int
    context: ssl.SSLContext
    behaviour: Behaviour = field(default_factory=Behaviour)
    served: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                _, path, _ = head.split(b" ", 2)
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r")[0] or 0)
                status, body = self.answer(path.decode(), await reader.readexactly(length))
                headers = f"content-length: {len(body)}\r\nx-served-by: {self.behaviour.says or self.name}"
                writer.write(f"HTTP/1.1 {status} X\r\n{headers}\r\n\r\n".encode() + body)
                await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.transport.abort()

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/health":
            return 200, b'{"status":"ok"}'
        if self.behaviour.status != 200:
            return self.behaviour.status, b"{}"
        self.served += 1
        tensor = json.loads(body)["inputs"][0]
        probabilities = predict(tensor["data"][:WIDTH])
        label = label_of(probabilities)
        if self.behaviour.flip:
            label = next(name for name in CLASSES if name != label)
        outputs: list[dict[str, Any]] = [
            {"name": "label", "shape": [1], "datatype": "BYTES", "data": [label]},
            {"name": "probabilities", "shape": [1, 2], "datatype": "FP32", "data": [probabilities[c] for c in CLASSES]},
        ]
        return 200, json.dumps({"model_name": "tumour", "outputs": outputs}).encode()


@dataclass
class ThreeSites:
    """Route 53 that moves, with three sites behind HOST, and the environment in which a drill finds them."""

    route53: MovingRoute53
    client: Route53Client
    sites: dict[str, Site]
    check_ids: dict[str, str]
    environment: dict[str, str]
    golden: Path
    folder: Path

    def check(self, site: str) -> dict[str, Any]:
        return dict(self.client.get_health_check(HealthCheckId=self.check_ids[site])["HealthCheck"])

    def is_seen_well(self, site: str) -> bool:
        """Whether every checker has looked at the site, and the latest look of each was a success."""
        status = self.route53.status(self.check_ids[site])
        well = [seen for seen in status.observations if seen.report.startswith("Success")]
        return len(well) == REGIONS

    def switched(self, site: str) -> tuple[bool, bool]:
        config = self.check(site)["HealthCheckConfig"]
        return config["Disabled"], config["Inverted"]

    def switch_on(self, site: str) -> None:
        """Undo what a test left, by hand."""
        if self.switched(site) != (False, False):
            self.client.update_health_check(HealthCheckId=self.check_ids[site], Disabled=False, Inverted=False)
        self.client.change_tags_for_resource(
            ResourceType="healthcheck",
            ResourceId=self.check_ids[site],
            RemoveTagKeys=["drill:id", "drill:expires-at"],
        )

    def tags(self, site: str) -> dict[str, str]:
        answer = self.client.list_tags_for_resource(ResourceType="healthcheck", ResourceId=self.check_ids[site])
        return {tag["Key"]: tag["Value"] for tag in answer["ResourceTagSet"].get("Tags", [])}


def make_authority(folder: Path, days: int = 30) -> tuple[Path, Path]:
    """A private CA's PEM, and a PEM with a certificate for HOST that it signed and its key."""
    now = datetime.now(UTC)
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "drill test CA")])
    ca = (
        x509.CertificateBuilder(
            ca_name, ca_name, ca_key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=90)
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(ca_key.public_key()), critical=False)
        .add_extension(_usage(sign=True), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    origins = [x509.DNSName(HOST), *(x509.DNSName(f"{site}.{HOST}") for site in ADDRESSES)]
    leaf = (
        x509.CertificateBuilder(ca_name, name, key.public_key(), 2, now - timedelta(days=1), now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(origins), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    ca_file, leaf_file = folder / "ca.pem", folder / f"leaf-{days}.pem"
    ca_file.write_bytes(ca.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    leaf_file.write_bytes(leaf.public_bytes(pem) + private)
    return ca_file, leaf_file


def _usage(*, sign: bool) -> x509.KeyUsage:
    others = ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only")
    return x509.KeyUsage(
        digital_signature=True, key_cert_sign=sign, crl_sign=sign, decipher_only=False, **dict.fromkeys(others, False)
    )


def free_offset() -> int:
    """A port offset with which nothing listens at 443 on any site's address, nor at 53 on 127.0.0.1."""
    for _ in range(50):
        with socket.create_server((ADDRESSES["aws"], 0)) as probe:
            offset = int(probe.getsockname()[1]) - 443
        try:
            for address, port in [*((a, 443) for a in ADDRESSES.values()), ("127.0.0.1", 53)]:
                with socket.create_server((address, port + offset)):
                    pass
        except (OSError, OverflowError):
            continue
        if offset > 0:
            return offset
    raise RuntimeError("no free port offset")


@contextmanager
def run_three_sites(folder: Path, *, speed: int) -> Iterator[ThreeSites]:
    """Bring it all up; everything listens on loopback and ends with the block."""
    offset = free_offset()
    ca_file, leaf_file = make_authority(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(leaf_file)
    sites = {name: Site(name, address, 443 + offset, context) for name, address in ADDRESSES.items()}
    with (
        serve_sites(sites.values()),
        MovingRoute53(speed=speed, port_offset=offset, dns_addresses=[("127.0.0.1", 53 + offset)], seed=7) as route53,
    ):
        client = route53.client()
        check_ids = provision(client)
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "OUTLAST_"))},
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ENDPOINT_URL": route53.endpoint_url,
            "OUTLAST_HOST": HOST,
            "OUTLAST_NAMESERVER": "127.0.0.1",
            "OUTLAST_PORT_OFFSET": str(offset),
            "OUTLAST_CA_FILE": str(ca_file),
            "OUTLAST_SPEED": str(speed),
        }
        yield ThreeSites(route53, client, sites, check_ids, environment, write_release(folder), folder)


def provision(client: Route53Client) -> dict[str, str]:
    """What the stacks `zone` and `traffic` would make: origins, tagged health checks, the weighted group."""
    zone_id = client.create_hosted_zone(Name=ZONE, CallerReference="three-sites")["HostedZone"]["Id"]
    changes: list[Any] = []
    check_ids = {}
    for site, address in ADDRESSES.items():
        origin = f"{site}.{HOST}"
        check_ids[site] = create_check(client, site, origin)
        changes.append({"Name": origin, "Type": "A", "TTL": 300, "ResourceRecords": [{"Value": address}]})
        weighted = {"SetIdentifier": site, "Weight": WEIGHTS[site], "HealthCheckId": check_ids[site]}
        changes.append({"Name": HOST, "Type": "CNAME", "TTL": 30, "ResourceRecords": [{"Value": origin}], **weighted})
    batch = [{"Action": "CREATE", "ResourceRecordSet": change} for change in changes]
    client.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": batch})
    return check_ids


def create_check(client: Route53Client, site: str, origin: str) -> str:
    check_id = client.create_health_check(
        CallerReference=f"check-{site}",
        HealthCheckConfig={
            "Type": "HTTPS_STR_MATCH",
            "FullyQualifiedDomainName": origin,
            "Port": 443,
            "ResourcePath": "/health",
            "SearchString": '"status":"ok"',
            "RequestInterval": 10,
            "FailureThreshold": 3,
            "EnableSNI": True,
            "Disabled": False,
            "Inverted": False,
            "Regions": ["us-east-1", "eu-west-1", "ap-southeast-1"],
        },
    )["HealthCheck"]["Id"]
    tags = {"outlast:site": site, "outlast:host": HOST, "outlast:capacity-rps": "100"}
    client.change_tags_for_resource(
        ResourceType="healthcheck", ResourceId=check_id, AddTags=[{"Key": k, "Value": v} for k, v in tags.items()]
    )
    return check_id


@contextmanager
def serve_sites(sites: Any) -> Iterator[None]:
    """One event loop in a thread of its own for all sites."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="three-sites", daemon=True)
    thread.start()

    def run(coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(10)

    servers = [run(asyncio.start_server(s.serve, s.address, s.port, ssl=s.context, backlog=200)) for s in sites]
    try:
        yield
    finally:
        for server in servers:
            loop.call_soon_threadsafe(server.close)
        run(_cancel_all())
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _cancel_all() -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
