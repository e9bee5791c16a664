"""What an authority remembers of its callers: orders and authorizations; and what it looks up before it issues."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.authority.signed import Key, Problem, encode, thumbprint

IDENTITY = "outlast-sandbox.invalid"
"""What a CAA record has to name (RFC 8659) for this authority to issue."""

DUPLICATES, WEEK_SECONDS = 5, 7 * 86_400.0
"""Certificates of exactly the same names in a week: letsencrypt.org/docs/rate-limits."""

Lookup = Callable[[str, str], list[str]]
"""The values of a name and a record type, as resolvers out there see them."""


@dataclass
class Authorization:
    """Whether an account has shown that it controls a domain; `key` is the account's."""

    domain: str
    key: Key
    wildcard: bool = False
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    status: str = "pending"
    error: Problem | None = None

    def expected(self) -> str:
        """The value of the TXT record that proves the domain: RFC 8555, 8.4."""
        return encode(hashlib.sha256(f"{self.token}.{thumbprint(self.key)}".encode()).digest())

    def validate(self, lookup: Lookup) -> None:
        """Look now; what is found stays."""
        if self.status != "pending":
            return
        try:
            check_caa(self.domain, lookup, wildcard=self.wildcard)
            self._check_proof(lookup(f"_acme-challenge.{self.domain}", "TXT"))
            self.status = "valid"
        except Problem as problem:
            self.status, self.error = "invalid", problem

    def _check_proof(self, found: Sequence[str]) -> None:
        name = f"_acme-challenge.{self.domain}"
        if not found:
            raise Problem("dns", f"DNS problem: NXDOMAIN looking up TXT for {name}", 400)
        if self.expected() not in found:
            shown = ", ".join(found)
            raise Problem("unauthorized", f'Incorrect TXT record "{shown}" found at {name}', 403)


def check_caa(domain: str, lookup: Lookup, *, wildcard: bool) -> None:
    """The closest name upwards that has CAA records decides (RFC 8659, 3). Raises Problem where it forbids."""
    labels = domain.split(".")
    for start in range(len(labels)):
        name = ".".join(labels[start:])
        values = [_read_caa(value) for value in lookup(name, "CAA")]
        if values:
            tags = {tag for tag, _ in values}
            asked = "issuewild" if wildcard and "issuewild" in tags else "issue"
            if asked in tags and (asked, IDENTITY) not in values:
                raise Problem("caa", f"CAA record for {name} prevents issuance", 403)
            return


def _read_caa(value: str) -> tuple[str, str]:
    """`0 issue "authority; parameters"` -> tag and authority."""
    _, tag, rest = value.split(" ", 2)
    return tag.lower(), rest.strip('"').partition(";")[0].strip().lower()


@dataclass
class Order:
    """Certificates that an account asked for; `issued` is the chain, once there is one."""

    account: str
    names: tuple[str, ...]
    authorizations: Sequence[Authorization]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    issued: str = ""

    @property
    def status(self) -> str:
        """As RFC 8555, 7.1.6 has it; nothing is ever `processing`, since the private CA signs at once."""
        found = {authorization.status for authorization in self.authorizations}
        if "invalid" in found:
            return "invalid"
        if self.issued:
            return "valid"
        return "ready" if found == {"valid"} else "pending"


def read_names(document: Any) -> tuple[str, ...]:
    """The names that a new order is for. Raises Problem for what is no DNS name."""
    identifiers = document.get("identifiers") or []
    names = tuple(dict.fromkeys(str(one.get("value", "")).lower() for one in identifiers if one.get("type") == "dns"))
    if not names or len(names) != len(identifiers):
        raise Problem("malformed", "an order is for one DNS name or more, each once")
    bad = [name for name in names if "." not in name or name.endswith(".") or "*" in name.removeprefix("*.")]
    if bad:
        raise Problem("rejectedIdentifier", f"no certificate can be for {', '.join(bad)}")
    return names
