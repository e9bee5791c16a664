"""In front of moto: a WSGI application that finds out which of our operations a request is, if any.

Requests of other services, and the Route 53 operations that moto does right, pass through.
"""

from __future__ import annotations

import hmac
import logging
import random
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

from botocore.exceptions import ClientError, ParamValidationError
from werkzeug.http import HTTP_STATUS_CODES

from failover.routing.answers import Answer
from failover.routing.places import Place
from failover.simulator.checkers import HealthCheckers
from failover.simulator.clock import ScaledClock
from failover.simulator.operations import Changes, CheckOperations, OnTouched, Request, Touched, ZoneOperations
from failover.simulator.store import Store
from failover.simulator.wire import SERVICE, ApiError, Reply, render_error

_log = logging.getLogger(__name__)
# moto lets every web page in, and counts bytes before we have changed them.
_HIDDEN = re.compile(r"access-control-|content-length$", re.IGNORECASE)
_CREDENTIAL = re.compile(r"Credential=([^/]+)/")
_SIGNED_FOR = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/aws4_request")
Service = Callable[[Mapping[str, Any]], Reply | None]
Route = tuple[str, re.Pattern[str], str, Callable[[Request], Reply]]


class Dispatcher:
    """The Route 53 API over `store`.

    Args:
        touched: called, under the lock and before the response leaves, after each request that changed something.
        ask: what the name servers answer: (zone id, name, type, where the client is).
        propagation_seconds: how long a change stays PENDING.
        requests_per_second: the account's limit; None for no limit (the real one is 5).
        access_key_id: the one whose requests are taken; None for any.
        services: who answers requests that are signed for another service; moto where nobody does, or one answers None.
    """

    def __init__(
        self,
        store: Store,
        clock: ScaledClock,
        checkers: Callable[[], HealthCheckers],
        *,
        touched: OnTouched,
        ask: Callable[[str, str, str, Place], Answer],
        propagation_seconds: float = 0.0,
        requests_per_second: int | None = None,
        access_key_id: str | None = None,
        services: Mapping[str, Service] | None = None,
        chance: random.Random | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._touched = touched
        self._requests_per_second = requests_per_second
        self._access_key_id = access_key_id
        self._services = services or {}
        self._recent: deque[float] = deque()
        self.lock = threading.RLock()
        self.available = True
        self.changes = Changes(clock, propagation_seconds, chance or random.Random())
        self._routes = _build_routes(
            ZoneOperations(store, self.changes, touched, ask), CheckOperations(store, touched, checkers)
        )

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """WSGI."""
        reply = self.reply(environ)
        headers = [(name, value) for name, value in reply.headers if not _HIDDEN.match(name)]
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", "text/xml"))
        headers.append(("Content-Length", str(len(reply.body))))
        start_response(f"{reply.status} {HTTP_STATUS_CODES.get(reply.status, 'Unknown')}", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else reply.body]

    def reply(self, environ: dict[str, Any], *, limited: bool = True) -> Reply:
        """The response to one request; `limited` ones come from outside: they show whose they are, and count."""
        refused = self._refuse_stranger(environ) if limited else None
        if refused is not None:
            return render_error(refused)
        return self._answer(environ, limited) if _is_route53(environ) else self._forward(environ)

    def _refuse_stranger(self, environ: Mapping[str, Any]) -> ApiError | None:
        """Web pages come with an Origin, SDKs never; and who has not the sandbox's credentials is nobody's account."""
        if "HTTP_ORIGIN" in environ:
            return ApiError("AccessDenied", "Requests of web pages are not taken.", 403)
        signed = _CREDENTIAL.search(str(environ.get("HTTP_AUTHORIZATION", "")))
        if self._access_key_id is None or (signed and hmac.compare_digest(signed[1], self._access_key_id)):
            return None
        if signed is None:
            return ApiError("MissingAuthenticationToken", "Missing Authentication Token", 403)
        return ApiError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)

    def _answer(self, environ: dict[str, Any], limited: bool) -> Reply:
        try:
            with self.lock:
                self._admit(limited)
                return self._dispatch(environ)
        except ApiError as error:
            return render_error(error)
        except ClientError as error:
            return render_error(_as_api_error(error))
        except ParamValidationError as error:  # the limits of the service model, which moto does not know
            return render_error(ApiError("InvalidInput", str(error)))
        except Exception:
            _log.exception("a request to Route 53 failed")
            return render_error(ApiError("InternalFailure", "The simulated Route 53 failed; its log says why.", 500))

    def _dispatch(self, environ: dict[str, Any]) -> Reply:
        for method, pattern, operation, handle in self._routes:
            match = pattern.fullmatch(environ["PATH_INFO"])
            if match and method == environ["REQUEST_METHOD"]:
                model = SERVICE.operation_model(operation)
                parts = tuple(unquote(part) for part in match.groups())
                return handle(Request(model, parts, _query(environ), _body(environ)))
        return self._pass(environ)

    def _admit(self, limited: bool) -> None:
        if not self.available:
            raise ApiError("ServiceUnavailable", "The Route 53 control plane is not available.", 503)
        if self._requests_per_second is None or not limited:
            return
        now = self._clock.simulated_now()
        while self._recent and self._recent[0] <= now - 1.0:
            self._recent.popleft()
        if len(self._recent) >= self._requests_per_second:
            raise ApiError("Throttling", "Rate exceeded")
        self._recent.append(now)

    def _forward(self, environ: dict[str, Any]) -> Reply:
        """Another service: moto's. An alarm of CloudWatch may have come, gone or changed its state."""
        signed = _SIGNED_FOR.search(str(environ.get("HTTP_AUTHORIZATION", "")))
        answered = self._services[signed[1]](environ) if signed and signed[1] in self._services else None
        if answered is not None:
            return answered
        reply = self._store.forward(environ)
        if "/monitoring/" in str(environ.get("HTTP_AUTHORIZATION", "")) and reply.status < 300:
            with self.lock:
                self._touched(Touched(alarms=True))
        return reply

    def _pass(self, environ: dict[str, Any]) -> Reply:
        """moto does it; a zone or a tag may have changed."""
        reply = self._store.forward(environ)
        if environ["REQUEST_METHOD"] != "GET" and reply.status < 300:
            zone = re.search(r"/hostedzone/([^/]+)", environ["PATH_INFO"])
            self._touched(Touched(zone_id=zone.group(1) if zone else None, health_checks=zone is None))
        return reply


