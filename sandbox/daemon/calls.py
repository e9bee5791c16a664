"""What may be asked of a running sandbox over its control interface, whose client is `sandbox.command.control`."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from sandbox.authority.server import PREFIX as AUTHORITY
from sandbox.authority.server import Authority, render
from sandbox.clouds.simulated import describe_kinds
from sandbox.clouds.store import ResourceStore
from sandbox.daemon import overview
from sandbox.daemon.monitoring import Monitoring
from sandbox.daemon.private_stores import PrivateStores
from sandbox.daemon.training import Training
from sandbox.daemon.vendors import Vendors
from sandbox.engine import plugins
from sandbox.network.faults import Faults, parse_fault
from service.errors import InvalidInput, OutlastError

Body = dict[str, Any]
_RANGE = re.compile(r"bytes=(\d+)-")


@dataclass(frozen=True)
class Controls:
    """What the calls act on: the daemon hands its parts and a few functions in."""

    token: str
    status: Callable[[], Body]
    sites: Callable[[], list[str]]
    stop: Callable[[], None]
    simulated_now: Callable[[], float]
    set_speed: Callable[[int], int]
    set_eventual: Callable[[int], int]
    faults: Faults
    release: Callable[[str | None], None]  # replicas that a fault keeps down
    on_spot: Callable[[str], int]  # how many replicas of a site are on Fargate Spot
    store: ResourceStore
    forget_orphans: Callable[[str, set[tuple[str, str]], dict[tuple[str, str], str]], list[str]]
    reload_stacks: Callable[[], None]
    vendors: Vendors
    monitoring: Monitoring
    stores: PrivateStores
    training: Training
    authority: Authority


class Calls:
    """A WSGI application: JSON in, JSON out, for whoever knows this sandbox's token.

    The certificate authority alone is open to everybody, as such authorities are.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self._routes: dict[tuple[str, str], Callable[[Body], Any]] = {
            ("GET", "/status"): lambda body: controls.status(),
            ("GET", "/resources"): self._describe_resources,
            ("GET", "/faults"): lambda body: {"faults": controls.faults.describe()},
            ("POST", "/fault"): self._inject,
            ("POST", "/heal"): self._heal,
            ("POST", "/speed"): lambda body: {"speed": controls.set_speed(int(body["speed"]))},
            ("POST", "/eventual"): lambda body: {"eventual": controls.set_eventual(int(body["eventual"]))},
            ("POST", "/orphans"): self._forget_orphans,
            ("POST", "/stacks"): lambda body: controls.reload_stacks(),
            ("POST", "/stop"): lambda body: controls.stop(),
        }

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        if request.path.startswith(AUTHORITY):
            return self._ask_authority(request)
        if "sig" in request.args:
            return self._read_signed(request)
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given, self._controls.token):
            return _json({"error": "the control interface asks for this sandbox's token"}, 401)
        headers = {name.lower(): value for name, value in request.headers}
        asked = request.method, request.path, request.args, request.get_data()
        if (told := self._controls.training.answer(*asked, request.host_url.rstrip("/"))) is not None:
            return _json(told[1], told[0])
        stored = self._controls.stores.answer(request.method, request.path, headers, request.get_data(), request.args)
        if stored is not None:
            return Response(stored.body, stored.status, dict(stored.headers))
        found = self._controls.monitoring.answer(*asked[:3]) or self._controls.vendors.answer(*asked)
        if found is not None:
            return _json(found[1], found[0])
        handler = self._routes.get((request.method, request.path))
        if handler is None:
            return _json({"error": f"no such call: {request.method} {request.path}"}, 404)
        try:
            return _json(handler(json.loads(request.get_data() or b"{}")))
        except OutlastError as error:
            return _json({"error": str(error), "exit_code": error.exit_code}, 400)

    def _ask_authority(self, request: Request) -> Response:
        base = request.host_url.rstrip("/")
        reply = self._controls.authority.answer(request.method, request.path, base, request.get_data())
        content, headers = render(reply, request.method)
        return Response(content, reply.status, headers)

    def _read_signed(self, request: Request) -> Response:
        """What an address that is signed means takes no token, and bytes from where they are asked for."""
        content = self._controls.training.read_log(request.path, request.args) if request.method == "GET" else None
        if content is None:
            return _json({"error": {"code": "AuthenticationFailed", "message": "Signature did not match."}}, 403)
        found = _RANGE.fullmatch(request.headers.get("range", ""))
        begin = int(found[1]) if found else 0
        if found and begin >= len(content):
            return Response(b"", 416)
        return Response(content[begin:], 206 if found else 200, content_type="text/plain")

    def _describe_resources(self, _body: Body) -> Body:
        return {"kinds": describe_kinds(), "existing": overview.count_types(self._controls.store)}

    def _inject(self, body: Body) -> Body:
        controls = self._controls
        try:
            seconds = float(body.get("seconds", 60))
        except (TypeError, ValueError):
            raise InvalidInput("FOR is a number of seconds", hint="FOR=60") from None
        site, kind = body.get("site", ""), body.get("kind", "")
        fault = parse_fault(site, kind, seconds, controls.simulated_now(), controls.sites())
        if fault.kind == "spot" and not controls.on_spot(site):
            hint = "outlast:spotAbove: true on AWS, and more tasks than outlast:minReplicas; or train with --spot"
            raise InvalidInput(f"no task of {site} is on Fargate Spot, and no training job on spot", hint=hint)
        controls.faults.inject(fault)
        return {"faults": controls.faults.describe()}

    def _heal(self, body: Body) -> Body:
        site = body.get("site") or None
        controls = self._controls
        known = sorted({*controls.sites(), *(f.site for f in controls.faults.active() if f.site)})
        if site is not None and site not in known:
            raise InvalidInput(
                f"{site!r} is not a site of this sandbox", hint=f"one of: {', '.join(known) or 'none is up'}"
            )
        ended = controls.faults.heal(site, body.get("kind") or None)
        if not body.get("kind") or any(fault.kind in ("kill", "spot") for fault in ended):
            controls.release(site)
        return {"healed": [f"{f.site} {f.kind}".strip() for f in ended]}

    def _forget_orphans(self, body: Body) -> Body:
        known = {(type_, id_) for type_, id_ in body["known"]}
        missing = [f"{type_}|{id_}" for type_, id_ in known if self._is_gone(type_, id_)]
        elsewhere = {(type_, id_): urn for type_, id_, urn in body.get("elsewhere", ())}
        forgotten = self._controls.forget_orphans(body["stack"], known, elsewhere)
        return {"forgotten": forgotten, "missing": sorted(missing)}

    def _is_gone(self, type_: str, id_: str) -> bool:
        return _is_ours(type_) and self._controls.store.get(type_, id_) is None


def _is_ours(type_: str) -> bool:
    """Whether a type of Pulumi's state lives in the clouds; providers and stack references do not."""
    return type_.partition(":")[0] in plugins.PACKAGES


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
