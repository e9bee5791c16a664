"""A certificate for each name, without a socket: a handshake in memory."""

from __future__ import annotations

import ssl
from collections.abc import Sequence

import pytest

from sandbox.network.certificates import KeyPair, PrivateCA
from sandbox.network.entry_points import Binding, EntryPoint
from sandbox.network.handshakes import Handshakes
from service.errors import Unavailable

HOST = "api.outlast.example"


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> PrivateCA:
    return PrivateCA(tmp_path_factory.mktemp("ca"))


def shake(ca: PrivateCA, server: ssl.SSLContext, name: str) -> ssl.SSLObject:
    """Both sides in turn, until they agree. Raises what the client, or else the server, does."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    trusting = ssl.create_default_context(cafile=ca.pair.certificate)
    client = trusting.wrap_bio(back, there, server_hostname=name)
    accepting = server.wrap_bio(there, back, server_side=True)
    for _ in range(4):
        for side in (client, accepting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return client


def test_the_binding_of_a_name_is_presented_or_the_bad_one_of_a_fault(ca: PrivateCA) -> None:
    entry = EntryPoint("front", "aws", "127.0.0.1", 443, (Binding(HOST, ca.issue("good", [HOST])),))
    broken: set[str] = set()

    def bad_pair(kind: str, names: Sequence[str]) -> KeyPair:
        return ca.issue(kind, ["wrong.invalid"])

    context = Handshakes(entry, bad_pair, broken.__contains__, lambda text: None).context()
    assert (shake(ca, context, HOST).getpeercert() or {})["subjectAltName"] == (("DNS", HOST),)
    with pytest.raises(ssl.SSLError):
        shake(ca, context, "other.example")
    broken.add("wrong-certificate")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake(ca, context, HOST)


def test_a_certificate_that_cannot_be_used_is_reported(ca: PrivateCA) -> None:
    entry = EntryPoint("front", "aws", "127.0.0.1", 443, (Binding(HOST, ca.issue("good", [HOST])),))
    said: list[str] = []

    def bad_pair(kind: str, names: Sequence[str]) -> KeyPair:
        raise Unavailable("the disk is full", hint="make room")

    context = Handshakes(entry, bad_pair, lambda kind: True, said.append).context()
    with pytest.raises(ssl.SSLError):
        shake(ca, context, HOST)
    assert said and all("the disk is full" in text for text in said)
