"""The exchange of tokens with an Azure registry, against a server on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest

from infra.azure.registry_login import exchange, post_form
from service.errors import Unavailable


class _Registry(BaseHTTPRequestHandler):
    answers: dict[str, tuple[int, bytes]]
    forms: list[dict[str, list[str]]]

    def do_POST(self) -> None:
        self.forms.append(parse_qs(self.rfile.read(int(self.headers["content-length"])).decode()))
        status, body = self.answers[self.path]
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def registry() -> Iterator[type[_Registry]]:
    handler = type("Registry", (_Registry,), {"answers": {}, "forms": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        handler.url = f"http://127.0.0.1:{server.server_port}"  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield handler
        server.shutdown()
        thread.join()


def test_form_is_posted_and_the_answer_read(registry: Any) -> None:
    registry.answers["/token"] = (200, json.dumps({"access_token": "a"}).encode())
    assert post_form(f"{registry.url}/token", {"scope": "repository:service:pull,push"}) == {"access_token": "a"}
    assert registry.forms == [{"scope": ["repository:service:pull,push"]}]


@pytest.mark.parametrize("answer", [(401, b"{}"), (200, b"<html>"), (500, b"")])
def test_no_good_answer_says_what_is_needed_and_keeps_the_token_to_itself(
    registry: Any, answer: tuple[int, bytes]
) -> None:
    registry.answers["/exchange"] = answer
    with pytest.raises(Unavailable) as caught:
        post_form(f"{registry.url}/exchange", {"access_token": "very-secret"})
    assert "AcrPush" in caught.value.hint
    assert "registryLogin to docker" in caught.value.hint
    assert "very-secret" not in str(caught.value)


def test_entra_token_becomes_a_token_for_one_repository() -> None:
    asked = []

    def post(url: str, form: dict[str, str]) -> dict[str, str]:
        asked.append((url, form))
        return {"refresh_token": "refresh"} if url.endswith("/exchange") else {"access_token": "access"}

    assert exchange("r.azurecr.io", "service", "entra", post) == "access"
    assert asked == [
        (
            "https://r.azurecr.io/oauth2/exchange",
            {"grant_type": "access_token", "service": "r.azurecr.io", "access_token": "entra"},
        ),
        (
            "https://r.azurecr.io/oauth2/token",
            {
                "grant_type": "refresh_token",
                "service": "r.azurecr.io",
                "scope": "repository:service:pull,push",
                "refresh_token": "refresh",
            },
        ),
    ]
