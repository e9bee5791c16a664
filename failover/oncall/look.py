"""Looking at a host: its records and health checks by boto3, each of its sites at its own address. Changes nothing."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import httpx

from failover.dial import Dial
from failover.drill.chain import Entry
from failover.drill.discover import find_zone, read_groups, read_observations, read_tags
from failover.drill.fleet import TAG_EXPIRES, is_past
from failover.drill.journal import find_pending, find_unfinished, read_journal
from failover.drill.lock import is_held
from failover.drill.route53 import translate_errors
from failover.levers.change import MARK
from failover.oncall.standing import CheckStanding, HostStanding, SiteLook, SiteStanding
from failover.oncall.switch_note import SwitchNote
from failover.routing.answers import RecordSet, normal_name
from service.errors import InvalidInput, OutlastError, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

_PATH = "/health"
_WITHOUT_CHECKERS = ("CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL")


def read_standing(
    route53: Route53Client, dial: Dial, host: str, *, now: datetime, deadline_seconds: float, drills: Path
) -> HostStanding:
    """How `host` stands now.

    Raises:
        InvalidInput: no zone of the account has several records for it.
        Unavailable: Route 53's API does not answer, or refuses these credentials.
    """
    host = normal_name(host)
    routed = read_group(route53, host)
    records = list({str(end.set_identifier): end for end in reversed(routed) if not end.alias}.values()) or routed
    with translate_errors(f"read the health checks of {host}"):
        checks = _Checks(route53, dial, deadline_seconds).read(
            [record.health_check_id for record in records if record.health_check_id]
        )
    with ThreadPoolExecutor(max_workers=len(records)) as pool:
        looks = pool.map(lambda record: _look_at(dial, host, record, checks, deadline_seconds), records)
        sites = [
            SiteStanding(record.set_identifier or "", record, _origin_of(record), _check_of(record, checks), look)
            for record, look in zip(records, looks, strict=True)
        ]
    ttl = max(record.ttl_seconds for record in records)
    sites.sort(key=lambda site: site.name)
    plain = all(record.policy == "weighted" for record in routed)
    return HostStanding(host, ttl, tuple(sites), now, _find_killed(drills, now), () if plain else tuple(routed))


def read_group(route53: Route53Client, host: str) -> list[RecordSet]:
    """The records of which DNS chooses one for `host`, and those of the groups that they lead to; all of one type."""
    with translate_errors(f"read the records of {host}"):
        records = read_groups(route53, find_zone(route53, host), host)
    if not records:
        raise InvalidInput(
            f"{host} has no records of which DNS could choose one",
            hint="is the stack `traffic` up? The host is taken from --host or $OUTLAST_HOST",
        )
    return [record for record in records if record.type == records[0].type]


def _origin_of(record: RecordSet) -> str:
    return record.alias.dns_name if record.alias else normal_name(record.values[0])


def _check_of(record: RecordSet, checks: Mapping[str, CheckStanding]) -> CheckStanding | None:
    return checks.get(record.health_check_id or "")


@dataclass(frozen=True)
class _Checks:
    """Reads health checks, and what the drain switch says that one of them sees."""

    route53: Route53Client
    dial: Dial
    deadline_seconds: float

    def read(self, ids: Sequence[str]) -> dict[str, CheckStanding]:
        """The health checks of these ids, those that a calculated one is made of inside it."""
        configs: dict[str, Any] = {}
        waiting = list(dict.fromkeys(ids))
        while waiting:
            check_id = waiting.pop(0)
            configs[check_id] = self.route53.get_health_check(HealthCheckId=check_id)["HealthCheck"]
            children = configs[check_id]["HealthCheckConfig"].get("ChildHealthChecks", ())
            waiting += [child for child in children if child not in configs and child not in waiting]
        tags = read_tags(self.route53, list(configs))
        return {check_id: self._describe(check_id, configs, tags, frozenset()) for check_id in ids}

    def _describe(
        self,
        check_id: str,
        configs: Mapping[str, Any],
        tags: Mapping[str, Mapping[str, str]],
        above: frozenset[str],
    ) -> CheckStanding:
        """`above`: the calculated checks that led here, so that a circle ends."""
        answer = configs[check_id]
        config = answer["HealthCheckConfig"]
        inside = [child for child in config.get("ChildHealthChecks", ()) if child not in above | {check_id}]
        kind = str(config["Type"])
        check = CheckStanding(
            id=check_id,
            version=answer["HealthCheckVersion"],
            kind=kind,
            path=config.get("ResourcePath") or _PATH,
            interval_seconds=config.get("RequestInterval", 30),
            failure_threshold=config.get("FailureThreshold", 3),
            disabled=config.get("Disabled", False),
            inverted=config.get("Inverted", False),
            tags=tags.get(check_id, {}),
            view=None if kind in _WITHOUT_CHECKERS else read_observations(self.route53, check_id),
            children=tuple(self._describe(child, configs, tags, above | {check_id}) for child in inside),
            children_needed=config.get("HealthThreshold", 0),
        )
        return replace(check, note=self._read_note(config)) if above and check.sees_switch else check

    def _read_note(self, config: Mapping[str, Any]) -> SwitchNote:
        """What a switch says; its store is one of the clouds, and may not answer."""
        url = f"https://{config.get('FullyQualifiedDomainName', '')}{config.get('ResourcePath', '')}"
        try:
            return SwitchNote.parse(self.dial.get(url, deadline_seconds=self.deadline_seconds).content)
        except (OutlastError, httpx.HTTPError, OSError):
            return SwitchNote()


def _look_at(
    dial: Dial, host: str, record: RecordSet, checks: Mapping[str, CheckStanding], deadline_seconds: float
) -> SiteLook:
    check = _check_of(record, checks)
    endpoint = check.endpoint if check else None
    address = record.values[0] if record.type == "A" and record.values else None
    return look_at_site(
        dial,
        host,
        _origin_of(record),
        address=address,
        path=endpoint.path if endpoint else _PATH,
        deadline_seconds=deadline_seconds,
    )


def look_at_site(
    dial: Dial, host: str, origin_host: str, *, address: str | None = None, path: str = _PATH, deadline_seconds: float
) -> SiteLook:
    """Ask a site, at its own address, for its health as `host`, and verify its certificate for that name."""
    try:
        found = (address,) if address else dial.resolve(origin_host, timeout_seconds=deadline_seconds).addresses
    except Unavailable as error:
        return SiteLook(error=f"cannot be looked up: {error.what}")
    if not found:
        return SiteLook(error=f"has no address: {origin_host}")
    began = monotonic()
    try:
        ends = dial.certificate(host, address=found[0], deadline_seconds=deadline_seconds).not_after
        response = dial.get(f"https://{host}{path}", address=found[0], deadline_seconds=deadline_seconds)
    except (Unavailable, httpx.HTTPError, OSError) as error:
        return _failed_look(found[0], error, monotonic() - began)
    reasons, digests = _read_body(response)
    return SiteLook(found[0], response.status_code, reasons, digests, monotonic() - began, ends)


def _failed_look(address: str, error: Exception, seconds: float) -> SiteLook:
    """Tells a certificate that is not valid, which Route 53's checkers do not see, from a site that does not answer."""
    cause = error.__cause__ if isinstance(error, Unavailable) else error
    if isinstance(cause, ssl.SSLCertVerificationError):
        told = f"serves no valid certificate: {cause.verify_message}"
        return SiteLook(address, bad_certificate=True, error=told, seconds=seconds)
    return SiteLook(address, error=f"does not answer ({type(cause).__name__}: {cause})", seconds=seconds)


