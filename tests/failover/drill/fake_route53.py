"""The few calls of Route 53 that a drill makes, in memory: quick, strict, and held to the real front by a test."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any, Self

from botocore.exceptions import ClientError

from tests.failover.drill.three_sites import ADDRESSES, HOST, WEIGHTS, ZONE

ZONE_ID = "Z1"


class FakeRoute53:
    """One zone with three weighted records; `on_update` are called after each change of a health check."""

    def __init__(self) -> None:
        self.checks: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.records: list[dict[str, Any]] = []
        self.on_update: list[Callable[[dict[str, Any]], None]] = []
        self.thrown: set[str] = set()
        for site in ADDRESSES:
            check_id = f"check-{site}"
            config = {"Type": "HTTPS_STR_MATCH", "RequestInterval": 10, "FailureThreshold": 3}
            self.checks[check_id] = {**config, "Disabled": False, "Inverted": False, "version": 1}
            self.tags[check_id] = {"outlast:site": site, "outlast:host": HOST, "outlast:capacity-rps": "100"}
            self.records.append(
                {
                    "Name": f"{HOST}.",
                    "Type": "CNAME",
                    "SetIdentifier": site,
                    "Weight": WEIGHTS[site],
                    "TTL": 30,
                    "ResourceRecords": [{"Value": f"{site}.{HOST}"}],
                    "HealthCheckId": check_id,
                }
            )

    def with_switch(self, site: str) -> Self:
        """Give a site a drain switch: a calculated check over its own one, and over one that looks for the switch."""
        looks = {"Type": "HTTPS", "FullyQualifiedDomainName": "store.example", "ResourcePath": f"/flags/{site}.drain"}
        self.checks[f"switch-{site}"] = {**looks, "Inverted": True, "Disabled": False, "version": 1}
        inside = [f"check-{site}", f"switch-{site}"]
        self.checks[f"gate-{site}"] = {"Type": "CALCULATED", "ChildHealthChecks": inside, "HealthThreshold": 2}
        self.checks[f"gate-{site}"]["version"] = 1
        self.tags |= {f"switch-{site}": {}, f"gate-{site}": {}}
        next(one for one in self.records if one["SetIdentifier"] == site)["HealthCheckId"] = f"gate-{site}"
        return self

    def get_paginator(self, name: str) -> Pages:
        pages = {
            "list_hosted_zones": {"HostedZones": [{"Id": f"/hostedzone/{ZONE_ID}", "Name": f"{ZONE}."}]},
            "list_health_checks": {
                "HealthChecks": [
                    self.get_health_check(HealthCheckId=check_id)["HealthCheck"] for check_id in self.checks
                ]
            },
        }
        return Pages([pages[name]])

    def get_hosted_zone(self, *, Id: str) -> dict[str, Any]:
        return {"DelegationSet": {"NameServers": [f"ns-{n}.awsdns-00.example" for n in range(4)]}}

    def list_resource_record_sets(self, **_: Any) -> dict[str, Any]:
        return {"ResourceRecordSets": deepcopy(self.records), "IsTruncated": False}

    def get_health_check(self, *, HealthCheckId: str) -> dict[str, Any]:
        config = dict(self._check(HealthCheckId))
        version = config.pop("version")
        return {
            "HealthCheck": {"Id": HealthCheckId, "HealthCheckConfig": config, "HealthCheckVersion": version},
        }

    def update_health_check(
        self, *, HealthCheckId: str, HealthCheckVersion: int | None = None, **changes: Any
    ) -> dict[str, Any]:
        check = self._check(HealthCheckId)
        if HealthCheckVersion not in (None, check["version"]):
            raise refuse("HealthCheckVersionMismatch", "UpdateHealthCheck")
        check.update(changes, version=check["version"] + 1)
        for call in self.on_update:
            call(check)
        return self.get_health_check(HealthCheckId=HealthCheckId)

    def get_health_check_status(self, *, HealthCheckId: str) -> dict[str, Any]:
        self._check(HealthCheckId)
        kind, _, site = HealthCheckId.partition("-")
        unseen = kind == "switch" and site not in self.thrown
        status = "Failure: HTTP Status Code 404" if unseen else "Success: HTTP Status Code 200, OK"
        return {"HealthCheckObservations": [{"StatusReport": {"Status": status}}] * 3}

    def list_tags_for_resources(self, *, ResourceType: str, ResourceIds: list[str]) -> dict[str, Any]:
        assert ResourceType == "healthcheck" and len(ResourceIds) <= 10
        found = [
            {"ResourceId": check_id, "Tags": [{"Key": k, "Value": v} for k, v in self.tags[check_id].items()]}
            for check_id in ResourceIds
        ]
        return {"ResourceTagSets": found}

    def change_tags_for_resource(
        self,
        *,
        ResourceType: str,
        ResourceId: str,
        AddTags: Iterable[dict[str, str]] = (),
        RemoveTagKeys: Iterable[str] = (),
    ) -> dict[str, Any]:
        assert ResourceType == "healthcheck"
        self._check(ResourceId)
        self.tags[ResourceId].update({tag["Key"]: tag["Value"] for tag in AddTags})
        for key in RemoveTagKeys:
            self.tags[ResourceId].pop(key, None)
        return {}

    def _check(self, check_id: str) -> dict[str, Any]:
        if check_id not in self.checks:
            raise refuse("NoSuchHealthCheck", "GetHealthCheck")
        return self.checks[check_id]


class Pages:
    """What a paginator gives."""

    def __init__(self, pages: list[dict[str, Any]]) -> None:
        self._pages = pages

    def paginate(self) -> list[dict[str, Any]]:
        return self._pages


def refuse(code: str, operation: str) -> ClientError:
    """The error that botocore raises when Route 53 refuses."""
    return ClientError({"Error": {"Code": code, "Message": "refused"}}, operation)
