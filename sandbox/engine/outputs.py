"""Outputs made whole: everything that the installed SDK promises of a resource or a function's result is there.

In order, the later over the earlier: placeholders, what was known before an update, the inputs that come back, what
the cloud computed.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

from sandbox.engine import sdk
from sandbox.engine.sdk import Anything, Choice, ListOf, MapOf, OneOf, Record, Scalar, Shape
from sandbox.engine.wire import UNKNOWN, Secret, Value

# Outputs that repeat an input under another name when the cloud adds nothing of its own.
_ECHOES = {
    "tagsAll": "tags",
    "effectiveLabels": "labels",
    "pulumiLabels": "labels",
    "effectiveAnnotations": "annotations",
}
# Outputs that default to the provider's own configuration.
_FROM_CONFIG = ("region", "project", "zone", "location")


def output_names(token: str) -> frozenset[str]:
    """The wire names of all that a resource type (without id and urn) or a function gives back. Raises UnknownToken."""
    return frozenset(sdk.outputs_of(token).fields)


def promised_names(token: str) -> frozenset[str]:
    """Those of `output_names` that the SDK declares as always there."""
    return frozenset(name for name, field in sdk.outputs_of(token).fields.items() if field.promised)


@functools.cache
def name_input(token: str) -> str | None:
    """The input that comes back as the output `name`, where the two differ (azure-native): `containerAppName`.

    A guess for previews (once the id is known, it holds the name): of the inputs `…Name` that do not come back under
    their own name, the one most like the type. None where no input is.
    """
    outputs, inputs = output_names(token), sdk.inputs_of(token).fields
    if "name" not in outputs or "name" in inputs:
        return None
    type_name = token.rpartition(":")[2].lower()
    candidates = [name for name in inputs if name.endswith("Name") and name not in outputs]
    own = [name for name in candidates if name != "resourceGroupName"]
    return max(
        own or candidates, key=lambda name: _common_suffix(name[: -len("Name")].lower(), type_name), default=None
    )


def _common_suffix(one: str, other: str) -> int:
    pairs = zip(reversed(one), reversed(other), strict=False)
    return next((count for count, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))


def complete(
    token: str,
    inputs: Mapping[str, Value],
    computed: Mapping[str, Value],
    id: str | None,
    *,
    carried: Mapping[str, Value] | None = None,
    config: Mapping[str, Value] | None = None,
    preview: bool = False,
) -> dict[str, Value]:
    """All outputs of a resource. `id` is None in the preview of a create: what is only promised is UNKNOWN then.

    `computed` is laid over the inputs at any depth (`{"configuration": {"ingress": {"fqdn": …}}}`). `carried` is what
    holds on over an update (see `carry`), `config` the provider's configuration, for a promised region or project.
    What is promised but not computed gets a placeholder: empty for what is also an input, else `<id>/<name>`, so that
    a program which reads what nobody computes shows where that came from. Inputs that do not come back are left out; so
    are those that come back in another form (a list of ids as a map), unless carried or computed: UNKNOWN in a preview.

    Raises UnknownToken, and LookupError for a computed name that the type does not have.
    """
    record = Record(sdk.resource_class(token))
    _refuse_strange(token, record, computed)
    known = {name: value for name, value in inputs.items() if name in record.fields and value is not None}
    echoed = _echo_map(known, {name: field.shape for name, field in record.fields.items()}, carried or {}, preview)
    outputs = merge(merge(carried or {}, echoed), computed)
    defaults = {
        "name": inputs.get(name_input(token) or ""),
        **_from_arm_id(id or ""),
        **{name: (config or {}).get(name) for name in _FROM_CONFIG},
        **{name: inputs.get(source) for name, source in _ECHOES.items()},
    }
    for name, value in defaults.items():
        if name in record.fields and outputs.get(name) is None and value is not None:
            outputs[name] = value
    return _completed(record, outputs, id, sdk.inputs_of(token))


def complete_result(
    token: str, values: Mapping[str, Value], arguments: Mapping[str, Value] | None = None
) -> dict[str, Value]:
    """All of a function's result: its arguments come back, over them `values`, and what the SDK promises besides.

    Raises UnknownToken, and LookupError for a value that the function does not have.
    """
    record = Record(sdk.result_class(token))
    _refuse_strange(token, record, values)
    echoed = {name: value for name, value in (arguments or {}).items() if name in record.fields}
    return _completed(record, {**echoed, **values}, token.rpartition(":")[2], None)


def _refuse_strange(token: str, record: Record, values: Mapping[str, Value]) -> None:
    strange = values.keys() - record.fields.keys()
    if strange:
        raise LookupError(f"{token} has no output {', '.join(sorted(strange))}")


def carry(
    outputs: Mapping[str, Value], old_inputs: Mapping[str, Value], new_inputs: Mapping[str, Value]
) -> dict[str, Value]:
    """What of the old `outputs` holds on over an update: all that was no echo of an input.

    Inside of an input only while the input is still there, so that nothing lives on which a program no longer asks for;
    an input that comes back in another form, only while it is the same.
    """
    own = {name: value for name, value in outputs.items() if name not in old_inputs}
    inside = {
        name: _carry_inside(outputs[name], old_inputs[name], new_inputs[name])
        for name in outputs.keys() & old_inputs.keys() & new_inputs.keys()
    }
    return {**own, **{name: value for name, value in inside.items() if value}}


def _carry_inside(output: Value, old: Value, new: Value) -> Value:
    match output, old, new:
        case dict(), dict(), dict():
            return carry(output, old, new)
        case list(), list(), list() if len(output) == len(old) == len(new):
            kept = [_carry_inside(*parts) for parts in zip(output, old, new, strict=True)]
            return kept if any(kept) else None
        case _ if old == new and _form(output) is not _form(old):
            return output
        case _:
            return None


def _echo_map(
    values: Mapping[str, Value], shapes: Mapping[str, Shape], carried: Mapping[str, Value], preview: bool
) -> dict[str, Value]:
    """The `values` that come back as outputs of the given shapes; a value of no known shape comes back as it is."""
    echoed = {
        name: _echo(shapes[name], value, carried.get(name), preview) if name in shapes else value
        for name, value in values.items()
    }
    return {name: value for name, value in echoed.items() if value is not None}


def _echo(shape: Shape, value: Value, carried: Value, preview: bool) -> Value:
    """`value` as far as its form is the output's. The SDKs do not survive a list where they declare a map."""
    if isinstance(value, Secret):
        inner = _echo(shape, value.value, carried.value if isinstance(carried, Secret) else carried, preview)
        return None if inner is None else Secret(inner)
    if isinstance(shape, OneOf):
        shape = next((option for option in shape.options if _has_form(option, value)), shape.options[0])
    if not _has_form(shape, value):
        return UNKNOWN if preview and carried is None else None
    below = carried if isinstance(carried, dict) else {}
    match shape:
        case Record() if isinstance(value, dict):
            return _echo_map(value, {name: field.shape for name, field in shape.fields.items()}, below, preview)
        case MapOf(item) if isinstance(value, dict):
            return _echo_map(value, dict.fromkeys(value, item), below, preview)
        case ListOf(item) if isinstance(value, list):
            same = isinstance(carried, list) and len(carried) == len(value)
            beside = carried if same else [None] * len(value)
            return [_echo(item, one, other, preview) for one, other in zip(value, beside, strict=True)]
        case _:
            return value


