"""A request as what lets requests in wrote it down, read from the form of each cloud. Pure.

    aws    a line of an access log of an Application Load Balancer
           (docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html)
    azure  a row of ContainerAppHTTPLogs
           (learn.microsoft.com/azure/azure-monitor/reference/tables/containerapphttplogs)
    gcp    a LogEntry of Cloud Run or of the load balancer, with `httpRequest`
           (cloud.google.com/load-balancing/docs/https/https-logging-monitoring, cloud.google.com/run/docs/logging)

Each cloud writes the query of an address too; it is left out here, as callers may have put a secret into it.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from failover.logs.lines import LogLine

_GZIP = 31  # zlib: a header of gzip, and the largest window
_FIELD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)')
_ESCAPED = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))")
_FEWEST_FIELDS = 18  # up to trace_id; AWS adds further ones at the end, and readers are told to bear that
_ROOT = re.compile(r"Root=([^;\s]+)")
_TRACE = re.compile(r"[0-9a-f]{32}")
_BY_REPLICA = "response_sent_by_backend"
_VIA_UPSTREAM = "via_upstream"

ROW = (
    *("StartTime", "XForwardedFor", "Method", "Authority", "Path", "StatusCode", "ResponseCodeDetails"),
    *("ResponseFlags", "RequestDuration", "BytesReceived", "BytesSent", "UserAgent", "RequestId", "ReplicaName"),
)
"""The columns of ContainerAppHTTPLogs that are read, in their order."""


@dataclass(frozen=True)
class Access:
    """One request. `log` is who wrote it down; `replica_status` is None where no replica answered, and `why` then
    says what did. `request` is the id by which this log knows it; sizes are bytes."""

    time: datetime
    log: str
    client: str
    method: str
    host: str
    path: str
    status: int | None
    replica_status: int | None = None
    replica: str = ""
    seconds: float | None = None
    received: int | None = None
    sent: int | None = None
    user_agent: str = ""
    request: str = ""
    why: str = ""

    def to_line(self, site: str) -> LogLine:
        """For `outlast logs`: JSON without what the cloud does not say."""
        said = {name: value for name, value in vars(self).items() if name != "time" and value not in (None, "")}
        return LogLine(self.time, site, self.replica or "-", json.dumps(said, ensure_ascii=True))


def root_of(request: str) -> str:
    """A trace's id as a load balancer of AWS writes it: https://docs.aws.amazon.com/xray, "tracing header"."""
    return f"1-{request[:8]}-{request[8:]}" if _TRACE.fullmatch(request) else request


def is_asked(access: Access, request: str) -> bool:
    """Whether it is the request of that id, or any where none is named."""
    return not request or access.request in (request, root_of(request))


def unzip(content: bytes) -> tuple[list[str], bool]:
    """The whole lines of a gzip file, and whether it was whole: of one that was cut off, those before the cut."""
    text, whole = b"", True
    while content and whole:
        unpacking = zlib.decompressobj(_GZIP)
        try:
            text += unpacking.decompress(content)
        except zlib.error:
            return _lines(text), False
        whole, content = unpacking.eof, unpacking.unused_data
    return (text.decode(errors="replace").splitlines() if whole else _lines(text)), whole


def _lines(text: bytes) -> list[str]:
    return text[: text.rfind(b"\n") + 1].decode(errors="replace").splitlines()


# -- AWS ---------------------------------------------------------------------------------------------------------------


def read_alb(line: str) -> Access | None:
    """None for a line of another form. Quotes within a field are taken as \\" and as \\x22: AWS does not say which."""
    fields = [found[2] if found[1] is None else _unescape(found[1]) for found in _FIELD.finditer(line)]
    if len(fields) < _FEWEST_FIELDS:
        return None
    try:
        return _alb(fields)
    except ValueError:
        return None


