"""Writing a switch where its store is, as `failover.levers.objects` writes it to the real one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from werkzeug import Request, Response

from failover.levers.clouds import Clouds as Vendors
from failover.levers.objects import ABSENT, StoredObject, open_object
from sandbox.daemon.private_stores import PrivateStores
from service.errors import Refused, Unavailable
from service.stores.opening import open_store
from service.stores.store import Store
from tests.sandbox.clouds.harness import Clouds
from tests.sandbox.clouds.stores import GCS_BUCKET, make_stores
from tests.sandbox.daemon.speaking import serve, speak

URLS = {
    "azure": "https://switchesazure.blob.core.windows.net/flags/aws.drain",
    "gcp": f"https://storage.googleapis.com/{GCS_BUCKET}/flags/aws.drain",
}
CONTROL = "http://127.0.0.1:4567"


@pytest.fixture
def dark() -> set[str]:
    """The clouds that answer nobody."""
    return set()


@pytest.fixture
def vendors(clouds: Clouds, dark: set[str]) -> Iterator[Vendors]:
    make_stores(clouds)
    stores = PrivateStores(clouds.world, clouds.world.objects, lambda cloud: cloud in dark)

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer token"
        path, headers = request.url.path, {name.lower(): value for name, value in request.headers.items()}
        reply = stores.answer(request.method, path, headers, request.content)
        assert reply is not None, path
        return httpx.Response(reply.status, content=reply.body, headers=dict(reply.headers))

    environ = {f"OUTLAST_{name}_ENDPOINT": CONTROL for name in ("AZURE", "GOOGLE")}
    environ |= {f"OUTLAST_{name}_TOKEN": "token" for name in ("AZURE", "GOOGLE")}
    yield Vendors(environ, transport=httpx.MockTransport(answer))


@pytest.fixture(params=sorted(URLS))
def flag(request: pytest.FixtureRequest, vendors: Vendors) -> StoredObject:
    return open_object(URLS[request.param], vendors)


def test_an_object_is_written_read_and_taken_away(flag: StoredObject) -> None:
    assert flag.read() == (b"", ABSENT)
    flag.write(b"one", ABSENT)
    content, version = flag.read()
    assert content == b"one" and version
    flag.write(b"two", version)
    flag.delete(flag.read()[1])
    assert flag.read() == (b"", ABSENT)


def test_whoever_looked_before_somebody_else_wrote_is_refused(flag: StoredObject) -> None:
    flag.write(b"one", ABSENT)
    with pytest.raises(Refused):
        flag.write(b"mine", ABSENT)
    stale = flag.read()[1]
    flag.write(b"two", stale)
    with pytest.raises(Refused):
        flag.delete(stale)
    assert flag.read()[0] == b"two"


def test_a_store_of_a_dark_cloud_does_not_answer(flag: StoredObject, dark: set[str]) -> None:
    dark |= {"azure", "gcp"}
    with pytest.raises(Unavailable):
        flag.read()


def test_a_container_that_nobody_made_is_named(vendors: Vendors) -> None:
    lost = open_object("https://storage.googleapis.com/nobodys/flags/aws.drain", vendors)
    with pytest.raises(Unavailable, match="no such bucket"):
        lost.write(b"", ABSENT)


def test_other_paths_are_somebody_elses(clouds: Clouds) -> None:
    stores = PrivateStores(clouds.world, clouds.world.objects, lambda cloud: False)
    assert stores.answer("GET", "/status", {}, b"") is None


@pytest.fixture(params=["az://switchesazure/flags", f"gs://{GCS_BUCKET}"])
def store(request: pytest.FixtureRequest, clouds: Clouds, dark: set[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The product's own port to stores, over HTTP."""
    make_stores(clouds)
    stores = PrivateStores(clouds.world, clouds.world.objects, lambda cloud: cloud in dark)

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        asked = Request(environ)
        assert asked.headers["authorization"] == "Bearer token"
        headers = {name.lower(): value for name, value in asked.headers}
        reply = stores.answer(asked.method, asked.path, headers, asked.get_data(), asked.args)
        assert reply is not None, asked.path
        return Response(reply.body, reply.status, dict(reply.headers))(environ, start_response)

    with serve(answer) as url:
        for name in ("AZURE", "GOOGLE"):
            monkeypatch.setenv(f"OUTLAST_{name}_ENDPOINT", url)
            monkeypatch.setenv(f"OUTLAST_{name}_TOKEN", "token")
            monkeypatch.setenv(f"{name}_ALLOW_HTTP", "true")
        yield open_store(f"{request.param}/below")


def test_the_port_to_stores_finds_all_that_it_asks_for(store: Store) -> None:
    speak(store)
