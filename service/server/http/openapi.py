"""The OpenAPI document of what is actually served: paths, features and limits come from the loaded models."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from service.bundle.columns import CATEGORY, WHOLE, Column, InputSpec
from service.bundle.golden import render_row
from service.bundle.missing import SPELLINGS, is_missing
from service.server.models import Models, ServedModel
from service.server.protocol.column_tensors import DATATYPES
from service.server.protocol.tensors import OUTPUTS

# One document under the type that the caller's Accept names.
_PROBLEM = {
    kind: {"schema": {"$ref": "#/components/schemas/Problem"}}
    for kind in ("application/problem+json", "application/json")
}
_MOST_EXAMPLES = 10  # categories of a column
_REFUSALS = {
    "400": "The body is not JSON, or does not fit",
    "401": "An API key is needed",
    "408": "The request took too long to arrive",
    "413": "The body is larger than allowed, or has too many rows",
    "415": "The body's type or encoding is not supported",
    "429": "The API key, or the address, is over its rate limit",
    "431": "The headers are larger than allowed",
    "500": "The server failed",
    "503": "Overloaded, or the audit log is stalled: try again after Retry-After",
}


def describe_api(
    models: Models, default: ServedModel | None, *, version: str, max_rows: int, auth: bool, metrics_auth: bool
) -> dict[str, Any]:
    """The document, OpenAPI 3.1."""
    paths: dict[str, Any] = {
        "/livez": _get("The process runs", {"status": {"const": "live"}}, ["status"]),
        "/health": _get(
            "Whether this replica should get traffic", {"status": {"type": "string"}}, ["status"], unhealthy=True
        ),
        "/v2": _get("Server metadata", {"name": _TEXT, "version": _TEXT, "extensions": _list(_TEXT)}, ["name"]),
        "/v2/health/live": _get("Server live", {"live": {"type": "boolean"}}, ["live"]),
        "/v2/health/ready": _get("Server ready", {"ready": {"type": "boolean"}}, ["ready"], unhealthy=True),
        "/metrics": _metrics(metrics_auth),
        "/drift": _get("Drift scores of the sliding window", {}, [], key=metrics_auth),
        "/feedback": {
            "post": _post("Say what was true", "feedback", _FEEDBACK, _FEEDBACK_REPLY, status="202", auth=auth)
        },
    }
    if default is not None:
        paths["/predict"] = {"post": _named(default, "predict", auth)}
    for name, model in models.newest().items():
        paths[f"/predict/{name}"] = {"post": _named(model, f"predict_{name}", auth)}
    for model in models:
        bases = [f"/v2/models/{model.name}/versions/{model.version}"]
        if models.find(model.name) is model:
            bases.insert(0, f"/v2/models/{model.name}")
        for base in bases:
            paths[base] = _get(
                "Model metadata", {"name": _TEXT, "inputs": {"type": "array"}}, ["name", "inputs", "outputs"]
            )
            paths[f"{base}/ready"] = _get("Model ready", {"ready": {"type": "boolean"}}, ["ready"], unhealthy=True)
            operation = "infer_" + base.removeprefix("/v2/models/").replace("/", "_")
            body = _tensor_request(model, max_rows)
            paths[f"{base}/infer"] = {
                "post": _post("Open Inference Protocol", operation, body, _TENSOR_REPLY, auth=auth)
            }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Outlast",
            "version": version,
            "description": "One classifier behind one name on three clouds.",
        },
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM_SCHEMA},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            },
        },
    }


_TEXT = {"type": "string"}
_PROBLEM_SCHEMA = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "error"],
    "properties": {
        "type": {"type": "string", "pattern": "^urn:outlast:problem:"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "error": _TEXT,
        "hint": _TEXT,
        "instance": _TEXT,
        "errors": {
            "type": "array",
            "items": {"type": "object", "properties": {"place": _TEXT, "what": _TEXT, "hint": _TEXT}},
        },
    },
}
_FEEDBACK = {
    "type": "object",
    "required": ["receipt", "truth"],
    "additionalProperties": False,
    "properties": {"receipt": _TEXT, "truth": {"oneOf": [_TEXT, {"type": "array", "items": _TEXT}]}},
}
_FEEDBACK_REPLY = {"type": "object", "required": ["feedback_id"], "properties": {"feedback_id": _TEXT}}
_TENSOR_REPLY = {
    "type": "object",
    "required": ["model_name", "model_version", "outputs"],
    "properties": {
        "model_name": _TEXT,
        "model_version": _TEXT,
        "id": _TEXT,
        "parameters": {"type": "object", "properties": {"receipt": _TEXT}},
        "outputs": {
            "type": "array",
            "items": {"type": "object", "required": ["name", "datatype", "shape"]},
        },
    },
}


def _list(items: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _get(
    summary: str, properties: Mapping[str, Any], required: list[str], *, unhealthy: bool = False, key: bool = False
) -> dict[str, Any]:
    schema = {"type": "object", "required": required, "properties": properties}
    responses: dict[str, Any] = {"200": _json("What was asked for", schema)}
    if unhealthy:
        responses["503"] = {"description": "Unhealthy; the body says why"}
    return {"get": _operation(summary, responses, key)}


def _metrics(key: bool) -> dict[str, Any]:
    responses = {"200": {"description": "Prometheus text", "content": {"text/plain": {"schema": _TEXT}}}}
    return {"get": _operation("Prometheus metrics", responses, key)}


def _operation(summary: str, responses: dict[str, Any], key: bool) -> dict[str, Any]:
    operation: dict[str, Any] = {"summary": summary, "responses": responses}
    if key:
        responses["401"] = {"description": _REFUSALS["401"], "content": _PROBLEM}
        operation["security"] = [{"bearer": []}, {"header": []}]
    return operation


def _post(
    summary: str, operation: str, body: Mapping[str, Any], reply: Mapping[str, Any], *, auth: bool, status: str = "200"
) -> dict[str, Any]:
    refusals = {code: {"description": text, "content": _PROBLEM} for code, text in _REFUSALS.items()}
    document: dict[str, Any] = {
        "operationId": operation,
        "summary": summary,
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {status: _json("The answer", reply), **refusals},
    }
    if auth:
        document["security"] = [{"bearer": []}, {"header": []}]
    return document


def _json(description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def describe_value(spec: InputSpec, place: int) -> dict[str, Any]:
    """One column of a row, by its type: what a value may be, and in words what it is."""
    column, largest = spec.columns[place], spec.largest[place]
    said = {"description": _describe(column)}
    if not column.is_numeric:
        shown = {"examples": list(column.categories[:_MOST_EXAMPLES])} if column.categories else {}
        absent = {} if column.missing else {"pattern": _pattern_of_present(column)}
        return {"type": ["string", "null"] if column.missing else "string", **said, **shown, **absent}
    number = {"type": "integer" if column.type == WHOLE else "number", "minimum": -largest, "maximum": largest}
    if column.missing:
        return {"anyOf": [number, {"enum": [None, *SPELLINGS]}], **said}
    return {**number, **said}


def _pattern_of_present(column: Column) -> str:
    """A text that is not blank, and no spelling of a missing value that training never saw as a category."""
    missing = [re.escape(text) for text in SPELLINGS if text and is_missing(text, column.categories)]
    return rf"^\s*(?!(?:{'|'.join(missing)})\s*$)\S" if column.type == CATEGORY and missing else r"\S"


def _describe(column: Column) -> str:
    """The type in words, and the categories that training saw."""
    said = column.type
    if column.categories:
        more = ", …" if len(column.categories) > _MOST_EXAMPLES else ""
        said += f", in training {', '.join(column.categories[:_MOST_EXAMPLES])}{more}"
    return f"{said}; may be missing (null)" if column.missing else said


def _named(model: ServedModel, operation: str, auth: bool) -> dict[str, Any]:
    """The plain door: a row that works is the first golden one."""
    spec = model.manifest.input
    features = {
        "type": "object",
        "required": list(spec.features),
        "additionalProperties": False,
        "properties": {name: describe_value(spec, place) for place, name in enumerate(spec.features)},
    }
    body = {
        "type": "object",
        "required": ["features"],
        "additionalProperties": False,
        "properties": {"features": features},
        "examples": [{"features": dict(zip(spec.features, model.classifier.golden[0].features, strict=True))}],
    }
    reply = {
        "type": "object",
        "required": ["label", "probabilities", "threshold", "model"],
        "properties": {
            "label": {"enum": model.classes},
            "probabilities": {"type": "object", "required": model.classes},
            "threshold": {"type": ["number", "null"]},
            "model": {"type": "object", "required": ["name", "version", "digest"]},
            "receipt": _TEXT,
            "notes": _list(_TEXT),
        },
    }
    return _post(f"{model.name}: one row, features by name", operation, body, reply, auth=auth)


def _tensor_request(model: ServedModel, max_rows: int) -> dict[str, Any]:
    spec = model.manifest.input
    tensors = _describe_tensors(spec, max_rows)
    output = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"enum": list(OUTPUTS)}, "parameters": {"type": ["object", "null"]}},
    }
    return {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "model_name": {"const": model.name},
            "model_version": {"const": model.version},
            "id": {"type": ["string", "null"], "maxLength": 256},
            "parameters": {"type": ["object", "null"]},
            "inputs": {
                "type": "array",
                "prefixItems": tensors,
                "minItems": len(tensors),
                "maxItems": len(tensors),
                "description": "or one tensor a column, by its name" if spec.is_single else "one tensor a column",
            },
            "outputs": {"type": ["array", "null"], "items": output, "maxItems": len(OUTPUTS)},
        },
        "examples": [{"inputs": render_row(spec, model.classifier.golden[0].features)}],
    }


def _describe_tensors(spec: InputSpec, max_rows: int) -> list[dict[str, Any]]:
    """One tensor of all columns where the model shows itself so; else one a column."""
    if spec.is_single:
        datatypes = ["BYTES"] if spec.is_written else ["FP32", "FP64"]
        return [_describe_tensor(spec.name, datatypes, len(spec.columns), max_rows)]
    kinds = [list(DATATYPES) if column.is_numeric else ["BYTES"] for column in spec.columns]
    return [_describe_tensor(c.name, kind, 1, max_rows) for c, kind in zip(spec.columns, kinds, strict=True)]


def _describe_tensor(name: str, datatypes: list[str], width: int, max_rows: int) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
        "properties": {
            "name": {"const": name},
            "shape": {
                "type": "array",
                "prefixItems": [{"type": "integer", "minimum": 1, "maximum": max_rows}, {"const": width}],
                "minItems": 2,
                "maxItems": 2,
            },
            "datatype": {"enum": datatypes},
            "parameters": {"type": ["object", "null"]},
            "data": {"type": "array", "description": "flat, row by row, or nested by row"},
        },
    }
