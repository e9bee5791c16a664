"""What moto holds, read once and kept: the name server, the checkers and snapshots are fed from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from failover.routing.answers import Zone
from failover.simulator.checkers import Alarms
from failover.simulator.health import Config, alarm_of
from failover.simulator.operations import Touched
from failover.simulator.store import Store, bare_id


class Kept:
    """Zones and health checks as plain data, equal to `store`'s as long as every change is told to `follow`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._zones: dict[str, dict[str, Any]] = {}
        self._checks: list[dict[str, Any]] = []
        self.alarms: Alarms = {}

    def load(self) -> None:
        """Read everything."""
        snapshot = self._store.snapshot()
        self._zones = {zone["Id"]: zone for zone in snapshot["zones"]}
        self._checks = snapshot["health_checks"]
        self._follow_alarms()

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Write a snapshot into the store, and keep it."""
        self._store.restore(snapshot)
        self.load()

    def follow(self, touched: Touched) -> None:
        """Read again what a request touched."""
        if touched.zone_id is not None:
            self._follow_zone(touched.zone_id)
        if touched.health_checks:
            self._checks = self._store.keep_checks()
        if touched.health_checks or touched.alarms:
            self._follow_alarms()

    def snapshot(self) -> dict[str, Any]:
        """Everything as plain JSON data; not shared with later changes, which replace and never alter."""
        return {"zones": list(self._zones.values()), "health_checks": list(self._checks)}

    def tables(self) -> dict[str, Zone]:
        """Every public zone as the name server needs it, by id."""
        return {zone_id: table for zone_id in self._zones if (table := self.table(zone_id))}

    def table(self, zone_id: str) -> Zone | None:
        """One of them; None when it is gone, or private: those are answered inside a VPC only."""
        zone = self._zones.get(zone_id)
        if zone is None or zone.get("Config", {}).get("PrivateZone"):
            return None
        return Zone.from_api(zone["Name"], zone["Records"])

    def configs(self) -> dict[str, Config]:
        """Every health check's configuration, by id."""
        return {check["Id"]: check["HealthCheckConfig"] for check in self._checks}

    def _follow_alarms(self) -> None:
        """Alarms are no part of a snapshot: they are CloudWatch's, and moto's CloudWatch begins empty."""
        followed = [alarm for config in self.configs().values() if (alarm := alarm_of(config))]
        self.alarms = self._store.alarms(followed)

    def _follow_zone(self, zone_id: str) -> None:
        zone = next((zone for zone in self._store.zones() if bare_id(zone["Id"]) == zone_id), None)
        if zone is None:
            self._zones.pop(zone_id, None)
        else:
            self._zones[zone_id] = self._store.keep_zone(zone)
