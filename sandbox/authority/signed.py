"""Requests as ACME clients sign them (RFC 8555, 6.2), verified by `cryptography` itself, by no client's library."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

Key = Mapping[str, str]
"""A public key as a JWK (RFC 7517)."""

_HALF = 32  # bytes of each number of an ES256 signature: RFC 7518, 3.4
_SHORTEST_RSA = 2048
_REQUIRED = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}  # of a thumbprint: RFC 7638, 3.2


class Problem(Exception):
    """What the authority answers in the place of what was asked for: RFC 8555, 6.7."""

    def __init__(self, kind: str, detail: str, status: int = 400) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind, self.detail, self.status = kind, detail, status

    def document(self) -> dict[str, Any]:
        """As RFC 7807 writes it."""
        return {"type": f"urn:ietf:params:acme:error:{self.kind}", "detail": self.detail, "status": self.status}


@dataclass(frozen=True)
class Signed:
    """A request whose signature holds: what its header says, who signed it, and what was signed."""

    header: Mapping[str, Any]
    key: Key
    payload: bytes

    def document(self) -> dict[str, Any]:
        """The payload as JSON. Raises Problem where it is none."""
        return _parse(self.payload, "the payload")


def read_signed(body: bytes, find_key: Callable[[str], Key]) -> Signed:
    """The request in `body`; `find_key` gives the key of an account by its address.

    Raises Problem for what is no flattened JWS, names both of `jwk` and `kid` or neither, or is signed by another.
    """
    outer = _parse(body, "the request")
    header = _parse(decode(outer.get("protected")), "the protected header")
    if ("jwk" in header) == ("kid" in header):
        raise Problem("malformed", "exactly one of jwk and kid must be in the protected header")
    key = header["jwk"] if "jwk" in header else find_key(str(header["kid"]))
    signed = f"{outer['protected']}.{outer.get('payload', '')}".encode()
    _verify(key, str(header.get("alg")), decode(outer.get("signature")), signed)
    return Signed(header, key, decode(outer.get("payload")))


def thumbprint(key: Key) -> str:
    """What a key is called in a key authorization: RFC 7638 and RFC 8555, 8.1."""
    names = _REQUIRED.get(str(key.get("kty")), ())
    canonical = json.dumps({name: key[name] for name in names}, separators=(",", ":"), sort_keys=True)
    return encode(hashlib.sha256(canonical.encode()).digest())


def check_binding(document: Any, key: Key, url: str, secrets: Mapping[str, bytes]) -> None:
    """An external account binding (RFC 8555, 7.3.4) by one of `secrets`, key id -> key. Raises Problem."""
    if not isinstance(document, dict):
        raise Problem("externalAccountRequired", "this authority opens accounts for those alone that it knows")
    header = _parse(decode(document.get("protected")), "the header of the external account binding")
    secret = secrets.get(str(header.get("kid")), b"")
    signed = f"{document.get('protected')}.{document.get('payload')}".encode()
    right = hmac.digest(secret, signed, "sha256") if secret else b""
    bound = _parse(decode(document.get("payload")), "the payload of the external account binding")
    fits = header.get("alg") == "HS256" and header.get("url") == url and bound == dict(key)
    if not fits or not hmac.compare_digest(right, decode(document.get("signature"))):
        raise Problem("unauthorized", "the external account binding is not by a key that this authority gave", 403)


def encode(content: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(text: Any) -> bytes:
    """The bytes that `encode` wrote. Raises Problem."""
    try:
        return base64.b64decode(str(text) + "=" * (-len(str(text)) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise Problem("malformed", f"{str(text)[:40]!r} is no base64url") from None


def _parse(content: bytes, what: str) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Problem("malformed", f"{what} is no JSON object")
    return found


def _verify(key: Key, algorithm: str, signature: bytes, signed: bytes) -> None:
    try:
        if algorithm == "ES256" and key.get("kty") == "EC" and key.get("crv") == "P-256":
            _verify_ec(key, signature, signed)
        elif algorithm == "RS256" and key.get("kty") == "RSA":
            _verify_rsa(key, signature, signed)
        else:
            raise Problem("badSignatureAlgorithm", f"{algorithm} with a key of the type {key.get('kty')} is not taken")
    except (InvalidSignature, ValueError, KeyError):
        raise Problem("malformed", "the signature does not hold", 403) from None


def _verify_ec(key: Key, signature: bytes, signed: bytes) -> None:
    numbers = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), ec.SECP256R1())
    if len(signature) != 2 * _HALF:
        raise InvalidSignature
    halves = (int.from_bytes(half, "big") for half in (signature[:_HALF], signature[_HALF:]))
    numbers.public_key().verify(encode_dss_signature(*halves), signed, ec.ECDSA(SHA256()))


def _verify_rsa(key: Key, signature: bytes, signed: bytes) -> None:
    public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
    if public.key_size < _SHORTEST_RSA:
        raise Problem("badPublicKey", f"an RSA key of {public.key_size} bits is too short")
    public.verify(signature, signed, padding.PKCS1v15(), SHA256())


def _number(text: str) -> int:
    return int.from_bytes(decode(text), "big")