def _has_form(shape: Shape, value: Value) -> bool:
    """Whether a value of this form (a map, a list, a single one) may stand where `shape` is declared."""
    match shape:
        case _ if _form(value) is None or isinstance(shape, Anything):
            return True
        case OneOf(options):
            return any(_has_form(option, value) for option in options)
        case Record() | MapOf():
            return _form(value) is dict
        case ListOf():
            return _form(value) is list
        case _:
            return _form(value) is str


def _form(value: Value) -> type | None:
    """dict, list, or str for any single value; None for what has no form to hold against a type."""
    value = value.value if isinstance(value, Secret) else value
    known = (form for form in (dict, list) if isinstance(value, form))
    return next(known, str if isinstance(value, str | bool | int | float) else None)


def merge(below: Mapping[str, Value], above: Mapping[str, Value]) -> dict[str, Value]:
    """`above` laid over `below`, at any depth where both are maps, or lists of equal length. A secret stays secret."""
    return {**below, **{name: _merged(below.get(name), value) for name, value in above.items()}}


def _merged(below: Value, above: Value) -> Value:
    match below, above:
        case (Secret(), _) | (_, Secret()):
            opened = [part.value if isinstance(part, Secret) else part for part in (below, above)]
            return Secret(_merged(*opened))
        case dict(), dict():
            return merge(below, above)
        case list(), list() if len(below) == len(above):
            return [_merged(one, other) for one, other in zip(below, above, strict=True)]
        case _:
            return above


def _from_arm_id(id: str) -> dict[str, str]:
    """Name and type that Azure's resource ids hold: …/providers/Microsoft.App/containerApps/api."""
    if not id.startswith("/subscriptions/"):
        return {}
    path, _, provided = id.rpartition("/providers/")
    namespace, *pairs = provided.split("/") if path else ["Microsoft.Resources", *id.split("/")[3:]]
    return {"name": id.rpartition("/")[2], "type": "/".join([namespace, *pairs[::2]])}


# -- placeholders --------------------------------------------------------------------------------------------------


def _completed(record: Record, outputs: Mapping[str, Value], id: str | None, given: Shape | None) -> dict[str, Value]:
    """`outputs` with every promise of the record kept; `given` is the shape of the inputs at this place."""
    inputs = given.fields if isinstance(given, Record) else {}
    completed = dict(outputs)
    for name, field in record.fields.items():
        input_shape = inputs[name].shape if name in inputs else None
        if outputs.get(name) is not None:
            completed[name] = _completed_value(field.shape, outputs[name], id, input_shape)
        elif field.promised:
            completed[name] = UNKNOWN if id is None else _placeholder(field.shape, name, id, name in inputs)
    return completed


def _completed_value(shape: Shape, value: Value, id: str | None, given: Shape | None) -> Value:
    match shape, value:
        case _, Secret():
            return Secret(_completed_value(shape, value.value, id, given))
        case Record(), dict():
            return _completed(shape, value, id, given)
        case ListOf(item), list():
            inside = given.item if isinstance(given, ListOf) else None
            return [_completed_value(item, element, id, inside) for element in value]
        case MapOf(item), dict():
            inside = given.item if isinstance(given, MapOf) else None
            return {key: _completed_value(item, element, id, inside) for key, element in value.items()}
        case _:
            return value


def _placeholder(shape: Shape, name: str, id: str, also_input: bool) -> Value:
    match shape:
        case Scalar.BOOLEAN:
            return False
        case Scalar.INTEGER | Scalar.NUMBER:
            return 0
        case Choice(values):
            return values[0]
        case ListOf():
            return []
        case MapOf():
            return {}
        case Record():
            return _completed(shape, {}, id, None)
        case OneOf(options):
            return _placeholder(options[0], name, id, also_input)
        case Scalar.STRING | Anything():
            return "" if also_input else f"{id}/{name}"
    raise TypeError(f"no placeholder for {shape!r}")
