"""Route 53's XML, both ways, after the shapes of botocore's own service model: nothing here knows an operation."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.model import ListShape, OperationModel, Shape, StructureShape

NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
REQUEST_ID = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Reply:
    """An HTTP response of the API."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


class ApiError(Exception):
    """What the API answers to a request that it refuses: its code, its message, its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def parse(body: bytes, operation: OperationModel) -> dict[str, Any]:
    """The members in a request's body, typed after the operation's input shape.

    Raises:
        ApiError: InvalidInput for a body that is not XML, or a value of the wrong type.
    """
    try:
        root = ET.fromstring(body)
        parsed = _parse(root, operation.input_shape) if operation.input_shape else {}
    except (ET.ParseError, ValueError) as error:
        raise ApiError("InvalidInput", f"Invalid XML ; {error}") from error
    return dict(parsed)


def render(operation: OperationModel, members: Mapping[str, Any], headers: Iterable[tuple[str, str]] = ()) -> Reply:
    """A response with `members`, as the operation's output shape orders them."""
    shape = operation.output_shape
    root = ET.Element(shape.name if shape else operation.name, xmlns=NAMESPACE)
    if shape:
        _render_members(root, shape, members)
    return Reply(operation.http.get("responseCode", 200), _bytes(root), tuple(headers))


def render_error(error: ApiError) -> Reply:
    """The body that botocore turns into a ClientError."""
    root = ET.Element("ErrorResponse", xmlns=NAMESPACE)
    inner = ET.SubElement(root, "Error")
    ET.SubElement(inner, "Type").text = "Sender" if error.status < 500 else "Receiver"
    ET.SubElement(inner, "Code").text = error.code
    ET.SubElement(inner, "Message").text = error.message
    ET.SubElement(root, "RequestId").text = REQUEST_ID
    return Reply(error.status, _bytes(root))


def _parse(element: ET.Element, shape: Shape) -> Any:
    if isinstance(shape, StructureShape):
        by_name = {_local(child): child for child in element}
        return {
            member: _parse(by_name[_name(member, inner)], inner)
            for member, inner in shape.members.items()
            if _name(member, inner) in by_name
        }
    if isinstance(shape, ListShape):
        return [_parse(child, shape.member) for child in element]
    text = element.text or ""
    if shape.type_name in ("integer", "long"):
        return int(text)
    if shape.type_name == "boolean":
        if text not in ("true", "false"):
            raise ValueError(f"{text!r} is not a boolean")
        return text == "true"
    return text


def _render_members(parent: ET.Element, shape: StructureShape, members: Mapping[str, Any]) -> None:
    for member, inner in shape.members.items():
        if members.get(member) is not None and inner.serialization.get("location") is None:
            _render(parent, _name(member, inner), inner, members[member])


def _render(parent: ET.Element, name: str, shape: Shape, value: Any) -> None:
    element = ET.SubElement(parent, name)
    if isinstance(shape, StructureShape):
        _render_members(element, shape, value)
    elif isinstance(shape, ListShape):
        for item in value:
            _render(element, _name("member", shape.member), shape.member, item)
    else:
        element.text = _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return str(value)


def _name(member: str, shape: Shape) -> str:
    return str(shape.serialization.get("name", member))


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _bytes(root: ET.Element) -> bytes:
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root)
