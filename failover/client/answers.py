"""What the endpoint answers, as typed values; an answer that is none is a failure of the site that gave it. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from failover.client.errors import Failed, RequestRefused, Try

SERVED_BY, REQUEST_ID = "x-served-by", "x-request-id"
RETRYABLE = (408,)  # of the refusals: the site waited too long for the request's own bytes


@dataclass(frozen=True)
class Reply:
    """A response as it came: `headers` have lower-case names; `origin` is the name under which it was asked for."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    origin: str

    @property
    def site(self) -> str:
        """Which site says that it answered."""
        return self.headers.get(SERVED_BY, self.origin)


@dataclass(frozen=True)
class Prediction:
    """The answer to one row by names. `tries` are the attempts that it took, the last one answered."""

    label: str
    probabilities: Mapping[str, float]
    threshold: float | None
    model: str
    version: str
    digest: str
    site: str
    request_id: str
    receipt: str | None = None
    notes: tuple[str, ...] = ()
    tries: tuple[Try, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Inference:
    """The answers to rows by the Open Inference Protocol: one label a row, its probabilities in the model's order."""

    labels: tuple[str, ...]
    probabilities: tuple[tuple[float, ...], ...]
    model: str
    version: str
    site: str
    request_id: str
    receipt: str | None = None
    tries: tuple[Try, ...] = field(default=(), compare=False)


def judge(reply: Reply) -> None:
    """Raises Failed where another site may do better, RequestRefused where none would."""
    if 200 <= reply.status < 300:
        return
    if 400 <= reply.status < 500 and reply.status not in RETRYABLE:
        raise RequestRefused(reply.status, _problem(reply.body), reply.site)
    told = _problem(reply.body)
    raise Failed(f"status {reply.status}" + (f": {told['title']}" if told.get("title") else ""))


def read_prediction(reply: Reply) -> Prediction:
    """The answer to a row by names. Raises Failed for anything else."""
    try:
        told = json.loads(reply.body)
        shares = {str(name): float(share) for name, share in told["probabilities"].items()}
        model = told["model"]
        found = Prediction(
            label=_text(told["label"]),
            probabilities=shares,
            threshold=None if told["threshold"] is None else float(told["threshold"]),
            model=_text(model["name"]),
            version=_text(model["version"]),
            digest=_text(model["digest"]),
            site=reply.site,
            request_id=reply.headers.get(REQUEST_ID, ""),
            receipt=told.get("receipt"),
            notes=tuple(map(str, told.get("notes", ()))),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _no_answer(reply, error) from error
    if found.label not in shares:
        raise Failed(f"answered the label {found.label!r} without its probability")
    _refuse_nan(shares.values())
    return found


def read_inference(reply: Reply) -> Inference:
    """The answers to rows. Raises Failed for anything else."""
    try:
        told = json.loads(reply.body)
        outputs = {output["name"]: output for output in told["outputs"]}
        labels = tuple(_text(label) for label in outputs["label"]["data"])
        flat = [float(share) for share in outputs["probabilities"]["data"]]
        width = int(outputs["probabilities"]["shape"][1])
        rows = tuple(tuple(flat[start : start + width]) for start in range(0, len(flat), width))
        found = Inference(
            labels=labels,
            probabilities=rows,
            model=_text(told["model_name"]),
            version=_text(told["model_version"]),
            site=reply.site,
            request_id=reply.headers.get(REQUEST_ID, ""),
            receipt=told.get("parameters", {}).get("receipt"),
        )
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise _no_answer(reply, error) from error
    if len(rows) != len(labels) or len(flat) != len(rows) * width:
        raise Failed(f"answered {len(labels)} labels and {len(flat)} probabilities")
    _refuse_nan(flat)
    return found


def _refuse_nan(shares: Any) -> None:
    wrong = [share for share in shares if not 0.0 <= share <= 1.0 or math.isnan(share)]
    if wrong:
        raise Failed(f"answered a probability of {wrong[0]}")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value


def _no_answer(reply: Reply, error: Exception) -> Failed:
    return Failed(f"answered {reply.status} with something else ({type(error).__name__}: {error}): {reply.body[:80]!r}")


def _problem(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def render_rows(inputs: Sequence[Mapping[str, Any]], rows: Sequence[Sequence[Any]]) -> bytes:
    """The body that asks for `rows`, by the `inputs` of the model's metadata: one tensor, or one a column."""
    if len(inputs) == 1:
        flat = [value for row in rows for value in row]
        tensors = [{**_head(inputs[0]), "shape": [len(rows), len(rows[0]) if rows else 0], "data": flat}]
    else:
        columns = list(zip(*rows, strict=True))
        tensors = [
            {**_head(each), "shape": [len(rows), 1], "data": list(column)}
            for each, column in zip(inputs, columns, strict=True)
        ]
    return json.dumps({"inputs": tensors}, separators=(",", ":")).encode()


def _head(tensor: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": tensor["name"], "datatype": tensor["datatype"]}
