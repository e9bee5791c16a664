"""One site is asked everything, here the real server; what it cannot answer is said, never raised."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from failover.parity.asking import ROWS_A_REQUEST, ask_site
from failover.parity.compare import SiteAnswers, compare
from failover.parity.rows import draw_rows
from service.bundle.folder import RELEASED, load_golden, load_release
from tests.service.server.harness import API_KEY, RECEIPT_KEYS, Server, api_keys, running

GOLDEN, MANIFEST = load_golden(RELEASED / "tumour"), load_release(RELEASED / "tumour").manifest
ROWS = draw_rows(MANIFEST.input, MANIFEST.reference, ROWS_A_REQUEST + 7, seed=0)


def ask(handler: Callable[[httpx.Request], httpx.Response], key: str = API_KEY) -> SiteAnswers:
    with httpx.Client(transport=httpx.MockTransport(handler)) as http:
        return ask_site(http, "api.example.com", "aws", golden=GOLDEN, rows=ROWS, api_key=key)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"OUTLAST_API_KEYS": api_keys(), "OUTLAST_RECEIPT_KEYS": RECEIPT_KEYS}
    with running(tmp_path_factory.mktemp("parity"), **settings) as server:
        yield server


@pytest.fixture(scope="module")
def pass_on(server: Server) -> Iterator[Callable[[httpx.Request], httpx.Response]]:
    with httpx.Client(base_url=server.url, timeout=10, trust_env=False) as client:

        def handle(request: httpx.Request) -> httpx.Response:
            kept = {k: v for k, v in request.headers.items() if k in ("authorization", "content-type")}
            return client.request(request.method, request.url.path, content=request.content, headers=kept)

        yield handle


def test_a_site_is_as_itself(pass_on: Callable[[httpx.Request], httpx.Response]) -> None:
    first, second = ask(pass_on), ask(pass_on)
    found = compare([first, second], GOLDEN, {})
    assert found.differences == ()
    assert (found.rows[0].golden_right, found.rows[1].drawn_equal) == (len(GOLDEN.rows), len(ROWS))


def test_each_wrong_request_is_refused_in_its_own_way(pass_on: Callable[[httpx.Request], httpx.Response]) -> None:
    refused = {name: str(refusal) for name, refusal in ask(pass_on).refusals.items()}
    assert {name: told.replace("urn:outlast:problem:", "") for name, told in refused.items()} == {
        "no such address": "404 not-found",
        "another method": "405 wrong-method",
        "no such model": "404 not-found",
        "no API key": "401 no-api-key",
        "no JSON": "400 not-json",
        "no inputs": "400 invalid-request",
        "a column too few": "400 invalid-request",
        "an object as value": "400 invalid-request",
        "more rows than are taken": "413 too-large",
        "a larger body than is taken": "413 too-large",
        "a receipt of somebody else": "400 invalid-receipt",
    }


def test_a_key_that_is_not_taken_is_said(pass_on: Callable[[httpx.Request], httpx.Response]) -> None:
    assert "answers 401 to" in ask(pass_on, key="").error


@pytest.mark.parametrize("answer", [b"{}", b"not JSON"])
def test_what_is_no_answer_is_said(answer: bytes) -> None:
    told = ask(lambda request: httpx.Response(200, content=answer)).error
    assert "InvalidInput" in told


def test_a_site_that_hangs_up_is_said() -> None:
    def hang_up(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("connection reset", request=request)

    assert ask(hang_up).error == "ReadError: connection reset"


def test_fewer_answers_than_rows_are_said() -> None:
    one = {"outputs": [{"name": "label", "data": ["benign"]}, {"name": "probabilities", "data": [1.0, 0.0]}]}
    assert "1 answers to" in ask(lambda request: httpx.Response(200, json=one)).error
