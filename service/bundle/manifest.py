"""A released model as it lies on disk: `model.onnx`, `golden.json`, and the `manifest.json` that pins both.

The manifest holds the SHA-256 of the model and of the golden rows, so the SHA-256 of the manifest's own bytes
(`Release.digest`) identifies all three. Nothing is loaded that does not match. This module goes into the image:
standard library only. It is one file although it is long: what a manifest holds and what is checked of it change
together, and the image copies this module by name.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.errors import InvalidInput, Mistake, ModelMismatch

SCHEMA = 1
MANIFEST_FILE = "manifest.json"
DATATYPES = ("FP32", "BYTES")  # every column a number; or every column text, numbers written out

_SHA256 = re.compile(r"[0-9a-f]{64}")
_REMAKE = "remake it with `make model PROBLEM=<name>`, or restore the folder with `git checkout -- service/released`"


@dataclass(frozen=True)
class ModelFile:
    """The ONNX file: its name within the folder, the SHA-256 of its bytes (hex), and its pinned opset."""

    file: str
    sha256: str
    opset: int


@dataclass(frozen=True)
class GoldenFile:
    """The golden rows' file: its name within the folder and the SHA-256 of its bytes (hex)."""

    file: str
    sha256: str


@dataclass(frozen=True)
class DataSource:
    """What the model was trained on: a name, the SHA-256 of the table (hex), and its number of rows."""

    name: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class InputSpec:
    """The one input tensor, shape [n, len(features)]: `FP32`, or `BYTES` where a column is text."""

    name: str
    datatype: str
    features: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """What a model is, what it was made of, and what it promised when it was released (schema 1).

    `thresholds` maps the positive class to the probability from which it is predicted; it is empty where the class of
    the highest probability is predicted. `tolerance` is how far a probability may lie from its golden answer.
    `reference` holds, for each feature, what training saw of it, and under PREDICTIONS what the model predicted on rows
    that it was not fitted on (see `service.bundle.reference`): drift is measured against it.
    """

    problem: str
    version: str
    created: str
    model: ModelFile
    golden: GoldenFile
    data: DataSource
    input: InputSpec
    classes: tuple[str, ...]
    positive_class: str | None
    thresholds: Mapping[str, float]
    tolerance: float
    metrics: Mapping[str, Any]
    verdict: Mapping[str, Any]
    versions: Mapping[str, str]
    reference: Mapping[str, Any] = field(default_factory=dict)
    algorithm: str = ""
    schema: int = SCHEMA

    def to_document(self) -> dict[str, Any]:
        """The manifest as plain data, in the order in which it is written."""
        first = ("schema", "problem", "version", "created", "algorithm")
        return {name: _plain(getattr(self, name)) for name in (*first, *self.__dataclass_fields__)}


@dataclass(frozen=True)
class GoldenRow:
    """One row with the answer that the released model gives: probabilities by class, in the manifest's order."""

    id: str
    features: tuple[float | str, ...]
    label: str
    probabilities: Mapping[str, float]


@dataclass(frozen=True)
class Release:
    """A model that matches its manifest, read into memory."""

    folder: Path
    manifest: Manifest
    digest: str
    model_bytes: bytes
    golden: tuple[GoldenRow, ...]


def compute_digest(manifest_bytes: bytes) -> str:
    """The model digest: `sha256:` and the SHA-256 (hex) of manifest.json as it lies on disk."""
    return "sha256:" + hashlib.sha256(manifest_bytes).hexdigest()


def load_release(folder: Path) -> Release:
    """Read a released model whole.

    Raises InvalidInput when a file is absent or not what its schema says, and ModelMismatch when the model or the
    golden rows are not, byte for byte, what the manifest pins.
    """
    manifest_bytes = _read(folder / MANIFEST_FILE)
    manifest = parse_manifest(manifest_bytes, place=str(folder / MANIFEST_FILE))
    model_bytes = _read(folder / manifest.model.file)
    golden_bytes = _read(folder / manifest.golden.file)
    _refuse_mismatch(folder, manifest, model_bytes, golden_bytes)
    golden = parse_golden(golden_bytes, manifest, place=str(folder / manifest.golden.file))
    return Release(folder, manifest, compute_digest(manifest_bytes), model_bytes, golden)


def parse_manifest(raw: bytes, *, place: str = MANIFEST_FILE) -> Manifest:
    """Turn the bytes of manifest.json into a Manifest. Raises InvalidInput with every mistake found."""
    document = _parse_json(raw, place)
    reader = _Reader(document, place)
    manifest = _read_manifest(reader)
    if reader.mistakes:
        raise InvalidInput(f"{place} is not a manifest of schema {SCHEMA}", reader.mistakes, hint=_REMAKE)
    mistakes = list(_contradictions(manifest, place))
    if mistakes:
        raise InvalidInput(f"{place} contradicts itself", mistakes, hint=_REMAKE)
    return manifest


