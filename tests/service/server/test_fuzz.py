"""Whatever is sent, in either encoding: no 5xx, no crash, and every refusal in the same shape."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import positive_data_acceptance

from service.bundle.columns import CATEGORY, TEXT, WHOLE, Column, InputSpec
from service.bundle.missing import is_missing
from service.errors import Mistake
from service.server.protocol.bodies import count_keys, refuse_duplicate_keys
from service.server.protocol.named import decode_named
from service.server.protocol.problems import KINDS, Problem
from service.server.protocol.tensor_elements import encode_bytes
from service.server.protocol.tensors import HEADER_LENGTH, OUTPUTS, as_model_input, decode_request
from tests.service.server.harness import INFER, ROOT, Server

pytestmark = pytest.mark.xdist_group("open-server")  # one worker, so that the server is started once

NUMBERS = InputSpec.of_numbers(("a", "b", "c"))
TEXTS = InputSpec.of_columns([Column("a", CATEGORY), Column("b", TEXT)])
MIXED = InputSpec.of_columns([Column("a", missing=True), Column("b", CATEGORY), Column("c", WHOLE)])

_scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))
_json = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)),
    max_leaves=12,
)
_names = st.sampled_from(["features", "label", "probabilities", "a", "b", "c"])
_parameters = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {}, optional={"binary_data": _scalars, "binary_data_size": _scalars, "binary_data_output": _scalars}
    ),
    _json,
)
_tensor = st.fixed_dictionaries(
    {},
    optional={
        "name": st.one_of(_names, _json),
        "shape": st.one_of(
            st.lists(st.integers(-2, 9), max_size=3), st.just([1, 3]), st.just([2, 3]), st.just([2, 1]), _json
        ),
        "datatype": st.sampled_from(["FP32", "FP64", "BYTES", "INT64", 7]),
        "parameters": _parameters,
        "data": st.one_of(st.lists(st.floats(), max_size=7), st.lists(_scalars, max_size=7), _json),
    },
)
_request = st.one_of(
    _json,
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.one_of(st.text(max_size=5), _json),
            "parameters": _parameters,
            "inputs": st.one_of(st.lists(_tensor, max_size=3), _json),
            "outputs": st.one_of(
                st.lists(st.fixed_dictionaries({"name": _names}, optional={"parameters": _parameters}), max_size=3),
                _json,
            ),
        },
    ),
)


def _decode(spec: InputSpec, headers: dict[bytes, bytes], body: bytes) -> None:
    """Decoding ends in rows that the model can take, or in a Problem that says why not; in nothing else."""
    try:
        request = decode_request(spec, headers, body, 8)
        rows = as_model_input(request.rows, spec)
    except Problem as problem:
        assert 400 <= problem.status < 500
        json.loads(problem.render("r"))
    else:
        assert rows.shape[1] == len(spec.features) and 1 <= len(rows) <= 8
        assert spec is not NUMBERS or np.isfinite(rows).all()
        assert rows.dtype == spec.dtype
        assert {wanted.name for wanted in request.wanted} <= set(OUTPUTS)


@pytest.mark.parametrize("spec", [NUMBERS, TEXTS, MIXED], ids=["numbers", "texts", "mixed"])
@given(_request)
@settings(max_examples=80)
def test_no_json_breaks_the_decoder(spec: InputSpec, document: Any) -> None:
    _decode(spec, {}, json.dumps(document).encode())


@pytest.mark.parametrize("spec", [NUMBERS, TEXTS, MIXED], ids=["numbers", "texts", "mixed"])
@given(document=_request, tail=st.binary(max_size=40), shift=st.integers(-3, 3))
@settings(max_examples=80)
def test_no_binary_request_breaks_the_decoder(spec: InputSpec, document: Any, tail: bytes, shift: int) -> None:
    head = json.dumps(document).encode()
    _decode(spec, {HEADER_LENGTH: str(len(head) + shift).encode()}, head + tail)


_row = st.dictionaries(_names, st.one_of(st.sampled_from([1, 2.5, "NA", "", "x", None]), _json), max_size=4)


@pytest.mark.parametrize("spec", [NUMBERS, TEXTS, MIXED], ids=["numbers", "texts", "mixed"])
@given(features=st.one_of(_row, _json))
@settings(max_examples=40)
def test_no_row_by_name_breaks_the_decoder(spec: InputSpec, features: Any) -> None:
    try:
        request = decode_named(spec, {}, json.dumps({"features": features}).encode())
        rows = as_model_input(request.rows, spec)
    except Problem as problem:
        assert 400 <= problem.status < 500
        json.loads(problem.render("r"))
    else:
        assert (rows.shape, rows.dtype) == ((1, len(spec.columns)), spec.dtype)


@given(st.binary(max_size=60), st.one_of(st.none(), st.binary(max_size=6)))
def test_no_bytes_break_the_decoder(body: bytes, length: bytes | None) -> None:
    _decode(NUMBERS, {} if length is None else {HEADER_LENGTH: length}, body)


@given(
    rows=st.lists(
        st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=3, max_size=3),
        min_size=1,
        max_size=8,
    )
)
def test_both_encodings_give_the_same_rows(rows: list[list[float]]) -> None:
    tensor = {"name": "features", "shape": [len(rows), 3], "datatype": "FP32"}
    plain = json.dumps({"inputs": [{**tensor, "data": rows}]}).encode()
    raw = np.array(rows, dtype="<f4").tobytes()
    head = json.dumps({"inputs": [{**tensor, "parameters": {"binary_data_size": len(raw)}}]}).encode()
    from_json = as_model_input(decode_request(NUMBERS, {}, plain, 8).rows, NUMBERS)
    binary = as_model_input(decode_request(NUMBERS, {HEADER_LENGTH: b"%d" % len(head)}, head + raw, 8).rows, NUMBERS)
    assert from_json.tobytes() == binary.tobytes() == raw


@given(st.lists(st.text(max_size=6).filter(lambda text: not is_missing(text.strip())), min_size=2, max_size=2))
def test_texts_survive_the_binary_encoding(texts: list[str]) -> None:
    raw = encode_bytes(texts)
    assert struct.unpack_from("<I", raw)[0] == len(texts[0].encode())
    tensor = {"name": "features", "shape": [1, 2], "datatype": "BYTES", "parameters": {"binary_data_size": len(raw)}}
    head = json.dumps({"inputs": [tensor]}).encode()
    request = decode_request(TEXTS, {HEADER_LENGTH: b"%d" % len(head)}, head + raw, 8)
    assert request.rows.tolist() == [[text.strip() for text in texts]]


@given(_json.filter(lambda value: isinstance(value, dict)), st.booleans())
def test_a_duplicate_key_is_found_and_nothing_else_is(document: dict[str, Any], ascii_only: bool) -> None:
    raw = json.dumps(document, ensure_ascii=ascii_only).encode("utf-8", "replace")
    refuse_duplicate_keys(raw, count_keys(json.loads(raw)))
    if document:
        name = json.dumps(next(iter(document)), ensure_ascii=ascii_only).encode("utf-8", "replace")
        doubled = b"{" + name + b": 1, " + raw[1:]
        with pytest.raises(Problem, match="same key twice"):
            refuse_duplicate_keys(doubled, count_keys(json.loads(doubled)))


@given(st.text(), st.text())
def test_every_problem_renders(what: str, hint: str) -> None:
    text = what.encode("utf-8", "replace").decode()
    for kind in KINDS:
        document = json.loads(Problem(kind, text, mistakes=[Mistake("a", text, "")]).render())
        assert document["status"] == kind.status


def test_every_kind_of_problem_is_in_the_reference() -> None:
    reference = (ROOT / "docs" / "reference" / "server.md").read_text()
    for kind in KINDS:
        assert f"| {kind.status} | `{kind.slug}` | {kind.title} |" in reference


_content_types = st.sampled_from(["application/json", "application/octet-stream", "text/plain"])


@given(document=_request, tail=st.binary(max_size=30), binary=st.booleans(), content_type=_content_types)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_running_server_takes_it_as_well(
    client: httpx.Client, document: Any, tail: bytes, binary: bool, content_type: str
) -> None:
    head = json.dumps(document).encode()
    headers = {"content-type": content_type}
    if binary:
        headers["inference-header-content-length"] = str(len(head))
    for path in (INFER, "/predict", "/feedback"):
        reply = client.post(path, content=head + tail, headers=headers)
        assert reply.status_code < 500, reply.text
        if reply.status_code >= 400:
            kind = "application/json" if path == INFER else "application/problem+json"
            assert reply.headers["content-type"] == kind


@pytest.fixture(scope="module")
def client(open_server: Server) -> Iterator[httpx.Client]:
    with open_server.client() as client:
        yield client


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_the_server_does_what_its_openapi_document_says(open_server: Server, mode: schemathesis.GenerationMode) -> None:
    """Status, content type and body of every answer are as documented, for right input and for wrong."""
    with open_server.client() as client:
        api = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    api.config.update(base_url=open_server.url)
    for found in api.get_all_operations():
        operation = found.ok()
        if mode is schemathesis.GenerationMode.NEGATIVE and operation.method == "get":
            continue  # nothing to get wrong
        _check_operation(operation, mode)


def _check_operation(operation: Any, mode: schemathesis.GenerationMode) -> None:
    # No schema can say that the values are as many as the shape says, or that a receipt was signed.
    beyond_schema = operation.path.endswith(("/infer", "/feedback"))
    excluded = [positive_data_acceptance] if beyond_schema else []

    @given(operation.as_strategy(generation_mode=mode))
    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
    def check(case: Any) -> None:
        case.call_and_validate(timeout=10, excluded_checks=excluded)

    check()
