"""The process: starting, stopping without losing a request, TLS, several models, metrics, drift and logs."""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvloop

from service.bundle.reference import PREDICTIONS
from service.errors import Unavailable
from service.server.drift import LEAST_ROWS, Drift
from service.server.faults import Faults
from service.server.http.run import multiply, open_listener
from service.server.models import Answers, Models
from service.server.settings.table import Settings
from tests.service.server.harness import (
    INFER,
    RELEASED,
    ROOT,
    VERSION,
    Server,
    infer_body,
    make_certificate,
    read_metrics,
    running,
    wait_for,
)

pytestmark = pytest.mark.xdist_group("guarded-server")  # one worker, so that the server is started once

ROW = infer_body([[1.0] * 30])


def _ask_until_refused(server: Server, lost: list[str], answered: list[int], keep_alive: bool) -> None:
    """Ask as fast as answers come; a request whose connection was accepted and that got no answer is lost."""
    body = json.dumps(ROW)
    connection: http.client.HTTPConnection | None = None
    while True:
        if connection is None:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
                connection.connect()
            except ConnectionError:
                return  # nobody listens any more: what was not accepted is not lost
        try:
            connection.request("POST", INFER, body, {"content-type": "application/json"})
            reply = connection.getresponse()
            reply.read()
            answered.append(reply.status)
        except (http.client.HTTPException, OSError) as error:
            lost.append(repr(error))
            return
        if reply.headers.get("connection") == "close" or not keep_alive:
            connection.close()
            connection = None


def test_sigterm_under_load_loses_not_one_accepted_request(tmp_path: Path) -> None:
    with running(tmp_path, OUTLAST_AUTH="off", OUTLAST_DRAIN_SECONDS="0.5") as server:
        lost: list[str] = []
        answered: list[int] = []
        arguments = [(server, lost, answered, keep_alive) for keep_alive in (True, True, True, False)]
        threads = [threading.Thread(target=_ask_until_refused, args=each) for each in arguments]
        for thread in threads:
            thread.start()
        wait_for(lambda: len(answered) > 100, "load")
        server.process.send_signal(signal.SIGTERM)
        with server.client() as client:
            wait_for(lambda: client.get("/healthz").status_code == 503, "health to say so while it drains")
            assert "shutting down" in client.get("/healthz").text
            assert client.post(INFER, json=ROW).status_code == 200
        for thread in threads:
            thread.join(20)
        assert server.process.wait(20) == 0
    assert lost == []
    assert set(answered) == {200}
    records = server.audit_lines()
    assert records[-1]["kind"] == "stop"
    assert sum(record["kind"] == "prediction" for record in records) == len(answered) + 1


@pytest.mark.slow
def test_the_first_answer_waits_for_nothing_that_it_does_not_need() -> None:
    """What takes longest to import of what serving needs is loaded after the port is open, or when it is asked for."""
    late = ["starlette", "anyio", "prometheus_client", "http.client", "urllib.request", "difflib", "opentelemetry"]
    loaded = "import sys, service.server.commands, service.server.http.run"
    code = f"{loaded}; print(sorted(set({late}) & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "[]\n"


def test_newcomers_do_not_wait_a_turn_for_each_one_before_them() -> None:
    """Turns are as long as what they answer: one accepted connection a turn starves newcomers under load."""
    accepted_by_turn: list[int] = []

    async def count() -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        made: list[asyncio.Protocol] = []

        class Newcomer(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                made.append(self)

        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(Newcomer, sock=each) for each in multiply(listener)]
        clients = [socket.create_connection(listener.getsockname()) for _ in range(48)]
        while len(made) < len(clients):
            await asyncio.sleep(0)
            accepted_by_turn.append(len(made))
        for each in (*servers, *clients):
            each.close()
        await asyncio.sleep(0)

    uvloop.run(count())
    assert len(set(accepted_by_turn) - {0}) <= 8, "turns in which somebody was accepted"


def test_a_port_in_use_is_said_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        environ = {"PORT": str(taken.getsockname()[1]), "OUTLAST_HOST_BIND": "127.0.0.1", "OUTLAST_AUTH": "off"}
        with pytest.raises(Unavailable, match="another process holds the port"):
            open_listener(Settings.from_environment(environ))


