"""Who is let in, what a POST does, and that a listener starts and ends the requests."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from outlast.page.server import HTML, Door, _events, content_policy, make_app
from outlast.page.traffic import Traffic
from service.errors import InvalidInput, Refused, Unavailable

PLACE, TOKEN = "127.0.0.1:8000", "a-token"
ORIGIN = f"http://{PLACE}"
ALLOWED = {"origin": ORIGIN, "x-token": TOKEN}


class Source:
    """Answers, or raises what it is told to; writes down what was pressed."""

    def __init__(self) -> None:
        self.pressed: list[Any] = []
        self.error: Exception | None = None
        self.traffic = Traffic(lambda _: {})

    @property
    def is_used(self) -> bool:
        return self.traffic.is_watched

    def view(self) -> dict[str, Any]:
        self._raise()
        return {"host": "api.outlast.example"}

    def act(self, what: str, site: str) -> str:
        self._raise()
        self.pressed.append((what, site))
        return "it begins"

    def example(self) -> dict[str, Any]:
        return {"columns": ["a"], "row": [1.0]}

    def predict(self, row: list[Any]) -> dict[str, Any]:
        self._raise()
        self.pressed.append(row)
        return {"label": "benign"}

    def find_record(self, site: str, request: str) -> dict[str, Any] | None:
        self._raise()
        return {"site": site, "request_id": request} if request == "there" else None

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error


class Http:
    """Requests to the server in this process."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def get(self, path: str, **how: Any) -> httpx.Response:
        return asyncio.run(self._request("GET", path, **how))

    def post(self, path: str, **how: Any) -> httpx.Response:
        return asyncio.run(self._request("POST", path, **how))

    async def _request(self, method: str, path: str, **how: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url=ORIGIN) as client:
            return await client.request(method, path, **how)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def http(source: Source) -> Http:
    return Http(make_app(source, Door(frozenset({PLACE}), TOKEN)))


def test_the_page_runs_only_its_own_script(http: Http) -> None:
    reply = http.get("/")
    assert reply.status_code == 200 and reply.text == HTML.read_text()
    policy = reply.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in policy
    assert content_policy(reply.text.replace('"use strict";', "")) != policy
    assert TOKEN not in reply.text, "the token is in the link alone"


def test_the_page_is_small_and_asks_nobody_else() -> None:
    html = HTML.read_bytes()
    assert len(html) <= 60_000
    found = set(re.findall(rb"https?://[^\"'\s]+", html))
    assert found == {b"http://www.w3.org/2000/svg"}, "a name, which nobody fetches"


def test_a_post_with_all_three_is_done(http: Http, source: Source) -> None:
    reply = http.post("/act", json={"what": "lose", "site": "aws"}, headers=ALLOWED)
    assert (reply.status_code, reply.json()) == (200, {"said": "it begins"})
    assert http.post("/predict", json={"row": [1.0, None]}, headers=ALLOWED).json() == {"label": "benign"}
    assert source.pressed == [("lose", "aws"), [1.0, None]]


def test_a_record_is_looked_for_and_may_be_none_yet(http: Http) -> None:
    there = http.post("/record", json={"site": "aws", "request": "there"}, headers=ALLOWED)
    assert there.json() == {"record": {"site": "aws", "request_id": "there"}}
    assert http.post("/record", json={}, headers=ALLOWED).json() == {"record": None}


@pytest.mark.parametrize("path", ["/act", "/predict", "/record"])
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"origin": ORIGIN}, 403),
        ({"x-token": TOKEN}, 403),
        ({**ALLOWED, "x-token": "another"}, 403),
        ({**ALLOWED, "x-token": b"\xf1"}, 403),
        ({**ALLOWED, "origin": "http://evil.example"}, 403),
        ({**ALLOWED, "origin": "null"}, 403),
        ({**ALLOWED, "host": "evil.example:8000"}, 421),
    ],
)
def test_without_them_nothing_is_done(
    path: str, headers: dict[str, str | bytes], status: int, http: Http, source: Source
) -> None:
    reply = http.post(path, json={"what": "lose", "site": "aws", "row": [1]}, headers=headers)
    assert reply.status_code == status and reply.json()["hint"]
    assert source.pressed == []


@pytest.mark.parametrize("path", ["/", "/events", "/example"])
def test_a_name_that_points_here_is_answered_nothing(path: str, http: Http) -> None:
    assert http.get(path, headers={"host": "evil.example:8000"}).status_code == 421


def test_a_get_changes_nothing(http: Http) -> None:
    assert {http.get(path, headers=ALLOWED).status_code for path in ("/act", "/predict", "/record")} == {405}


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b"\xff"])
def test_a_body_that_is_no_object_is_told(body: bytes, http: Http) -> None:
    assert http.post("/act", content=body, headers=ALLOWED).status_code == 400


def test_a_body_that_is_too_long_is_not_read(http: Http, source: Source) -> None:
    reply = http.post("/predict", content=b'{"row": [' + b"1," * 60_000 + b"1]}", headers=ALLOWED)
    assert reply.status_code == 400 and "over" in reply.json()["error"]
    assert source.pressed == []


def test_a_row_has_to_be_a_list(http: Http) -> None:
    assert http.post("/predict", json={"row": "1"}, headers=ALLOWED).json()["error"] == "there is no row"


@pytest.mark.parametrize(
    ("error", "status"),
    [(InvalidInput("no such site", hint="status"), 400), (Refused("it runs", hint="wait"), 409)],
)
def test_what_is_refused_says_why_and_what_to_do(
    error: InvalidInput | Refused, status: int, http: Http, source: Source
) -> None:
    source.error = error
    reply = http.post("/act", json={"what": "drill", "site": "aws"}, headers=ALLOWED)
    assert (reply.status_code, reply.json()) == (status, {"error": error.what, "hint": error.hint})


def test_a_listener_starts_the_requests_and_its_leaving_ends_them(source: Source) -> None:
    async def listen() -> list[Any]:
        events = _events(source)
        first = json.loads((await anext(events)).removeprefix("data: "))
        assert source.traffic.is_running
        await events.aclose()
        return [first]

    assert asyncio.run(listen()) == [{"host": "api.outlast.example"}]
    assert not source.traffic.is_running


def test_a_sandbox_that_is_away_is_told_to_the_listener(source: Source) -> None:
    source.error = Unavailable("the sandbox does not answer", hint="make up")

    async def listen() -> Any:
        return json.loads((await anext(_events(source))).removeprefix("data: "))

    assert asyncio.run(listen()) == {"error": "the sandbox does not answer", "hint": "make up"}
