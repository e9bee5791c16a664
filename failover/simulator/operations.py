"""Route 53's operations that moto lacks or does wrongly, each from a parsed request to a response. No sockets here."""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from moto.core.model import OperationModel

from failover.routing.answers import Answer, normal_name
from failover.routing.places import Place, place_of_address
from failover.simulator import pages
from failover.simulator.check_rules import check_health_check, complete_health_check
from failover.simulator.checkers import HealthCheckers, Observation
from failover.simulator.clock import ScaledClock
from failover.simulator.health import is_endpoint
from failover.simulator.record_rules import apply_changes, name_problem
from failover.simulator.store import Store, bare_id
from failover.simulator.wire import ApiError, Reply, parse, render

CHECKER_ADDRESS = "127.0.0.1"
NAME_SERVER = "ns-2048.awsdns-64.com"
CHANGES_KEPT = 1_000
MOST_TAGS = 10  # of a health check or a zone: API reference, ChangeTagsForResource
ID_LETTERS = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class Touched:
    """What a request changed, so that only that is read again."""

    zone_id: str | None = None
    health_checks: bool = False
    alarms: bool = False


@dataclass(frozen=True)
class Request:
    """One call of the API: `path` holds the variable parts of its path, in order."""

    operation: OperationModel
    path: tuple[str, ...]
    query: Mapping[str, str]
    body: bytes

    def members(self) -> dict[str, Any]:
        """The body's members. Raises ApiError for one that is not XML of this operation."""
        return parse(self.body, self.operation)

    def reply(self, members: Mapping[str, Any], *, location: str = "") -> Reply:
        """The response with `members`."""
        headers = [("Location", f"https://route53.amazonaws.com/2013-04-01/{location}")] if location else []
        return render(self.operation, members, headers)


OnTouched = Callable[[Touched], None]
"""Called after a change and before its response leaves; raises ApiError when the change could not be kept."""


class Changes:
    """The changes that were submitted: PENDING at first, INSYNC once they had time to propagate."""

    def __init__(self, clock: ScaledClock, propagation_seconds: float, chance: random.Random) -> None:
        self._clock = clock
        self._propagation_seconds = propagation_seconds
        self._chance = chance
        self._kept: dict[str, tuple[datetime, float]] = {}

    def submit(self) -> dict[str, Any]:
        """A new change, as ChangeInfo: always PENDING in the response that announces it."""
        change_id = "C" + "".join(self._chance.choices(ID_LETTERS, k=20))
        self._kept[change_id] = datetime.now(UTC), self._clock.simulated_now() + self._propagation_seconds
        while len(self._kept) > CHANGES_KEPT:
            self._kept.pop(next(iter(self._kept)))
        return self._describe(change_id, "PENDING")

    def describe(self, change_id: str) -> dict[str, Any]:
        """ChangeInfo of a change. Raises ApiError for an unknown one."""
        if change_id not in self._kept:
            raise ApiError("NoSuchChange", f"A change with the specified ID does not exist: {change_id}", 404)
        return self._describe(
            change_id, "INSYNC" if self._clock.simulated_now() >= self._kept[change_id][1] else "PENDING"
        )

    def snapshot(self) -> list[dict[str, str]]:
        """As plain JSON data."""
        return [{"id": change_id, "submitted_at": at.isoformat()} for change_id, (at, _) in self._kept.items()]

    def restore(self, snapshot: list[dict[str, str]]) -> None:
        """The changes of a snapshot, by now in sync."""
        now = self._clock.simulated_now()
        self._kept = {kept["id"]: (datetime.fromisoformat(kept["submitted_at"]), now) for kept in snapshot}

    def _describe(self, change_id: str, status: str) -> dict[str, Any]:
        return {"Id": f"/change/{change_id}", "Status": status, "SubmittedAt": self._kept[change_id][0]}


