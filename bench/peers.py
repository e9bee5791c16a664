"""The servers that are compared: how each is started, asked, and known to have answered rightly."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.apps import models as served
from bench.environments import HERE, ROOT
from service.bundle.folder import RELEASED

APPS = HERE / "apps"
MODEL, HEAVY = RELEASED / served.MODEL, RELEASED / served.HEAVY
API_KEY = "olk_bench-" + secrets.token_hex(16)


Encode = Callable[[np.ndarray, str], tuple[str, bytes, Mapping[str, str]]]


@dataclass(frozen=True)
class Ask:
    """One request: path, body, headers, and what the answer must hold."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    label: bytes


@dataclass(frozen=True)
class Peer:
    """A server under test.

    `command(python, port)`; `encode(rows, model)` gives path, body and headers; `environment(port, folder)`, the folder
    being empty and the run's own.
    """

    name: str
    lock: Path
    command: Callable[[Path, int], Sequence[str]]
    encode: Encode
    environment: Callable[[int, Path], Mapping[str, str]]
    folder: Path = APPS
    binary: Encode | None = None
    notes: str = ""
    versions: tuple[str, ...] = field(default=("onnxruntime",))


def golden_rows(model: Path = MODEL) -> tuple[np.ndarray, list[str]]:
    """A released model's golden rows and their labels."""
    rows = json.loads((model / "golden.json").read_text())["rows"]
    return np.array([row["features"] for row in rows], dtype=np.float32), [row["label"] for row in rows]


def ask(peer: Peer, count: int, *, binary: bool = False, model: Path = MODEL) -> Ask:
    """A request of `count` golden rows, as this peer wants it."""
    rows, labels = golden_rows(model)
    chosen = np.resize(rows, (count, rows.shape[1]))
    encode = peer.binary if binary and peer.binary else peer.encode
    path, body, headers = encode(chosen, model.name)
    return Ask(path, body, headers, labels[0].encode())


def _infer(model: str) -> str:
    return f"/v2/models/{model}/infer"


def _tensors(rows: np.ndarray, model: str) -> tuple[str, bytes, Mapping[str, str]]:
    # The shortest decimals of float32, as a client that holds float32 writes them.
    data = [float(str(value)) for value in rows.ravel()]
    tensor = {"name": "features", "shape": list(rows.shape), "datatype": "FP32", "data": data}
    body = json.dumps({"inputs": [tensor]}, separators=(",", ":")).encode()
    return _infer(model), body, {"content-type": "application/json"}


def _with_key(encode: Encode) -> Encode:
    def encode_with_key(rows: np.ndarray, model: str) -> tuple[str, bytes, Mapping[str, str]]:
        path, body, headers = encode(rows, model)
        return path, body, {**headers, "x-api-key": API_KEY}

    return encode_with_key


def _binary(rows: np.ndarray, model: str) -> tuple[str, bytes, Mapping[str, str]]:
    raw = rows.astype("<f4").tobytes()
    tensor: dict[str, Any] = {"name": "features", "shape": list(rows.shape), "datatype": "FP32"}
    tensor["parameters"] = {"binary_data_size": len(raw)}
    outputs = [{"name": name, "parameters": {"binary_data": True}} for name in ("label", "probabilities")]
    head = json.dumps({"inputs": [tensor], "outputs": outputs}, separators=(",", ":")).encode()
    headers = {"content-type": "application/octet-stream", "inference-header-content-length": str(len(head))}
    return _infer(model), head + raw, headers


def _bento(rows: np.ndarray, _model: str) -> tuple[str, bytes, Mapping[str, str]]:
    data = [[float(str(value)) for value in row] for row in rows]
    return "/predict", json.dumps({"rows": data}, separators=(",", ":")).encode(), {"content-type": "application/json"}


