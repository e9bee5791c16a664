"""One real prediction: any released model can be asked, and any wrong answer is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from sandbox.command.predict import predict
from service.bundle.folder import RELEASED, load_golden
from service.bundle.golden import Golden
from service.errors import Deviated, InvalidInput, Unavailable
from tests.failover.drill.test_probes import Handler, OneSite
from tests.service import clients

HOST = "api.outlast.example"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> clients.Trained:
    return clients.train(tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="module")
def endpoint(trained: clients.Trained, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handler]:
    with clients.serving(trained, tmp_path_factory.mktemp("server")) as handler:
        yield handler


@pytest.fixture
def texts(trained: clients.Trained) -> Golden:
    return load_golden(trained.release.folder)


def test_a_model_of_texts_is_asked_and_every_golden_row_is_right(texts: Golden, endpoint: Handler) -> None:
    assert texts.input.datatype == "BYTES"
    for row in texts.rows:
        answer = predict(OneSite(endpoint), HOST, texts, row.id)
        assert answer.right, answer.mistake
        assert (answer.label, answer.expected) == (row.label, row.label)
        assert answer.probability == pytest.approx(max(row.probabilities.values()), abs=texts.tolerance)


def test_a_probability_that_is_off_is_wrong_though_its_label_is_right(texts: Golden, endpoint: Handler) -> None:
    row = texts.rows[0]
    moved = {name: share + 10 * texts.tolerance for name, share in row.probabilities.items()}
    answer = predict(OneSite(endpoint), HOST, replace(texts, rows=(replace(row, probabilities=moved),)))
    assert answer.label == answer.expected
    assert not answer.right
    assert "p(no)" in answer.mistake
    assert answer.document()["right"] is False


def test_an_unknown_row_is_named_before_anybody_is_asked(texts: Golden) -> None:
    def nobody(request: httpx.Request) -> httpx.Response:
        raise AssertionError("asked")

    with pytest.raises(InvalidInput, match="no row 'nothing'"):
        predict(OneSite(nobody), HOST, texts, "nothing")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (httpx.Response(503, text="busy"), r"\(.*, 192\.0\.2\.1\) answered 503: busy"),
        (httpx.Response(503), "answered 503\nhint: a site that was just lost"),
        (httpx.Response(200, text="<html>"), "not an inference answer"),
        (httpx.Response(200, content=json.dumps({"outputs": []})), "not an inference answer"),
    ],
)
def test_what_is_no_answer_deviates(reply: httpx.Response, why: str) -> None:
    with pytest.raises(Deviated, match=why):
        predict(OneSite(lambda request: reply), HOST, load_golden(RELEASED / "tumour"))


def test_nobody_there_is_said() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(Unavailable, match="does not answer: refused"):
        predict(OneSite(refuse), HOST, load_golden(RELEASED / "tumour"))
    with pytest.raises(Unavailable, match="no address"):
        predict(OneSite(refuse, addresses=()), HOST, load_golden(RELEASED / "tumour"))
