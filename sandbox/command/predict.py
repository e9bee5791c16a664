"""One real prediction, as a user gets it: the public name, DNS, TLS, and whichever cloud answers."""

from __future__ import annotations

import json
import random
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx

from failover.dial import Dial
from service.errors import Deviated, InvalidInput, Unavailable


@dataclass(frozen=True)
class Prediction:
    """What came back, beside what the released model answers to the same row."""

    row: str
    label: str
    probability: float
    expected: str
    site: str
    origin: str
    address: str
    milliseconds: float

    @property
    def right(self) -> bool:
        return self.label == self.expected

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "right": self.right}


def predict(dial: Dial, host: str, released: Path, row_id: str | None = None) -> Prediction:
    """Send one golden row (a real one, drawn at random unless named) to the public host.

    Raises InvalidInput for an unknown row, Unavailable where nobody answers, Deviated for an answer of another form.
    """
    golden = json.loads((released / "golden.json").read_text())["rows"]
    problem = json.loads((released / "manifest.json").read_text())["problem"]
    by_id = {row["id"]: row for row in golden}
    if row_id is not None and row_id not in by_id:
        raise InvalidInput(f"no row {row_id!r} among the golden ones", hint=f"one of {', '.join(by_id)}")
    row = by_id[row_id] if row_id else random.choice(golden)
    began = time.perf_counter()
    resolution = dial.resolve(host)
    if not resolution.addresses:
        raise Unavailable(f"DNS has no address for {host} ({resolution.rcode})", hint="make status")
    body = {
        "inputs": [
            {"name": "features", "shape": [1, len(row["features"])], "datatype": "FP32", "data": row["features"]}
        ]
    }
    try:
        response = dial.post(f"https://{host}/v2/models/{problem}/infer", json=body, address=resolution.addresses[0])
    except httpx.HTTPError as error:
        raise Unavailable(
            f"{host} at {resolution.addresses[0]} does not answer: {error}", hint="make status"
        ) from error
    milliseconds = (time.perf_counter() - began) * 1000
    if response.status_code != 200:
        raise Deviated(f"{host} answered {response.status_code}: {response.text[:300]}", hint="make status")
    label, probability = _read(response.json())
    return Prediction(
        row["id"],
        label,
        probability,
        row["label"],
        response.headers.get("x-served-by", "?"),
        resolution.origin_host,
        resolution.addresses[0],
        milliseconds,
    )


def _read(answer: dict[str, Any]) -> tuple[str, float]:
    """Label and its probability out of an Open Inference Protocol answer of one row."""
    outputs = {output["name"]: output["data"] for output in answer["outputs"]}
    return str(outputs["label"][0]), max(float(p) for p in outputs["probabilities"])
