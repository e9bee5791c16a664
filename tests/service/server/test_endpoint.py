"""Whatever a body holds: an answer, a refusal or 503, never a server error; and work in proportion to its length."""

from __future__ import annotations

import difflib
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.bundle.classifier import Classifier
from service.bundle.columns import CATEGORY, Column, InputSpec, Tensor
from service.server.exchange import Exchange, Target
from service.server.faults import Faults
from service.server.models import Answers, ServedModel
from service.server.runtime import Runtime, build_runtime
from service.server.settings.table import Settings
from tests.service.server.harness import INFER, RELEASED, infer_body

LIMIT_BYTES = 1 << 20


@pytest.fixture(scope="module")
def runtime() -> Runtime:
    settings = {"OUTLAST_AUTH": "off", "OUTLAST_AUDIT": "off", "OUTLAST_DEFAULT_MODEL": "tumour"}
    return build_runtime(Settings.from_environment(settings))


def _answer(runtime: Runtime, path: str, body: bytes, target: Target | None = None) -> Exchange:
    found = target or runtime.intake.find(path.encode())
    assert found is not None
    exchange = Exchange(found, {}, body, time.time())
    runtime.endpoint.admit(exchange)
    runtime.endpoint.answer([exchange])
    return exchange


def _nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


_KEYS = st.sampled_from(["features", "inputs", "data"])
_bodies = st.one_of(
    st.binary(max_size=200),
    st.builds(
        lambda cut, insert, at: json.dumps(infer_body([[1.0] * 30], id="x"))[:at].encode() + insert + cut,
        st.binary(max_size=20), st.binary(max_size=20), st.integers(0, 300),
    ),
    st.builds(
        lambda depth, template: template % _nested(depth),
        st.integers(1, 1200), st.sampled_from([b'{"inputs": %b}', b'{"inputs": 1, "parameters": {"x": %b}}']),
    ),
    st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
)  # fmt: skip


@pytest.mark.parametrize("path", [INFER, "/predict"])
@given(body=_bodies)
@settings(max_examples=150, deadline=None)
def test_no_bytes_are_a_server_error(runtime: Runtime, path: str, body: bytes) -> None:
    exchange = _answer(runtime, path, body)
    assert exchange.status == 200 or 400 <= exchange.status < 500 or exchange.status == 503, exchange.reply
    json.loads(exchange.reply)


@pytest.mark.parametrize("depth", [500, 700, 1000, 5000])
@pytest.mark.parametrize(
    "template", ['{{"a": {0}, "inputs": []}}', '{{"inputs": [{{"data": {0}}}]}}', '{{"features": {0}}}']
)
def test_no_depth_is_a_server_error(runtime: Runtime, depth: int, template: str) -> None:
    deep = _nested(depth).decode()
    for path in (INFER, "/predict"):
        for text in (deep, deep.replace("[", '{"a":').replace("]", "}").replace('"a":}', '"a":1}')):
            assert 400 <= _answer(runtime, path, template.format(text).encode()).status < 500


def _names(count: int) -> bytes:
    return json.dumps({"features": {f"mean_radiu{number}": 1.0 for number in range(count)}}).encode()


def _one_double_name(count: int) -> bytes:
    return _names(count)[:-2] + b', "mean_radiu0": 1.0}}'


def _unknown_keys(count: int) -> bytes:
    return json.dumps({f"key{number}": 1 for number in range(count)}).encode()


def _colons_in_texts(count: int) -> bytes:
    return json.dumps({"inputs": [{"name": "features", "data": [":"] * count}]}).encode()


def _objects(count: int) -> bytes:
    return json.dumps({"a:": [{"b": 1}] * count}).encode()


