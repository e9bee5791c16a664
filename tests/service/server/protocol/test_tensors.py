"""A request's tensor: a true or a false is no number, wherever it stands and however its keys are written."""

from __future__ import annotations

import numpy as np
import pytest

from service.bundle.columns import InputSpec
from service.bundle.folder import RELEASED, load_release
from service.bundle.values import ABSENT
from service.server.protocol.problems import Problem
from service.server.protocol.tensors import InferRequest, as_model_input, decode_request

SPEC = load_release(RELEASED / "tumour").manifest.input
JSON = {b"content-type": b"application/json"}


def decode(body: bytes) -> InferRequest:
    return decode_request(SPEC, JSON, body, 10)


def body(data: str, key: str = '"data"', before: str = "", after: str = "") -> bytes:
    tensor = f'{{"name":"{SPEC.name}","shape":[1,{len(SPEC.features)}],"datatype":"FP32",{key}:{data}{after}}}'
    return f'{{{before}"inputs":[{tensor}]}}'.encode()


NUMBERS = ["0.5"] * len(SPEC.features)


@pytest.mark.parametrize("said", ["true", "false"])
@pytest.mark.parametrize("place", [0, 7, len(SPEC.features) - 1])
@pytest.mark.parametrize(
    "around",
    [
        {},
        {"key": '"d\\u0061ta"'},
        {"key": '"d\\u0061ta"', "after": ',"parameters":{"data":1}'},
        {"before": '"parameters":{"data":1},'},
        {"after": ',"parameters":{"content_type":"np"}'},
    ],
)
def test_a_truth_value_is_never_taken_for_a_number(said: str, place: int, around: dict[str, str]) -> None:
    values = [*NUMBERS[:place], said, *NUMBERS[place + 1 :]]
    with pytest.raises(Problem) as refused:
        decode(body(f"[{','.join(values)}]", **around))
    assert f"is {said.capitalize()}, not a number" in refused.value.detail


def test_the_same_without_it_is_taken() -> None:
    numbers = f"[{','.join(NUMBERS)}]"
    for around in ({}, {"before": '"parameters":{"other":false},'}, {"after": ',"parameters":{"other":true}'}):
        assert decode(body(numbers, **around)).rows.tolist() == [[0.5] * len(SPEC.features)]


def test_null_is_a_missing_number_where_the_column_may_be_missing() -> None:
    numbers = [*NUMBERS[:3], "null", *NUMBERS[4:]]
    with pytest.raises(Problem, match="is None, not a number"):
        decode(body(f"[{','.join(numbers)}]"))
    spec = InputSpec.of_numbers(SPEC.features, missing=SPEC.features[3:4])
    rows = as_model_input(decode_request(spec, JSON, body(f"[{','.join(numbers)}]"), 10).rows, spec)
    assert np.flatnonzero(np.isnan(rows)).tolist() == [3]
    other = ["null", *NUMBERS[1:]]
    with pytest.raises(Problem, match=f"row 0, {SPEC.features[0]} {ABSENT}"):
        as_model_input(decode_request(spec, JSON, body(f"[{','.join(other)}]"), 10).rows, spec)
