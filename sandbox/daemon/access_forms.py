"""How each cloud writes a request down: the lines of a load balancer, the rows of an ingress, the entries of two logs.

Fields, their order and their words are those of the vendors' guides, which `failover.logs.access` names. Pure.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.clouds.values import stable_hex
from sandbox.network.access import BROKEN, NO_REPLICA, RATE, REDIRECT, Access

Names = Mapping[str, str]
_QUOTED = re.compile(r'["\\\x00-\x1f\x7f]')
_LEFT = "460"
"""What an Application Load Balancer notes of a client that left: its guide, "HTTP error codes"."""


def to_line(access: Access, names: Names) -> str:
    """A line of an Application Load Balancer's file."""
    replied = access.status is not None and not access.why
    status = _LEFT if access.status is None else str(access.status)
    scheme, host = ("https" if access.tls[0] else "http"), access.host.partition(":")[0]
    fields = (
        scheme,
        _stamp(access.ended),
        names["balancer"],
        f"{access.client}:{access.client_port}",
        access.replica or "-",
        *(("0.000", f"{access.wait_seconds:.3f}", "0.000") if replied else _unserved(access)),
        status,
        status if replied else "-",
        str(access.received),
        str(access.sent),
        _quote(f"{access.method} {scheme}://{host}:{names['port']}{access.path} {access.version}"),
        _quote(access.user_agent),
        access.tls[1] or "-",
        access.tls[0] or "-",
        names["group"],
        _quote(access.request),
        _quote(host if access.tls[0] else ""),
        _quote(names["certificate"]),
        "0",
        _stamp(access.began),
        _quote(_actions(access, names)),
        '"-"',
        '"-"',
        _quote(access.replica),
        _quote(status if replied else ""),
        '"-"',
        '"-"',
        f"TID_{stable_hex(access.client, str(access.client_port), length=32)}",
        *('"-"', '"-"', '"-"'),
    )
    return " ".join(fields)


def _unserved(access: Access) -> tuple[str, str, str]:
    """The times of a request that no target answered; without a target the first is unknown as well."""
    return ("0.000" if access.replica else "-1", "-1", "-1")


def _actions(access: Access, names: Names) -> str:
    """What was done: a refusal by WAF is its own action, else it comes before the listener's."""
    return names["waf"] if access.why == RATE else ",".join(filter(None, (names["waf"], names["action"])))


def _quote(text: str) -> str:
    return '"' + (_QUOTED.sub(lambda found: f"\\x{ord(found[0]):02X}", text) or "-") + '"'


def _stamp(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


# -- Azure -------------------------------------------------------------------------------------------------------------

_DETAILS = {
    "": ("via_upstream", "-"),
    NO_REPLICA: ("no_healthy_upstream", "UH"),
    BROKEN: ("upstream_reset_before_response_started{connection_termination}", "UC"),
}
_LEFT_DETAILS, _OWN_DETAILS = ("downstream_remote_disconnect", "DC"), ("direct_response", "-")


def to_row(access: Access, names: Names) -> dict[str, Any]:
    """A row of ContainerAppHTTPLogs, whose words are Envoy's."""
    details, flags = _LEFT_DETAILS if access.status is None else _DETAILS.get(access.why, _OWN_DETAILS)
    served = bool(access.replica)
    return {
        "TimeGenerated": _stamp(access.began),
        "StartTime": _stamp(access.began),
        "Method": access.method,
        "Path": access.path,
        "Authority": access.host,
        "Protocol": access.version,
        "UserAgent": access.user_agent,
        "XForwardedFor": access.client,
        "BytesReceived": access.received,
        "BytesSent": access.sent,
        "StatusCode": access.status or 0,
        "ResponseCodeDetails": details,
        "ResponseFlags": flags,
        "RequestDuration": round((access.ended - access.began) * 1000),
        "RequestId": access.request,
        "ConnectionId": str(access.client_port),
        "ContainerAppName": names["app"],
        "ReplicaName": f"{names['app']}-{stable_hex(access.replica, length=10)}" if served else "",
        "EnvironmentName": names["environment"],
        "UpstreamHost": access.replica,
        "UpstreamRequestAttemptCount": int(served),
    }


# -- Google Cloud ------------------------------------------------------------------------------------------------------


def to_entries(access: Access, names: Names) -> list[dict[str, Any]]:
    """The load balancer's entry, where it writes one, and Cloud Run's, where the request came that far."""
    entries = []
    if names.get("logged"):
        entries.append(_balancer_entry(access, names))
    if names.get("service") and access.why not in (RATE, REDIRECT):
        entries.append(_service_entry(access, names))
    return entries


def _balancer_entry(access: Access, names: Names) -> dict[str, Any]:
    labels = {
        "project_id": names["project"],
        "zone": "global",
        "forwarding_rule_name": names["rule"],
        "target_proxy_name": names["proxy"],
        "url_map_name": names["map"],
        "backend_service_name": names["backend"],
    }
    payload: dict[str, Any] = {
        "@type": "type.googleapis.com/google.cloud.loadbalancing.type.LoadBalancerLogEntry",
        "statusDetails": _status_details(access, names),
        "remoteIp": access.client,
    }
    if names["policy"]:
        refused = access.why == RATE
        outcome = {"outcome": "DENY" if refused else "ACCEPT", "configuredAction": "THROTTLE"}
        payload["enforcedSecurityPolicy"] = {"name": names["policy"], **outcome}
    return {
        **_entry(access, names, "requests", "http_load_balancer", labels),
        "jsonPayload": payload,
        "httpRequest": {**_http_request(access), "serverIp": names["address"]},
    }


def _status_details(access: Access, names: Names) -> str:
    """Cloud Run is the backend: what it answers itself, without an instance, comes from there too."""
    if access.status is None:
        return "client_disconnected_before_any_response"
    if access.why == RATE:
        return "denied_by_security_policy"
    return "response_sent_by_backend" if names.get("service") else "failed_to_pick_backend"


def _service_entry(access: Access, names: Names) -> dict[str, Any]:
    labels = {
        "project_id": names["project"],
        "service_name": names["service"],
        "configuration_name": names["service"],
        "location": names["location"],
    }
    served = bool(access.replica) and not access.why
    return {
        **_entry(access, names, "run.googleapis.com%2Frequests", "cloud_run_revision", labels),
        "httpRequest": _http_request(access),
        "labels": {"instanceId": stable_hex(access.replica, length=40)} if served else {},
    }


def _entry(access: Access, names: Names, log: str, type_: str, labels: Names) -> dict[str, Any]:
    return {
        "logName": f"projects/{names['project']}/logs/{log}",
        "resource": {"type": type_, "labels": dict(labels)},
        "timestamp": _stamp(access.began),
        "receiveTimestamp": _stamp(access.ended),
        "insertId": secrets.token_hex(8),
        "severity": "INFO" if access.status and access.status < 400 else "WARNING",
        "trace": f"projects/{names['project']}/traces/{access.request}",
        "spanId": secrets.token_hex(8),
    }


def _http_request(access: Access) -> dict[str, Any]:
    """HttpRequest of logging_v2: sizes are texts, a latency ends in s."""
    scheme, host = ("https" if access.tls[0] else "http"), access.host.partition(":")[0]
    said: dict[str, Any] = {
        "requestMethod": access.method,
        "requestUrl": f"{scheme}://{host}{access.path}",
        "requestSize": str(access.received),
        "responseSize": str(access.sent),
        "userAgent": access.user_agent,
        "remoteIp": access.client,
        "latency": f"{access.ended - access.began:.9f}s",
        "protocol": access.version,
    }
    return said if access.status is None else {**said, "status": access.status}
