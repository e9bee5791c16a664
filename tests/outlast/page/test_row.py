"""The box: a row of the model's own, sent to the host, and what is told where it is not answered."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import httpx
import pytest

from failover.dial import Dial
from outlast.page.row import RowBox
from service.bundle.folder import RELEASED, load_golden
from service.errors import Deviated, InvalidInput, Unavailable

GOLDEN = load_golden(RELEASED / "tumour")
ROW = list(GOLDEN.rows[0].features)


def _box(answer: httpx.Response | Exception) -> tuple[RowBox, list[httpx.Request]]:
    asked: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    class _Dial:
        def client(self, **_: Any) -> AbstractContextManager[httpx.Client]:
            return nullcontext(httpx.Client(transport=httpx.MockTransport(handle)))

    return RowBox(cast(Dial, _Dial()), "api.example", GOLDEN, "key"), asked


ANSWER = {
    "model_name": "tumour",
    "parameters": {"receipt": "r.1"},
    "outputs": [
        {"name": "label", "datatype": "BYTES", "shape": [1], "data": ["benign"]},
        {"name": "probabilities", "datatype": "FP32", "shape": [1, 2], "data": [0.9, 0.1]},
    ],
}


def test_the_answer_says_who_gave_it_and_by_what_it_is_found() -> None:
    headers = {"x-served-by": "aws", "x-request-id": "r-1"}
    box, asked = _box(httpx.Response(200, json=ANSWER, headers=headers))
    found = box.predict(ROW)
    assert found == {"label": "benign", "probability": 0.9, "site": "aws", "request": "r-1", "receipt": "r.1"}
    assert asked[0].headers["authorization"] == "Bearer key" and asked[0].url.host == "api.example"


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(422, text="radius is missing"), Deviated),
        (httpx.ConnectError("refused"), Unavailable),
    ],
)
def test_what_went_wrong_is_told(answer: httpx.Response | Exception, error: type[Exception]) -> None:
    with pytest.raises(error, match=r"radius is missing|does not answer: refused"):
        _box(answer)[0].predict(ROW)


def test_a_row_has_a_value_for_each_column() -> None:
    box, asked = _box(httpx.Response(200))
    with pytest.raises(InvalidInput, match="has 1 values, the model 30 columns"):
        box.predict([1.0])
    assert asked == [] and len(box.example()["row"]) == 30
