"""The edge of a site on Azure: its ingress counts nothing, so each replica limits how often one address may ask.

A rule before the replicas takes Front Door or an Application Gateway in front of the app
(learn.microsoft.com/azure/container-apps/networking), each with a certificate and a price of its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from infra.edge import HOPS, VARIABLE

INGRESS_HOPS = 1
"""The ingress appends the caller's address to `x-forwarded-for`, and vouches for the last one there only:
learn.microsoft.com/azure/container-apps/ingress-overview, "HTTP headers"."""


def edge_variables(limit: int) -> Mapping[str, str]:
    """What the container is told: the limit, and whose address it counts."""
    return {VARIABLE: str(limit), HOPS: str(INGRESS_HOPS)} if limit else {}
