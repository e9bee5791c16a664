"""The sandbox's private certificate authority: what ACM, Google's and everybody's CA are in life."""

from __future__ import annotations

import datetime
import os
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class KeyPair:
    """A certificate chain and its private key, both PEM files."""

    certificate: Path
    key: Path

    @classmethod
    def of(cls, place: Mapping[str, str]) -> KeyPair:
        """The pair whose files a journal entry names."""
        return cls(Path(place["certificate"]), Path(place["key"]))

    def server_context(self) -> ssl.SSLContext:
        """A TLS 1.2+ server context that presents this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.key)
        return context

    @property
    def not_after(self) -> datetime.datetime:
        return x509.load_pem_x509_certificate(self.certificate.read_bytes()).not_valid_after_utc

    @property
    def names(self) -> tuple[str, ...]:
        certificate = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return tuple(found.value.get_values_for_type(x509.DNSName))


class PrivateCA:
    """Issues ECDSA P-256 certificates for any names. Its own key never leaves the sandbox's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.pair = KeyPair(folder / "ca.pem", folder / "ca.key")
        if not self.pair.certificate.exists():
            self._make_root()

    def issue(self, name: str, hosts: Sequence[str], *, days: int = 200, expired: bool = False) -> KeyPair:
        """A pair of files called `name` for `hosts`; made anew each time. `expired` ends its validity yesterday."""
        now = datetime.datetime.now(datetime.UTC)
        end = now - _DAY if expired else now + days * _DAY
        key = ec.generate_private_key(ec.SECP256R1())
        root_key = serialization.load_pem_private_key(self.pair.key.read_bytes(), None)
        root = x509.load_pem_x509_certificate(self.pair.certificate.read_bytes())
        if not isinstance(root_key, ec.EllipticCurvePrivateKey):
            raise TypeError("the private CA's key is not an elliptic curve key")
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0][:64])]))
            .issuer_name(root.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, end) - _DAY)
            .not_valid_after(end)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
            .sign(root_key, hashes.SHA256())
        )
        pair = KeyPair(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        _write(pair, certificate, key)
        return pair

    def _make_root(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Outlast sandbox CA (trust it nowhere else)")])
        now = datetime.datetime.now(datetime.UTC)
        usage = x509.KeyUsage(
            key_cert_sign=True,
            crl_sign=True,
            digital_signature=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + 3650 * _DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        _write(self.pair, certificate, key)


def _write(pair: KeyPair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """The key first, then the certificate, whose presence says that the pair is whole."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for path, content in (
        (pair.key, private),
        (pair.certificate, certificate.public_bytes(serialization.Encoding.PEM)),
    ):
        new = path.with_suffix(path.suffix + ".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        new.replace(path)