def _build_routes(zones: ZoneOperations, checks: CheckOperations) -> list[Route]:
    table: tuple[tuple[str, str, str, Callable[[Request], Reply]], ...] = (
        ("POST", r"hostedzone", "CreateHostedZone", zones.create),
        ("DELETE", r"hostedzone/([^/]+)", "DeleteHostedZone", zones.delete),
        ("POST", r"hostedzone/([^/]+)/rrset/?", "ChangeResourceRecordSets", zones.change_records),
        ("GET", r"hostedzone/([^/]+)/rrset", "ListResourceRecordSets", zones.list_records),
        ("GET", r"hostedzonesbyname", "ListHostedZonesByName", zones.list_by_name),
        ("GET", r"hostedzone", "ListHostedZones", zones.list_all),
        ("GET", r"healthcheck", "ListHealthChecks", checks.list_all),
        ("GET", r"change/([^/]+)", "GetChange", zones.get_change),
        ("GET", r"testdnsanswer", "TestDNSAnswer", zones.test_answer),
        ("POST", r"healthcheck", "CreateHealthCheck", checks.create),
        ("POST", r"healthcheck/([^/]+)", "UpdateHealthCheck", checks.update),
        ("DELETE", r"healthcheck/([^/]+)", "DeleteHealthCheck", checks.delete),
        ("GET", r"healthcheck/([^/]+)/status", "GetHealthCheckStatus", checks.status),
        ("GET", r"healthcheck/([^/]+)/lastfailurereason", "GetHealthCheckLastFailureReason", checks.last_failures),
        ("POST", r"tags/([^/]+)/([^/]+)", "ChangeTagsForResource", checks.change_tags),
        ("GET", r"healthcheckcount", "GetHealthCheckCount", checks.count),
        ("GET", r"checkeripranges", "GetCheckerIpRanges", checks.ranges),
    )
    return [(method, re.compile(f"/2013-04-01/{path}"), name, handle) for method, path, name, handle in table]


def _is_route53(environ: Mapping[str, Any]) -> bool:
    """Whether a request is for Route 53: by its path, and by the service it was signed for if it was signed."""
    signed = str(environ.get("HTTP_AUTHORIZATION", ""))
    return str(environ["PATH_INFO"]).startswith("/2013-04-01/") and (not signed or "/route53/" in signed)


def _query(environ: Mapping[str, Any]) -> dict[str, str]:
    return {key: values[-1] for key, values in parse_qs(environ.get("QUERY_STRING", "")).items()}


def _body(environ: Mapping[str, Any]) -> bytes:
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return bytes(environ["wsgi.input"].read(length)) if length else b""


def _as_api_error(error: ClientError) -> ApiError:
    """What moto refused, refused with the same words."""
    told = error.response["Error"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return ApiError(told["Code"], told["Message"], 404 if told["Code"].startswith("NoSuch") else status)