class ZoneOperations:
    """Hosted zones and their records; `ask` is what the name servers answer to (zone id, name, type, place)."""

    def __init__(
        self, store: Store, changes: Changes, touched: OnTouched, ask: Callable[[str, str, str, Place], Answer]
    ) -> None:
        self._store = store
        self._changes = changes
        self._touched = touched
        self._ask = ask

    def create(self, request: Request) -> Reply:
        """CreateHostedZone."""
        asked = request.members()
        if problem := name_problem(asked.get("Name", "")):
            raise ApiError("InvalidDomainName", problem)
        reference = asked.get("CallerReference")
        if any(zone["CallerReference"] == reference for zone in self._store.zones()):
            told = f"A hosted zone has already been created with the caller reference {reference}"
            raise ApiError("HostedZoneAlreadyExists", told, 409)
        result = self._store.create_zone(asked)
        zone_id = bare_id(result["HostedZone"]["Id"])
        submitted = self._changes.submit()
        self._touched(Touched(zone_id=zone_id))
        return request.reply({**result, "ChangeInfo": submitted}, location=f"hostedzone/{zone_id}")

    def delete(self, request: Request) -> Reply:
        """DeleteHostedZone."""
        zone_id = bare_id(request.path[0])
        self._store.client.delete_hosted_zone(Id=zone_id)
        submitted = self._changes.submit()
        self._touched(Touched(zone_id=zone_id))
        return request.reply({"ChangeInfo": submitted})

    def change_records(self, request: Request) -> Reply:
        """ChangeResourceRecordSets."""
        zone_id = bare_id(request.path[0])
        batch = request.members().get("ChangeBatch", {})
        zone = self._store.client.get_hosted_zone(Id=zone_id)["HostedZone"]
        checks = self._store.health_checks()
        after = apply_changes(zone["Name"], zone_id, self._store.records(zone_id), batch.get("Changes", []), checks)
        self._store.write_records(zone_id, after)
        submitted = self._changes.submit() | {"Comment": batch.get("Comment")}
        self._touched(Touched(zone_id=zone_id))
        return request.reply({"ChangeInfo": submitted})

    def list_records(self, request: Request) -> Reply:
        """ListResourceRecordSets: moto's pages begin a weighted group again and again."""
        return request.reply(pages.list_records(self._store.records(bare_id(request.path[0])), request.query))

    def list_by_name(self, request: Request) -> Reply:
        """ListHostedZonesByName."""
        return request.reply(pages.list_zones_by_name(self._store.zones(), request.query))

    def list_all(self, request: Request) -> Reply:
        """ListHostedZones."""
        return request.reply(
            pages.list_by_marker(
                self._store.zones(),
                request.query,
                member="HostedZones",
                longest=pages.LONGEST_ZONES,
                id_of=lambda zone: bare_id(zone["Id"]),
            )
        )

    def get_change(self, request: Request) -> Reply:
        """GetChange."""
        return request.reply({"ChangeInfo": self._changes.describe(bare_id(request.path[0]))})

    def test_answer(self, request: Request) -> Reply:
        """TestDNSAnswer."""
        try:
            zone_id, name, rdtype = (request.query[key] for key in ("hostedzoneid", "recordname", "recordtype"))
        except KeyError as error:
            raise ApiError("InvalidInput", f"Missing parameter {error}") from error
        self._store.client.get_hosted_zone(Id=bare_id(zone_id))
        client = request.query.get("edns0clientsubnetip") or request.query.get("resolverip")
        found = self._ask(bare_id(zone_id), name, rdtype, place_of_address(client))
        matching = [rrset for rrset in found.records if rrset.type == rdtype] or list(found.records)
        return request.reply(
            {
                "Nameserver": NAME_SERVER,
                "RecordName": normal_name(name),
                "RecordType": rdtype,
                "RecordData": [value for rrset in matching for value in rrset.values],
                "ResponseCode": found.rcode,
                "Protocol": "UDP",
            }
        )