def _read_body(response: httpx.Response) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The reasons and the models' digests that the service's own `/health` tells; nothing of any other page."""
    try:
        document = response.json()
        reasons = tuple(str(reason) for reason in document.get("reasons", ()))
        return reasons, tuple(sorted(str(model["digest"]) for model in document.get("models", {}).values()))
    except (ValueError, AttributeError, TypeError, KeyError):
        return (), ()


def _find_killed(drills: Path, now: datetime) -> tuple[str, ...]:
    """The journals of drills that are not running any more and were not undone."""
    journals = find_unfinished(drills)
    if journals and is_held(drills):  # by a drill that runs: its journal is the newest
        journals = journals[:-1]
    return tuple(str(journal) for journal in journals if not _is_held_by_experiment(read_journal(journal), now))


def _is_held_by_experiment(entries: Sequence[Entry], now: datetime) -> bool:
    """Whether an experiment of the Chaos Toolkit holds a site between two of its steps.

    No process of ours runs then, so neither a lock nor an observer tells that it lives: until its expiry it may.
    """
    watched = any(entry["kind"] == "init" and entry.get("observers") != {} for entry in entries)
    marks = [change for change in find_pending(entries).changes if change.action == MARK]
    return not watched and any(not is_past(str(mark.after.get(TAG_EXPIRES, "")), now) for mark in marks)