def test_an_address_of_another_machine_is_said_to_be_one() -> None:
    environ = {"PORT": "0", "OUTLAST_HOST_BIND": "192.0.2.1", "OUTLAST_AUTH": "off"}
    with pytest.raises(Unavailable, match="this machine has no such address"):
        open_listener(Settings.from_environment(environ))


def test_a_model_that_does_not_match_its_manifest_is_not_served(tmp_path: Path) -> None:
    shutil.copytree(RELEASED / "tumour", tmp_path / "tumour")
    with (tmp_path / "tumour" / "model.onnx").open("ab") as file:
        file.write(b"\0")
    environ = {"PORT": "0", "OUTLAST_AUTH": "off", "OUTLAST_MODELS": str(tmp_path)}
    command = [sys.executable, "-m", "service", "serve", "--check"]
    run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode == 2
    assert "does not match its manifest" in run.stderr


def _second_models(folder: Path) -> Path:
    """A folder of released models: tumour in two versions, and another model beside it."""
    changed = {
        "a": {"version": "1"},
        "b": {"version": "2", "created": "2030-01-01"},
        "c": {"version": "1", "problem": "twin"},
    }
    for name, changes in changed.items():
        shutil.copytree(RELEASED / "tumour", folder / name)
        path = folder / name / "manifest.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder


def test_tls_and_several_models_by_name_and_version(tmp_path: Path) -> None:
    chain, secret = make_certificate(tmp_path, "api.outlast.example")
    models = _second_models(tmp_path / "models")
    settings = {"OUTLAST_TLS_CERTIFICATE": str(chain), "OUTLAST_TLS_KEY": str(secret), "OUTLAST_MODELS": str(models)}
    context = ssl.create_default_context(cafile=str(chain))
    with running(tmp_path, OUTLAST_AUTH="off", scheme="https", **settings) as server:
        tls = context.wrap_socket(server.connect(), server_hostname="api.outlast.example")
        connection = http.client.HTTPConnection("api.outlast.example")
        connection.sock = tls

        def ask(path: str) -> tuple[int, Any]:
            connection.request("POST", path, json.dumps(ROW), {"content-type": "application/json"})
            reply = connection.getresponse()
            return reply.status, json.loads(reply.read())

        versions = [
            ask(f"/v2/models/{path}/infer")[1]["model_version"] for path in ("tumour", "tumour/versions/1", "twin")
        ]
        assert versions == ["2", "1", "1"]
        status, problem = ask("/v2/models/tumour/versions/3/infer")
        assert (status, problem["hint"]) == (404, "there are 1, 2")
        connection.close()
        environ = {"PORT": str(server.port), **settings}
        probe = subprocess.run(
            [sys.executable, "-m", "service", "probe"], cwd=ROOT, env=environ, timeout=20, check=False
        )
        assert probe.returncode == 0


def test_the_probe_fails_where_nothing_answers() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        command = [sys.executable, "-m", "service", "probe", "--port", str(free.getsockname()[1])]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert run.returncode == 1
    assert "no server answers" in run.stderr


def test_the_plain_door_answers_in_words(open_server: Server, golden: list[Mapping[str, Any]]) -> None:
    with open_server.client() as client:
        names = client.get("/v2/models/tumour").json()["parameters"]["features"]
        for path in ("/predict", "/predict/tumour"):
            for row in golden[:3]:
                answer = client.post(path, json={"features": dict(zip(names, row["features"], strict=True))}).json()
                assert answer["label"] == row["label"]
                assert answer["probabilities"] == pytest.approx(row["probabilities"], abs=1e-5)
                assert answer["model"]["version"] == VERSION
                assert 0 < answer["threshold"] < 1
                assert answer["receipt"]


def test_the_plain_door_names_every_mistake(open_server: Server) -> None:
    with open_server.client() as client:
        names = client.get("/v2/models/tumour").json()["parameters"]["features"]
        features: dict[str, Any] = dict.fromkeys(names[:-1], 1.0)
        features |= {names[0]: "big", names[1]: True, "mean_colour": 2, "worst_fractal_dimensio": 3}
        reply = client.post("/predict", json={"features": features, "more": 1})
    assert reply.status_code == 400
    errors = {error["place"]: error for error in reply.json()["errors"]}
    assert set(errors) == {
        "more", f"features.{names[0]}", f"features.{names[1]}", f"features.{names[-1]}",
        "features.mean_colour", "features.worst_fractal_dimensio",
    }  # fmt: skip
    assert errors["features.worst_fractal_dimensio"]["hint"] == "did you mean worst_fractal_dimension?"


