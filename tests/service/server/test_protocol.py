"""The Open Inference Protocol, seen by a client that was not written here: tritonclient, unmodified."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from tests.service import clients
from tests.service.server.harness import INFER, VERSION, Server, infer_body, running

pytestmark = pytest.mark.xdist_group("open-server")  # one worker, so that the server is started once


@pytest.fixture
def client(open_server: Server) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(f"127.0.0.1:{open_server.port}") as client:
        yield client


@pytest.fixture
def rows(golden: list[Mapping[str, Any]]) -> np.ndarray:
    return np.array([row["features"] for row in golden], dtype=np.float32)


def _input(rows: np.ndarray, *, binary: bool, datatype: str = "FP32") -> triton.InferInput:
    tensor = triton.InferInput("features", list(rows.shape), datatype)
    tensor.set_data_from_numpy(rows, binary_data=binary)
    return tensor


@pytest.mark.parametrize("binary_in", [True, False])
@pytest.mark.parametrize("binary_out", [True, False])
def test_triton_gets_golden_answers_in_every_encoding(
    client: triton.InferenceServerClient,
    rows: np.ndarray,
    golden: list[Mapping[str, Any]],
    binary_in: bool,
    binary_out: bool,
) -> None:
    outputs = [triton.InferRequestedOutput(name, binary_data=binary_out) for name in ("probabilities", "label")]
    answer = client.infer("tumour", [_input(rows, binary=binary_in)], outputs=outputs, request_id="seven")
    labels = [label.decode() if isinstance(label, bytes) else label for label in answer.as_numpy("label")]
    assert labels == [row["label"] for row in golden]
    expected = np.array([list(row["probabilities"].values()) for row in golden])
    assert np.abs(answer.as_numpy("probabilities") - expected).max() <= 1e-5
    response = answer.get_response()
    assert response["id"] == "seven"
    assert [output["name"] for output in response["outputs"]] == ["probabilities", "label"]
    assert ("parameters" in response["outputs"][0]) is binary_out


def test_triton_takes_every_output_in_binary_when_it_names_none(
    client: triton.InferenceServerClient, rows: np.ndarray
) -> None:
    answer = client.infer("tumour", [_input(rows.astype(np.float64), binary=True, datatype="FP64")])
    assert answer.as_numpy("label").shape == (len(rows),)
    assert answer.as_numpy("probabilities").dtype == np.float32


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_triton_may_compress_its_requests(
    client: triton.InferenceServerClient, rows: np.ndarray, algorithm: str
) -> None:
    answer = client.infer("tumour", [_input(rows, binary=True)], request_compression_algorithm=algorithm)
    assert len(answer.as_numpy("label")) == len(rows)


def test_triton_reads_health_and_metadata(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("tumour")
    assert client.is_model_ready("tumour", VERSION)
    assert not client.is_model_ready("tumour", "99")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    metadata = client.get_model_metadata("tumour")
    assert metadata["inputs"] == [{"name": "features", "datatype": "FP32", "shape": [-1, 30]}]
    assert [output["name"] for output in metadata["outputs"]] == ["label", "probabilities"]
    assert metadata["versions"] == [VERSION]


def test_triton_is_told_what_is_wrong(client: triton.InferenceServerClient, rows: np.ndarray) -> None:
    with pytest.raises(InferenceServerException, match="it must be \\[rows, 30\\]"):
        client.infer("tumour", [_input(rows[:, :29], binary=True)])
    rows[0, 3] = np.nan
    with pytest.raises(InferenceServerException, match="mean_area is missing, and training saw no row without it"):
        client.infer("tumour", [_input(rows, binary=True)])


def test_the_version_in_the_path_is_the_one_that_answers(open_server: Server, rows: np.ndarray) -> None:
    with open_server.client() as client:
        reply = client.post(INFER.replace("/infer", f"/versions/{VERSION}/infer"), json=infer_body([rows[0].tolist()]))
    assert reply.status_code == 200
    assert reply.json()["model_version"] == VERSION


def test_a_request_id_and_a_trace_come_back(open_server: Server, rows: np.ndarray) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with open_server.client(headers={"x-request-id": "abc-1", "traceparent": trace}) as client:
        reply = client.post(INFER, json=infer_body([rows[0].tolist()]))
    assert reply.headers["x-request-id"] == "abc-1"
    assert reply.headers["traceparent"] == trace


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678"}, "1-67891233-abcdef012345678912345678"),
        ({"x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678", "x-request-id": "abc-1"}, "abc-1"),
        (
            {"x-amzn-trace-id": "Root=1-67891233-abcdef012345678912345678", "x-request-id": "no id"},
            "1-67891233-abcdef012345678912345678",
        ),
        ({"x-amzn-trace-id": "Self=1-0-0;Root=1-67891233-abcdef012345678912345678"}, ""),
        ({"x-amzn-trace-id": "Root=a b"}, ""),
    ],
)
def test_a_request_without_an_id_has_the_one_that_a_load_balancer_drew(
    open_server: Server, rows: np.ndarray, headers: dict[str, str], expected: str
) -> None:
    with open_server.client(headers=headers) as client:
        found = client.post(INFER, json=infer_body([rows[0].tolist()])).headers["x-request-id"]
    assert found == expected if expected else "67891233" not in found and " " not in found


@pytest.mark.parametrize("length", ["-1", "x", "99999999", "1e3", ""])
def test_a_wrong_length_of_the_json_part_is_refused(open_server: Server, length: str) -> None:
    with open_server.client(headers={"inference-header-content-length": length}) as client:
        reply = client.post(INFER, content=b"{}")
    assert reply.status_code == 400
    assert "inference-header-content-length" in reply.json()["detail"]


@pytest.mark.slow
@pytest.mark.parametrize("binary", [True, False])
def test_triton_asks_a_model_of_several_types_with_one_tensor_a_column(binary: bool, tmp_path: Path) -> None:
    trained = clients.train(tmp_path)
    whole = [row for row in trained.release.golden if None not in row.features]
    with running(tmp_path, OUTLAST_MODELS=str(tmp_path), OUTLAST_AUTH="off") as server:
        client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
        inputs = []
        for place, said in enumerate(client.get_model_metadata("clients")["inputs"]):
            numbers = said["datatype"] != "BYTES"
            values = np.array([[row.features[place]] for row in whole], dtype=np.float64 if numbers else np.object_)
            inputs.append(triton.InferInput(said["name"], list(values.shape), said["datatype"]))
            inputs[-1].set_data_from_numpy(values, binary_data=binary)
        answer = client.infer("clients", inputs)
    assert len(whole) > 2
    expected = np.array([list(row.probabilities.values()) for row in whole])
    assert np.abs(answer.as_numpy("probabilities") - expected).max() <= 1e-5
