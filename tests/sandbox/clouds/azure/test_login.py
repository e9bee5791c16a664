"""The exchange of tokens with a registry, as the program of the Azure site asks for it."""

from __future__ import annotations

import pytest

from infra.azure.registry_login import TOKEN_USER, exchange
from sandbox.clouds.azure import login
from sandbox.clouds.azure.registry import client_token, why_not_push
from tests.sandbox.clouds.harness import Clouds

SERVER = "outlastazure.azurecr.io"
EXCHANGE = {"grant_type": "access_token", "service": SERVER, "access_token": client_token()}


@pytest.fixture
def registry(clouds: Clouds) -> Clouds:
    group = "azure-native:resources:ResourceGroup"
    clouds.make(group, stack="azure", resourceGroupName="g", location="eastus")
    clouds.make(
        "azure-native:containerregistry:Registry",
        stack="azure",
        resourceGroupName="g",
        registryName="outlastazure",
        location="eastus",
        sku={"name": "Basic"},
    )
    return clouds


def test_the_program_gets_a_token_that_the_registry_takes(registry: Clouds) -> None:
    def post(url: str, form: dict[str, str]) -> dict[str, str]:
        server, _, path = url.removeprefix("https://").partition("/")
        status, document = login.answer(registry.world, server, f"/{path}", form)
        assert status == 200, document
        return document

    token = exchange(SERVER, "service", client_token(), post)
    assert why_not_push(registry.world, SERVER, "service", (TOKEN_USER, token)) is None
    assert why_not_push(registry.world, SERVER, "other", (TOKEN_USER, token))


def refresh_token(registry: Clouds) -> str:
    return str(login.answer(registry.world, SERVER, login.EXCHANGE, EXCHANGE)[1]["refresh_token"])


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"access_token": "another"}, 401), ({"grant_type": "password"}, 400), ({"service": "x.azurecr.io"}, 400)],
)
def test_a_wrong_exchange_is_refused(registry: Clouds, changed: dict[str, str], status: int) -> None:
    answered, document = login.answer(registry.world, SERVER, login.EXCHANGE, EXCHANGE | changed)
    assert answered == status and document["errors"][0]["message"]


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"refresh_token": "another"}, 401),
        ({"grant_type": "access_token"}, 400),
        ({"scope": "repository:service:pull"}, 400),
        ({"scope": "registry:catalog:*"}, 400),
        ({}, 200),
    ],
)
def test_a_wrong_question_for_a_token_is_refused(registry: Clouds, changed: dict[str, str], status: int) -> None:
    form = {"grant_type": "refresh_token", "service": SERVER, "scope": "repository:service:pull,push"}
    form["refresh_token"] = refresh_token(registry)
    assert login.answer(registry.world, SERVER, login.TOKEN, form | changed)[0] == status


@pytest.mark.parametrize(("server", "path"), [("other.azurecr.io", login.EXCHANGE), (SERVER, "/v2/")])
def test_what_is_not_there_is_404(registry: Clouds, server: str, path: str) -> None:
    assert login.answer(registry.world, server, path, EXCHANGE | {"service": server})[0] == 404
