"""Names and character strings as Route 53 writes them: what is not plain stands as a backslash and three octal digits.

Developer Guide, "DNS domain name format" and "TXT record type". Zone files, and so dnspython, write decimal digits.
"""

from __future__ import annotations

import re

import dns.name

_ESCAPE = re.compile(r"\\(\d{3}|.)", re.DOTALL)
_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


def labels_of(name: str) -> list[bytes]:
    """The labels of a name as it is written or listed, without the root's. Raises ValueError for no octal escape."""
    parts = re.split(r"(?<!\\)\.", name.removesuffix("."))
    return [_ESCAPE.sub(_as_letter, part).encode("latin-1", "replace") for part in parts]


def wire_name(name: str) -> dns.name.Name:
    """The name on the wire, absolute. Raises ValueError or DNSException for what is none."""
    return dns.name.Name([*labels_of(name), b""])


def text_of(name: dns.name.Name) -> str:
    """A name from the wire as Route 53 writes it, without the last dot."""
    return ".".join("".join(map(_escaped, label)) for label in name.labels if label)


def to_decimal(value: str) -> str:
    """A record's value with its octal escapes as decimal ones. Raises ValueError for three digits that are no octal."""
    return _ESCAPE.sub(lambda found: rf"\{_number(found[1]):03d}" if found[1].isdigit() else found[0], value)


def strings_of(value: str) -> list[str]:
    """The character strings of a TXT value, as written, between their quotation marks."""
    return [found[1] for found in _STRING.finditer(value)]


def length_of(string: str) -> int:
    """The bytes that a character string has on the wire."""
    return len(_ESCAPE.sub("x", string))


def _as_letter(found: re.Match[str]) -> str:
    return chr(_number(found[1])) if found[1].isdigit() and len(found[1]) == 3 else found[1]


def _number(digits: str) -> int:
    if not re.fullmatch(r"[0-3][0-7]{2}", digits):
        raise ValueError(f"\\{digits} is no octal escape: \\000 to \\377 are")
    return int(digits, 8)


def _escaped(byte: int) -> str:
    letter = chr(byte).lower()
    return letter if re.match(r"[a-z0-9_*-]", letter) else f"\\{byte:03o}"
