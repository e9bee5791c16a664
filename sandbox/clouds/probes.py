"""Probes of containers as Container Apps and Cloud Run declare them: both follow Kubernetes."""

from __future__ import annotations

from sandbox.clouds.values import Values
from sandbox.replicas.workload import Probe

# learn.microsoft.com/azure/container-apps/health-probes; cloud.google.com/run/docs/configuring/healthchecks
_PERIOD_SECONDS, _FAILURES = 10, 3


def read_probe(declared: Values | None, port: int) -> Probe | None:
    """The probe that a container declares; None for none, and for one that is not simulated (gRPC)."""
    http, tcp = ((declared or {}).get(kind) for kind in ("httpGet", "tcpSocket"))
    target: Values | None = tcp if http is None else http
    if declared is None or target is None:
        return None
    return Probe(
        "" if http is None else str(http.get("path") or "/"),
        int(target.get("port") or port),
        float(declared.get("periodSeconds") or _PERIOD_SECONDS),
        int(declared.get("failureThreshold") or _FAILURES),
    )
