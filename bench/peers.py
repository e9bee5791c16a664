"""The servers that are compared: how each is started, asked, and known to have answered rightly."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bench.environments import HERE, ROOT

APPS = HERE / "apps"
MODEL = ROOT / "service" / "released" / "tumour"
INFER = "/v2/models/tumour/infer"
API_KEY = "olk_bench-" + secrets.token_hex(16)


@dataclass(frozen=True)
class Ask:
    """One request: path, body, headers, and what the answer must hold."""

    path: str
    body: bytes
    headers: Mapping[str, str]
    label: bytes


@dataclass(frozen=True)
class Peer:
    """A server under test. `command(python, port)`; `encode(rows)` gives path, body and headers."""

    name: str
    lock: Path
    command: Callable[[Path, int], Sequence[str]]
    encode: Callable[[np.ndarray], tuple[str, bytes, Mapping[str, str]]]
    environment: Callable[[int], Mapping[str, str]]
    folder: Path = APPS
    binary: Callable[[np.ndarray], tuple[str, bytes, Mapping[str, str]]] | None = None
    notes: str = ""
    versions: tuple[str, ...] = field(default=("onnxruntime",))


def golden_rows() -> tuple[np.ndarray, list[str]]:
    """The released model's golden rows and their labels."""
    rows = json.loads((MODEL / "golden.json").read_text())["rows"]
    return np.array([row["features"] for row in rows], dtype=np.float32), [row["label"] for row in rows]


def ask(peer: Peer, count: int, *, binary: bool = False) -> Ask:
    """A request of `count` golden rows, as this peer wants it."""
    rows, labels = golden_rows()
    chosen = np.resize(rows, (count, rows.shape[1]))
    encode = peer.binary if binary and peer.binary else peer.encode
    path, body, headers = encode(chosen)
    return Ask(path, body, headers, labels[0].encode())


def _tensors(rows: np.ndarray) -> tuple[str, bytes, Mapping[str, str]]:
    # The shortest decimals of float32, as a client that holds float32 writes them.
    data = [float(str(value)) for value in rows.ravel()]
    tensor = {"name": "features", "shape": list(rows.shape), "datatype": "FP32", "data": data}
    return INFER, json.dumps({"inputs": [tensor]}, separators=(",", ":")).encode(), {"content-type": "application/json"}


def _with_key(
    encode: Callable[[np.ndarray], tuple[str, bytes, Mapping[str, str]]],
) -> Callable[[np.ndarray], tuple[str, bytes, Mapping[str, str]]]:
    def encode_with_key(rows: np.ndarray) -> tuple[str, bytes, Mapping[str, str]]:
        path, body, headers = encode(rows)
        return path, body, {**headers, "x-api-key": API_KEY}

    return encode_with_key


def _binary(rows: np.ndarray) -> tuple[str, bytes, Mapping[str, str]]:
    raw = rows.astype("<f4").tobytes()
    tensor: dict[str, Any] = {"name": "features", "shape": list(rows.shape), "datatype": "FP32"}
    tensor["parameters"] = {"binary_data_size": len(raw)}
    outputs = [{"name": name, "parameters": {"binary_data": True}} for name in ("label", "probabilities")]
    head = json.dumps({"inputs": [tensor], "outputs": outputs}, separators=(",", ":")).encode()
    headers = {"content-type": "application/octet-stream", "inference-header-content-length": str(len(head))}
    return INFER, head + raw, headers


def _bento(rows: np.ndarray) -> tuple[str, bytes, Mapping[str, str]]:
    data = [[float(str(value)) for value in row] for row in rows]
    return "/predict", json.dumps({"rows": data}, separators=(",", ":")).encode(), {"content-type": "application/json"}


def _uvicorn(app: str) -> Callable[[Path, int], Sequence[str]]:
    def command(python: Path, port: int) -> Sequence[str]:
        options = ["--host", "127.0.0.1", "--port", str(port), "--loop", "uvloop", "--http", "httptools"]
        return [str(python), "-m", "uvicorn", app, *options, "--no-access-log", "--log-level", "warning"]

    return command


def _own_environment(port: int) -> Mapping[str, str]:
    """As shipped: API key, receipts, metrics and audit on; one drain second, so that the benchmark goes on."""
    keys = [{"name": "bench", "sha256": hashlib.sha256(API_KEY.encode()).hexdigest()}]
    return {
        "PORT": str(port),
        "OUTLAST_HOST_BIND": "127.0.0.1",
        "OUTLAST_SITE": "bench",
        "OUTLAST_API_KEYS": json.dumps(keys),
        "OUTLAST_RECEIPT_KEYS": "bench:" + "5a" * 32,
        "OUTLAST_DRAIN_SECONDS": "0",
    }


OURS = Peer(
    "outlast",
    ROOT / "service" / "requirements.lock",
    lambda python, port: [str(python), "-m", "service", "serve"],
    _with_key(_tensors),
    _own_environment,
    folder=ROOT,
    binary=_with_key(_binary),
    notes="API key, receipts, metrics, audit on standard output, drift",
    versions=("uvicorn", "onnxruntime"),
)
BARE = Peer(
    "bare uvicorn",
    HERE / "requirements-bare.lock",
    _uvicorn("bare_app:app"),
    _tensors,
    lambda port: {},
    notes="an ASGI function: JSON, inference, JSON; no checks, no key",
    versions=("uvicorn", "onnxruntime"),
)
FASTAPI = Peer(
    "FastAPI",
    HERE / "requirements-fastapi.lock",
    _uvicorn("fastapi_app:app"),
    _tensors,
    lambda port: {},
    notes="pydantic models in and out, uvicorn with uvloop and httptools; no key",
    versions=("fastapi", "uvicorn", "onnxruntime"),
)
MLSERVER = Peer(
    "MLServer",
    HERE / "requirements-mlserver.lock",
    lambda python, port: [str(python.parent / "mlserver"), "start", "."],
    _tensors,
    lambda port: {
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
    lambda port: {
        "BENTOML_DO_NOT_TRACK": "1",
        "BENTOML_HOME": "/dev/shm/outlast-bench-bentoml",
        "PYTHONPATH": str(APPS),
    },
    notes="one worker, adaptive batching; its own JSON, as it has no Open Inference Protocol; no key",
    versions=("bentoml", "onnxruntime"),
)
PEERS = (OURS, BARE, FASTAPI, MLSERVER, BENTOML)
