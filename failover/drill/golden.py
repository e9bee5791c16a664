"""Golden rows: inputs whose right answer is known from the release, never from the endpoint under test."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from service.errors import InvalidInput, Mistake

SCHEMA = 1
RELEASE_HINT = "name the golden.json of a release with --golden; the manifest.json beside it belongs to it"


@dataclass(frozen=True)
class GoldenRow:
    """One input and the answer that the released model gave: `probabilities` by class, summing to 1."""

    id: str
    features: tuple[float, ...]
    label: str
    probabilities: Mapping[str, float]


@dataclass(frozen=True)
class Golden:
    """The golden rows of one release; `tolerance` is absolute, per probability; `digest` is the model's."""

    problem: str
    classes: tuple[str, ...]
    tolerance: float
    input_name: str
    datatype: str
    digest: str
    rows: tuple[GoldenRow, ...]

    @property
    def path(self) -> str:
        """Where the Open Inference Protocol serves this model."""
        return f"/v2/models/{self.problem}/infer"

    def render_request(self, row: GoldenRow) -> bytes:
        """The request body that asks for one row: an Open Inference Protocol tensor of shape [1, features]."""
        tensor = {
            "name": self.input_name,
            "shape": [1, len(row.features)],
            "datatype": self.datatype,
            "data": list(row.features),
        }
        return json.dumps({"inputs": [tensor]}, separators=(",", ":")).encode()

    def find_mistake(self, row: GoldenRow, body: bytes) -> str:
        """What is wrong with an answer to `row`; empty when label and every probability are right."""
        try:
            outputs = {output["name"]: output["data"] for output in json.loads(body)["outputs"]}
            label = _flatten(outputs["label"])[0]
            probabilities = [float(p) for p in _flatten(outputs["probabilities"])]
        except (ValueError, KeyError, TypeError, IndexError) as error:
            return f"not an inference answer ({type(error).__name__}): {body[:80]!r}"
        if label != row.label:
            return f"row {row.id}: label {label!r}, expected {row.label!r}"
        if len(probabilities) != len(self.classes):
            return f"row {row.id}: {len(probabilities)} probabilities, expected {len(self.classes)}"
        for name, got in zip(self.classes, probabilities, strict=True):
            # Written so that NaN is a mistake: every comparison with it is false.
            if not abs(got - row.probabilities[name]) <= self.tolerance:
                return (
                    f"row {row.id}: p({name}) = {got:.6f}, expected {row.probabilities[name]:.6f} ± {self.tolerance:g}"
                )
        return ""


def _flatten(data: Any) -> list[Any]:
    """The protocol lets a server send a tensor flat or nested; read both alike."""
    if not isinstance(data, list):
        raise TypeError("tensor data is not a list")
    return [value for item in data for value in (_flatten(item) if isinstance(item, list) else [item])]


def load_golden(path: Path) -> Golden:
    """Read golden.json and the manifest.json beside it; refuses rows that the manifest did not pin by SHA-256."""
    manifest_path = path.with_name("manifest.json")
    golden_bytes, manifest_bytes = _read(path), _read(manifest_path)
    manifest, document = _parse(manifest_path, manifest_bytes), _parse(path, golden_bytes)
    mistakes = [*_check_manifest(manifest_path, manifest, golden_bytes), *_check_schema(path, document)]
    if mistakes:
        raise InvalidInput(f"{path} cannot be used as golden rows", mistakes, hint=RELEASE_HINT)
    classes = tuple(str(name) for name in manifest["classes"])
    width = len(manifest["input"]["features"])
    rows, mistakes = [], []
    for index, item in enumerate(document["rows"]):
        try:
            rows.append(_read_row(item, classes, width))
        except (KeyError, TypeError, ValueError) as error:
            mistakes.append(Mistake(f"rows[{index}]", f"{type(error).__name__}: {error}"))
    if not rows and not mistakes:
        mistakes.append(Mistake("rows", "no row: there is nothing to compare an answer with"))
    if mistakes:
        raise InvalidInput(f"{path} cannot be used as golden rows", mistakes, hint=RELEASE_HINT)
    return Golden(
        problem=str(manifest["problem"]),
        classes=classes,
        tolerance=float(manifest["tolerance"]),
        input_name=str(manifest["input"]["name"]),
        datatype=str(manifest["input"]["datatype"]),
        digest="sha256:" + hashlib.sha256(manifest_bytes).hexdigest(),
        rows=tuple(rows),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"cannot read {path}: {error.strerror or error}", hint=RELEASE_HINT) from error


def _parse(path: Path, content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(content)
    except ValueError as error:
        raise InvalidInput(f"{path} is not JSON: {error}", hint=RELEASE_HINT) from error
    if not isinstance(document, dict):
        raise InvalidInput(f"{path} holds no JSON object", hint=RELEASE_HINT)
    return document


def _check_schema(path: Path, document: Mapping[str, Any]) -> list[Mistake]:
    mistakes = []
    if document.get("schema") != SCHEMA:
        mistakes.append(Mistake(f"{path.name}: schema", f"{document.get('schema')!r}, expected {SCHEMA}"))
    if not isinstance(document.get("rows"), list):
        mistakes.append(Mistake(f"{path.name}: rows", "missing, or not a list"))
    return mistakes


def _check_manifest(path: Path, manifest: Mapping[str, Any], golden_bytes: bytes) -> list[Mistake]:
    mistakes = []
    if manifest.get("schema") != SCHEMA:
        mistakes.append(Mistake(f"{path.name}: schema", f"{manifest.get('schema')!r}, expected {SCHEMA}"))
    for key in ("problem", "classes", "tolerance", "input"):
        if key not in manifest:
            mistakes.append(Mistake(f"{path.name}: {key}", "missing"))
    for key in ("name", "datatype", "features"):
        if "input" in manifest and key not in manifest["input"]:
            mistakes.append(Mistake(f"{path.name}: input.{key}", "missing"))
    pinned = (manifest.get("golden") or {}).get("sha256", "")
    found = hashlib.sha256(golden_bytes).hexdigest()
    if str(pinned).removeprefix("sha256:") != found:
        mistakes.append(Mistake(f"{path.name}: golden.sha256", f"{pinned!r} does not match the rows, {found}"))
    return mistakes


def _read_row(item: Mapping[str, Any], classes: tuple[str, ...], width: int) -> GoldenRow:
    features = tuple(float(value) for value in item["features"])
    probabilities = {name: float(item["probabilities"][name]) for name in classes}
    if len(features) != width:
        raise ValueError(f"{len(features)} features, the manifest lists {width}")
    if not all(math.isfinite(value) for value in (*features, *probabilities.values())):
        raise ValueError("a value is not finite")
    if item["label"] not in classes:
        raise ValueError(f"label {item['label']!r} is not one of {', '.join(classes)}")
    return GoldenRow(str(item["id"]), features, str(item["label"]), probabilities)
