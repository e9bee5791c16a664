"""A registry of Azure, reached by its name and over TLS as the program of the site reaches it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from failover.dial import Dial
from infra.azure import registry_login
from sandbox.clouds.azure.registry import REGISTRY, access_token, client_token
from sandbox.clouds.store import Resource
from sandbox.clouds.world import World
from sandbox.daemon.azure_login import HOSTS, AzureLogin
from sandbox.network.certificates import PrivateCA
from service.errors import Unavailable

SERVER = "outlastazure.azurecr.io"
ADDRESS = "127.0.0.1"


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind((ADDRESS, 0))
        return int(free.getsockname()[1])


@pytest.fixture
def ca(tmp_path: Path) -> PrivateCA:
    return PrivateCA(tmp_path)


@pytest.fixture
def login(ca: PrivateCA, port: int) -> Iterator[AzureLogin]:
    registry = Resource(REGISTRY, "r", "urn:pulumi:azure::outlast::t::r", {}, {}, outputs={"loginServer": SERVER})
    world = cast(World, SimpleNamespace(store=SimpleNamespace(all=lambda type_: [registry])))
    started = AzureLogin(world, ADDRESS, port, ca.issue("registries", [HOSTS]))
    started.start()
    yield started
    started.stop()


def test_the_program_logs_in_by_the_registrys_name(
    login: AzureLogin, ca: PrivateCA, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert login.names() == {SERVER: [ADDRESS]}
    monkeypatch.setenv("OUTLAST_NAMESERVER", ADDRESS)
    monkeypatch.setenv("OUTLAST_PORT_OFFSET", str(port - 443))
    monkeypatch.setenv("OUTLAST_CA_FILE", str(ca.folder / "ca.pem"))
    monkeypatch.setattr(Dial, "resolve", lambda self, host: SimpleNamespace(addresses=tuple(login.names()[host])))
    token = registry_login.exchange(SERVER, "service", client_token(), registry_login.post_form)
    assert token == access_token(SERVER, "service")
    with pytest.raises(Unavailable, match="401") as caught:
        registry_login.exchange(SERVER, "service", "very-secret", registry_login.post_form)
    assert "very-secret" not in str(caught.value)


def test_a_silent_client_keeps_nobody_waiting(login: AzureLogin, ca: PrivateCA, port: int) -> None:
    context: Any = Dial(ca_file=ca.folder / "ca.pem").ssl_context
    with (
        socket.create_connection((ADDRESS, port)),
        socket.create_connection((ADDRESS, port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=SERVER) as secured,
    ):
        secured.sendall(b"POST /oauth2/token HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n")
        assert b" 413 " in secured.recv(1000)


def test_a_port_that_is_taken_is_said(login: AzureLogin, ca: PrivateCA, port: int) -> None:
    second = AzureLogin(cast(World, None), ADDRESS, port, ca.issue("registries", [HOSTS]))
    with pytest.raises(Unavailable, match=f"nothing can listen on {ADDRESS} port {port}"):
        second.start()
    second.stop()