def test_metrics_count_what_was_answered(open_server: Server) -> None:
    with open_server.client() as client:
        before = _metric(read_metrics(client), 'outlast_requests_total{route="/v2/models/{name}/infer",status="200"}')
        for _ in range(3):
            client.post(INFER, json=infer_body([[1.0] * 30] * 2))
        counted = 'outlast_requests_total{route="/v2/models/{name}/infer",status="200"}'
        # Rendered once a second at most: what was counted since shows in the next one.
        wait_for(lambda: _metric(read_metrics(client), counted) >= before + 3, "the next rendering")
        text = read_metrics(client)
    assert _metric(text, counted) == before + 3
    for name in (
        "outlast_request_seconds_bucket", "outlast_inference_seconds_sum", "outlast_inference_rows_count",
        "outlast_queue_depth", "outlast_in_flight", "outlast_model_info", "outlast_audit_queue", "outlast_well 1.0",
        "outlast_shed_total", "outlast_connections", "outlast_audit_lost", "process_resident_memory_bytes",
        'outlast_requests_total{route="/livez",status="200"}',
    ):  # fmt: skip
        assert name in text
    info = re.search(r'outlast_model_info\{digest="sha256:[0-9a-f]{64}",model="tumour",version="(.+)"\} 1.0', text)
    assert info is not None and info[1] == VERSION


def test_every_series_names_its_replica(guarded_server: Server) -> None:
    """Two replicas behind one load balancer are told apart by nothing else."""
    with guarded_server.client() as client:
        client.post(INFER, json=ROW)
        series = [line for line in client.get("/metrics").text.splitlines() if line.startswith("outlast_")]
    replicas = {re.search(r'[{,]replica="([^"]+)"', line) for line in series}
    assert None not in replicas
    assert len({found[1] for found in replicas if found}) == 1


def test_every_metric_is_in_the_reference(guarded_server: Server) -> None:
    with guarded_server.client() as client:
        client.post(INFER, json=ROW)
        text = client.get("/metrics").text
    served = set(re.findall(r"^# TYPE (outlast_\w+)", text, re.MULTILINE))
    assert re.search(r'^outlast_audit_records\{chain="[^"]+",replica="[^"]+"\} [1-9]', text, re.MULTILINE)
    reference = (ROOT / "docs" / "reference" / "server.md").read_text()
    table = reference.partition("<!-- metrics -->")[2].partition("<!-- /metrics -->")[0]
    assert served == set(re.findall(r"^\| `(outlast_\w+)`", table, re.MULTILINE))


def test_unknown_addresses_make_no_new_series(open_server: Server) -> None:
    with open_server.client() as client:
        for number in range(20):
            client.get(f"/nowhere/{number}")
            client.post(f"/v2/models/nobody{number}/infer", json=ROW)
        text = client.get("/metrics").text
    assert "nowhere" not in text
    assert "nobody" not in text


def _metric(text: str, name: str) -> float:
    return next((float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name)), 0.0)


def _score(drift: Drift, models: Models, rows: np.ndarray) -> dict[str, Any]:
    """The scores once these rows have come, each in a request of its own."""
    model = models.find("tumour")
    answers = model.infer(rows)
    for at in range(len(rows)):
        alone = Answers(answers.labels[at : at + 1], answers.probabilities[at : at + 1])
        drift.inferred(model, rows[at : at + 1], alone, 0.0)
    return drift.score()["tumour"]


