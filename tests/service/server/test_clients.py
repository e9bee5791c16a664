"""The endpoint, asked by the clients of KServe and of MLServer, unmodified (Triton's is in test_protocol.py).

Their pins do not resolve beside ours, so each runs in an environment of its own, which `python -m bench.environments
kserve mlserver` makes; where that was not done, the test is skipped.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.environments import find_environment
from tests.service.server.harness import API_KEY, Server

pytestmark = pytest.mark.xdist_group("guarded-server")

CLIENTS = Path(__file__).parent / "clients"
KEY = {"x-api-key": API_KEY}
_SECONDS = 120  # KServe's package alone takes five to be imported


def _run(client: str, asked: Mapping[str, Any]) -> Any:
    """What a client printed after it was told what to ask."""
    python = find_environment(client)
    if python is None:
        pytest.skip(f"{client} is not installed here: python -m bench.environments {client}")
    command = [str(python), "-I", str(CLIENTS / f"ask_{client}.py")]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, timeout=_SECONDS)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _features(golden: list[Mapping[str, Any]]) -> list[list[float]]:
    return [row["features"] for row in golden]


def _probabilities(golden: list[Mapping[str, Any]]) -> np.ndarray:
    return np.array([list(row["probabilities"].values()) for row in golden])


@pytest.mark.slow
@pytest.mark.parametrize("binary", [False, True])
def test_kserve_gets_golden_answers(guarded_server: Server, golden: list[Mapping[str, Any]], binary: bool) -> None:
    asked = {"url": guarded_server.url, "headers": KEY, "rows": _features(golden), "binary": binary}
    found = _run("kserve", asked)
    assert np.abs(np.array(found.pop("probabilities")) - _probabilities(golden)).max() <= 1e-5
    assert found == {
        "live": True,
        "ready": True,
        "model_ready": True,
        "id": "seven",
        "model": "tumour",
        "labels": [row["label"] for row in golden],
    }


@pytest.mark.slow
def test_kserve_is_told_what_is_wrong(guarded_server: Server, golden: list[Mapping[str, Any]]) -> None:
    rows = _features(golden[:1])
    asked = {"url": guarded_server.url, "headers": KEY, "rows": [rows[0][:29]], "binary": False}
    assert "it must be [rows, 30]" in _run("kserve", asked)["error"]
    assert "An API key is needed" in _run("kserve", {**asked, "headers": {}, "rows": rows})["error"]


@pytest.mark.slow
@pytest.mark.parametrize(("batch", "binary"), [(1, False), (3, True)])
def test_mlserver_gets_golden_answers(
    guarded_server: Server, golden: list[Mapping[str, Any]], batch: int, binary: bool
) -> None:
    address = guarded_server.url.removeprefix("http://")
    asked = {"address": address, "headers": KEY, "rows": _features(golden), "batch": batch, "binary": binary}
    found = _run("mlserver", asked)
    assert [line.get("error", line.get("label")) for line in found] == [row["label"] for row in golden]
    probabilities = np.array([line["probabilities"] for line in found])
    assert np.abs(probabilities - _probabilities(golden)).max() <= 1e-5


@pytest.mark.slow
def test_mlserver_is_told_what_is_wrong(guarded_server: Server, golden: list[Mapping[str, Any]]) -> None:
    address = guarded_server.url.removeprefix("http://")
    asked = {"address": address, "headers": {}, "rows": _features(golden[:1]), "batch": 1, "binary": False}
    (line,) = _run("mlserver", asked)
    assert line["error"].startswith("An API key is needed")
