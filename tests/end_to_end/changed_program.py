"""Put before `__main__.py` of a copy of the project: changes inputs of its resources as the environment asks for.

CHANGES is JSON: {"<type>::<name>": [path, …] to alter what is there, or {name: value} to lay over the inputs}.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

CHANGES: Mapping[str, Any] = json.loads(os.environ.get("CHANGES") or "{}")


def alter(value: Any) -> Any:
    """Another value of the same type; what is not known yet, or not there, is left alone."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str() if value.isdigit():
            return str(int(value) + 1)
        case str():
            return f"{value}x"
        case list() if value and isinstance(value[0], str):
            return [*value, alter(value[0])]
        case _:
            return value


def alter_at(value: Any, path: Sequence[str]) -> Any:
    """`value` with what lies at `path` altered; `*` stands for every element of a list."""
    if not path:
        return alter(value)
    head, rest = path[0], path[1:]
    if head == "*" and isinstance(value, list):
        return [alter_at(element, rest) for element in value]
    if isinstance(value, Mapping) and head in value:
        return {**value, head: alter_at(value[head], rest)}
    return value


def change(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
    """The transform that Pulumi calls for every resource."""
    asked = CHANGES.get(f"{args.type_}::{args.name}")
    if not asked:
        return None
    props: Any = dict(args.props)
    if isinstance(asked, dict):
        for name, value in asked.items():
            same_form = isinstance(value, dict) and isinstance(props.get(name), Mapping)
            props[name] = {**props[name], **value} if same_form else value
    else:
        for path in asked:
            props = alter_at(props, path)
    return pulumi.ResourceTransformResult(props=props, opts=args.opts)


if CHANGES:
    pulumi.runtime.register_resource_transform(change)
