"""The id by which what lets requests in knows a request: taken from its headers, or drawn and added to them.

aws    X-Amzn-Trace-Id: the root stays the caller's, and the load balancer adds a field of its own
       (docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html)
azure  x-request-id (learn.microsoft.com/azure/azure-monitor/reference/tables/containerapphttplogs, RequestId)
gcp    the trace of `traceparent` or X-Cloud-Trace-Context (cloud.google.com/trace/docs/trace-context); of the two
       that are added to a request without, the sandbox adds the second alone
"""

from __future__ import annotations

import re
import secrets
import time
import uuid
from collections.abc import Callable

Named = tuple[str, bytes]
"""The id, and the head that goes on to the replica."""

_ROOT = re.compile(rb"(?:^|;)Root=([^;]+)")


def _header(name: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"\r\n" + name + rb":[ \t]*([^\r\n]*?)[ \t]*\r\n", re.IGNORECASE)


_AMAZON, _REQUEST_ID = _header(b"x-amzn-trace-id"), _header(b"x-request-id")
_PARENT, _CONTEXT = _header(b"traceparent"), _header(b"x-cloud-trace-context")


def name_request(cloud: str, head: bytes) -> Named:
    """The request of these bytes as that cloud names it; without an id where it is no cloud's."""
    name = _BY_CLOUD.get(cloud)
    return name(head) if name else ("", head)


def read_header(head: bytes, name: bytes) -> str:
    """The value of a header, its name in lower case; "" without."""
    found = _header(re.escape(name)).search(head)
    return found[1].decode("latin-1") if found else ""


def _on_aws(head: bytes) -> Named:
    given = _AMAZON.search(head)
    root = _ROOT.search(given[1]) if given else None
    stamp = b"1-%08x-%s" % (int(time.time()), secrets.token_hex(12).encode())
    if given is None:
        return f"Root={stamp.decode()}", _add(head, b"X-Amzn-Trace-Id: Root=" + stamp)
    own = (b"Self=" if root else b"Root=") + stamp
    value = own + b";" + given[1] if given[1] else own
    return value.decode("latin-1"), head[: given.start(1)] + value + head[given.end(1) :]


def _on_azure(head: bytes) -> Named:
    given = _REQUEST_ID.search(head)
    if given and given[1]:
        return given[1].decode("latin-1"), head
    drawn = str(uuid.uuid4())
    return drawn, _add(head, b"x-request-id: " + drawn.encode())


def _on_google(head: bytes) -> Named:
    parent, context = _PARENT.search(head), _CONTEXT.search(head)
    if parent and len(parts := parent[1].split(b"-")) == 4:
        return parts[1].decode("latin-1"), head
    if context and (trace := context[1].partition(b"/")[0]):
        return trace.decode("latin-1"), head
    drawn = secrets.token_hex(16)
    return drawn, _add(head, f"X-Cloud-Trace-Context: {drawn}/{secrets.randbits(63)}".encode())


def _add(head: bytes, header: bytes) -> bytes:
    line = head.find(b"\r\n")
    return head[:line] + b"\r\n" + header + head[line:]


_BY_CLOUD: dict[str, Callable[[bytes], Named]] = {"aws": _on_aws, "azure": _on_azure, "gcp": _on_google}
