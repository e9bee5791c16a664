"""A row of a file, the same row in training, and the same row at the endpoint mean the same."""

from __future__ import annotations

import csv
import json
import math
import struct
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from service.bundle.classifier import Classifier
from service.bundle.missing import is_missing
from service.bundle.numbers import read_number
from service.offline.batch import Predictor, predict_file
from service.offline.remote import RemoteClassifier
from service.server.exchange import Exchange
from service.server.protocol.tensor_elements import encode_element
from service.server.protocol.tensors import HEADER_LENGTH
from service.server.runtime import Runtime, build_runtime
from service.server.settings.table import Settings
from service.training.candidate import Candidate, write_candidate
from service.training.datasets import load_csv
from service.training.export import export_onnx
from service.training.pipeline import build_pipeline, encode_labels, fit_pipeline
from tests.service import clients
from tests.service.server.harness import running

# Each field as a file may spell it, and as training took it.
PLANS = [("none", "none"), ("basic", "basic"), ("None", ""), ("NA", ""), ("null", ""), ("", "")]
AGES = [("40", 40.0), ("NA", np.nan), ("", np.nan), ("nan", np.nan), ("None", np.nan)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> clients.Trained:
    return clients.train(tmp_path_factory.mktemp("clients"))


@pytest.fixture(scope="module")
def rows() -> list[tuple[tuple[str, str, str], tuple[float, str, str]]]:
    """(as it is written, as training took it)."""
    return [((age, plan, "FR"), (known_age, known_plan, "FR")) for age, known_age in AGES for plan, known_plan in PLANS]


def test_training_kept_none_as_a_category_and_took_na_for_missing(trained: clients.Trained) -> None:
    reference = trained.release.manifest.reference
    assert "none" in reference["plan"]["counts"]
    assert "NA" not in reference["country"]["counts"]
    assert reference["country"]["missing"] > 0


def test_a_row_means_the_same_in_training_in_a_file_and_at_the_endpoint(
    trained: clients.Trained, rows: list[tuple[tuple[str, str, str], tuple[float, str, str]]], tmp_path: Path
) -> None:
    written = [row for row, _ in rows]
    expected = trained.pipeline.predict_proba(np.array([known for _, known in rows], dtype=object))[:, 1]
    assert expected[0] > 0.9 > 0.1 > expected[1], "the category decides"

    source = tmp_path / "in.csv"
    source.write_text("\n".join(["age,plan,country", *(",".join(row) for row in written)]) + "\n")
    done = predict_file(Classifier(trained.release), source, tmp_path / "out.csv")
    assert done.bad == 0
    with (tmp_path / "out.csv").open(newline="") as lines:
        by_file = list(csv.DictReader(lines))

    settings = {"OUTLAST_MODELS": str(trained.release.folder.parent), "OUTLAST_AUTH": "off"}
    flat = [text for row in written for text in row]
    tensor = {"name": "features", "shape": [len(written), 3], "datatype": "BYTES", "data": flat}
    with running(tmp_path, **settings) as server, server.client() as client:
        reply = client.post("/v2/models/clients/infer", json={"inputs": [tensor]})
        assert reply.status_code == 200, reply.text
        by_endpoint = {output["name"]: output["data"] for output in reply.json()["outputs"]}

    assert [row["label"] for row in by_file] == by_endpoint["label"]
    np.testing.assert_allclose([float(row["probability_yes"]) for row in by_file], expected, atol=1e-6)
    np.testing.assert_allclose(by_endpoint["probabilities"][1::2], expected, atol=1e-6)


@pytest.mark.parametrize("text", ["none", "n/a", "NAN", "Null", "-"])
def test_what_training_would_refuse_in_a_number_is_set_apart(
    trained: clients.Trained, text: str, tmp_path: Path
) -> None:
    source = tmp_path / "in.csv"
    source.write_text(f"age,plan,country\n{text},none,FR\n")
    assert predict_file(Classifier(trained.release), source, tmp_path / "out.csv").bad == 1
    assert f"age is {text!r}, not a number" in (tmp_path / "out.csv.bad.csv").read_text()


def test_a_category_that_an_older_release_was_trained_on_is_never_missing(
    trained: clients.Trained, tmp_path: Path
) -> None:
    manifest = trained.release.manifest
    columns = [replace(c, categories=("FR", "DE", "NA")) if c.name == "country" else c for c in manifest.input.columns]
    known = replace(manifest, input=replace(manifest.input, columns=tuple(columns)))
    seen = Classifier(replace(trained.release, manifest=known))
    # The graph has no such category: it is one that it does not know, which is not the missing one.
    kept, unknown, missing = seen.predict_probabilities(
        [["40", "none", "NA"], ["40", "none", "XX"], ["40", "none", ""]]
    )
    assert kept.tolist() == unknown.tolist() != missing.tolist()
    source = tmp_path / "in.csv"
    source.write_text("age,plan,country\n40,none,NA\n")
    predict_file(seen, source, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open(newline="") as lines:
        (row,) = csv.DictReader(lines)
    assert float(row["probability_yes"]) == pytest.approx(float(kept[1]), abs=1e-6)


# -- a row of every type, each way ---------------------------------------------------------------------------------

COLUMNS = ("score", "plan", "visits", "country")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> clients.Trained:
    """A number and a category that may be missing, and a whole number and a category that may not."""
    folder, rng = tmp_path_factory.mktemp("mixed"), np.random.default_rng(3)
    lines = [",".join((*COLUMNS, "ok"))]
    for number in range(200):
        score = "" if number % 9 == 0 else f"{rng.normal(2, 3):.3f}"
        plan = rng.choice(["none", "basic", "NA"])
        lines.append(f"{score},{plan},{rng.integers(0, 20)},{rng.choice(['FR', 'DE'])},{'yes' if number % 3 else 'no'}")
    (folder / "mixed.csv").write_text("\n".join(lines) + "\n")
    dataset = load_csv(folder / "mixed.csv", "ok", keep=["visits"])
    classes, truth = encode_labels(dataset, "yes")
    pipeline = fit_pipeline(build_pipeline("softmax", {}, dataset, classes=2), dataset.rows(), truth)
    model = export_onnx(pipeline, name="mixed", spec=dataset.spec)
    candidate = Candidate("mixed", "softmax", dataset, model, classes, "yes", {"yes": 0.5}, ["yes"])
    release = write_candidate(candidate, folder / "mixed", previous=None, now=datetime(2026, 1, 1, tzinfo=UTC))
    return clients.Trained(release, pipeline, dataset)


@pytest.fixture(scope="module")
def classifier(mixed: clients.Trained) -> Classifier:
    return Classifier(mixed.release)


@pytest.fixture(scope="module")
def runtime(mixed: clients.Trained) -> Runtime:
    models = str(mixed.release.folder.parent)
    return build_runtime(
        Settings.from_environment({"OUTLAST_AUTH": "off", "OUTLAST_AUDIT": "off", "OUTLAST_MODELS": models})
    )


def _ask(runtime: Runtime, path: str, body: bytes, headers: dict[bytes, bytes] | None = None) -> Exchange:
    target = runtime.intake.find(path.encode())
    assert target is not None
    exchange = Exchange(target, headers or {}, body, time.time())
    runtime.endpoint.admit(exchange)
    runtime.endpoint.answer([exchange])
    return exchange


def _infer(runtime: Runtime, inputs: Sequence[Any], tail: bytes = b"") -> tuple[Exchange, float | None]:
    head = json.dumps({"inputs": inputs}).encode()
    headers = {HEADER_LENGTH: b"%d" % len(head)} if tail else {}
    exchange = _ask(runtime, "/v2/models/mixed/infer", head + tail, headers)
    if exchange.status != 200:
        return exchange, None
    return exchange, json.loads(exchange.reply)["outputs"][1]["data"][1]


def _as_json(text: str, numeric: bool) -> Any:
    """What a caller sends who has this field: a number, null, or the text as it stands."""
    number = read_number(text.strip()) if numeric else None
    if number is not None and math.isfinite(number):
        return number
    return None if numeric and is_missing(text.strip()) else text


def _as_binary(value: Any) -> bytes:
    return encode_element(value) if isinstance(value, str) else struct.pack("<d", math.nan if value is None else value)


def _tensor(name: str, value: Any, binary: bool) -> dict[str, Any]:
    numeric = name in ("score", "visits")
    tensor = {"name": name, "shape": [1, 1], "datatype": "FP64" if numeric else "BYTES"}
    return tensor | ({"parameters": {"binary_data_size": len(_as_binary(value))}} if binary else {"data": [value]})


def _predict(predictor: Predictor, source: Path) -> list[float]:
    """The probability of the only row of a file; none where it was set apart."""
    out = source.with_name("out.csv")
    predict_file(predictor, source, out, overwrite=True)
    with out.open(newline="") as lines:
        return [float(read["probability_yes"]) for read in csv.DictReader(lines)]


@pytest.fixture(scope="module")
def remote(classifier: Classifier, runtime: Runtime) -> Iterator[RemoteClassifier]:
    """The endpoint, as `predict --url` asks it."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"parameters": {"digest": classifier.digest}})
        exchange = _ask(runtime, request.url.path, request.content)
        return httpx.Response(exchange.status, content=exchange.reply)

    transport = httpx.MockTransport(answer)
    urls = ["http://one.example"]
    with RemoteClassifier(classifier.manifest, classifier.digest, urls, transport=transport, sleep=print) as remote:
        yield remote


_odd = st.sampled_from(["", "NA", "None", "inf", "1e999", "abc", "39,1", "42 yrs", "٣", "1_0", "-0.5"])
_whole = st.one_of(st.integers(0, 50).map(str), st.sampled_from(["3.0", " 7 ", "1e1", "+2"]))
_score = st.one_of(st.floats(-1e3, 1e3).map(repr), _whole, _odd)
_text = st.sampled_from(["none", "basic", " basic", "gold", "FR", "DE", "né", "a b"])
_absent = st.sampled_from(["NA", "None", "", "null", " "])
_written = st.tuples(_score, st.one_of(_text, _absent), _whole, _text)
_broken = st.tuples(_score, st.one_of(_text, _absent), st.one_of(_whole, _odd), st.one_of(_text, _absent))


class Ways(NamedTuple):
    """Whoever can be asked for a prediction of the same model."""

    mixed: clients.Trained
    classifier: Classifier
    runtime: Runtime
    remote: RemoteClassifier


@pytest.fixture(scope="module")
def ways(mixed: clients.Trained, classifier: Classifier, runtime: Runtime, remote: RemoteClassifier) -> Ways:
    return Ways(mixed, classifier, runtime, remote)


@pytest.mark.parametrize(
    ("row", "good"),
    [
        (("", " none", "3.0", "FR"), True),
        (("-2.5e0", "None", " 7 ", "gold"), True),
        (("39,1", "basic", "3", "DE"), False),
        (("1", "basic", "", "DE"), False),
        (("1", "basic", "2.5", "DE"), False),
        (("1", "basic", "2", "NA"), False),
    ],
)
def test_a_row_has_the_same_answer_each_way(ways: Ways, tmp_path: Path, row: tuple[str, ...], good: bool) -> None:
    assert _compare_ways(*ways, tmp_path, row) is good


@pytest.mark.slow
@given(row=st.one_of(_written, _broken))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_row_has_the_same_answer_each_way(ways: Ways, tmp_path: Path, row: tuple[str, ...]) -> None:
    event("good" if _compare_ways(*ways, tmp_path, row) else "bad")


def _compare_ways(
    mixed: clients.Trained,
    classifier: Classifier,
    runtime: Runtime,
    remote: RemoteClassifier,
    folder: Path,
    row: tuple[str, ...],
) -> bool:
    """Whether a row is answered: by each way, and with the same answer, or by none."""
    source = folder / "in.csv"
    with source.open("w", newline="") as lines:
        csv.writer(lines).writerows([COLUMNS, row])
    by_file = [pytest.approx(share, abs=1e-6) for share in _predict(classifier, source)]
    assert _predict(remote, source) == by_file

    values = [_as_json(text, name in ("score", "visits")) for name, text in zip(COLUMNS, row, strict=True)]
    plain = _ask(runtime, "/predict/mixed", json.dumps({"features": dict(zip(COLUMNS, values, strict=True))}).encode())
    by_name = json.loads(plain.reply)["probabilities"]["yes"] if plain.status == 200 else None
    asked = {"by name": (plain, by_name)}
    asked["JSON"] = _infer(runtime, [_tensor(*pair, False) for pair in zip(COLUMNS, values, strict=True)])
    whole = {"name": "features", "shape": [1, 4], "datatype": "BYTES", "data": list(row)}
    asked["texts"] = _infer(runtime, [whole])
    if not any(isinstance(value, str) for value in values[::2]):  # a binary number cannot be a text
        tensors = [_tensor(*pair, True) for pair in zip(COLUMNS, values, strict=True)]
        asked["binary"] = _infer(runtime, tensors, b"".join(map(_as_binary, values)))

    if not by_file:
        assert {way: exchange.status for way, (exchange, _) in asked.items()} == dict.fromkeys(asked, 400)
        return False
    assert {way: share for way, (_, share) in asked.items()} == dict.fromkeys(asked, by_file[0])
    assert len({exchange.input_sha256 for exchange, _ in asked.values()}) == 1, "receipts cover the same bytes"
    read = classifier.read([values])
    assert mixed.pipeline.predict_proba(read)[0, 1] == by_file[0]
    return True