def _texts_for_numbers(count: int) -> bytes:
    rows = min(count // 30, 4096)
    body: dict[str, Any] = infer_body([[1.0] * 30] * rows)
    body["inputs"][0]["data"] = ["x"] * (rows * 30)
    return json.dumps(body).encode()


def _beyond_fp32(count: int) -> bytes:
    return json.dumps(infer_body([[1e39] * 30] * min(count // 30, 4096))).encode()


WORST: list[Callable[[int], bytes]] = [
    _names, _one_double_name, _unknown_keys, _colons_in_texts, _objects, _texts_for_numbers, _beyond_fp32,
]  # fmt: skip


def _count_calls(work: Callable[[], Any]) -> int:
    """Calls of functions, Python's and C's, that some work takes: the same on any machine at any load."""
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("build", WORST, ids=lambda build: build.__name__.strip("_"))
@pytest.mark.parametrize("path", [INFER, "/predict"])
def test_the_worst_bodies_take_work_in_proportion_and_get_bounded_answers(
    runtime: Runtime, path: str, build: Callable[[int], bytes]
) -> None:
    bodies = [build(count) for count in (2000, 4000, 8000)]
    works = [_count_calls(partial(_answer, runtime, path, body)) for body in bodies]
    assert works[2] - works[1] <= 2.2 * max(works[1] - works[0], 1000)
    assert works[2] <= 2 * len(bodies[2]), "at most two calls for each byte"
    assert len(_answer(runtime, path, bodies[2]).reply) < 16384


@pytest.mark.parametrize("build", WORST, ids=lambda build: build.__name__.strip("_"))
def test_near_names_are_looked_for_a_few_times_at_most(
    runtime: Runtime, build: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[str] = []
    monkeypatch.setattr(difflib, "get_close_matches", lambda name, *_, **__: compared.append(name) or [])
    _answer(runtime, "/predict", build(20_000))
    assert len(compared) <= 20
    assert all(len(name) <= 100 for name in compared)


def test_a_request_that_nobody_admitted_gets_no_prediction(runtime: Runtime) -> None:
    target = runtime.intake.find(INFER.encode())
    assert target is not None
    exchange = Exchange(target, {}, json.dumps(infer_body([[1.0] * 30])).encode(), time.time())
    runtime.endpoint.answer([exchange])
    assert exchange.status == 500


@pytest.mark.parametrize(("failures", "everywhere"), [(1, False), (2, True)])
def test_a_failure_is_everywhere_where_the_same_rows_fail_again(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch, failures: int, everywhere: bool
) -> None:
    target = runtime.intake.find(INFER.encode())
    assert target is not None
    left = iter([True] * failures)
    infer = target.model.infer

    def fail_at_first(rows: Any) -> Answers:
        if next(left, False):
            raise MemoryError("no room")
        return infer(rows)

    monkeypatch.setattr(target.model, "infer", fail_at_first)
    exchange = _answer(runtime, INFER, json.dumps(infer_body([[1.0] * 30])).encode())
    assert (exchange.status, exchange.everywhere) == (500, everywhere)


class _TextModel(ServedModel):
    """A model of texts whose first column is a number, as far as its requests are looked at."""

    def __init__(self) -> None:
        folder = Path(RELEASED / "tumour")
        super().__init__(folder, Classifier.load(folder), Faults(time.time))
        columns = (Column("age", missing=True), Column("plan", CATEGORY))
        spec = InputSpec(columns, (Tensor("features", "BYTES", ("age", "plan")),))
        self.manifest = type(self.manifest)(**{**vars(self.manifest), "input": spec})
        self.asked: list[list[Any]] = []

    def infer(self, rows: Any) -> Answers:
        self.asked += rows.tolist()
        return Answers([self.classes[0]] * len(rows), np.full((len(rows), len(self.classes)), 0.5, dtype=np.float32))


@pytest.mark.parametrize(
    ("age", "status"), [("57", 200), ("NA", 200), ("", 200), ("abc", 400), ("1e999", 400), ("٣", 400)]
)
def test_a_text_where_the_model_expects_a_number_is_the_callers_mistake(
    runtime: Runtime, age: str, status: int
) -> None:
    model = _TextModel()
    codec = runtime.intake.find(INFER.encode())
    assert codec is not None
    tensor = {"name": "features", "shape": [2, 2], "datatype": "BYTES", "data": ["1", "plus", age, "none"]}
    exchange = _answer(runtime, INFER, json.dumps({"inputs": [tensor]}).encode(), Target(model, codec.codec))
    assert exchange.status == status
    if status == 400:
        assert json.loads(exchange.reply)["errors"][0]["place"] == "row 1, age"
        assert repr(age) in json.loads(exchange.reply)["errors"][0]["what"]
