"""The stores as Route 53's checkers meet them: over TLS, by the clouds' host names, without credentials."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from failover.routing.places import REGIONS
from sandbox.daemon.public_stores import PublicStores, certificate_hosts
from sandbox.network.certificates import PrivateCA
from tests.sandbox.clouds.harness import Clouds
from tests.sandbox.clouds.stores import AZURE_CONTAINER, GCS_BUCKET, S3_BUCKET, make_stores

ADDRESS = "127.0.0.1"
S3 = (f"{S3_BUCKET}.s3.eu-west-1.amazonaws.com", "/flags/gcp.drain", f"{S3_BUCKET}/flags/gcp.drain")
AZURE = ("switchesazure.blob.core.windows.net", "/flags/aws.drain", f"{AZURE_CONTAINER}/aws.drain")
GCS = ("storage.googleapis.com", f"/{GCS_BUCKET}/flags/azure.drain", f"{GCS_BUCKET}/flags/azure.drain")


@pytest.fixture
def dark() -> set[str]:
    return set()


@pytest.fixture
def port(clouds: Clouds, tmp_path: Path, dark: set[str]) -> Iterator[int]:
    make_stores(clouds)
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        number = int(free.getsockname()[1])
    pair = PrivateCA(tmp_path / "ca").issue("stores", certificate_hosts())
    stores = PublicStores(clouds.world, clouds.world.objects, dark.__contains__, ADDRESS, number, pair)
    stores.start()
    assert {host for host, *_ in (S3, AZURE, GCS)} == stores.names().keys()
    yield number
    stores.stop()


def ask(port: int, host: str, path: str, method: str = "GET") -> httpx.Response:
    url = f"https://{ADDRESS}:{port}{path}"
    with httpx.Client(verify=False, trust_env=False) as client:  # as the checkers do it: certificates do not matter
        return client.request(method, url, headers={"host": host}, extensions={"sni_hostname": host})


@pytest.mark.parametrize(("store", "absent"), [(S3, 403), (AZURE, 404), (GCS, 404)])
def test_a_switch_that_is_thrown_is_found_and_one_that_is_not_is_not(
    clouds: Clouds,
    port: int,
    store: tuple[str, str, str],
    absent: int,
) -> None:
    host, path, name = store
    assert ask(port, host, path).status_code == absent
    clouds.world.objects.change(name, b"{}", lambda there: True)
    assert (ask(port, host, path).status_code, ask(port, host, path).content) == (200, b"{}")
    assert (ask(port, host, path, "HEAD").status_code, ask(port, host, path, "HEAD").content) == (200, b"")


def test_what_nobody_opened_and_what_nobody_made_is_refused(port: int) -> None:
    assert ask(port, S3[0], "/secrets/key").status_code == 403
    assert ask(port, "other.s3.eu-west-1.amazonaws.com", "/flags/x").status_code == 404


def test_a_dark_cloud_ends_the_connection_without_a_word(port: int, dark: set[str]) -> None:
    dark.add("azure")
    with pytest.raises(httpx.RemoteProtocolError):
        ask(port, *AZURE[:2])
    assert ask(port, *GCS[:2]).status_code == 404


def test_the_certificate_is_for_every_region() -> None:
    assert "*.s3.eu-west-1.amazonaws.com" in certificate_hosts()
    assert len(certificate_hosts()) > len(REGIONS) - 10
