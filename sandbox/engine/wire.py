"""Pulumi's values as they travel between engine and provider, and as Python sees them here.

On the wire a value is a protobuf `Struct`: numbers are doubles, and what JSON lacks is an object with a signature
key. Here the same value is plain Python (None, bool, int, float, str, list, dict) and the few classes below.
Signatures and sentinels: Pulumi's sdk/go/common/resource/sig/sig.go and resource/plugin/rpc.go at v3.259.0.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from google.protobuf import struct_pb2  # type: ignore[import-untyped]

# Recursive in truth (None | bool | int | float | str | list | dict | the classes of this module).
Value: TypeAlias = Any

SIGNATURE_KEY = "4dabf18193072939515e22adb298388d"
SECRET_SIGNATURE = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e"
ASSET_SIGNATURE = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE_SIGNATURE = "0def7320c3a5731c473e5ecbe6d01bc7"

UNKNOWN_SENTINEL = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# The engine may send one for each type; the first stands for a value of any type, and is the one sent back.
UNKNOWN_SENTINELS = frozenset(
    {
        UNKNOWN_SENTINEL,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    }
)

_LARGEST_EXACT_INTEGER = 2**53  # a double holds every integer up to here


class Unknown(enum.Enum):
    """A value that only an update will tell. One member, so that `value is UNKNOWN` holds after any copy."""

    UNKNOWN = UNKNOWN_SENTINEL

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown.UNKNOWN


@dataclass(frozen=True)
class Secret:
    """A value that the engine encrypts in the state and masks on the screen; it never shows itself."""

    value: Value

    def __repr__(self) -> str:
        return "Secret(…)"


@dataclass(frozen=True)
class OutputValue:
    """An output with what it depends on; the engine sends one only to providers that ask for outputs."""

    value: Value
    secret: bool = False
    dependencies: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"OutputValue({'…' if self.secret else repr(self.value)})"


@dataclass(frozen=True)
class ResourceReference:
    """A whole resource given where a value was asked for; `id` is None for a component."""

    urn: str
    id: Value = None
    version: str = ""


@dataclass(frozen=True)
class Asset:
    """One file: its text, or where it lies. `digest` is the engine's SHA-256, hex, if it sent one."""

    kind: Literal["text", "path", "uri"]
    content: str
    digest: str = ""


@dataclass(frozen=True)
class Archive:
    """Several files: by name, or where they lie together."""

    kind: Literal["assets", "path", "uri"]
    content: str | dict[str, Value]
    digest: str = ""


# -- from and to the wire ------------------------------------------------------------------------------------------


def decode(struct: struct_pb2.Struct) -> dict[str, Value]:
    """The properties of a request. Whole numbers become int; an object with an unheard-of signature stays a dict."""
    return {name: _decode(value) for name, value in struct.fields.items()}


def _decode(value: struct_pb2.Value) -> Value:
    match value.WhichOneof("kind"):
        case "string_value":
            return UNKNOWN if value.string_value in UNKNOWN_SENTINELS else value.string_value
        case "number_value":
            return _number(value.number_value)
        case "bool_value":
            return value.bool_value
        case "list_value":
            return [_decode(item) for item in value.list_value.values]
        case "struct_value":
            return _decode_object(decode(value.struct_value))
        case _:
            return None


def _number(number: float) -> int | float:
    return int(number) if number.is_integer() and abs(number) <= _LARGEST_EXACT_INTEGER else number


def _decode_object(fields: dict[str, Value]) -> Value:
    match fields.get(SIGNATURE_KEY):
        case signature if signature == SECRET_SIGNATURE:
            return Secret(fields.get("value"))
        case signature if signature == OUTPUT_SIGNATURE:
            dependencies = tuple(fields.get("dependencies") or ())
            return OutputValue(fields.get("value", UNKNOWN), bool(fields.get("secret")), dependencies)
        case signature if signature == RESOURCE_SIGNATURE:
            return ResourceReference(fields["urn"], fields.get("id"), fields.get("packageVersion") or "")
        case signature if signature == ASSET_SIGNATURE:
            return Asset(*_content(("text", "path", "uri"), fields), fields.get("hash") or "")
        case signature if signature == ARCHIVE_SIGNATURE:
            return Archive(*_content(("assets", "path", "uri"), fields), fields.get("hash") or "")
        case _:
            return fields