def _draw_like(models: Models, count: int) -> np.ndarray:
    """Rows whose features are each distributed as training saw them: a bin by its share, a value within it."""
    rng = np.random.default_rng(7)
    columns = []
    for reference in models.find("tumour").manifest.reference.values():
        if reference["kind"] != "numeric":
            continue
        edges = np.array([reference["min"], *reference["edges"], reference["max"]])
        shares = np.array(reference["counts"]) / sum(reference["counts"])
        bins = rng.choice(len(shares), size=count, p=shares)
        columns.append(edges[bins] + (edges[bins + 1] - edges[bins]) * rng.uniform(0.01, 0.99, count))
    return np.stack(columns[:30], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def models() -> Models:
    return Models.load(RELEASED, Faults(lambda: 0.0))


def test_drift_is_quiet_on_the_data_it_was_trained_on_and_loud_on_other(models: Models) -> None:
    rows = _draw_like(models, 1000)
    same = _score(Drift(models, 1000), models, rows)
    assert same["rows"] == 1000
    assert max(scores["psi"] for scores in same["features"].values()) < 0.1
    assert all(scores["ks"] < scores["ks_critical"] for scores in same["features"].values())
    shifted = rows.copy()
    shifted[:, 0] += 8
    other = _score(Drift(models, 1000), models, shifted)
    assert other["features"]["mean_radius"]["psi"] > 0.25
    assert other["features"]["mean_radius"]["ks"] > other["features"]["mean_radius"]["ks_critical"]
    assert other["features"]["mean_texture"]["psi"] == same["features"]["mean_texture"]["psi"]
    assert sum(other["labels"].values()) == pytest.approx(1)


@pytest.mark.parametrize("name", ["tumour", "digits"])
def test_a_shift_of_the_predictions_is_scored_against_what_was_released(models: Models, name: str) -> None:
    model = models.find(name)
    known = model.manifest.reference[PREDICTIONS]["counts"]
    as_released = [label for label, count in known.items() for _ in range(count)]
    scores = []
    for labels in (as_released, [model.classes[0]] * len(as_released)):
        drift = Drift(models, len(labels))
        rows = np.zeros((len(labels), len(model.manifest.input.features)), dtype=np.float32)
        zeros = np.zeros((len(labels), len(model.classes)), dtype=np.float32)
        drift.inferred(model, rows, Answers(labels, zeros), 0.0)
        scores.append(drift.score()[name]["prediction"]["psi"])
    assert scores[0] == 0
    assert scores[1] > 1


def test_the_window_slides_and_says_nothing_about_too_few_rows(models: Models) -> None:
    drift = Drift(models, 150)
    few = _score(drift, models, np.ones((LEAST_ROWS - 1, 30), dtype=np.float32))
    assert "features" not in few
    assert _score(drift, models, np.zeros((300, 30), dtype=np.float32))["rows"] == 150
    assert drift.score()["tumour"]["features"]["mean_radius"]["ks"] > 0.85  # all in the lowest of ten bins


def test_drift_is_served_as_json_and_as_metrics(guarded_server: Server) -> None:
    with guarded_server.client() as client:
        client.post(INFER, json=infer_body([[1.0] * 30] * 200))
        drift = wait_for(lambda: client.get("/drift").json().get("tumour", {}).get("features"), "drift scores")
        assert drift["mean_radius"]["psi"] > 0.25
        line = 'outlast_drift{feature="mean_radius",model="tumour",score="psi"}'
        wait_for(lambda: line in read_metrics(client), "the next rendering of the metrics")


def test_logs_are_json_lines_with_request_ids(guarded_server: Server) -> None:
    with guarded_server.client({"x-request-id": "logged-1"}) as client:
        client.post(INFER, json=ROW)
    lines = wait_for(
        lambda: [line for line in guarded_server.logs() if line.get("request_id") == "logged-1"], "the request's line"
    )
    assert lines[0]["route"] == "/v2/models/{name}/infer"
    assert (lines[0]["status"], lines[0]["site"], lines[0]["level"]) == (200, "gcp", "info")
    assert "features" not in lines[0]


def test_the_docs_page_needs_nothing_from_elsewhere(open_server: Server) -> None:
    with open_server.client() as client:
        page = client.get("/docs")
        assert page.headers["content-type"].startswith("text/html")
        files = re.findall(r'(?:href|src)="([^"]+)"', page.text)
        assert files and all(file.startswith("/") and client.get(file).status_code == 200 for file in files)
        script = client.get("/docs/docs.js").text
        assert "//" not in re.sub(r"^//.*$", "", script, flags=re.M)
        assert client.get("/docs/../settings.py").status_code == 404
        assert client.get("/docs/settings.py").status_code == 404
