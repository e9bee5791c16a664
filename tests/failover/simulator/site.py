"""A site to be checked and dialled: a small TLS server whose behaviour a test changes while it runs."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Authority:
    """A private CA that issues ECDSA certificates, which are cheap to shake hands with."""

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def ca_file(self) -> Path:
        return self.folder / "ca.pem"

    def issue(self, *names: str, days: int = 30) -> Path:
        """A PEM file with key and certificate for `names` or addresses; negative `days` makes an expired one."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])]))
            .issuer_name(self.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 60 * DAY)
            .not_valid_after(now + days * DAY)
            .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        path = self.folder / f"{names[0]}-{days}.pem"
        path.write_bytes(_pem(key) + certificate.public_bytes(serialization.Encoding.PEM))
        return path


def make_authority(folder: Path) -> Authority:
    """A CA whose certificate is at `ca_file`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 90 * DAY)
        .not_valid_after(now + 90 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_ca_usage(), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority = Authority(folder, key, certificate)
    authority.ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    return authority


@dataclass
class Site:
    """Listens between `start` and `stop`; every field but the first three may change meanwhile."""

    ip: str
    port: int = 0
    certificate: Path | None = None
    body: bytes = b'{"status":"ok"}'
    status: str = "200 OK"
    headers: str = ""
    delay_seconds: float = 0.0
    drip: bool = False  # one byte at a time, for ever
    reset: bool = False  # close right after accepting
    needs_sni: str | None = None  # a handshake that names anything else is refused
    refuses_sni: bool = False  # a handshake that names anything is refused
    seen: list[str] = field(default_factory=list)  # request heads
    names: list[str | None] = field(default_factory=list)  # server names of handshakes

    def start(self) -> Site:
        self._listener = socket.create_server((self.ip, self.port), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._context = self._make_context() if self.certificate else None
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._running = True
        self._thread.start()
        return self

    def stop(self) -> None:
        self._running = False
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def __enter__(self) -> Site:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _make_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(str(self.certificate))
        context.sni_callback = self._on_sni
        return context

    def _on_sni(self, _: object, name: str | None, __: object) -> int | None:
        self.names.append(name)
        wrong = (self.needs_sni is not None and name != self.needs_sni) or (self.refuses_sni and name is not None)
        return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME if wrong else None

    def _accept(self) -> None:
        while self._running:
            try:
                accepted, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, accepted: socket.socket) -> None:
        with contextlib.suppress(OSError), accepted:
            accepted.settimeout(5)
            if self.reset:
                return
            if self._context is None:
                self._converse(accepted)
            else:
                with self._context.wrap_socket(accepted, server_side=True) as secured:
                    self._converse(secured)

    def _converse(self, stream: socket.socket) -> None:
        while head := self._read_head(stream):
            self.seen.append(head)
            time.sleep(self.delay_seconds)
            extra = self.headers or f"Content-Length: {len(self.body)}\r\n"
            answer = f"HTTP/1.1 {self.status}\r\n{extra}\r\n".encode() + self.body
            for piece in [bytes([byte]) for byte in answer] if self.drip else [answer]:
                stream.sendall(piece)
                if self.drip:
                    time.sleep(0.05)
            if "connection: close" in head.lower():
                return

    @staticmethod
    def _read_head(stream: socket.socket) -> str:
        received = b""
        while b"\r\n\r\n" not in received:
            more = stream.recv(65_536)
            if not more:
                return ""
            received += more
        return received.decode("latin-1")


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _ca_usage() -> x509.KeyUsage:
    off = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(key_cert_sign=True, crl_sign=True, **off)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
