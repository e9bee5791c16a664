"""What the installed Pulumi SDKs say about their types, as shapes: the only module that reads their private parts.

The generated SDKs hold every input and output with its type, at any depth; nothing else in a wheel does. How:
`pulumi-plugin.json` names package and version; the tables given to `register_resource_module` lead from a type token to
a class; the `args` overload of its constructor leads to the class of its inputs; `typing.get_type_hints` does the rest.
Only the modules of the types asked for are loaded. `tests/sandbox/engine/test_sdk.py` fails when a new SDK differs.
"""

from __future__ import annotations

import ast
import collections.abc
import contextlib
import enum
import functools
import importlib
import importlib.util
import inspect
import json
import keyword
import sys
import textwrap
import threading
import typing
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any

import pulumi
from pulumi import _types
from pulumi.runtime import rpc

_one_at_a_time = threading.RLock()


@contextlib.contextmanager
def _loading() -> Iterator[None]:
    """SDKs load their modules lazily, which two threads at once break in Python 3.11, and warn of what they hold."""
    with _one_at_a_time, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


class UnknownToken(LookupError):
    """No installed SDK has this resource type or function."""


# -- shapes --------------------------------------------------------------------------------------------------------


class Scalar(enum.Enum):
    """A single value."""

    STRING = "a string"
    BOOLEAN = "a boolean"
    INTEGER = "an integer"
    NUMBER = "a number"


class Anything(enum.Enum):
    """A value that the SDK says nothing about, or a file, whose content nothing here reads."""

    ANY = "any value"
    FILE = "an asset or archive"


@dataclass(frozen=True)
class Choice:
    """One of a closed list of values."""

    values: tuple[str | float | bool, ...]


@dataclass(frozen=True)
class ListOf:
    item: Shape


@dataclass(frozen=True)
class MapOf:
    item: Shape


@dataclass(frozen=True)
class Record:
    """An object; its fields are read when asked for, since types may hold themselves."""

    cls: type

    @property
    def fields(self) -> Mapping[str, Field]:
        """By wire name."""
        return _input_fields(self.cls) if _types.is_input_type(self.cls) else _output_fields(self.cls)


@dataclass(frozen=True)
class OneOf:
    options: tuple[Shape, ...]


Shape = Scalar | Anything | Choice | ListOf | MapOf | Record | OneOf


@dataclass(frozen=True)
class Field:
    """A property: its name in Python, whether it must (input) or will (output) be there, and what it holds."""

    python_name: str
    promised: bool
    shape: Shape


_SCALARS = {str: Scalar.STRING, bool: Scalar.BOOLEAN, int: Scalar.INTEGER, float: Scalar.NUMBER}


def _members(hint: Any) -> list[Any]:
    """The real members of a nested union, without None, Output, Awaitable and the TypedDict twins of Args classes."""
    if typing.get_origin(hint) in (typing.Union, UnionType):
        return [member for part in typing.get_args(hint) for member in _members(part)]
    if typing.get_origin(hint) is pulumi.Output:
        return _members(typing.get_args(hint)[0])
    if hint is type(None) or hint is pulumi.Output or typing.is_typeddict(hint):
        return []
    return [] if typing.get_origin(hint) is collections.abc.Awaitable else [hint]


def _shape(hint: Any) -> Shape:
    options = tuple(dict.fromkeys(_member_shape(member) for member in _members(hint)))
    if not options:
        return Anything.ANY
    return options[0] if len(options) == 1 else OneOf(options)


def _member_shape(member: Any) -> Shape:
    origin, arguments = typing.get_origin(member), typing.get_args(member)
    if member in _SCALARS:
        return _SCALARS[member]
    if origin in (collections.abc.Sequence, list):
        return ListOf(_shape(arguments[0]))
    if origin in (collections.abc.Mapping, dict):
        return MapOf(_shape(arguments[1]))
    if inspect.isclass(member) and issubclass(member, enum.Enum):
        return Choice(tuple(choice.value for choice in member))
    if inspect.isclass(member) and issubclass(member, pulumi.Asset | pulumi.Archive):
        return Anything.FILE
    if inspect.isclass(member) and (_types.is_input_type(member) or _types.is_output_type(member)):
        return Record(member)
    return Anything.ANY


@functools.cache
def _input_fields(cls: type) -> Mapping[str, Field]:
    """Of an `…Args` class: an argument of its constructor without a default is required."""
    with _loading():
        constructor = vars(cls)["__init__"]
        namespace = vars(sys.modules[cls.__module__])
        hints = typing.get_type_hints(constructor, namespace, {"Output": pulumi.Output, "T": type(None)})
        wire_names = _types.input_type_py_to_pulumi_names(cls)
        parameters = inspect.signature(constructor).parameters
    return {
        wire_names[name]: Field(name, parameter.default is parameter.empty, _shape(hints.get(name)))
        for name, parameter in parameters.items()
        if name in wire_names
    }


