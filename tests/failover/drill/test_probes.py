"""One request, judged: every way in which a network or a server can fail is an answer, never an exception."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from failover.dial import Certificate, Dial, Resolution
from failover.drill.facts import Answer
from failover.drill.observers import _look_by_request
from failover.drill.probes import ask_digest, ask_golden, probe_site
from service.bundle.folder import load_golden
from service.bundle.golden import Golden
from service.errors import Unavailable
from tests.failover.drill.fakes import EPOCH, Stage
from tests.failover.drill.three_sites import HOST
from tests.service import clients

Handler = Callable[[httpx.Request], httpx.Response]


def right(golden: Golden, **headers: str) -> httpx.Response:
    row = golden.rows[0]
    probabilities = [row.probabilities[name] for name in golden.classes]
    outputs = [{"name": "label", "data": [row.label]}, {"name": "probabilities", "data": probabilities}]
    return httpx.Response(200, json={"outputs": outputs}, headers={"x-served-by": "aws", **headers})


def ask(golden: Golden, handler: Handler) -> Answer:
    with httpx.Client(transport=httpx.MockTransport(handler)) as http:
        return ask_golden(http, HOST, golden, golden.rows[0])


class OneSite(Dial):
    """Every name has one address, and whoever is dialled answers by `handler`."""

    def __init__(self, handler: Handler, addresses: tuple[str, ...] = ("192.0.2.1",), ends: datetime | None = EPOCH):
        for name, value in (("handler", handler), ("addresses", addresses), ("ends", ends), ("dialled", [])):
            object.__setattr__(self, name, value)  # a Dial is frozen

    def resolve(self, host: str, rdtype: str = "A", *, timeout_seconds: float = 2.0) -> Resolution:
        return Resolution(host, rdtype, self.addresses, (), 60, "NOERROR", True, 0.0)  # type: ignore[attr-defined]

    def client(self, *, address: str | None = None, **_: Any) -> httpx.Client:
        self.dialled.append(address)  # type: ignore[attr-defined]
        return httpx.Client(transport=httpx.MockTransport(self.handler))  # type: ignore[attr-defined]

    def certificate(self, server_name: str, **_: Any) -> Certificate:
        if self.ends is None:  # type: ignore[attr-defined]
            raise Unavailable("self-signed certificate")
        return Certificate(self.ends, (server_name,))  # type: ignore[attr-defined]


def test_asks_as_a_client_would(golden: Golden) -> None:
    seen: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return right(golden)

    assert ask(golden, serve).right
    assert (seen[0].method, str(seen[0].url)) == ("POST", f"https://{HOST}/v2/models/tumour/infer")
    assert json.loads(seen[0].content)["inputs"][0]["data"] == list(golden.rows[0].features)


@pytest.mark.parametrize("status", [301, 401, 404, 429, 500, 503])
def test_any_other_status_is_a_failure(golden: Golden, status: int) -> None:
    answer = ask(golden, lambda _: httpx.Response(status, headers={"x-served-by": "aws"}))
    assert (answer.error, answer.served_by, answer.right) == (f"HTTP {status}", "aws", False)


@pytest.mark.parametrize(
    "error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError, Unavailable, OSError]
)
def test_what_the_network_does_is_an_answer(golden: Golden, error: type[Exception]) -> None:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error("refused\nwith details")

    assert ask(golden, fail).error == f"{error.__name__}: refused"


def test_a_wrong_answer_is_no_failure_but_is_not_right(golden: Golden) -> None:
    answer = ask(golden, lambda _: httpx.Response(200, json={"outputs": []}))
    assert answer.error == "" and "not an inference answer" in answer.wrong and not answer.right


@pytest.mark.parametrize(
    ("said", "problem"), [("aws", ""), ("local", "says local, which is no site"), (None, "says None")]
)
def test_who_served_has_to_be_a_site_of_the_plan(stage: Stage, said: str | None, problem: str) -> None:
    def serve(_: httpx.Request) -> httpx.Response:
        response = right(stage.golden)
        response.headers.pop("x-served-by")
        if said:
            response.headers["x-served-by"] = said
        return response

    with httpx.Client(transport=httpx.MockTransport(serve)) as http:
        look = _look_by_request(http, stage.plan(), stage.golden, 0)()
    assert problem in look.wrong and look.right == (not problem)


def probe(dial: Dial, golden: Golden, site: str = "aws", **headers: str) -> Any:
    return probe_site(dial, HOST, site, f"{site}.{HOST}", golden=golden, headers=headers, deadline_seconds=1.0)


def test_a_pinned_probe_dials_the_sites_own_address(golden: Golden) -> None:
    dial = OneSite(lambda _: right(golden))
    found = probe(dial, golden)
    assert (found.address, dial.dialled) == ("192.0.2.1", ["192.0.2.1"])  # type: ignore[attr-defined]
    assert found.answer.right and found.certificate_ends == EPOCH


def test_a_pinned_probe_sends_the_key(golden: Golden) -> None:
    def serve(request: httpx.Request) -> httpx.Response:
        return right(golden) if request.headers.get("authorization") == "Bearer k" else httpx.Response(401)

    assert probe(OneSite(serve), golden, authorization="Bearer k").answer.right
    assert probe(OneSite(serve), golden).answer.error == "HTTP 401"


def test_an_impostor_an_invalid_certificate_and_no_address(golden: Golden) -> None:
    impostor = probe(OneSite(lambda _: right(golden)), golden, site="gcp")
    assert impostor.answer.error == "x-served-by says aws, not gcp"
    invalid = probe(OneSite(lambda _: right(golden), ends=None), golden)
    assert (invalid.certificate_ends, invalid.certificate_error) == (None, "self-signed certificate")
    nowhere = probe(OneSite(lambda _: right(golden), addresses=()), golden)
    assert (nowhere.address, nowhere.answer.error) == (None, f"aws.{HOST} has no address")


def test_a_model_of_texts_is_drilled_with_its_own_golden_rows(tmp_path: Path) -> None:
    trained = clients.train(tmp_path)
    golden = load_golden(trained.release.folder)
    assert golden.input.datatype == "BYTES"
    with (
        clients.serving(trained, tmp_path) as handler,
        httpx.Client(transport=httpx.MockTransport(handler)) as http,
    ):
        answers = [ask_golden(http, HOST, golden, row) for row in golden.rows]
        other = ask_golden(http, HOST, golden, replace(golden.rows[0], label="neither"))
    assert len(answers) > 2
    assert [(answer.error, answer.wrong) for answer in answers] == [("", "")] * len(answers)
    assert (other.error, "expected" in other.wrong) == ("", True)


@pytest.mark.parametrize(
    ("answer", "digest"),
    [
        (httpx.Response(200, json={"parameters": {"digest": "sha256:abc"}}), "sha256:abc"),
        (httpx.Response(200, json={"name": "a server of another kind"}), ""),
        (httpx.Response(404, text="no such path"), ""),
        (httpx.ConnectError("refused"), ""),
    ],
)
def test_a_site_is_asked_for_its_models_digest(golden: Golden, answer: httpx.Response | Exception, digest: str) -> None:
    asked: list[str] = []

    def serve(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with httpx.Client(transport=httpx.MockTransport(serve)) as http:
        assert ask_digest(http, HOST, golden) == digest
    assert asked == [golden.path.removesuffix("/infer")]