def _alb(fields: list[str]) -> Access:
    method, _, rest = fields[12].partition(" ")
    host, path = _split(rest.rpartition(" ")[0])
    times = [float(one) for one in fields[5:8]]
    root = _ROOT.search(fields[17])
    own = fields[9] == "-"
    return Access(
        time=datetime.fromisoformat(fields[1]).astimezone(UTC),
        log="load-balancer",
        client=_address(fields[3]),
        method=method,
        host=host,
        path=path,
        status=_number(fields[8]),
        replica_status=_number(fields[9]),
        replica="" if fields[4] == "-" else fields[4],
        seconds=None if min(times) < 0 else round(sum(times), 6),
        received=_number(fields[10]),
        sent=_number(fields[11]),
        user_agent="" if fields[13] == "-" else fields[13],
        request=root[1] if root else "",
        why=_alb_reason(fields[22:25]) if own else "",
    )


def _alb_reason(actions: list[str]) -> str:
    """Of actions_executed, redirect_url and error_reason: the last, or what was done."""
    return next((actions[at] for at in (2, 0) if at < len(actions) and actions[at] != "-"), "")


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)) if found[1] else found[2], text)


def _address(text: str) -> str:
    return "" if text == "-" else text.rpartition(":")[0].strip("[]")


def _number(text: str) -> int | None:
    return None if text == "-" else int(text)


def _split(url: str) -> tuple[str, str]:
    """The host without its port, and the path without its query; what is no address has neither."""
    try:
        parts = urlsplit(url)
        return parts.hostname or "", parts.path
    except ValueError:
        return "", ""


# -- Azure -------------------------------------------------------------------------------------------------------------


def read_row(row: Mapping[str, Any], time: datetime) -> Access:
    """A row by its columns; a status of 0 is a client that left before there was one."""
    by_replica = row["ResponseCodeDetails"] == _VIA_UPSTREAM
    status = int(row["StatusCode"] or 0) or None
    said = [str(row[name]) for name in ("ResponseCodeDetails", "ResponseFlags") if row[name] not in (None, "", "-")]
    return Access(
        time=time,
        log="ingress",
        # The ingress appends whom it hears: what stands before is the client's own word.
        client=str(row["XForwardedFor"] or "").rpartition(",")[2].strip(),
        method=str(row["Method"] or ""),
        host=str(row["Authority"] or "").partition(":")[0],
        path=str(row["Path"] or "").partition("?")[0],
        status=status,
        replica_status=status if by_replica else None,
        replica=str(row["ReplicaName"] or ""),
        seconds=None if row["RequestDuration"] is None else int(row["RequestDuration"]) / 1000,
        received=row["BytesReceived"],
        sent=row["BytesSent"],
        user_agent=str(row["UserAgent"] or ""),
        request=str(row["RequestId"] or ""),
        why="" if by_replica else " ".join(said),
    )


# -- Google Cloud ------------------------------------------------------------------------------------------------------


def read_entry(entry: Mapping[str, Any], time: datetime) -> Access:
    """A LogEntry; sizes are texts in it, as every 64-bit number of Google's APIs."""
    asked, payload = entry.get("httpRequest", {}), entry.get("jsonPayload", {})
    service = entry.get("resource", {}).get("type") == "cloud_run_revision"
    host, path = _split(str(asked.get("requestUrl", "")))
    status = int(asked.get("status") or 0) or None
    replica = str(entry.get("labels", {}).get("instanceId", ""))[:12]
    by_replica = bool(replica) if service else payload.get("statusDetails") == _BY_REPLICA
    return Access(
        time=time,
        log="service" if service else "load-balancer",
        client=str(asked.get("remoteIp", "")),
        method=str(asked.get("requestMethod", "")),
        host=host,
        path=path,
        status=status,
        replica_status=status if by_replica else None,
        replica=replica,
        seconds=float(asked["latency"].rstrip("s")) if asked.get("latency") else None,
        received=_size(asked, "requestSize"),
        sent=_size(asked, "responseSize"),
        user_agent=str(asked.get("userAgent", "")),
        request=str(entry.get("trace", "")).rpartition("/")[2],
        why="" if by_replica else _google_reason(payload),
    )


def _size(asked: Mapping[str, Any], name: str) -> int | None:
    return int(asked[name]) if name in asked else None


def _google_reason(payload: Mapping[str, Any]) -> str:
    """What answered in a replica's place; of a rule of Cloud Armor its policy too."""
    policy = payload.get("enforcedSecurityPolicy", {})
    denied = str(policy.get("name", "")) if policy.get("outcome") == "DENY" else ""
    return " ".join(filter(None, [str(payload.get("statusDetails", "")), denied]))
