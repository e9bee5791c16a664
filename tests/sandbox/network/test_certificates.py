"""The private CA's certificates convince clients that were not written here, and its bad ones do not."""

from __future__ import annotations

import datetime
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509

from sandbox.network.certificates import KeyPair, PrivateCA
from service.errors import InvalidInput, Unavailable

HOST = "api.outlast.example"


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> PrivateCA:
    return PrivateCA(tmp_path_factory.mktemp("certificates"))


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> ssl.SSLObject:
    """A whole TLS handshake in memory. Raises what the client raises."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    left = client.wrap_bio(to_client, to_server, server_hostname=name)
    right = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (left, right):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return left


def trusting(ca: PrivateCA) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca.pair.certificate)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def verify_by_openssl(ca: PrivateCA, pair: KeyPair, name: str) -> subprocess.CompletedProcess[str]:
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", name]
    command += ["-CAfile", str(ca.pair.certificate), str(pair.certificate)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_openssl_accepts_the_chain_for_its_names_only(ca: PrivateCA) -> None:
    pair = ca.issue("good", [HOST, "*.sites.outlast.example"])
    for name in (HOST, "aws.sites.outlast.example"):
        assert verify_by_openssl(ca, pair, name).returncode == 0, name
    refused = verify_by_openssl(ca, pair, "other.example")
    assert refused.returncode != 0
    assert "hostname mismatch" in refused.stderr


def test_pythons_client_accepts_it_strictly_and_speaks_tls_1_2_or_better(ca: PrivateCA) -> None:
    server = ca.issue("tls", [HOST]).server_context()
    assert handshake(server, trusting(ca), HOST).version() == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(server, trusting(ca), "other.example")
    assert server.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_client_that_does_not_trust_this_ca_refuses(ca: PrivateCA, tmp_path: Path) -> None:
    server = ca.issue("foreign", [HOST]).server_context()
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server, trusting(PrivateCA(tmp_path)), HOST)


def test_an_expired_certificate_is_expired_and_otherwise_right(ca: PrivateCA) -> None:
    pair = ca.issue("old", [HOST], expired=True)
    assert pair.names == (HOST,)
    assert pair.not_after < datetime.datetime.now(datetime.UTC)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
        handshake(pair.server_context(), trusting(ca), HOST)
    assert "certificate has expired" in verify_by_openssl(ca, pair, HOST).stderr


def test_names_and_end_are_read_from_the_file(ca: PrivateCA) -> None:
    pair = ca.issue("names", [HOST, "b.example"], days=90)
    assert pair.names == (HOST, "b.example")
    left = pair.not_after - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=89, hours=23) < left <= datetime.timedelta(days=90)
    assert KeyPair.of({"certificate": str(pair.certificate), "key": str(pair.key)}) == pair


def test_a_name_longer_than_a_common_name_is_in_the_alternative_names_whole(ca: PrivateCA) -> None:
    long = ".".join(["label" * 10, "label" * 10, "example"])
    pair = ca.issue("long", [long])
    assert pair.names == (long,)
    assert verify_by_openssl(ca, pair, long).returncode == 0


@pytest.mark.parametrize("hosts", [[], ["x" * 64 + ".example"], ["b\u00fccher.example"], [""]])
def test_names_that_no_certificate_can_have_are_refused(ca: PrivateCA, hosts: list[str]) -> None:
    with pytest.raises(InvalidInput):
        ca.issue("refused", hosts)
    assert not (ca.folder / "refused.pem").exists()


def test_keys_are_for_the_owner_only_and_nothing_half_written_stays(ca: PrivateCA) -> None:
    before = set(ca.folder.iterdir())
    pair = ca.issue("rights", [HOST])
    assert [path.stat().st_mode & 0o777 for path in (pair.key, ca.pair.key)] == [0o600, 0o600]
    assert set(ca.folder.iterdir()) - before == {pair.key, pair.certificate}


def test_a_restart_keeps_the_root_so_that_clients_go_on_trusting_it(ca: PrivateCA) -> None:
    again = PrivateCA(ca.folder)
    assert handshake(again.issue("later", [HOST]).server_context(), trusting(ca), HOST).version()


@pytest.mark.parametrize("damage", ["no key", "another key", "no certificate inside"])
def test_a_damaged_authority_says_so(tmp_path: Path, damage: str) -> None:
    ca = PrivateCA(tmp_path / "a")
    if damage == "no key":
        ca.pair.key.unlink()
    elif damage == "another key":
        ca.pair.key.write_bytes(PrivateCA(tmp_path / "b").pair.key.read_bytes())
    else:
        ca.pair.certificate.write_text("rubbish")
    with pytest.raises(Unavailable, match="is damaged") as caught:
        ca.issue("any", [HOST])
    assert "make clean" in caught.value.hint


def test_many_threads_may_issue_the_same_name_at_once(ca: PrivateCA) -> None:
    """Each pair is whole: the key is the certificate's."""
    with ThreadPoolExecutor(8) as pool:
        pairs = list(pool.map(lambda _: ca.issue("shared", [HOST]), range(16)))
    assert set(pairs) == {pairs[0]}
    pairs[0].server_context()
    assert x509.load_pem_x509_certificate(pairs[0].certificate.read_bytes())
