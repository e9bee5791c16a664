"""What counts as an answer, and what as a failure of the site that gave it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from failover.client.answers import Reply, judge, read_inference, read_prediction, render_rows
from failover.client.errors import Failed, RequestRefused

PREDICTION = {
    "label": "benign",
    "probabilities": {"benign": 0.75, "malignant": 0.25},
    "threshold": 0.4,
    "model": {"name": "tumour", "version": "3", "digest": "sha256:00"},
    "receipt": "k.p.m",
    "notes": ["colour is 'mauve', which training never saw"],
}
INFERENCE = {
    "model_name": "tumour",
    "model_version": "3",
    "parameters": {"receipt": "k.p.m"},
    "outputs": [
        {"name": "label", "datatype": "BYTES", "shape": [2], "data": ["benign", "malignant"]},
        {"name": "probabilities", "datatype": "FP32", "shape": [2, 2], "data": [0.75, 0.25, 0.1, 0.9]},
    ],
}


def reply(document: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    return Reply(status, headers or {}, body, "aws.api.outlast.example")


def changed(document: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {key: value for key, value in {**document, **parts}.items() if value is not ...}


def test_a_prediction_is_read() -> None:
    found = read_prediction(reply(PREDICTION, headers={"x-served-by": "aws", "x-request-id": "r-1"}))
    assert (found.label, dict(found.probabilities), found.threshold) == (
        "benign",
        {"benign": 0.75, "malignant": 0.25},
        0.4,
    )
    assert (found.model, found.version, found.digest) == ("tumour", "3", "sha256:00")
    assert (found.site, found.request_id, found.receipt, len(found.notes)) == ("aws", "r-1", "k.p.m", 1)


def test_what_may_be_absent_is_absent() -> None:
    found = read_prediction(reply(changed(PREDICTION, receipt=..., notes=..., threshold=None)))
    assert (found.receipt, found.notes, found.threshold) == (None, (), None)
    assert found.site == "aws.api.outlast.example"


def test_an_inference_is_read_row_by_row() -> None:
    found = read_inference(reply(INFERENCE))
    assert found.labels == ("benign", "malignant")
    assert found.probabilities == ((0.75, 0.25), (0.1, 0.9))
    assert (found.model, found.version, found.receipt) == ("tumour", "3", "k.p.m")


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<html>",
        [],
        changed(PREDICTION, label=...),
        changed(PREDICTION, label=7),
        changed(PREDICTION, label="other"),
        changed(PREDICTION, probabilities={"benign": None}),
        changed(PREDICTION, probabilities={"benign": float("nan")}),
        changed(PREDICTION, probabilities={"benign": 1.5}),
        changed(PREDICTION, model="tumour"),
    ],
)
def test_anything_else_is_the_sites_failure(document: Any) -> None:
    with pytest.raises(Failed, match="answered"):
        read_prediction(reply(document))


@pytest.mark.parametrize(
    "data", [[0.75, 0.25, 0.1], [0.75, 0.25], [0.75, 0.25, 0.1, float("nan")], [0.75, 0.25, 0.1, "x"]]
)
def test_an_inference_that_does_not_add_up_is_the_sites_failure(data: list[Any]) -> None:
    outputs = [INFERENCE["outputs"][0], {**INFERENCE["outputs"][1], "data": data}]
    with pytest.raises(Failed, match="answered"):
        read_inference(reply(changed(INFERENCE, outputs=outputs)))


@pytest.mark.parametrize("status", [300, 302, 408, 500, 502, 503, 504])
def test_where_another_site_may_do_better_it_is_a_failure(status: int) -> None:
    with pytest.raises(Failed, match=f"status {status}: The queue is full"):
        judge(reply({"title": "The queue is full"}, status))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429])
def test_where_none_would_it_is_a_refusal(status: int) -> None:
    with pytest.raises(RequestRefused) as caught:
        judge(reply({"detail": "f1 is missing"}, status, {"x-served-by": "gcp"}))
    assert (caught.value.status, caught.value.site, caught.value.problem) == (
        status,
        "gcp",
        {"detail": "f1 is missing"},
    )


def test_success_is_neither() -> None:
    judge(reply({}, 200))
    judge(reply(b"", 204))


def test_rows_become_one_tensor_or_one_a_column() -> None:
    one = [{"name": "features", "datatype": "FP32", "shape": [-1, 2]}]
    assert json.loads(render_rows(one, [[1, 2], [3, None]]))["inputs"] == [
        {"name": "features", "datatype": "FP32", "shape": [2, 2], "data": [1, 2, 3, None]}
    ]
    two = [
        {"name": "age", "datatype": "FP64", "shape": [-1, 1]},
        {"name": "note", "datatype": "BYTES", "shape": [-1, 1]},
    ]
    assert json.loads(render_rows(two, [[1, "a"], [3, "b"]]))["inputs"] == [
        {"name": "age", "datatype": "FP64", "shape": [2, 1], "data": [1, 3]},
        {"name": "note", "datatype": "BYTES", "shape": [2, 1], "data": ["a", "b"]},
    ]