def _content(kinds: tuple[str, ...], fields: dict[str, Value]) -> tuple[Any, Any]:
    """What an asset or archive holds, by kind. Go may send the keys of all kinds, the unused ones empty."""
    return next(((kind, fields[kind]) for kind in kinds if fields.get(kind)), (kinds[0], fields.get(kinds[0]) or ""))


def encode(properties: Mapping[str, Value]) -> struct_pb2.Struct:
    """The properties of an answer. Integers beyond 2**53 lose digits, as with Pulumi itself.

    Raises TypeError for what no Pulumi value can hold.
    """
    return struct_pb2.Struct(fields={name: _encode(value) for name, value in properties.items()})


def _encode(value: Value) -> struct_pb2.Value:
    match value:
        case None:
            return struct_pb2.Value(null_value=struct_pb2.NULL_VALUE)
        case bool():
            return struct_pb2.Value(bool_value=value)
        case int() | float():
            return struct_pb2.Value(number_value=float(value))
        case str():
            return struct_pb2.Value(string_value=value)
        case list() | tuple():
            return struct_pb2.Value(list_value=struct_pb2.ListValue(values=[_encode(item) for item in value]))
        case Mapping():
            return struct_pb2.Value(struct_value=encode(value))
        case Unknown():
            return struct_pb2.Value(string_value=UNKNOWN_SENTINEL)
        case _:
            return struct_pb2.Value(struct_value=encode(_signed(value)))


def _signed(value: Value) -> dict[str, Value]:
    """The object that stands for one of this module's classes."""
    match value:
        case Secret():
            return {SIGNATURE_KEY: SECRET_SIGNATURE, "value": value.value}
        case OutputValue():
            known = {} if value.value is UNKNOWN else {"value": value.value}
            dependencies = {"dependencies": list(value.dependencies)} if value.dependencies else {}
            return {SIGNATURE_KEY: OUTPUT_SIGNATURE, **known, "secret": value.secret, **dependencies}
        case ResourceReference():
            identity = {} if value.id is None else {"id": value.id}
            version = {"packageVersion": value.version} if value.version else {}
            return {SIGNATURE_KEY: RESOURCE_SIGNATURE, "urn": value.urn, **identity, **version}
        case Asset() | Archive():
            signature = ASSET_SIGNATURE if isinstance(value, Asset) else ARCHIVE_SIGNATURE
            digest = {"hash": value.digest} if value.digest else {}
            return {SIGNATURE_KEY: signature, value.kind: value.content, **digest}
        case _:
            raise TypeError(f"no Pulumi value can hold a {type(value).__name__}")


# -- secrets and unknowns ------------------------------------------------------------------------------------------


def plain(value: Value) -> Value:
    """The value without wrappers: secrets opened, a resource as its id. UNKNOWN, assets and archives stay."""
    match value:
        case Secret() | OutputValue():
            return plain(value.value)
        case ResourceReference():
            return plain(value.urn if value.id is None else value.id)
        case list():
            return [plain(item) for item in value]
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case Archive(content=dict() as files):
            return Archive("assets", plain(files), value.digest)
        case _:
            return value


def _walk(value: Value) -> Iterator[Value]:
    yield value
    match value:
        case Secret() | OutputValue():
            inner: Iterable[Value] = (value.value,)
        case Archive(content=dict() as files):
            inner = files.values()
        case list():
            inner = value
        case dict():
            inner = value.values()
        case _:
            inner = ()
    for item in inner:
        yield from _walk(item)


def has_unknown(value: Value) -> bool:
    """Whether any part of the value is not known yet."""
    return any(part is UNKNOWN for part in _walk(value))


def has_secret(value: Value) -> bool:
    """Whether any part of the value is secret."""
    return any(isinstance(part, Secret) or (isinstance(part, OutputValue) and part.secret) for part in _walk(value))


def mark_secrets(value: Value, like: Value) -> Value:
    """`value` with every part secret that is secret in `like`.

    Where the two have different shapes the whole part is made secret: rather too much is masked than too little.
    """
    match value, like:
        case Secret(), _:
            return value
        case dict(), dict():
            return {key: mark_secrets(item, like.get(key)) for key, item in value.items()}
        case list(), list() if len(value) == len(like):
            return [mark_secrets(item, other) for item, other in zip(value, like, strict=True)]
        case _:
            return Secret(value) if has_secret(like) and value is not None else value
