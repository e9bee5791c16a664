"""In front of moto: the operations that moto lacks, and the refusals that it does not make. A WSGI application.

Requests of other services, and the Route 53 operations that moto does right, pass through.
"""

from __future__ import annotations

import random
import re
import string
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore.exceptions import ClientError, ParamValidationError
from botocore.model import OperationModel
from werkzeug.http import HTTP_STATUS_CODES

from failover.answers import Answer, normal_name
from failover.testing.check_rules import check_health_check, complete_health_check
from failover.testing.checkers import HealthCheckers, Observation
from failover.testing.clock import Clock
from failover.testing.health import REGIONS, is_endpoint
from failover.testing.record_rules import apply_changes
from failover.testing.store import Store, bare_id
from failover.testing.wire import ApiError, Reply, parse, render, render_error

CHECKER_ADDRESS = "127.0.0.1"
CHANGES_KEPT = 1_000
ID_LETTERS = string.ascii_uppercase + string.digits


@dataclass(frozen=True)
class Change:
    """A change that was submitted; INSYNC from `due`, in life seconds of the clock, on."""

    id: str
    submitted_at: datetime
    due: float


@dataclass(frozen=True)
class Touched:
    """What a request changed, so that only that is read again."""

    zone_id: str | None = None
    health_checks: bool = False


@dataclass(frozen=True)
class _Request:
    operation: OperationModel
    path: tuple[str, ...]  # the captured parts of the path
    query: Mapping[str, str]
    body: bytes
    environ: Mapping[str, Any]


