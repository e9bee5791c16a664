"""Signed requests: the example of RFC 7638, and everything that a client could get wrong."""

from __future__ import annotations

import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from sandbox.authority.signed import Problem, check_binding, decode, encode, read_signed, thumbprint

EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
# RFC 7638, 3.1.
EXAMPLE = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjB"
    "ZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8"
    "KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
    "xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}


def number(value: int) -> str:
    return encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> dict[str, str]:
    if isinstance(key, rsa.RSAPrivateKey):
        found = key.public_key().public_numbers()
        return {"kty": "RSA", "n": number(found.n), "e": number(found.e)}
    point = key.public_key().public_numbers()
    halves = {name: encode(value.to_bytes(32, "big")) for name, value in (("x", point.x), ("y", point.y))}
    return {"kty": "EC", "crv": "P-256", **halves}


def signature(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, content: bytes) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(content, padding.PKCS1v15(), SHA256())
    return b"".join(half.to_bytes(32, "big") for half in decode_dss_signature(key.sign(content, ec.ECDSA(SHA256()))))


def sign(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, payload: bytes, **header: Any) -> dict[str, str]:
    algorithm = "RS256" if isinstance(key, rsa.RSAPrivateKey) else "ES256"
    protected = encode(json.dumps({"alg": algorithm, **header}).encode())
    content = f"{protected}.{encode(payload)}"
    return {"protected": protected, "payload": encode(payload), "signature": encode(signature(key, content.encode()))}


def no_account(address: str) -> dict[str, str]:
    raise Problem("accountDoesNotExist", address)


def test_the_thumbprint_is_that_of_the_standard() -> None:
    assert thumbprint(EXAMPLE) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY], ids=["ec", "rsa"])
def test_what_its_key_signed_is_read(key: Any) -> None:
    body = json.dumps(sign(key, b'{"a": 1}', jwk=public(key))).encode()
    assert read_signed(body, no_account).document() == {"a": 1}


def test_an_account_is_looked_up_by_its_address() -> None:
    body = json.dumps(sign(EC_KEY, b"", kid="https://ca/acct/1")).encode()
    known = {"https://ca/acct/1": public(EC_KEY)}
    assert read_signed(body, known.__getitem__).key == public(EC_KEY)
    with pytest.raises(Problem, match="accountDoesNotExist"):
        read_signed(body, no_account)


@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY], ids=["ec", "rsa"])
@pytest.mark.parametrize("part", ["payload", "signature", "protected"])
def test_one_changed_byte_is_noticed(key: Any, part: str) -> None:
    request = sign(key, b'{"a": 1}', jwk=public(key))
    content = bytearray(decode(request[part]))
    content[len(content) // 2] ^= 1
    with pytest.raises(Problem, match=r"malformed|badSignatureAlgorithm"):
        read_signed(json.dumps({**request, part: encode(bytes(content))}).encode(), no_account)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"no json", "malformed"),
        (b"[]", "malformed"),
        (b"{}", "malformed"),
        (json.dumps({"protected": "*", "payload": "", "signature": ""}).encode(), "malformed"),
        (json.dumps(sign(EC_KEY, b"")).encode(), "malformed"),
        (json.dumps(sign(EC_KEY, b"", jwk=public(EC_KEY), kid="x")).encode(), "malformed"),
        (json.dumps(sign(EC_KEY, b"", jwk=public(RSA_KEY))).encode(), "badSignatureAlgorithm"),
        (json.dumps(sign(EC_KEY, b"", jwk=public(EC_KEY), alg="none")).encode(), "badSignatureAlgorithm"),
        (json.dumps(sign(EC_KEY, b"", jwk={**public(EC_KEY), "x": "AA"})).encode(), "malformed"),
    ],
    # Signatures differ from process to process; names of tests may not.
    ids=["text", "list", "empty", "header", "no key", "two keys", "another key", "unsigned", "no point"],
)
def test_what_is_no_signed_request_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(Problem, match=kind):
        read_signed(body, no_account)


def test_a_payload_has_to_be_a_document() -> None:
    with pytest.raises(Problem, match="payload"):
        read_signed(json.dumps(sign(EC_KEY, b"7", jwk=public(EC_KEY))).encode(), no_account).document()


# -- external accounts -------------------------------------------------------------------------------------------------

SECRETS, URL = {"k1": b"s" * 32}, "https://ca/new-account"


def bind(secret: bytes = SECRETS["k1"], bound: Any = None, **header: Any) -> dict[str, str]:
    protected = encode(json.dumps({"alg": "HS256", "kid": "k1", "url": URL, **header}).encode())
    payload = encode(json.dumps(bound or public(EC_KEY)).encode())
    right = hmac.digest(secret, f"{protected}.{payload}".encode(), "sha256")
    return {"protected": protected, "payload": payload, "signature": encode(right)}


def test_an_external_account_is_proven_by_its_key() -> None:
    check_binding(bind(), public(EC_KEY), URL, SECRETS)


@pytest.mark.parametrize(
    "binding",
    [
        None,
        bind(b"another"),
        bind(kid="k2"),
        bind(url="https://ca/elsewhere"),
        bind(alg="HS512"),
        bind(bound=public(RSA_KEY)),
    ],
)
def test_what_proves_no_external_account_is_refused(binding: Any) -> None:
    with pytest.raises(Problem, match=r"externalAccountRequired|unauthorized"):
        check_binding(binding, public(EC_KEY), URL, SECRETS)
