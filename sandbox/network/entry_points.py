"""An entry point as a cloud describes it, and the few answers that it gives by itself."""

from __future__ import annotations

import http
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.network.certificates import KeyPair
from sandbox.network.rates import RateRule

_HEAD = "HTTP/1.1 {status} {phrase}\r\n{header}content-length: 0\r\nconnection: close\r\n\r\n"


@dataclass(frozen=True)
class Binding:
    """A certificate and the name that it is presented for; `*.a.b` is for one label more, `*` for every other name."""

    host: str
    pair: KeyPair


@dataclass(frozen=True)
class EntryPoint:
    """One listener: where it is, which certificates it has and which workload is behind it."""

    key: str
    stack: str
    address: str
    port: int  # 443 or 80, before the offset
    bindings: tuple[Binding, ...] = ()
    workload: str | None = None  # None: no backend, and `answer` is what a client gets
    redirect: bool = False
    answer: int = 503
    hides: Callable[[str], bool] | None = None  # paths that the cloud answers by itself, with 404
    tls13_only: bool = False  # else TLS 1.2 is spoken too; nothing older is, whatever a policy would permit
    rate: RateRule | None = None  # how often one address may ask
    forwards: bool = False  # whether the client's address is appended to `x-forwarded-for`
    header: str = ""  # of each answer that is given here and not by a replica, whole lines
    cloud: str = ""  # in whose way requests are named (`sandbox.network.naming`)
    logged: bool = False  # whether each request is told to whoever keeps access logs

    def binding_for(self, name: str | None) -> Binding | None:
        """The most exact binding for the name that a client asks for."""
        host = (name or "").lower().rstrip(".")
        bindings = {b.host.lower(): b for b in self.bindings}
        return bindings.get(host) or bindings.get(f"*.{host.partition('.')[2]}") or bindings.get("*")


def plain_answer(status: int, header: str = "") -> bytes:
    """An HTTP answer without a body that ends the connection; `header` is whole lines."""
    text = _HEAD.format(status=status, phrase=http.HTTPStatus(status).phrase, header=header)
    return text.encode("latin-1")


def path_of(head: bytes) -> str:
    """The path of the request that these bytes begin with, without its query; "" where they do not."""
    words = head.partition(b"\r\n")[0].decode("latin-1").split(" ")
    return words[1].partition("?")[0] if len(words) == 3 else ""


def redirect_answer(head: bytes) -> bytes:
    """301 from a plain HTTP request to HTTPS, path and host kept."""
    request, *headers = head.decode("latin-1").split("\r\n")
    host = next((h.split(":", 1)[1].strip() for h in headers if h.lower().startswith("host:")), "")
    words = request.split(" ")
    path = words[1] if len(words) == 3 and words[1].startswith("/") else "/"
    return plain_answer(301, f"location: https://{host.partition(':')[0]}{path}\r\n")