class Front:
    """The Route 53 API over `store`.

    Args:
        touched: called, under the lock and before the response leaves, after each request that changed something.
        ask: what the name servers answer: (zone id, name, type).
        propagation_seconds: how long a change stays PENDING.
        requests_per_second: the account's limit; None for no limit (the real one is 5).
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        checkers: Callable[[], HealthCheckers],
        *,
        touched: Callable[[Touched], None],
        ask: Callable[[str, str, str], Answer],
        propagation_seconds: float = 0.0,
        requests_per_second: int | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._checkers = checkers
        self._touched = touched
        self._ask = ask
        self._propagation_seconds = propagation_seconds
        self._requests_per_second = requests_per_second
        self._chance = chance or random.Random()
        self._recent: deque[float] = deque()
        self._routes = self._build_routes()
        self.lock = threading.RLock()
        self.changes: dict[str, Change] = {}
        self.available = True

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI."""
        reply = self._route53(environ) if _is_route53(environ) else self._store.forward(environ)
        headers = [(name, value) for name, value in reply.headers if name.lower() != "content-length"]
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", "text/xml"))
        headers.append(("Content-Length", str(len(reply.body))))
        start_response(f"{reply.status} {HTTP_STATUS_CODES.get(reply.status, 'Unknown')}", headers)
        return [reply.body]

    # -- the path of a request ---------------------------------------------------------------------------------------

    def _route53(self, environ: dict[str, Any]) -> Reply:
        try:
            self._admit()
            method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
            for wanted, pattern, operation, handle in self._routes:
                if method == wanted and (match := pattern.fullmatch(path)):
                    model = self._store.client.meta.service_model.operation_model(operation)
                    with self.lock:
                        return handle(_request(model, match, environ))
            with self.lock:
                return self._pass(environ)
        except ApiError as error:
            return render_error(error)
        except ClientError as error:
            return render_error(_as_api_error(error))
        except ParamValidationError as error:  # the limits of the service model, which moto does not know
            return render_error(ApiError("InvalidInput", str(error)))

    def _admit(self) -> None:
        if not self.available:
            raise ApiError("ServiceUnavailable", "The Route 53 control plane is not available.", 503)
        if self._requests_per_second is None:
            return
        with self.lock:
            now = self._clock.now()
            while self._recent and self._recent[0] <= now - 1.0:
                self._recent.popleft()
            if len(self._recent) >= self._requests_per_second:
                raise ApiError("Throttling", "Rate exceeded")
            self._recent.append(now)

    def _pass(self, environ: dict[str, Any]) -> Reply:
        """moto does it; a zone or a tag may have changed."""
        reply = self._store.forward(environ)
        if environ["REQUEST_METHOD"] != "GET" and reply.status < 300:
            zone = re.search(r"/hostedzone/([^/]+)", environ["PATH_INFO"])
            self._touched(Touched(zone_id=zone.group(1) if zone else None, health_checks=zone is None))
        return reply

    def _build_routes(self) -> list[tuple[str, re.Pattern[str], str, Callable[[_Request], Reply]]]:
        table: tuple[tuple[str, str, str, Callable[[_Request], Reply]], ...] = (
            ("POST", r"hostedzone", "CreateHostedZone", self._create_zone),
            ("DELETE", r"hostedzone/([^/]+)", "DeleteHostedZone", self._delete_zone),
            ("POST", r"hostedzone/([^/]+)/rrset/?", "ChangeResourceRecordSets", self._change_records),
            ("GET", r"change/([^/]+)", "GetChange", self._get_change),
            ("POST", r"healthcheck", "CreateHealthCheck", self._create_check),
            ("POST", r"healthcheck/([^/]+)", "UpdateHealthCheck", self._update_check),
            ("DELETE", r"healthcheck/([^/]+)", "DeleteHealthCheck", self._delete_check),
            ("GET", r"healthcheck/([^/]+)/status", "GetHealthCheckStatus", self._check_status),
            ("GET", r"healthcheck/([^/]+)/lastfailurereason", "GetHealthCheckLastFailureReason", self._check_failures),
            ("GET", r"healthcheckcount", "GetHealthCheckCount", self._count_checks),
            ("GET", r"checkeripranges", "GetCheckerIpRanges", self._checker_ranges),
            ("GET", r"testdnsanswer", "TestDNSAnswer", self._test_answer),
        )
        return [(method, re.compile(f"/2013-04-01/{path}"), name, handle) for method, path, name, handle in table]

    # -- zones and records -------------------------------------------------------------------------------------------

    def _create_zone(self, request: _Request) -> Reply:
        asked = parse(request.body, request.operation)
        if any(zone["CallerReference"] == asked.get("CallerReference") for zone in self._store.zones()):
            told = f"A hosted zone has already been created with the caller reference {asked['CallerReference']}"
            raise ApiError("HostedZoneAlreadyExists", told, 409)
        result = self._store.client.create_hosted_zone(**asked)
        zone_id = bare_id(result["HostedZone"]["Id"])
        self._store.mend_new_zone(zone_id)
        self._touched(Touched(zone_id=zone_id))
        location = f"https://route53.amazonaws.com/2013-04-01/hostedzone/{zone_id}"
        return render(request.operation, {**result, "ChangeInfo": self._new_change()}, [("Location", location)])

    def _delete_zone(self, request: _Request) -> Reply:
        zone_id = bare_id(request.path[0])
        self._store.client.delete_hosted_zone(Id=zone_id)
        self._touched(Touched(zone_id=zone_id))
        return render(request.operation, {"ChangeInfo": self._new_change()})

    def _change_records(self, request: _Request) -> Reply:
        zone_id = bare_id(request.path[0])
        batch = parse(request.body, request.operation).get("ChangeBatch", {})
        zone = self._store.client.get_hosted_zone(Id=zone_id)["HostedZone"]
        checks = self._store.health_checks()
        after = apply_changes(zone["Name"], zone_id, self._store.records(zone_id), batch.get("Changes", []), checks)
        self._store.write_records(zone_id, after)
        self._touched(Touched(zone_id=zone_id))
        return render(request.operation, {"ChangeInfo": self._new_change() | {"Comment": batch.get("Comment")}})

    def _get_change(self, request: _Request) -> Reply:
        change = self.changes.get(bare_id(request.path[0]))
        if change is None:
            raise ApiError("NoSuchChange", f"A change with the specified ID does not exist: {request.path[0]}", 404)
        status = "INSYNC" if self._clock.now() >= change.due else "PENDING"
        return render(request.operation, {"ChangeInfo": _change_info(change, status)})

    def _new_change(self) -> dict[str, Any]:
        change_id = "C" + "".join(self._chance.choices(ID_LETTERS, k=20))
        change = Change(change_id, datetime.now(UTC), self._clock.now() + self._propagation_seconds)
        self.changes[change_id] = change
        while len(self.changes) > CHANGES_KEPT:
            self.changes.pop(next(iter(self.changes)))
        return _change_info(change, "PENDING")  # always at first, as the real API

    def _test_answer(self, request: _Request) -> Reply:
        try:
            zone_id, name, rdtype = (request.query[key] for key in ("hostedzoneid", "recordname", "recordtype"))
        except KeyError as error:
            raise ApiError("InvalidInput", f"Missing parameter {error}") from error
        self._store.client.get_hosted_zone(Id=bare_id(zone_id))
        found = self._ask(bare_id(zone_id), name, rdtype)
        matching = [rrset for rrset in found.records if rrset.type == rdtype] or list(found.records)
        members = {
            "Nameserver": "ns-2048.awsdns-64.com",
            "RecordName": normal_name(name),
            "RecordType": rdtype,
            "RecordData": [value for rrset in matching for value in rrset.values],
            "ResponseCode": found.rcode,
            "Protocol": "UDP",
        }
        return render(request.operation, members)

    # -- health checks -----------------------------------------------------------------------------------------------

    def _create_check(self, request: _Request) -> Reply:
        asked = parse(request.body, request.operation)
        existing = self._store.health_checks()
        config = complete_health_check(asked.get("HealthCheckConfig", {}), existing)
        reference = asked.get("CallerReference", "")
        same = next((check for check in existing.values() if check["CallerReference"] == reference), None)
        if same is None:
            same = self._store.create_health_check(reference, config)
            self._touched(Touched(health_checks=True))
        elif any(same["HealthCheckConfig"].get(key) != value for key, value in config.items()):
            told = "A health check with other settings has already been created with the specified caller reference."
            raise ApiError("HealthCheckAlreadyExists", told, 409)
        location = f"https://route53.amazonaws.com/2013-04-01/healthcheck/{same['Id']}"
        return render(request.operation, {"HealthCheck": same}, [("Location", location)])

    def _update_check(self, request: _Request) -> Reply:
        check_id = request.path[0]
        changes = parse(request.body, request.operation)
        current = self._check(check_id)
        version = changes.get("HealthCheckVersion")
        if version is not None and version != current["HealthCheckVersion"]:
            now = current["HealthCheckVersion"]
            told = f"The value of HealthCheckVersion, {version}, is not that of the health check, {now}."
            raise ApiError("HealthCheckVersionMismatch", told, 409)
        config = current["HealthCheckConfig"]
        if "IPAddress" in changes and not config.get("IPAddress"):
            raise ApiError("InvalidInput", "You can't add an IPAddress to a health check that was created without one.")
        wanted = {key: value for key, value in changes.items() if key != "ResetElements"}
        reset = changes.get("ResetElements", ())
        check_health_check(
            {k: v for k, v in {**config, **wanted}.items() if k not in reset}, self._store.health_checks()
        )
        self._store.update_health_check(check_id, changes)
        self._touched(Touched(health_checks=True))
        return render(request.operation, {"HealthCheck": self._check(check_id)})

    def _delete_check(self, request: _Request) -> Reply:
        self._check(request.path[0])  # moto deletes an unknown one without a word
        self._store.client.delete_health_check(HealthCheckId=request.path[0])
        self._touched(Touched(health_checks=True))
        return render(request.operation, {})

    def _check_status(self, request: _Request) -> Reply:
        status = self._checkers().status(self._endpoint_check(request.path[0]))
        observations = status.observations if status else ()
        return render(request.operation, {"HealthCheckObservations": [_observed(one) for one in observations]})

    def _check_failures(self, request: _Request) -> Reply:
        observations = self._checkers().last_failures(self._endpoint_check(request.path[0]))
        return render(request.operation, {"HealthCheckObservations": [_observed(one) for one in observations]})

    def _count_checks(self, request: _Request) -> Reply:
        return render(request.operation, {"HealthCheckCount": len(self._store.health_checks())})

    def _checker_ranges(self, request: _Request) -> Reply:
        return render(request.operation, {"CheckerIpRanges": [f"{CHECKER_ADDRESS}/32"] if REGIONS else []})

    def _endpoint_check(self, check_id: str) -> str:
        if not is_endpoint(self._check(check_id)["HealthCheckConfig"]):
            raise ApiError("InvalidInput", "The status of a calculated health check cannot be had by this call.")
        return check_id

    def _check(self, check_id: str) -> dict[str, Any]:
        return dict(self._store.client.get_health_check(HealthCheckId=check_id)["HealthCheck"])


def _request(model: OperationModel, match: re.Match[str], environ: Mapping[str, Any]) -> _Request:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    query = {key: values[-1] for key, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    body = environ["wsgi.input"].read(length) if length else b""
    return _Request(model, tuple(unquote(part) for part in match.groups()), query, body, environ)


def _is_route53(environ: Mapping[str, Any]) -> bool:
    return str(environ.get("PATH_INFO", "")).startswith("/2013-04-01/") and "/route53/" in str(
        environ.get("HTTP_AUTHORIZATION", "/route53/")
    )


def _change_info(change: Change, status: str) -> dict[str, Any]:
    return {"Id": f"/change/{change.id}", "Status": status, "SubmittedAt": change.submitted_at}


def _observed(one: Observation) -> dict[str, Any]:
    report = {"Status": one.report, "CheckedTime": one.checked_at}
    return {"Region": one.region, "IPAddress": CHECKER_ADDRESS, "StatusReport": report}


def _as_api_error(error: ClientError) -> ApiError:
    """What moto refused, refused with the same words."""
    told = error.response["Error"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    if told["Code"].startswith("NoSuch"):
        status = 404
    return ApiError(told["Code"], told["Message"], status)
