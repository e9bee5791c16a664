"""What a model takes is shown by column, and what the document allows is taken."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import validator_for

from service.bundle.columns import CATEGORY, TEXT, WHOLE, Column, InputSpec, Tensor
from service.server.exchange import Exchange
from service.server.http.openapi import describe_api, describe_value
from service.server.http.routes import describe_model
from service.server.protocol.named import decode_named
from service.server.protocol.problems import Problem
from service.server.runtime import Runtime, build_runtime
from service.server.settings.table import Settings
from tests.service import clients

RELEASED = Path(__file__).parents[4] / "service" / "released"


def _build(folder: Path) -> Runtime:
    settings = {"OUTLAST_AUTH": "off", "OUTLAST_AUDIT": "off", "OUTLAST_MODELS": str(folder)}
    return build_runtime(Settings.from_environment(settings))


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Runtime:
    folder = tmp_path_factory.mktemp("models")
    clients.train(folder)
    return _build(folder)


def _describe(runtime: Runtime) -> Any:
    found = describe_api(runtime.models, None, version="1", max_rows=8, auth=False, metrics_auth=False)
    return json.loads(json.dumps(found))


def _schema(api: Any, path: str) -> Any:
    return api["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]


def test_each_column_has_its_type_and_may_be_missing_or_not(runtime: Runtime) -> None:
    columns = _schema(_describe(runtime), "/predict/clients")["properties"]["features"]["properties"]
    assert {name: column["description"] for name, column in columns.items()} == {
        "age": "whole number; may be missing (null)",
        "plan": "category, in training basic, none, plus; may be missing (null)",
        "country": "category, in training DE, FR; may be missing (null)",
    }
    assert columns["age"]["anyOf"][0]["type"] == "integer"
    assert columns["plan"]["examples"] == ["basic", "none", "plus"]


def test_the_metadata_lists_one_tensor_a_column_and_their_types(runtime: Runtime) -> None:
    said = describe_model(runtime.models.find("clients"), ["1"])
    assert said["inputs"] == [
        {"name": "age", "datatype": "FP64", "shape": [-1, 1]},
        {"name": "plan", "datatype": "BYTES", "shape": [-1, 1]},
        {"name": "country", "datatype": "BYTES", "shape": [-1, 1]},
    ]
    assert said["parameters"]["columns"][1] == {
        "name": "plan",
        "type": "category",
        "missing": True,
        "categories": ["basic", "none", "plus"],
    }


def test_the_examples_are_taken(runtime: Runtime) -> None:
    api = _describe(runtime)
    for path in ("/predict/clients", "/v2/models/clients/infer"):
        for example in _schema(api, path)["examples"]:
            assert _ask(runtime, path, example).status == 200


def test_a_category_that_training_never_saw_is_noted(runtime: Runtime) -> None:
    row = {"age": None, "plan": "gold", "country": "NA"}
    answer = json.loads(_ask(runtime, "/predict/clients", {"features": row}).reply)
    assert answer["notes"] == ["plan is 'gold', which training never saw"]
    assert "notes" not in json.loads(_ask(runtime, "/predict/clients", {"features": row | {"plan": "plus"}}).reply)


def test_a_model_of_numbers_alone_shows_one_tensor() -> None:
    runtime = _build(RELEASED)
    (tensor,) = _schema(_describe(runtime), "/v2/models/tumour/infer")["properties"]["inputs"]["prefixItems"]
    assert tensor["properties"]["name"] == {"const": "features"}
    column = _schema(_describe(runtime), "/predict/tumour")["properties"]["features"]["properties"]["mean_area"]
    assert (column["type"], column["description"]) == ("number", "number")


def _ask(runtime: Runtime, path: str, document: Any) -> Exchange:
    target = runtime.intake.find(path.encode())
    assert target is not None
    exchange = Exchange(target, {}, json.dumps(document).encode(), time.time())
    runtime.endpoint.admit(exchange)
    runtime.endpoint.answer([exchange])
    return exchange


_COLUMNS = st.builds(
    Column,
    st.just("c"),
    st.sampled_from(["number", WHOLE, CATEGORY, TEXT]),
    st.booleans(),
    st.sampled_from([(), ("NA", "a")]),
)


_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([3.0, 1e39, "", " ", "NA", " NA ", "nan", "a", "none", "12", "1e999"]),
    st.text(max_size=4),
    st.just([1]),
)


@given(column=_COLUMNS, value=_VALUES)
@settings(max_examples=100, deadline=None)
def test_the_document_allows_what_is_taken_and_nothing_else(column: Column, value: Any) -> None:
    """By a model whose only column is of that type, as far as its requests are decoded."""
    spec = InputSpec((column,), (Tensor("x", "FP32" if column.is_numeric else "BYTES", ("c",)),))
    try:
        decode_named(spec, {}, json.dumps({"features": {"c": value}}).encode())
        taken = True
    except Problem:
        taken = False
    loose = isinstance(value, str) and value != value.strip()  # the document does not tell of blanks around a text
    assert validator_for(describe_value(spec, 0)).is_valid(value) is taken or loose
