"""Inputs held to the types of the installed SDKs, at any depth; `outputs` beside it makes outputs whole.

The SDKs let an unknown key of a nested dict pass, so a typing error would otherwise be seen by a real cloud only.
Not in the SDKs, hence not checked here: patterns, ranges, what excludes what, and optional inputs that a service
needs in fact. `Cloud.check` is the place for those that matter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from infra.settings.spelling import closest
from sandbox.engine import sdk
from sandbox.engine.changes import join_path
from sandbox.engine.outputs import complete, complete_result, output_names, promised_names
from sandbox.engine.sdk import Anything, Choice, ListOf, MapOf, OneOf, Record, Scalar, Shape, UnknownToken
from sandbox.engine.wire import UNKNOWN, OutputValue, ResourceReference, Secret, Value

__all__ = [
    "Problem",
    "complete",
    "complete_result",
    "normalise",
    "output_names",
    "problems",
    "promised_names",
    "provider_config",
    "secrets_of",
]

Problem: TypeAlias = tuple[str, str]  # path such as `template.containers[0].image`, and what is wrong there

# Providers made from Terraform's: the bridge turns "80" into 80 and back. The others send what they are given.
BRIDGED = frozenset({"aws", "gcp"})
# What the engine itself adds to the configuration of a provider.
_ENGINE_KEYS = frozenset({"version", "pluginDownloadURL", "pluginChecksums", "envVarMappings", "parameterization"})

# Azure's SDK names none; these ARM takes and never gives back.
_SECRET_IN_ARM: Mapping[str, dict[str, Value]] = {
    "azure-native:keyvault:Secret": {"properties": {"value": Secret("")}},
    "azure-native:app:ContainerApp": {"configuration": {"secrets": Secret("")}},
}


def secrets_of(token: str) -> dict[str, Value]:
    """What is secret of a resource type by itself, as `wire.mark_secrets` takes it: nothing says so of an import."""
    return {**{name: Secret("") for name in sdk.secrets_of(token)}, **_SECRET_IN_ARM.get(token, {})}


def problems(token: str, inputs: Mapping[str, Value]) -> list[Problem]:
    """Every unknown, missing or ill-typed property of a resource type or provider (`pulumi:providers:aws`).

    `inputs` may be plain or hold secrets and unknowns; what is not known yet is not a problem, what is secret is not
    shown. A type that no installed SDK has is one problem with an empty path.
    """
    try:
        record = sdk.inputs_of(token)
    except UnknownToken as error:
        return [("", str(error))]
    return list(_record_problems("", record, inputs, sdk.package_of(token) in BRIDGED))


def _problems(path: str, shape: Shape, value: Value, lax: bool, hidden: bool = False) -> Iterator[Problem]:
    hidden = hidden or isinstance(value, Secret | OutputValue)
    while isinstance(value, Secret | OutputValue):
        value = value.value
    if value is None or value is UNKNOWN or isinstance(shape, Anything):
        return
    match shape:
        case Record():
            yield from _record_problems(path, shape, value, lax, hidden)
        case ListOf(item) if isinstance(value, list):
            for index, element in enumerate(value):
                yield from _problems(f"{path}[{index}]", item, element, lax, hidden)
        case MapOf(item) if _is_map(value):
            for key, element in value.items():
                yield from _problems(join_path(path, key), item, element, lax, hidden)
        case OneOf(options):
            attempts = [list(_problems(path, option, value, lax, hidden)) for option in options]
            yield from min(attempts, key=len)
        case _:
            if _coerced(shape, value, lax) is _MISFIT:
                yield path, f"expected {_expected(shape)}, got {_shown(value, hidden)}"


def _record_problems(path: str, record: Record, value: Value, lax: bool, hidden: bool = False) -> Iterator[Problem]:
    if not _is_map(value):
        yield path, f"expected an object, got {_shown(value, hidden)}"
        return
    fields = record.fields
    for name in value:
        if name not in fields and not name.startswith("__"):
            yield join_path(path, name), f"unknown property{_suggestion(name, fields)}"
    for name, field in fields.items():
        if value.get(name) is not None:
            yield from _problems(join_path(path, name), field.shape, value[name], lax, hidden)
        elif field.promised:
            yield join_path(path, name), "missing required property"


def _is_map(value: Value) -> bool:
    return isinstance(value, Mapping)


def _suggestion(name: str, fields: Mapping[str, sdk.Field]) -> str:
    by_python = next((wire for wire, field in fields.items() if field.python_name == name), None)
    close = by_python or closest(name, sorted(fields))
    return f"; did you mean {close!r}?" if close else ""


def _expected(shape: Shape) -> str:
    match shape:
        case Choice(values):
            return "one of " + ", ".join(map(repr, values))
        case ListOf():
            return "a list"
        case MapOf():
            return "a map"
        case Scalar():
            return shape.value
        case _:
            return "another type"


def _shown(value: Value, hidden: bool) -> str:
    if hidden:
        return "a secret of another type"
    match value:
        case dict():
            return "a map"
        case list():
            return "a list"
        case str() if len(value) > 60:
            return f"the string {value[:57]!r}…"
        case str():
            return f"the string {value!r}"
        case bool() | int() | float():
            return str(value).lower() if isinstance(value, bool) else str(value)
        case _:
            return f"a {type(value).__name__}"


_MISFIT = object()


def _coerced(shape: Shape, value: Value, lax: bool) -> Any:
    """A single value in the type of `shape`, or _MISFIT."""
    if isinstance(value, ResourceReference):
        return value if shape is Scalar.STRING else _MISFIT
    match shape:
        case Scalar.STRING:
            if lax and isinstance(value, bool | int | float):
                return str(value).lower() if isinstance(value, bool) else str(value)
            return value if isinstance(value, str) else _MISFIT
        case Scalar.BOOLEAN:
            if lax and value in ("true", "false"):
                return value == "true"
            return value if isinstance(value, bool) else _MISFIT
        case Scalar.INTEGER | Scalar.NUMBER:
            return _coerced_number(shape, value, lax)
        case Choice(values):
            return value if not isinstance(value, list | dict) and value in values else _MISFIT
        case _:
            return _MISFIT


def _coerced_number(shape: Shape, value: Value, lax: bool) -> Any:
    if lax and isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            try:
                value = float(value)
            except ValueError:
                return _MISFIT
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _MISFIT
    return _MISFIT if shape is Scalar.INTEGER and value != int(value) else value


def normalise(token: str, inputs: Mapping[str, Value]) -> dict[str, Value]:
    """The inputs in the SDK's types where a bridged provider was given others ("80" -> 80); secrets stay secret.

    For inputs without problems. Properties that are None are left out, as a real provider does.
    """
    given = {name: value for name, value in inputs.items() if value is not None}
    if sdk.package_of(token) not in BRIDGED:
        return given
    normalised = _normalise(sdk.inputs_of(token), given)
    assert isinstance(normalised, dict)  # a record stays a record
    return normalised


def _normalise(shape: Shape, value: Value) -> Value:
    match shape, value:
        case _, Secret():
            return Secret(_normalise(shape, value.value))
        case Record(), dict():
            fields = shape.fields
            return {k: _normalise(fields[k].shape, v) if k in fields else v for k, v in value.items()}
        case ListOf(item), list():
            return [_normalise(item, element) for element in value]
        case MapOf(item), dict():
            return {key: _normalise(item, element) for key, element in value.items()}
        case OneOf(options), _:
            fitting = [option for option in options if not list(_problems("", option, value, False))]
            return _normalise(fitting[0], value) if fitting else value
        case Scalar(), _:
            coerced = _coerced(shape, value, True)
            return value if coerced is _MISFIT else coerced
        case _:
            return value


def provider_config(package: str, arguments: Mapping[str, Value]) -> dict[str, Value]:
    """A provider's configuration in its real types; all but strings travel as JSON text.

    What the engine adds for itself (the version and where a plugin comes from) is left out.
    """
    fields = sdk.inputs_of(f"pulumi:providers:{package}").fields
    own = {k: v for k, v in arguments.items() if k not in _ENGINE_KEYS and not k.startswith("__")}
    return {k: _from_json(fields[k].shape, v) if k in fields else v for k, v in own.items()}


def _from_json(shape: Shape, value: Value) -> Value:
    if isinstance(value, Secret):
        return Secret(_from_json(shape, value.value))
    if shape is Scalar.STRING or not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value
