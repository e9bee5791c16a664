"""A set of stack files of one's own, and the accounts that they name: simulated, in process, without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from failover.levers.clouds import Clouds
from failover.simulator.store import Store, in_process_client
from outlast.doctor.stacks import Subjects, read_subjects
from sandbox.clouds.accounts import Accounts, Vault
from sandbox.clouds.azure import vaults
from sandbox.daemon.vendors import Vendors
from tests.sandbox.clouds import harness
from tests.sandbox.own_set import ACCOUNT, HOST, PROJECT, SUBSCRIPTION, VAULT, own_set, write

TOKENS = {"OUTLAST_AZURE_TOKEN": "t", "OUTLAST_GOOGLE_TOKEN": "t", "OUTLAST_AZURE_ENDPOINT": "http://here"}
TOKENS |= {"OUTLAST_GOOGLE_ENDPOINT": "http://here"}


@dataclass(frozen=True)
class InProcess(Clouds):
    """Azure and Google Cloud are the sandbox's; of AWS Service Quotas is, and the rest is moto's."""

    vendors: Vendors | None = None
    store: Store = field(default_factory=lambda: Store(ACCOUNT))

    def aws(self, service: str, region: str) -> Any:
        assert self.vendors is not None
        return in_process_client(self.vendors.quotas if service == "service-quotas" else self.store.forward, service)


@pytest.fixture
def seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., InProcess]]:
    """`seam(apis=…)`: the clouds' APIs over accounts that have everything but what is said."""
    monkeypatch.setattr("os.fsync", lambda descriptor: None)
    opened: list[harness.Clouds] = []

    def open_(certificate: tuple[str, ...] = (HOST,), **changed: Any) -> InProcess:
        known = {"aws": ACCOUNT, "subscriptions": (SUBSCRIPTION,), "projects": (PROJECT,)}
        vault = Vault(VAULT, {"api-example-org": certificate} if certificate else {})
        accounts = Accounts(**{**known, "vaults": (vault,), **changed})
        clouds = harness.open_clouds(tmp_path / "clouds", harness.no_route53, accounts=accounts)
        opened.append(clouds)
        vaults.fill(clouds.world.ca, accounts)
        vendors = Vendors(clouds.world, lambda stack: None)
        return InProcess(TOKENS, httpx.MockTransport(lambda request: answer(vendors, request)), vendors=vendors)

    yield open_
    for clouds in opened:
        clouds.world.store.journal.close()


def answer(vendors: Vendors, request: httpx.Request) -> httpx.Response:
    found = vendors.answer(request.method, request.url.path, dict(request.url.params), request.content)
    status, document = found or (404, {"error": "nobody answers there"})
    return httpx.Response(status, json=document)


@pytest.fixture
def subjects(tmp_path: Path) -> Callable[..., Subjects]:
    """`subjects(**{"prod-aws": {...}})`: the set, with some settings changed."""

    def make(changed: Mapping[str, Mapping[str, Any]] | None = None) -> Subjects:
        files = own_set()
        for stack, settings in (changed or {}).items():
            files[stack] |= settings
        write(tmp_path, files)
        return read_subjects(tmp_path, "prod")

    return make