def parse_golden(raw: bytes, manifest: Manifest, *, place: str = "golden.json") -> tuple[GoldenRow, ...]:
    """Turn the bytes of golden.json into rows that fit the manifest. Raises InvalidInput with every mistake found."""
    reader = _Reader(_parse_json(raw, place), place)
    reader.take("schema", _is_schema, f"must be {SCHEMA}")
    listed = reader.take("rows", lambda v: isinstance(v, list) and bool(v), "must be a list of at least one row")
    rows: list[GoldenRow] = []
    for number, entry in enumerate(listed or ()):
        row = _Reader(entry, f"{place} rows[{number}]")
        rows.append(_read_golden_row(row, manifest))
        reader.mistakes += row.mistakes
    if reader.mistakes:
        raise InvalidInput(f"{place} does not hold golden rows of this model", reader.mistakes, hint=_REMAKE)
    return tuple(rows)


def render_manifest(manifest: Manifest) -> bytes:
    """The bytes of manifest.json: the same for the same manifest, everywhere."""
    return _render(manifest.to_document())


def render_golden(rows: Sequence[GoldenRow]) -> bytes:
    """The bytes of golden.json: the same for the same rows, everywhere."""
    return _render({"schema": SCHEMA, "rows": [_plain(row) for row in rows]})


def write_release(folder: Path, manifest: Manifest, model_bytes: bytes, golden: Sequence[GoldenRow]) -> Release:
    """Write the three files and read them back. The manifest comes last, so a reader never sees it without the rest.

    Raises ModelMismatch when the manifest does not pin these bytes.
    """
    golden_bytes = render_golden(golden)
    _refuse_mismatch(folder, manifest, model_bytes, golden_bytes)
    folder.mkdir(parents=True, exist_ok=True)
    _write_whole(folder / manifest.model.file, model_bytes)
    _write_whole(folder / manifest.golden.file, golden_bytes)
    _write_whole(folder / MANIFEST_FILE, render_manifest(manifest))
    return load_release(folder)


def _refuse_mismatch(folder: Path, manifest: Manifest, model_bytes: bytes, golden_bytes: bytes) -> None:
    mistakes = [
        Mistake(str(folder / pinned.file), f"its SHA-256 is {actual}, the manifest pins {pinned.sha256}")
        for pinned, actual in (
            (manifest.model, hashlib.sha256(model_bytes).hexdigest()),
            (manifest.golden, hashlib.sha256(golden_bytes).hexdigest()),
        )
        if actual != pinned.sha256
    ]
    if mistakes:
        raise ModelMismatch(
            f"the model in {folder} does not match its manifest, so it is not loaded", mistakes, hint=_REMAKE
        )


def _contradictions(manifest: Manifest, place: str) -> list[Mistake]:
    """What no single key shows: classes, positive class and thresholds that do not fit together."""
    found = []
    if len(set(manifest.classes)) != len(manifest.classes):
        found.append(Mistake(f"{place} classes", "holds a class twice"))
    if manifest.positive_class is not None and manifest.positive_class not in manifest.classes:
        found.append(Mistake(f"{place} positive_class", f"{manifest.positive_class!r} is not one of the classes"))
    for label in manifest.thresholds:
        if label != manifest.positive_class or len(manifest.classes) != 2:
            found.append(Mistake(f"{place} thresholds.{label}", "only the positive class of two has a threshold"))
    if len(set(manifest.input.features)) != len(manifest.input.features):
        found.append(Mistake(f"{place} input.features", "holds a feature twice"))
    return found


class _Reader:
    """Takes keys out of a JSON object and remembers every mistake, so that they are reported together."""

    def __init__(self, document: object, place: str) -> None:
        self.place = place
        self.mistakes: list[Mistake] = []
        self._document: Mapping[str, Any] = document if isinstance(document, dict) else {}
        if not isinstance(document, dict):
            self.mistakes.append(Mistake(place, f"is a JSON {type(document).__name__}, not an object"))

    def take(self, key: str, fits: Callable[[Any], bool], rule: str) -> Any:
        """The value of a dotted key; None and a mistake when it is absent or does not fit."""
        value: Any = self._document
        for part in key.split("."):
            if not isinstance(value, dict) or part not in value:
                self.mistakes.append(Mistake(f"{self.place} {key}", f"is missing; it {rule}"))
                return None
            value = value[part]
        if not fits(value):
            self.mistakes.append(Mistake(f"{self.place} {key}", f"is {_shorten(value)}; it {rule}"))
            return None
        return value

    def optional(self, key: str, fits: Callable[[Any], bool], rule: str, default: Any) -> Any:
        """Like `take`, for a key that may be absent."""
        return self.take(key, fits, rule) if key in self._document else default


