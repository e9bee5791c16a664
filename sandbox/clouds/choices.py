"""Inputs whose values or bounds the SDKs name: others are refused, though the SDK's type takes any text or number.

azure-native and docker-build list them as enumerations beside the text; pulumi-gcp in the property's documentation,
generated from the provider's own validation. pulumi-aws does neither reliably: see `sandbox.clouds.aws.api_values`.
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
_LEAST, _MOST = re.compile(r"Minimum value is (\d+)"), re.compile(r"Maximum value(?: for (\w+) probe)? is (\d+)")
# Narrower in the SDK's documentation than what the API takes, which depends on the probe: see `azure.app_probes`.
_WIDER = {"failureThreshold": 240}
_POSSIBLE = re.compile(r"Possible values are: ((?:`[^`]+`(?:, )?)+)")


def mistakes(type_: str, inputs: Values) -> list[Mistake]:
    """(path, reason) of every value that is not what the SDK of the type says, at any depth."""
    if not type_.startswith(("azure-native:", "gcp:", "docker-build:")):
        return []
    return list(_in_record("", sdk.inputs_of(type_), inputs))


def _in_record(path: str, record: sdk.Record, values: Mapping[str, Any]) -> Iterator[Mistake]:
    for name, value in values.items():
        field = record.fields.get(name)
        if field is not None:
            where = f"{path}.{name}" if path else name
            said = _documentation(record.cls).get(field.python_name, "")
            yield from _in_value(where, field.shape, value, _listed(record.cls, said))
            yield from _out_of_range(where, value, said)


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


def _out_of_range(path: str, value: Any, said: str) -> Iterator[Mistake]:
    """A number beyond the bounds that the documentation of its input names; some hold for one kind of probe alone."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    name, least = path.rpartition(".")[2], _LEAST.search(said)
    bounds = [int(number) for probe, number in _MOST.findall(said) if not probe or f"{probe}Probe" in path]
    most = max([*bounds, _WIDER.get(name, 0)]) if bounds else None
    if (least and value < int(least[1])) or (most is not None and value > most):
        within = f"{least[1] if least else 'any'} to {most if most is not None else 'any'}"
        yield path, f"{value:g} is not {within} (the installed SDK)"


def _listed(cls: type, said: str) -> tuple[str, ...]:
    """The values that a documentation lists; only pulumi-gcp's is made from what the provider refuses."""
    found = _POSSIBLE.search(said) if cls.__module__.startswith("pulumi_gcp") else None
    return tuple(re.findall(r"`([^`]+)`", found[1])) if found else ()


@functools.cache
def _documentation(cls: type) -> Mapping[str, str]:
    """What the SDK says of each input, by its Python name."""
    text = vars(cls)["__init__"].__doc__ or ""
    return {name: " ".join(said.split()) for name, said in _PARAMETER.findall(text)}
