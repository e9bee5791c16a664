"""A hosted zone of moto, an authority on loopback that reads it, and a vault in memory that can say no."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from failover.certificates.authority import make_account_key
from failover.certificates.proofs import Proofs
from failover.certificates.vault import CertificateVault
from failover.levers.clouds import Clouds
from failover.simulator.store import Store
from tests.failover.drill.fakes import FakeClock
from tests.sandbox.authority.serving import Served, serve_authority

DOMAIN, HOST = "outlast.example", "api.outlast.example"
KEY = make_account_key()  # RSA would take a quarter of a second each time that it is made or read
SECRET = "https://kv1.vault.azure.net/secrets/api"


@dataclass
class FakeVault:
    """The four calls of a Key Vault; `refuse` answers all of them, or those that begin so."""

    certificates: dict[str, bytes] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    refuse: dict[str, httpx.Response] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert request.url.host == "kv1.vault.azure.net" and request.url.params["api-version"] == "7.4"
        assert request.headers["authorization"] == "Bearer t"
        call = f"{request.method} {request.url.path}"
        self.asked.append(call)
        for beginning, response in self.refuse.items():
            if call.startswith(beginning):
                return response
        _, kind, name, *verb = request.url.path.split("/")
        if request.method == "GET":
            return self._show(kind, name)
        body = json.loads(request.content)
        if kind == "secrets":
            self.secrets[name] = body["value"]
        else:
            assert verb == ["import"] and body["policy"]["secret_props"]["contentType"] == "application/x-pkcs12"
            self.certificates[name] = base64.b64decode(body["value"])
        return httpx.Response(200, json={})

    def _show(self, kind: str, name: str) -> httpx.Response:
        if kind == "secrets" and name in self.secrets:
            return httpx.Response(200, json={"value": self.secrets[name]})
        if kind == "certificates" and name in self.certificates:
            _, leaf, _ = pkcs12.load_key_and_certificates(self.certificates[name], None)
            assert leaf is not None
            return httpx.Response(200, json={"cer": base64.b64encode(leaf.public_bytes(Encoding.DER)).decode()})
        return httpx.Response(404, json={"error": {"code": "NotFound"}})

    @property
    def vault(self) -> CertificateVault:
        return CertificateVault.at(SECRET, Clouds({"OUTLAST_AZURE_TOKEN": "t"}, httpx.MockTransport(self.answer)))


@dataclass
class Zone:
    """One hosted zone, what is written into it, and a clock that stands still while nobody waits."""

    route53: Any
    id: str
    clock: FakeClock
    told: list[str] = field(default_factory=list)

    @property
    def proofs(self) -> Proofs:
        return Proofs(self.route53, self.id, self.clock.utc, self.clock.sleep, self.told.append)

    def records(self, name: str = "") -> list[dict[str, Any]]:
        """The TXT records, of that name or all."""
        found = self.route53.list_resource_record_sets(HostedZoneId=self.id)["ResourceRecordSets"]
        return [one for one in found if one["Type"] == "TXT" and name in ("", one["Name"].rstrip("."))]

    def lookup(self, name: str, type_: str) -> list[str]:
        """As an authority sees the zone."""
        return [
            value["Value"].strip('"')
            for record in (self.records(name) if type_ == "TXT" else [])
            for value in record["ResourceRecords"]
        ]


@pytest.fixture
def zone() -> Zone:
    store = Store()
    made = store.client.create_hosted_zone(Name=DOMAIN, CallerReference="one")
    return Zone(store.client, made["HostedZone"]["Id"].rpartition("/")[2], FakeClock())


@pytest.fixture
def fake_vault() -> FakeVault:
    return FakeVault()


@pytest.fixture
def served(zone: Zone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """An authority that reads the zone; nobody waits the second between two looks that the library waits."""
    monkeypatch.setattr("acme.client.time.sleep", lambda seconds: None)
    monkeypatch.setattr("failover.certificates.authority.make_certificate_key", lambda: KEY)
    with serve_authority(tmp_path) as served:
        served.authority._lookup = lambda name, type_: served.records.get((name, type_)) or zone.lookup(name, type_)
        served.authority._now = lambda: datetime.now(UTC).timestamp()
        yield served
