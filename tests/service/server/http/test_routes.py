"""The server's routes over real sockets: predictions, health, and refusals that say what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.service.server.harness import INFER, Server, infer_body

pytestmark = pytest.mark.xdist_group("open-server")  # one worker, so that the server is started once

ROW = [1.0] * 30


def test_every_golden_row_gets_its_golden_answer(open_server: Server, golden: list[Mapping[str, Any]]) -> None:
    with open_server.client() as client:
        reply = client.post(INFER, json=infer_body([row["features"] for row in golden], id="mine"))
    assert reply.status_code == 200
    assert reply.headers["x-served-by"] == "aws"
    answer = reply.json()
    assert answer["id"] == "mine"
    label, probabilities = answer["outputs"]
    assert label["data"] == [row["label"] for row in golden]
    assert label["datatype"] == "BYTES"
    assert probabilities["shape"] == [len(golden), 2]
    expected = [p for row in golden for p in row["probabilities"].values()]
    assert probabilities["data"] == pytest.approx(expected, abs=1e-5)


def test_health_is_compact_and_ok(open_server: Server) -> None:
    with open_server.client() as client:
        reply, by_the_older_name = client.get("/health"), client.get("/healthz")
    assert reply.status_code == by_the_older_name.status_code == 200
    assert b'"status":"ok"' in reply.content[:5120]
    assert by_the_older_name.content == reply.content


def _with(**changes: Any) -> dict[str, Any]:
    """A right request with some of its tensor changed; None takes a key away."""
    body = infer_body([ROW])
    tensor = {**body["inputs"][0], **changes}
    return {"inputs": [{key: value for key, value in tensor.items() if value is not None}]}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        pytest.param({}, "inputs", id="no-inputs"),
        pytest.param({"inputs": [1]}, "inputs", id="no-tensor"),
        pytest.param(_with(data=ROW[1:]), "inputs[0].data", id="missing-feature"),
        pytest.param(_with(data=None), "inputs[0].data", id="no-data"),
        pytest.param(_with(shape=[1, 29], data=ROW[1:]), "inputs[0].shape", id="wrong-shape"),
        pytest.param(_with(shape=[0, 30], data=[]), "inputs[0].shape", id="no-row"),
        pytest.param(_with(shape=[-1, 30]), "inputs[0].shape", id="negative-shape"),
        pytest.param(_with(shape=[True, 30]), "inputs[0].shape", id="shape-of-truth"),
        pytest.param(_with(datatype="INT64"), "inputs[0].datatype", id="datatype"),
        pytest.param(_with(name="colour"), "inputs[0].name", id="unknown-input"),
        pytest.param(_with(data=[*ROW[1:], "1"]), "inputs[0].data[29]", id="text-for-a-number"),
        pytest.param(_with(data=[*ROW[1:], True]), "inputs[0].data[29]", id="truth-for-a-number"),
        pytest.param(_with(data=[*ROW[1:], None]), "inputs[0].data[29]", id="null-for-a-number"),
        pytest.param(_with(data=[*ROW[1:], 1e39]), "row 0, worst_fractal_dimension", id="beyond-fp32"),
        pytest.param(_with(data=[ROW[1:], 1.0]), "inputs[0].data", id="half-nested"),
        pytest.param({**infer_body([ROW]), "outputs": [{"name": "x"}]}, "outputs[0].name", id="unknown-output"),
        pytest.param({**infer_body([ROW]), "model_name": "digits"}, "model_name", id="not-the-path's-model"),
        pytest.param({**infer_body([ROW]), "model_version": "0"}, "model_version", id="not-the-path's-version"),
        pytest.param({**infer_body([ROW]), "id": 7}, "id", id="id-no-text"),
    ],
)
def test_a_wrong_request_is_told_where_it_is_wrong(open_server: Server, body: object, place: str) -> None:
    with open_server.client() as client:
        reply = client.post(INFER, json=body)
    assert reply.status_code == 400
    assert reply.headers["content-type"] == "application/json"
    problem = reply.json()
    assert problem["type"] == "urn:outlast:problem:invalid-request"
    assert place in [error["place"] for error in problem["errors"]]
    assert problem["hint"]


@pytest.mark.parametrize(
    ("raw", "status", "says"),
    [
        pytest.param(b"", 400, "cannot be read", id="empty"),
        pytest.param(b"[]", 400, "not an object", id="no-object"),
        pytest.param(b'{"inputs": [NaN]}', 400, "cannot be read", id="nan"),
        pytest.param(b'{"a": "\xff"}', 400, "cannot be read", id="no-utf8"),
        pytest.param(b'{"a":' * 3000, 400, "cannot be read", id="deep"),
        pytest.param(b'{"inputs": 1, "inputs": 2}', 400, "same key twice", id="duplicate-keys"),
        pytest.param(b" " * (5 << 20), 413, "over 4194304 bytes", id="large"),
    ],
)
def test_a_broken_body_is_refused_in_words(open_server: Server, raw: bytes, status: int, says: str) -> None:
    with open_server.client() as client:
        reply = client.post(INFER, content=raw, headers={"content-type": "application/json"})
    assert reply.status_code == status
    assert says in reply.json()["detail"]


def test_an_unknown_model_and_an_unknown_version_are_named(open_server: Server) -> None:
    with open_server.client() as client:
        unknown = client.post("/v2/models/nobody/infer", json=infer_body([ROW]))
        version = client.post("/v2/models/tumour/versions/99/infer", json=infer_body([ROW]))
    assert (unknown.status_code, version.status_code) == (404, 404)
    assert "nobody" in unknown.json()["detail"]
    assert "99" in version.json()["detail"]


def test_nothing_is_redirected_and_the_protocols_own_address_answers(open_server: Server) -> None:
    with open_server.client() as client:
        assert client.get("/v2/").json() == client.get("/v2").json()
        for path in ("/predict/", "/predict/tumour/", "/livez/", "/metrics/", "/v2/models/tumour/", "//v2"):
            for reply in (client.get(path), client.post(path, json=infer_body([ROW]))):
                assert reply.status_code == 404
                assert "location" not in reply.headers


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=9", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=1.0.0;q=0.5", "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"),
        (
            "application/openmetrics-text;version=1.0.0,*/*",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
    ],
)
def test_a_scraper_gets_the_version_that_it_asked_for(open_server: Server, accept: str, kind: str) -> None:
    with open_server.client() as client:
        reply = client.get("/metrics", headers={"accept": accept})
    assert reply.headers["content-type"].startswith(kind)
    assert reply.text.endswith("# EOF\n") is kind.startswith("application/")


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        (INFER, "*/*", "application/json"),
        (INFER, "application/problem+json", "application/problem+json"),
        ("/predict", "*/*", "application/problem+json"),
        ("/predict", "application/json", "application/json"),
        ("/v2/models/nobody", "*/*", "application/json"),
        ("/nowhere", "application/json, text/plain", "application/json"),
    ],
)
def test_a_refusal_has_the_type_that_its_caller_reads(open_server: Server, path: str, accept: str, kind: str) -> None:
    with open_server.client() as client:
        reply = client.post(path, content=b"{", headers={"accept": accept, "content-type": "application/json"})
    assert reply.headers["content-type"] == kind
    assert reply.json()["error"].startswith(reply.json()["title"])


def test_what_kserves_own_client_sends_is_taken(open_server: Server) -> None:
    """Its `InferenceRESTClient` writes the model's name into every request, and null for what it has not."""
    request = {
        **infer_body([ROW], id="", model_name="tumour", model_version=None, parameters=None),
        "outputs": [{"name": "label", "datatype": "BYTES", "shape": [1], "parameters": {"binary_data": None}}],
    }
    with open_server.client() as client:
        reply = client.post(INFER, json=request)
        nameless = client.post(INFER, json={**request, "id": None, "outputs": None})
    assert (reply.status_code, reply.json()["id"]) == (200, "")
    assert [output["name"] for output in reply.json()["outputs"]] == ["label"]
    assert nameless.status_code == 200
    assert "id" not in nameless.json()
