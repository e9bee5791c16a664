"""The drill's own fixtures: the toolkit's actions and probes work on the same world."""

from __future__ import annotations

from tests.failover.drill.conftest import check_ids, fake_route53, golden, moto_client, route53, stage

__all__ = ["check_ids", "fake_route53", "golden", "moto_client", "route53", "stage"]
