"""Addresses of stores: s3://bucket/key, az://account/container/path, gs://bucket/path; anything else is a path."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from service.errors import InvalidInput

FORMS = {"s3": "s3://bucket/key", "az": "az://account/container/path", "gs": "gs://bucket/path"}
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)


@dataclass(frozen=True)
class Address:
    """An object, or all objects below a prefix: `key` may be empty. `account` is Azure's, and empty elsewhere."""

    scheme: str
    account: str
    bucket: str
    key: str

    @property
    def root(self) -> Address:
        """The whole bucket."""
        return Address(self.scheme, self.account, self.bucket, "")

    def __str__(self) -> str:
        parts = [self.account, self.bucket, self.key]
        return f"{self.scheme}://{'/'.join(part for part in parts if part)}"


def parse_address(text: str) -> Address | Path:
    """An address, or the path that `file://…` or a plain text names. Raises InvalidInput for one of no known kind."""
    found = _SCHEME.fullmatch(text)
    if not found:
        return Path(text)
    scheme, rest = found["scheme"].lower(), found["rest"]
    if scheme == "file":
        return Path(unquote(rest.removeprefix("localhost")))
    if scheme not in FORMS:
        hint = f"write {', '.join(FORMS.values())}, or a path"
        raise InvalidInput(f"{text} is an address of no known kind ({scheme}://)", hint=hint)
    account, _, below = rest.partition("/") if scheme == "az" else ("", "", rest)
    bucket, _, key = below.partition("/")
    if not bucket or (scheme == "az" and not account):
        raise InvalidInput(f"{text} names no {'container' if scheme == 'az' else 'bucket'}", hint=f"{FORMS[scheme]}")
    return Address(scheme, account, bucket, key)
