"""The seam to the clouds: addresses and tokens by environment, errors in our words."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from failover.levers.clouds import ARM, Clouds, ask, ask_for, translate_errors
from service.errors import OutlastError, Refused, Unavailable
from tests.failover.levers.fake_clouds import FakeWorld


def answering(answer: Callable[[httpx.Request], httpx.Response], **environ: str) -> Clouds:
    return Clouds({"OUTLAST_AZURE_TOKEN": "t", **environ}, httpx.MockTransport(answer))


@pytest.mark.parametrize(
    ("endpoint", "base"), [({}, ARM), ({"OUTLAST_AZURE_ENDPOINT": "http://127.1.2.3:4567"}, "http://127.1.2.3:4567")]
)
def test_goes_where_the_environment_says_with_a_token(endpoint: dict[str, str], base: str) -> None:
    seen: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append((str(request.url), request.headers["authorization"]))
        return httpx.Response(200)

    ask(answering(answer, **endpoint).azure(), "GET", "/a", "look")
    assert seen == [(f"{base}/a", "Bearer t")]


@pytest.mark.parametrize(
    ("status", "kind", "what"),
    [
        (403, Unavailable, "the cloud refused to look"),
        (409, Refused, "somebody else changed it meanwhile"),
        (412, Refused, "somebody else changed it meanwhile"),
        (500, Unavailable, "HTTP 500"),
    ],
)
def test_refusals_are_said_in_our_words(status: int, kind: type[OutlastError], what: str) -> None:
    clouds = answering(lambda _: httpx.Response(status, text="no"))
    with pytest.raises(kind, match=what) as caught:
        ask(clouds.azure(), "GET", "/a", "look")
    assert caught.value.hint


def test_what_has_to_exist_and_does_not_is_said() -> None:
    with pytest.raises(Unavailable, match="there is no such thing"):
        ask_for(answering(lambda _: httpx.Response(404)).azure(), "GET", "/a", "look")


def test_silence_is_said() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("")

    with pytest.raises(Unavailable, match="could not look: ConnectTimeout"):
        ask(answering(silent).azure(), "GET", "/a", "look")


@pytest.mark.parametrize(
    ("error", "kind", "what"),
    [
        (ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject"), Refused, "somebody else was faster"),
        (ClientError({"Error": {"Code": "AccessDenied"}}, "PutObject"), Unavailable, "could not write"),
        (NoCredentialsError(), Unavailable, "could not write"),
    ],
)
def test_botos_errors_are_said_in_our_words(error: Exception, kind: type[OutlastError], what: str) -> None:
    with pytest.raises(kind, match=what) as caught, translate_errors("write"):
        raise error
    assert caught.value.hint


@pytest.mark.parametrize(("vendor", "name"), [("azure", "Azure"), ("google", "Google Cloud")])
def test_without_a_token_or_a_library_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, vendor: str, name: str
) -> None:
    def absent(module: str) -> Any:
        raise ImportError(module)

    monkeypatch.setattr(importlib, "import_module", absent)
    client = getattr(Clouds({}, httpx.MockTransport(lambda _: httpx.Response(200))), vendor)()
    with pytest.raises(Unavailable, match=f"needs {name}'s credentials") as caught:
        ask(client, "GET", "/a", "look")
    assert "pip install 'outlast[clouds]'" in caught.value.hint


def test_without_a_sandbox_its_faults_are_refused() -> None:
    with pytest.raises(Unavailable, match="no sandbox is named"):
        Clouds({}).sandbox()


def test_a_wrong_token_is_noticed_by_the_fake(world: FakeWorld) -> None:
    clouds = Clouds({"OUTLAST_AZURE_TOKEN": "another"}, httpx.MockTransport(world.answer))
    with pytest.raises(Unavailable, match="the cloud refused"):
        ask(clouds.azure(), "GET", "/a", "look")


def test_tokens_are_in_no_traceback() -> None:
    assert "s3cret" not in repr(Clouds({"OUTLAST_AZURE_TOKEN": "s3cret"}))
