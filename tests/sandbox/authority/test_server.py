"""The authority itself, by requests that a client of RFC 8555 would send, and by those that it must not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sandbox.authority.server import Authority, AuthorityReply
from sandbox.authority.signed import encode
from sandbox.network.certificates import PrivateCA
from tests.sandbox.authority.test_signed import EC_KEY, public, sign

BASE = "http://ca"
ROOT = f"{BASE}/acme/"
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


class Client:
    """Signs what it is told to; `records` are what the authority finds in DNS, `seconds` its clock."""

    def __init__(self, folder: Path, bindings: dict[str, bytes] | None = None) -> None:
        self.records: dict[tuple[str, str], list[str]] = {}
        self.seconds = 0.0
        self.authority = Authority(
            PrivateCA(folder), lambda name, type_: self.records.get((name, type_), []), lambda: self.seconds, bindings
        )
        self.account = ""

    def nonce(self) -> str:
        return self.authority.answer("HEAD", "/acme/new-nonce", BASE, b"").headers["Replay-Nonce"]

    def post(self, url: str, payload: Any = None, *, key: Any = EC_KEY, **header: Any) -> AuthorityReply:
        who = {"kid": self.account} if self.account else {"jwk": public(key)}
        content = b"" if payload is None else json.dumps(payload).encode()
        request = sign(key, content, **{"nonce": self.nonce(), "url": url, **who, **header})
        path = url.removeprefix(BASE)
        return self.authority.answer("POST", path, BASE, json.dumps(request).encode())

    def register(self, **more: Any) -> AuthorityReply:
        self.account = ""
        reply = self.post(f"{ROOT}new-account", {"termsOfServiceAgreed": True, **more})
        self.account = reply.headers.get("Location", "")
        return reply

    def order(self, *names: str) -> AuthorityReply:
        return self.post(f"{ROOT}new-order", {"identifiers": [{"type": "dns", "value": name} for name in names]})

    def prove(self, order: AuthorityReply) -> None:
        """Write every record and say so."""
        for url in order.document["authorizations"]:
            shown = self.post(url).document
            known = self.authority._authorizations[url.rpartition("/")[2]]
            self.records[f"_acme-challenge.{known.domain}", "TXT"] = [known.expected()]
            self.post(shown["challenges"][0]["url"], {})

    def finalize(self, order: AuthorityReply, *names: str) -> AuthorityReply:
        return self.post(order.document["finalize"], {"csr": encode(request_for(*names))})

    def obtain(self, *names: str) -> AuthorityReply:
        order = self.order(*names)
        if order.status == 201:
            self.prove(order)
            return self.finalize(order, *names)
        return order


def request_for(*names: str) -> bytes:
    extension = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return (
        builder.add_extension(extension, critical=False)
        .sign(OTHER_KEY, hashes.SHA256())
        .public_bytes(serialization.Encoding.DER)
    )


def kind_of(reply: AuthorityReply) -> str:
    return str(reply.document.get("type", "")).rpartition(":")[2]


@pytest.fixture
def client(tmp_path: Path) -> Client:
    made = Client(tmp_path)
    made.register()
    return made


def test_a_proven_order_ends_in_a_certificate_of_its_key(client: Client) -> None:
    order = client.order("a.example", "*.a.example")
    assert order.document["status"] == "pending"
    assert client.finalize(order, "a.example").document["type"].endswith("orderNotReady")
    # Both names are proven by records of one name.
    first, second = (
        client.authority._authorizations[url.rpartition("/")[2]] for url in order.document["authorizations"]
    )
    client.records["_acme-challenge.a.example", "TXT"] = [first.expected(), second.expected()]
    for url in order.document["authorizations"]:
        client.post(client.post(url).document["challenges"][0]["url"], {})
    done = client.finalize(order, "*.a.example", "a.example")
    chain = x509.load_pem_x509_certificates(client.post(done.document["certificate"]).text.encode())
    names = chain[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["a.example", "*.a.example"]
    assert chain[0].public_key() == OTHER_KEY.public_key()
    chain[0].verify_directly_issued_by(chain[1])


def test_asking_for_a_challenge_does_not_answer_it(client: Client) -> None:
    order = client.order("a.example")
    url = client.post(order.document["authorizations"][0]).document["challenges"][0]["url"]
    assert client.post(url).document["status"] == "pending"
    assert client.post(url, {}).document["status"] == "invalid"
    assert client.finalize(order, "a.example").document["type"].endswith("orderNotReady")


def test_a_nonce_counts_once(client: Client) -> None:
    nonce = client.nonce()
    url = f"{ROOT}new-order"
    names = {"identifiers": [{"type": "dns", "value": "a.example"}]}
    assert client.post(url, names, nonce=nonce).status == 201
    assert kind_of(client.post(url, names, nonce=nonce)) == "badNonce"
    assert kind_of(client.post(url, names, nonce="invented")) == "badNonce"


def test_a_request_is_for_one_address(client: Client) -> None:
    content = sign(EC_KEY, b"{}", nonce=client.nonce(), url=f"{ROOT}elsewhere", kid=client.account)
    reply = client.authority.answer("POST", "/acme/new-order", BASE, json.dumps(content).encode())
    assert kind_of(reply) == "unauthorized"


def test_accounts_sign_by_their_address_and_keys_open_accounts_only(client: Client) -> None:
    assert kind_of(client.post(f"{ROOT}new-account", {})) == "malformed"
    client.account = ""
    assert kind_of(client.order("a.example")) == "malformed"
    client.account = f"{ROOT}account/unknown"
    assert kind_of(client.order("a.example")) == "accountDoesNotExist"


def test_an_account_is_found_again_and_the_terms_are_agreed_to(client: Client, tmp_path: Path) -> None:
    first = client.account
    assert client.register(onlyReturnExisting=True).status == 200 and client.account == first
    stranger = Client(tmp_path)
    assert kind_of(stranger.register(onlyReturnExisting=True)) == "accountDoesNotExist"
    assert kind_of(stranger.register(termsOfServiceAgreed=False)) == "userActionRequired"


def test_an_authority_may_want_accounts_that_it_knows(tmp_path: Path) -> None:
    strict = Client(tmp_path, {"k": b"secret"})
    assert strict.authority.answer("GET", "/acme/directory", BASE, b"").document["meta"]["externalAccountRequired"]
    assert kind_of(strict.register()) == "externalAccountRequired"


def test_what_belongs_to_another_account_is_not_there(client: Client) -> None:
    order = client.order("a.example")
    client.account = ""
    reply = client.post(f"{ROOT}new-account", {"termsOfServiceAgreed": True}, key=OTHER_KEY)
    client.account = reply.headers["Location"]
    for url in (order.headers["Location"], order.document["authorizations"][0], order.document["finalize"]):
        assert client.post(url, key=OTHER_KEY).status == 404


@pytest.mark.parametrize("names", [("b.example",), ("a.example", "b.example")])
def test_a_certificate_is_for_the_names_of_its_order(client: Client, names: tuple[str, ...]) -> None:
    order = client.order("a.example")
    client.prove(order)
    assert kind_of(client.finalize(order, *names)) == "badCSR"
    assert kind_of(client.post(order.document["finalize"], {"csr": encode(b"none")})) == "badCSR"


def test_the_sixth_certificate_in_a_week_is_refused(client: Client) -> None:
    for _ in range(5):
        assert client.obtain("a.example").status == 200
    refused = client.obtain("a.example")
    assert (kind_of(refused), refused.status) == ("rateLimited", 429) and "168 h" in refused.document["detail"]
    assert client.obtain("a.example", "b.example").status == 200
    client.seconds = 7 * 86_400.0 + 1
    assert client.obtain("a.example").status == 200


@pytest.mark.parametrize(("method", "path"), [("GET", "/acme/new-order"), ("POST", "/acme/nothing"), ("PUT", "/acme/")])
def test_there_is_nothing_else(client: Client, method: str, path: str) -> None:
    assert client.authority.answer(method, path, BASE, b"").status == 405
