"""The authority's interface (RFC 8555): directory, nonces, accounts, orders, DNS-01 challenges, certificates.

It checks what a public authority checks: each nonce once, each signature and the address that it is for, the digest of
the key authorization in DNS, CAA records, the state of an order, and that a request is for the names of its order. What
it knows is gone when the sandbox stops, as if it had forgotten its accounts: clients register anew. Not simulated:
other challenges, revocation, key rollover, renewal information, looks from several places.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from sandbox.authority.orders import DUPLICATES, WEEK_SECONDS, Authorization, Lookup, Order, read_names
from sandbox.authority.signed import Key, Problem, Signed, check_binding, decode, read_signed, thumbprint
from sandbox.layout import AUTHORITY_PREFIX
from sandbox.network.certificates import PrivateCA

PREFIX = AUTHORITY_PREFIX
_MOST_NONCES = 1000


@dataclass(frozen=True)
class AuthorityReply:
    """What is answered: a document, or a certificate chain as text."""

    status: int
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""


class Authority:
    """Answers for one authority. `lookup` asks DNS as it is seen from outside, `now` tells seconds, `bindings` are the
    keys of external accounts where it wants them. Thread-safe."""

    def __init__(
        self, ca: PrivateCA, lookup: Lookup, now: Callable[[], float], bindings: Mapping[str, bytes] | None = None
    ) -> None:
        self._ca, self._lookup, self._now, self._bindings = ca, lookup, now, bindings or {}
        self._lock = threading.Lock()
        self._nonces: dict[str, None] = {}
        self._accounts: dict[str, Key] = {}
        self._orders: dict[str, Order] = {}
        self._authorizations: dict[str, Authorization] = {}
        self._issued: list[tuple[float, frozenset[str]]] = []
        self._handlers: Mapping[str, Callable[[Signed, str, str], AuthorityReply]] = {
            "new-account": self._new_account,
            "new-order": self._new_order,
            "order": self._show_order,
            "authorization": self._show_authorization,
            "challenge": self._answer_challenge,
            "finalize": self._finalize,
            "certificate": self._show_certificate,
        }

    def answer(self, method: str, path: str, base: str, body: bytes) -> AuthorityReply:
        """The reply to one request; `base` is the address that the authority is asked at, without its last slash."""
        with self._lock:
            try:
                reply = self._answer(method, path.removeprefix(PREFIX), f"{base}{PREFIX}", body)
            except Problem as problem:
                reply = AuthorityReply(problem.status, problem.document(), {"Content-Type": "application/problem+json"})
            fresh = {"Replay-Nonce": self._make_nonce(), "Cache-Control": "no-store"}
        return AuthorityReply(reply.status, reply.document, {**fresh, **reply.headers}, reply.text)

    def _answer(self, method: str, path: str, root: str, body: bytes) -> AuthorityReply:
        if method in ("GET", "HEAD") and path in ("directory", "new-nonce"):
            return AuthorityReply(200, self._directory(root) if path == "directory" else {})
        what, _, named = path.partition("/")
        if method != "POST" or what not in self._handlers:
            raise Problem("malformed", f"there is no {method} of {path} here", 405)
        signed = read_signed(body, self._find_account)
        if signed.header.get("url") != f"{root}{path}":
            raise Problem("unauthorized", f"the request was signed for {signed.header.get('url')}", 403)
        if self._nonces.pop(str(signed.header.get("nonce")), "unknown") is not None:
            raise Problem("badNonce", "the nonce was not given by this authority, or was used before")
        if ("jwk" in signed.header) != (what == "new-account"):
            raise Problem("malformed", f"{what} is signed by {'a key' if what == 'new-account' else 'an account'}")
        return self._handlers[what](signed, named, root)

    def _directory(self, root: str) -> dict[str, Any]:
        links = {"newNonce": "new-nonce", "newAccount": "new-account", "newOrder": "new-order"}
        meta = {"externalAccountRequired": True} if self._bindings else {}
        return {name: f"{root}{path}" for name, path in links.items()} | {"meta": meta}

    def _make_nonce(self) -> str:
        nonce = secrets.token_urlsafe(16)
        self._nonces[nonce] = None
        while len(self._nonces) > _MOST_NONCES:
            self._nonces.pop(next(iter(self._nonces)))
        return nonce

    # -- accounts ----------------------------------------------------------------------------------------------------

    def _find_account(self, address: str) -> Key:
        if address not in self._accounts:
            raise Problem("accountDoesNotExist", f"there is no account {address}")
        return self._accounts[address]

    def _new_account(self, signed: Signed, _: str, root: str) -> AuthorityReply:
        asked = signed.document()
        address = f"{root}account/{thumbprint(signed.key)}"
        status = 200 if address in self._accounts else 201
        if status == 201:
            if asked.get("onlyReturnExisting"):
                raise Problem("accountDoesNotExist", "there is no account of this key")
            if not asked.get("termsOfServiceAgreed"):
                raise Problem("userActionRequired", "the terms of service have to be agreed to", 403)
            if self._bindings:
                check_binding(asked.get("externalAccountBinding"), signed.key, f"{root}new-account", self._bindings)
            self._accounts[address] = signed.key
        shown = {"status": "valid", "contact": asked.get("contact") or []}
        return AuthorityReply(status, shown, {"Location": address})

    # -- orders ------------------------------------------------------------------------------------------------------

    def _new_order(self, signed: Signed, _: str, root: str) -> AuthorityReply:
        names = read_names(signed.document())
        self._check_rate(frozenset(names))
        asked = [Authorization(name.removeprefix("*."), signed.key, wildcard=name.startswith("*.")) for name in names]
        order = Order(str(signed.header["kid"]), names, asked)
        self._orders[order.id] = order
        self._authorizations |= {one.id: one for one in asked}
        return AuthorityReply(201, _order(order, root), {"Location": f"{root}order/{order.id}"})

    def _check_rate(self, names: frozenset[str]) -> None:
        since = self._now() - WEEK_SECONDS
        times = [time for time, of in self._issued if of == names and time > since]
        if len(times) >= DUPLICATES:
            wait = f"{(times[0] + WEEK_SECONDS - self._now()) / 3600:.0f} h"
            what = f"too many certificates ({DUPLICATES}) already issued for this exact set of names in the last 168h"
            raise Problem("rateLimited", f"{what}; retry in {wait}", 429)

    def _order_of(self, signed: Signed, named: str) -> Order:
        order = self._orders.get(named)
        if order is None or order.account != signed.header["kid"]:
            raise Problem("malformed", f"this account has no order {named}", 404)
        return order

    def _show_order(self, signed: Signed, named: str, root: str) -> AuthorityReply:
        return AuthorityReply(200, _order(self._order_of(signed, named), root))

    def _authorization_of(self, signed: Signed, named: str) -> Authorization:
        found = self._authorizations.get(named)
        if found is None or found.key != signed.key:
            raise Problem("malformed", f"this account has no authorization {named}", 404)
        return found

    def _show_authorization(self, signed: Signed, named: str, root: str) -> AuthorityReply:
        return AuthorityReply(200, _authorization(self._authorization_of(signed, named), root))

    def _answer_challenge(self, signed: Signed, named: str, root: str) -> AuthorityReply:
        """The client says that its record is there; an empty payload only asks."""
        found = self._authorization_of(signed, named)
        if signed.payload:
            found.validate(self._lookup)
        link = {"Link": f'<{root}authorization/{named}>;rel="up"'}
        return AuthorityReply(200, _challenge(found, root), link)

    def _finalize(self, signed: Signed, named: str, root: str) -> AuthorityReply:
        order = self._order_of(signed, named)
        if order.status != "ready":
            raise Problem("orderNotReady", f"the order is {order.status}", 403)
        request = _read_request(decode(signed.document().get("csr")), order.names)
        order.issued = self._ca.sign(request, order.names)
        self._issued.append((self._now(), frozenset(order.names)))
        return AuthorityReply(200, _order(order, root), {"Location": f"{root}order/{order.id}"})

    def _show_certificate(self, signed: Signed, named: str, root: str) -> AuthorityReply:
        order = self._order_of(signed, named)
        if not order.issued:
            raise Problem("malformed", f"the order is {order.status}", 404)
        return AuthorityReply(200, headers={"Content-Type": "application/pem-certificate-chain"}, text=order.issued)


def render(reply: AuthorityReply, method: str) -> tuple[bytes, dict[str, str]]:
    """Body and headers as they go over the wire."""
    content = reply.text.encode() if reply.text else json.dumps(reply.document).encode()
    headers = {"Content-Type": "application/json", **reply.headers}
    return (b"" if method == "HEAD" else content), headers


def _read_request(content: bytes, names: tuple[str, ...]) -> x509.CertificateSigningRequest:
    """The request for the certificate, signed by its own key and for exactly the order's names. Raises Problem."""
    try:
        request = x509.load_der_x509_csr(content)
        found = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        asked = {name.lower() for name in found.get_values_for_type(x509.DNSName)}
        right = request.is_signature_valid and len(list(found)) == len(asked)
    except (ValueError, x509.ExtensionNotFound):
        raise Problem("badCSR", "the certificate request cannot be read, or is for no name") from None
    if not right or asked != set(names):
        raise Problem("badCSR", f"the request is for {', '.join(sorted(asked))}, the order for {', '.join(names)}")
    return request


def _order(order: Order, root: str) -> dict[str, Any]:
    issued = {"certificate": f"{root}certificate/{order.id}"} if order.issued else {}
    return {
        "status": order.status,
        "identifiers": [{"type": "dns", "value": name} for name in order.names],
        "authorizations": [f"{root}authorization/{one.id}" for one in order.authorizations],
        "finalize": f"{root}finalize/{order.id}",
        **issued,
    }


def _authorization(found: Authorization, root: str) -> dict[str, Any]:
    return {
        "status": found.status,
        "identifier": {"type": "dns", "value": found.domain},
        "challenges": [_challenge(found, root)],
        **({"wildcard": True} if found.wildcard else {}),
    }


def _challenge(found: Authorization, root: str) -> dict[str, Any]:
    error = {"error": found.error.document()} if found.error else {}
    address = f"{root}challenge/{found.id}"
    return {"type": "dns-01", "url": address, "token": found.token, "status": found.status, **error}