@functools.cache
def _output_fields(cls: type) -> Mapping[str, Field]:
    """Of a resource, a function's result or a nested output: a property that is not Optional is promised."""
    with _loading():
        python_names = _types.resource_pulumi_to_py_names(cls)
        hints = _types._raw_return_hints(cls)
    return {
        name: Field(python_names[name], type(None) not in _flat(hint), _shape(hint))
        for name, hint in hints.items()
        if name not in ("id", "urn") or not issubclass(cls, pulumi.Resource)
    }


def _flat(hint: Any) -> tuple[Any, ...]:
    """The members of Output[Union[…]], None among them."""
    if typing.get_origin(hint) is pulumi.Output:
        return _flat(typing.get_args(hint)[0])
    return typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, UnionType) else (hint,)


# -- packages and tokens -------------------------------------------------------------------------------------------


def module_of(package: str) -> str:
    """The Python module of a Pulumi package: `azure-native` -> `pulumi_azure_native`."""
    return f"pulumi_{package.replace('-', '_')}"


@functools.cache
def version_of(package: str) -> str:
    """The version of the provider that the installed SDK asks for, without `v`. Raises UnknownToken."""
    found = importlib.util.find_spec(module_of(package))
    if found is None or found.origin is None:
        raise UnknownToken(f"no SDK of the package {package!r} is installed")
    plugin: dict[str, Any] = json.loads(Path(found.origin).with_name("pulumi-plugin.json").read_text())
    return str(plugin["version"])


def package_of(token: str) -> str:
    """`aws:ecs/service:Service` and `pulumi:providers:aws` both -> `aws`."""
    return token.removeprefix("pulumi:providers:").split(":", 1)[0]


@functools.cache
def resource_class(token: str) -> type:
    """The class of a resource type or of a provider (`pulumi:providers:aws`). Raises UnknownToken."""
    package = package_of(token)
    with _loading():
        version_of(package)
        top = importlib.import_module(module_of(package))
        if token.startswith("pulumi:providers:"):
            return _class_in(top, "Provider", token)
        if token.count(":") != 2:
            raise UnknownToken(f"{token!r} is not a type token (package:module:Type)")
        # aws:ecs/service:Service is registered under `ecs/service`, azure-native:app:ContainerApp under `app`.
        module = rpc.get_resource_module(package, token.split(":")[1], "")
        info: dict[str, Any] = getattr(module, "mod_info", {})
        if token not in info.get("classes", {}):
            raise UnknownToken(f"the SDK of {package} {version_of(package)} has no resource type {token}")
        return _class_in(importlib.import_module(info["fqn"]), info["classes"][token], token)


@functools.cache
def result_class(token: str) -> type:
    """The class of what a function returns: `aws:route53/getZone:getZone` -> `GetZoneResult`. Raises UnknownToken."""
    package = package_of(token)
    parts = token.split(":")
    if len(parts) != 3:
        raise UnknownToken(f"{token!r} is not a function token (package:module:function)")
    module, function = parts[1].split("/")[0], parts[2]
    with _loading():
        version_of(package)
        names = [module_of(package)]
        if module != "index":
            names.append(f"{module}_" if keyword.iskeyword(module) else module)
        try:
            found = importlib.import_module(".".join(names))
        except ModuleNotFoundError as error:
            raise UnknownToken(f"the SDK of {package} has no module {module!r}") from error
        return _class_in(found, f"{function[0].upper()}{function[1:]}Result", token)


def _class_in(module: ModuleType, name: str, token: str) -> type:
    found = getattr(module, name, None)
    if not inspect.isclass(found):
        raise UnknownToken(f"{module.__name__} has no class {name} for {token}")
    return found


@functools.cache
def inputs_of(token: str) -> Record:
    """What a resource type or provider takes. Raises UnknownToken."""
    cls = resource_class(token)
    with _loading():
        for overload in typing.get_overloads(vars(cls)["__init__"]):
            if "args" in inspect.signature(overload).parameters:
                hint = typing.get_type_hints(overload, vars(sys.modules[cls.__module__]))["args"]
                return next(Record(member) for member in _members(hint) if _types.is_input_type(member))
    raise UnknownToken(f"{cls.__qualname__} has no …Args class for {token}")


@functools.cache
def secrets_of(token: str) -> tuple[str, ...]:
    """The properties that an SDK makes secret whatever a program says: `additional_secret_outputs` of the class."""
    cls = resource_class(token)
    # Python 3.11 counts the depth of syntax trees for all threads together, and `getsource` parses a whole module
    # (github.com/python/cpython/issues/106905): two at once end in a SystemError.
    with _one_at_a_time:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls)))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    given = [word.value for call in calls for word in call.keywords if word.arg == "additional_secret_outputs"]
    return tuple(str(name) for names in given for name in ast.literal_eval(names))


@functools.cache
def outputs_of(token: str) -> Record:
    """What a resource type or a function gives back. Raises UnknownToken."""
    try:
        return Record(resource_class(token))
    except UnknownToken:
        if not token.rpartition(":")[2][:1].islower():
            raise
        return Record(result_class(token))
