"""Inputs whose values the SDKs list: what is not in the list is refused, though the SDK's type takes any text.

azure-native lists them as enumerations beside the text; pulumi-gcp in the documentation of the property, generated from
the provider's own validation. pulumi-aws does neither reliably: there the rows of the types hold what botocore lists.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.clouds.rules import Mistake
from sandbox.clouds.values import Values
from sandbox.engine import sdk
from sandbox.engine.wire import UNKNOWN

_PARAMETER = re.compile(r":param (?:[^:\n]+ )?(\w+): ((?:.|\n)*?)(?=\n\s*:param |\Z)")
_POSSIBLE = re.compile(r"Possible values are: ((?:`[^`]+`(?:, )?)+)")


def mistakes(type_: str, inputs: Values) -> list[Mistake]:
    """(path, reason) of every value that the SDK of the type does not list, at any depth."""
    if not type_.startswith(("azure-native:", "gcp:")):
        return []
    return list(_in_record("", sdk.inputs_of(type_), inputs))


def _in_record(path: str, record: sdk.Record, values: Mapping[str, Any]) -> Iterator[Mistake]:
    for name, value in values.items():
        field = record.fields.get(name)
        if field is not None:
            where = f"{path}.{name}" if path else name
            yield from _in_value(where, field.shape, value, _documented(record.cls).get(field.python_name, ()))


def _in_value(path: str, shape: sdk.Shape, value: Any, documented: tuple[str, ...]) -> Iterator[Mistake]:
    options = shape.options if isinstance(shape, sdk.OneOf) else (shape,)
    if isinstance(value, list):
        items = [option.item for option in options if isinstance(option, sdk.ListOf)]
        for position, item in enumerate(value if items else []):
            yield from _in_value(f"{path}[{position}]", items[0], item, documented)
    elif isinstance(value, Mapping):
        for record in (option for option in options if isinstance(option, sdk.Record)):
            yield from _in_record(path, record, value)
    elif isinstance(value, str) and value and value is not UNKNOWN:
        listed = documented or tuple(
            str(one) for option in options if isinstance(option, sdk.Choice) for one in option.values
        )
        # ARM compares them without regard to case; Google's provider does not.
        known = listed if documented else tuple(one.lower() for one in listed)
        if listed and (value if documented else value.lower()) not in known:
            yield path, f"{value!r} is not one of {', '.join(listed)} (the installed SDK)"


@functools.cache
def _documented(cls: type) -> Mapping[str, tuple[str, ...]]:
    """By the Python name of an input: the values that its documentation lists, where it lists any."""
    if not cls.__module__.startswith("pulumi_gcp"):
        return {}
    text = vars(cls)["__init__"].__doc__ or ""
    found = {name: _POSSIBLE.search(" ".join(said.split())) for name, said in _PARAMETER.findall(text)}
    return {name: tuple(re.findall(r"`([^`]+)`", listed[1])) for name, listed in found.items() if listed}