class CheckOperations:
    """Health checks, and what their checkers see."""

    def __init__(self, store: Store, touched: OnTouched, checkers: Callable[[], HealthCheckers]) -> None:
        self._store = store
        self._touched = touched
        self._checkers = checkers

    def create(self, request: Request) -> Reply:
        """CreateHealthCheck: the same reference with the same settings gives the same check."""
        asked = request.members()
        existing = self._store.health_checks()
        config = complete_health_check(asked.get("HealthCheckConfig", {}), existing)
        reference = asked.get("CallerReference", "")
        check = next((check for check in existing.values() if check["CallerReference"] == reference), None)
        if check is None:
            check = self._store.create_health_check(reference, config)
            self._touched(Touched(health_checks=True))
        elif any(check["HealthCheckConfig"].get(key) != value for key, value in config.items()):
            told = "A health check with other settings has already been created with the specified caller reference."
            raise ApiError("HealthCheckAlreadyExists", told, 409)
        return request.reply({"HealthCheck": check}, location=f"healthcheck/{check['Id']}")

    def update(self, request: Request) -> Reply:
        """UpdateHealthCheck: refuses a stale HealthCheckVersion, and counts it up."""
        check_id, changes = request.path[0], request.members()
        current = self._get(check_id)
        given, version = changes.get("HealthCheckVersion"), current["HealthCheckVersion"]
        if given is not None and given != version:
            told = f"The value of HealthCheckVersion, {given}, is not that of the health check, {version}."
            raise ApiError("HealthCheckVersionMismatch", told, 409)
        config = current["HealthCheckConfig"]
        if "IPAddress" in changes and not config.get("IPAddress"):
            raise ApiError("InvalidInput", "You can't add an IPAddress to a health check that was created without one.")
        reset = changes.get("ResetElements", ())
        after = {key: value for key, value in {**config, **changes}.items() if key not in reset}
        check_health_check(after, self._store.health_checks())
        self._store.update_health_check(check_id, changes)
        self._touched(Touched(health_checks=True))
        return request.reply({"HealthCheck": self._get(check_id)})

    def delete(self, request: Request) -> Reply:
        """DeleteHealthCheck: also while records name it. moto deletes an unknown one without a word."""
        self._get(request.path[0])
        self._store.client.delete_health_check(HealthCheckId=request.path[0])
        self._touched(Touched(health_checks=True))
        return request.reply({})

    def status(self, request: Request) -> Reply:
        """GetHealthCheckStatus."""
        status = self._checkers().status(self._endpoint(request.path[0]))
        observations = status.observations if status else ()
        return request.reply({"HealthCheckObservations": [_observed(one) for one in observations]})

    def last_failures(self, request: Request) -> Reply:
        """GetHealthCheckLastFailureReason."""
        observations = self._checkers().last_failures(self._endpoint(request.path[0]))
        return request.reply({"HealthCheckObservations": [_observed(one) for one in observations]})

    def list_all(self, request: Request) -> Reply:
        """ListHealthChecks."""
        checks = [*self._store.health_checks().values()]
        return request.reply(
            pages.list_by_marker(
                checks,
                request.query,
                member="HealthChecks",
                longest=pages.LONGEST_CHECKS,
                id_of=lambda check: str(check["Id"]),
            )
        )

    def change_tags(self, request: Request) -> Reply:
        """ChangeTagsForResource, of zones too: ten tags at most, as the API's reference says."""
        kind, name, asked = *request.path, request.members()
        added = {tag["Key"]: tag.get("Value", "") for tag in asked.get("AddTags", ())}
        removed = set(asked.get("RemoveTagKeys", ()))
        after = ({tag["Key"] for tag in self._store.tags(kind, name)} - removed) | added.keys()
        if len(after) > MOST_TAGS:
            raise ApiError("InvalidInput", f"{name} would have {len(after)} tags; the maximum is {MOST_TAGS}.")
        self._store.client.change_tags_for_resource(**{**asked, "ResourceType": kind, "ResourceId": name})
        self._touched(Touched(zone_id=name) if kind == "hostedzone" else Touched(health_checks=True))
        return request.reply({})

    def count(self, request: Request) -> Reply:
        """GetHealthCheckCount."""
        return request.reply({"HealthCheckCount": len(self._store.health_checks())})

    def ranges(self, request: Request) -> Reply:
        """GetCheckerIpRanges."""
        return request.reply({"CheckerIpRanges": [f"{CHECKER_ADDRESS}/32"]})

    def _endpoint(self, check_id: str) -> str:
        config = self._get(check_id)["HealthCheckConfig"]
        if not is_endpoint(config):
            kind = "calculated health check" if config["Type"] == "CALCULATED" else "health check of an alarm"
            raise ApiError("InvalidInput", f"The status of a {kind} cannot be had by this call.")
        return check_id

    def _get(self, check_id: str) -> dict[str, Any]:
        return dict(self._store.client.get_health_check(HealthCheckId=check_id)["HealthCheck"])


def _observed(one: Observation) -> dict[str, Any]:
    report = {"Status": one.report, "CheckedTime": one.checked_at}
    return {"Region": one.region, "IPAddress": CHECKER_ADDRESS, "StatusReport": report}