def _read_manifest(reader: _Reader) -> Manifest:
    text = "must be a text that is not empty"
    positive = "must be one of the classes, or null where no class is the positive one"
    take = reader.take
    reader.take("schema", _is_schema, f"must be {SCHEMA}")
    return Manifest(
        problem=take("problem", _is_text, text),
        version=take("version", _is_text, text),
        created=take("created", _is_text, text),
        model=ModelFile(
            take("model.file", _is_file_name, "must be a file name without a folder"),
            take("model.sha256", _is_sha256, "must be 64 hex digits"),
            take("model.opset", _is_count, "must be a whole number above 0"),
        ),
        golden=GoldenFile(
            take("golden.file", _is_file_name, "must be a file name without a folder"),
            take("golden.sha256", _is_sha256, "must be 64 hex digits"),
        ),
        data=DataSource(
            take("data.name", _is_text, text),
            take("data.sha256", _is_sha256, "must be 64 hex digits"),
            take("data.rows", _is_count, "must be a whole number above 0"),
        ),
        input=InputSpec(
            take("input.name", _is_text, text),
            take("input.datatype", lambda v: v in DATATYPES, f"must be one of {', '.join(DATATYPES)}"),
            tuple(take("input.features", _is_texts, "must be a list of column names") or ()),
        ),
        classes=tuple(take("classes", _is_classes, "must be a list of at least two class names") or ()),
        positive_class=take("positive_class", lambda v: v is None or _is_text(v), positive),
        thresholds=take("thresholds", _is_thresholds, "must map a class to a probability from 0 to 1"),
        tolerance=take("tolerance", lambda v: _is_number(v) and 0 < v < 1, "must be a number between 0 and 1"),
        metrics=take("metrics", lambda v: isinstance(v, dict), "must be an object"),
        verdict=take("verdict", lambda v: isinstance(v, dict), "must be an object"),
        versions=take("versions", _is_text_map, "must map a package to its version"),
        reference=reader.optional("reference", lambda v: isinstance(v, dict), "must be an object", {}),
        algorithm=reader.optional("algorithm", lambda v: isinstance(v, str), "must be a text", ""),
    )


def _read_golden_row(reader: _Reader, manifest: Manifest) -> GoldenRow:
    width, datatype = len(manifest.input.features), manifest.input.datatype
    is_value = _is_number if datatype == "FP32" else (lambda v: isinstance(v, str))

    def fits(values: object) -> bool:
        return isinstance(values, list) and len(values) == width and all(is_value(value) for value in values)

    def answers(values: object) -> bool:
        return isinstance(values, dict) and set(values) == set(manifest.classes) and _is_thresholds(values)

    features = reader.take("features", fits, f"must be a list of {width} values of type {datatype}")
    probabilities = reader.take("probabilities", answers, "must give a probability for every class")
    return GoldenRow(
        id=reader.take("id", _is_text, "must be a text that is not empty"),
        features=tuple(features or ()),
        label=reader.take("label", lambda v: v in manifest.classes, "must be one of the classes"),
        probabilities={label: float(probabilities[label]) for label in manifest.classes} if probabilities else {},
    )


def _is_schema(value: Any) -> bool:
    return value == SCHEMA and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_file_name(value: Any) -> bool:
    # A manifest must not be able to point out of its folder.
    return _is_text(value) and Path(value).name == value and value not in (".", "..")


def _is_sha256(value: Any) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_text(item) for item in value)


def _is_classes(value: Any) -> bool:
    return _is_texts(value) and len(value) >= 2


def _is_text_map(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _is_thresholds(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_number(item) and 0 <= item <= 1 for item in value.values())


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _plain(value: Any) -> Any:
    """Dataclasses and tuples as JSON's own types."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value


def _render(document: Mapping[str, Any]) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}", hint=_REMAKE) from error


def _parse_json(raw: bytes, place: str) -> object:
    try:
        return json.loads(raw)
    except ValueError as error:
        raise InvalidInput(f"{place} is not JSON: {error}", hint=_REMAKE) from error


def _write_whole(path: Path, content: bytes) -> None:
    """All of the file or none of it: a killed process leaves no half-written model."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_bytes(content)
    scratch.replace(path)
