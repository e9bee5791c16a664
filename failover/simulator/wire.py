"""Route 53's XML, both ways, after the shapes of botocore's own service model: nothing here knows an operation.

moto renders what succeeds. Errors are rendered here, because some belong to no operation; requests are parsed here,
because a value of the wrong type is refused.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.model import ListShape, Shape, StructureShape
from moto.core.model import OperationModel
from moto.core.serialize import RestXMLSerializer
from moto.core.utils import get_service_model

NAMESPACE = "https://route53.amazonaws.com/doc/2013-04-01/"
REQUEST_ID = "00000000-0000-0000-0000-000000000000"


SERVICE = get_service_model("route53")
"""botocore's model, as moto's serializer wants it."""


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
    rendered = RestXMLSerializer(operation).serialize(members)
    return Reply(rendered["status_code"], str(rendered["body"]).encode(), tuple(headers))


def render_error(error: ApiError) -> Reply:
    """The body that botocore turns into a ClientError."""
    root = ET.Element("ErrorResponse", xmlns=NAMESPACE)
    inner = ET.SubElement(root, "Error")
    ET.SubElement(inner, "Type").text = "Sender" if error.status < 500 else "Receiver"
    ET.SubElement(inner, "Code").text = error.code
    ET.SubElement(inner, "Message").text = error.message
    ET.SubElement(root, "RequestId").text = REQUEST_ID
    return Reply(error.status, ET.tostring(root, encoding="UTF-8", xml_declaration=True))


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


def _name(member: str, shape: Shape) -> str:
    return str(shape.serialization.get("name", member))


def _local(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
