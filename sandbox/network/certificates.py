"""The sandbox's private certificate authority: what ACM's, Google's and everybody's CA are on the internet.

The certificates hold what RFC 5280 asks for, so that clients which verify strictly (as Python does from 3.13 on)
accept them as they accept public ones.
"""

from __future__ import annotations

import datetime
import ipaddress
import re
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from service.bundle.writing import write_whole
from service.errors import InvalidInput, Unavailable

_DAY = datetime.timedelta(days=1)
# RFC 1035, 2.3.1 and 2.3.4, with the wildcard label of RFC 6125 and the underscore that names of records have.
_NAME = re.compile(r"(\*\.)?[a-zA-Z0-9_-]{1,63}(\.[a-zA-Z0-9_-]{1,63})*")


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
        """The moment until which the certificate is valid, in UTC."""
        return x509.load_pem_x509_certificate(self.certificate.read_bytes()).not_valid_after_utc

    @property
    def names(self) -> tuple[str, ...]:
        """The DNS names that the certificate is for."""
        certificate = x509.load_pem_x509_certificate(self.certificate.read_bytes())
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return tuple(found.value.get_values_for_type(x509.DNSName))


class PrivateCA:
    """Issues ECDSA P-256 certificates for any names. Thread-safe. Its own key never leaves the sandbox's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.pair = KeyPair(folder / "ca.pem", folder / "ca.key")
        if not self.pair.certificate.exists():
            self._make_root()

    def issue(self, name: str, hosts: Sequence[str], *, days: int = 200, expired: bool = False) -> KeyPair:
        """A pair of files called `name` for `hosts`, names or IP addresses; made anew each time.

        `expired` ends its validity yesterday.

        Raises:
            InvalidInput: there is no host, or one that no certificate can be for.
            Unavailable: the CA's own files are gone or damaged.
        """
        names = [_alternative_name(host) for host in hosts]
        if not names:
            raise InvalidInput(f"the certificate {name} is for no name", hint="name at least one host")
        pair = KeyPair(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        key = ec.generate_private_key(ec.SECP256R1())
        with self._lock:
            root, root_key = self._load_root()
            issued = _leaf(names, key.public_key(), root, days, expired).sign(root_key, hashes.SHA256())
            _write(pair, issued, key)
        return pair

    def sign(self, request: x509.CertificateSigningRequest, hosts: Sequence[str], *, days: int = 90) -> str:
        """A certificate of the key in `request` for `hosts`, with the CA's own behind it, as PEM; no file of it."""
        names = [_alternative_name(host) for host in hosts]
        with self._lock:
            root, root_key = self._load_root()
            issued = _leaf(names, request.public_key(), root, days, expired=False).sign(root_key, hashes.SHA256())
        return "".join(one.public_bytes(serialization.Encoding.PEM).decode() for one in (issued, root))

    def _load_root(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        try:
            root = x509.load_pem_x509_certificate(self.pair.certificate.read_bytes())
            key = serialization.load_pem_private_key(self.pair.key.read_bytes(), None)
            if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != root.public_key():
                raise ValueError("the key is not the certificate's")
        except (OSError, ValueError) as error:
            raise Unavailable(
                f"the sandbox's certificate authority in {self.folder} is damaged: {error}",
                hint="`make clean`, then `make up`",
            ) from error
        return root, key

    def _make_root(self) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Outlast sandbox CA (trust it nowhere else)")])
        builder = _builder(name, name, key.public_key(), key.public_key(), days=3650, expired=False)
        certificate = (
            builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        _write(self.pair, certificate, key)


def _leaf(
    names: Sequence[x509.GeneralName],
    key: CertificatePublicKeyTypes,
    root: x509.Certificate,
    days: int,
    expired: bool,
) -> x509.CertificateBuilder:
    root_key = root.public_key()
    if not isinstance(root_key, ec.EllipticCurvePublicKey):
        raise TypeError("the private CA's key is not an elliptic curve key")
    # A common name holds 64 characters at most (X.520); clients look at the alternative names alone.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(names[0].value)[:64])])
    return (
        _builder(subject, root.subject, key, root_key, days=days, expired=expired)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: CertificatePublicKeyTypes,
    issuer_key: ec.EllipticCurvePublicKey,
    *,
    days: int,
    expired: bool,
) -> x509.CertificateBuilder:
    """What every certificate has; valid since yesterday, for clocks that are late."""
    now = datetime.datetime.now(datetime.UTC)
    end = now - _DAY if expired else now + days * _DAY
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, end) - _DAY)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative_name(host: str) -> x509.GeneralName:
    """An IP address as one, anything else as a DNS name."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return _dns_name(host)


def _dns_name(host: str) -> x509.DNSName:
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise InvalidInput(
            f"no certificate can be for {host!r}",
            hint="write a DNS name: labels of 1 to 63 letters, digits and hyphens",
        )
    return x509.DNSName(host)


def _write(pair: KeyPair, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> None:
    """The key first, then the certificate, whose presence says that the pair is whole."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for path, content in (
        (pair.key, private),
        (pair.certificate, certificate.public_bytes(serialization.Encoding.PEM)),
    ):
        write_whole(path, content, mode=0o600)