def _uvicorn(app: str) -> Callable[[Path, int], Sequence[str]]:
    def command(python: Path, port: int) -> Sequence[str]:
        options = ["--host", "127.0.0.1", "--port", str(port), "--loop", "uvloop", "--http", "httptools"]
        return [str(python), "-m", "uvicorn", app, *options, "--no-access-log", "--log-level", "warning"]

    return command


def _as_shipped(port: int, _folder: Path) -> Mapping[str, str]:
    """API key, receipts, metrics and audit on; no drain second, so that the benchmark goes on.

    The metrics are open, so that whoever attacks by asking for them is given them.
    """
    keys = [{"name": "bench", "sha256": hashlib.sha256(API_KEY.encode()).hexdigest()}]
    return {
        "PORT": str(port),
        "OUTLAST_HOST_BIND": "127.0.0.1",
        "OUTLAST_SITE": "bench",
        "OUTLAST_API_KEYS": json.dumps(keys),
        "OUTLAST_METRICS_AUTH": "open",
        "OUTLAST_RECEIPT_KEYS": "bench:" + "5a" * 32,
        "OUTLAST_DRAIN_SECONDS": "0",
    }


def _with_one_model(port: int, folder: Path) -> Mapping[str, str]:
    """As shipped, but with the one model that the others serve: the image holds two."""
    models = folder / "models"
    models.mkdir()
    (models / MODEL.name).symlink_to(MODEL)
    return {**_as_shipped(port, folder), "OUTLAST_MODELS": str(models)}


OURS = Peer(
    "outlast",
    ROOT / "service" / "requirements.lock",
    lambda python, port: [str(python), "-m", "service", "serve"],
    _with_key(_tensors),
    _with_one_model,
    folder=ROOT,
    binary=_with_key(_binary),
    notes="API key, receipts, metrics, audit on standard output, drift",
    versions=("uvicorn", "onnxruntime"),
)
SHIPPED = replace(OURS, environment=_as_shipped)
BARE = Peer(
    "bare uvicorn",
    HERE / "requirements-bare.lock",
    _uvicorn("bare_app:app"),
    _tensors,
    lambda port, folder: {},
    notes="an ASGI function: JSON, inference, JSON; no checks, no key",
    versions=("uvicorn", "onnxruntime"),
)
FASTAPI = Peer(
    "FastAPI",
    HERE / "requirements-fastapi.lock",
    _uvicorn("fastapi_app:app"),
    _tensors,
    lambda port, folder: {},
    notes="pydantic models in and out, uvicorn with uvloop and httptools; no key",
    versions=("fastapi", "uvicorn", "onnxruntime"),
)
MLSERVER = Peer(
    "MLServer",
    HERE / "requirements-mlserver.lock",
    lambda python, port: [str(python.parent / "mlserver"), "start", "."],
    _tensors,
    lambda port, folder: {
        "MLSERVER_HTTP_PORT": str(port),
        "MLSERVER_GRPC_PORT": str(port + 1),
        "MLSERVER_METRICS_PORT": str(port + 2),
        "PYTHONPATH": str(APPS),
    },
    folder=APPS / "mlserver",
    notes="custom runtime in process (parallel_workers 0: on one core a worker of its own only costs); no key",
    versions=("mlserver", "onnxruntime"),
)
BENTOML = Peer(
    "BentoML",
    HERE / "requirements-bentoml.lock",
    lambda python, port: [str(python), "-m", "bentoml", "serve", "bentoml_service:Tumour", "--port", str(port)],
    _bento,
    lambda port, folder: {
        "BENTOML_DO_NOT_TRACK": "1",
        "BENTOML_HOME": "/dev/shm/outlast-bench-bentoml",
        "PYTHONPATH": str(APPS),
    },
    notes="one worker, adaptive batching; its own JSON, as it has no Open Inference Protocol; no key",
    versions=("bentoml", "onnxruntime"),
)
PEERS = (OURS, BARE, FASTAPI, MLSERVER, BENTOML)
