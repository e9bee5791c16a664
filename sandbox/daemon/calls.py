"""What may be asked of a running sandbox over its control interface, whose client is `sandbox.command.control`."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from sandbox import layout as places
from sandbox.clouds.simulated import describe_kinds
from sandbox.daemon import overview
from sandbox.engine import plugins
from sandbox.network.faults import parse_fault
from service.errors import InvalidInput, OutlastError

if TYPE_CHECKING:
    from sandbox.daemon.daemon import Daemon

Body = dict[str, Any]


class Calls:
    """A WSGI application: JSON in, JSON out, for whoever knows this sandbox's token."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._routes: dict[tuple[str, str], Callable[[Body], Any]] = {
            ("GET", "/status"): lambda body: daemon.status(),
            ("GET", "/resources"): self._describe_resources,
            ("POST", "/fault"): self._inject,
            ("POST", "/heal"): self._heal,
            ("POST", "/speed"): self._set_speed,
            ("POST", "/orphans"): self._forget_orphans,
            ("POST", "/stop"): lambda body: daemon.stopped.set(),
        }

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer one request."""
        return self._answer(Request(environ))(environ, start_response)

    def _answer(self, request: Request) -> Response:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given, self._daemon.instance.token):
            return _json({"error": "the control interface asks for this sandbox's token"}, 401)
        handler = self._routes.get((request.method, request.path))
        if handler is None:
            return _json({"error": f"no such call: {request.method} {request.path}"}, 404)
        try:
            return _json(handler(json.loads(request.get_data() or b"{}")))
        except OutlastError as error:
            return _json({"error": str(error), "exit_code": error.exit_code}, 400)

    def _describe_resources(self, _body: Body) -> Body:
        return {"kinds": describe_kinds(), "existing": overview.count_types(self._daemon.world)}

    def _inject(self, body: Body) -> Body:
        daemon = self._daemon
        try:
            seconds = float(body.get("seconds", 60))
        except (TypeError, ValueError):
            raise InvalidInput("FOR is a number of seconds", hint="FOR=60") from None
        fault = parse_fault(
            body.get("site", ""), body.get("kind", ""), seconds, daemon.clock.simulated_now(), daemon.sites()
        )
        daemon.faults.inject(fault)
        return {"faults": daemon.faults.describe()}

    def _heal(self, body: Body) -> Body:
        site = body.get("site") or None
        known = sorted({*self._daemon.sites(), *(f.site for f in self._daemon.faults.active() if f.site)})
        if site is not None and site not in known:
            raise InvalidInput(
                f"{site!r} is not a site of this sandbox", hint=f"one of: {', '.join(known) or 'none is up'}"
            )
        ended = self._daemon.faults.heal(site)
        self._daemon.supervisor.release(site)
        return {"healed": [f"{f.site} {f.kind}".strip() for f in ended]}

    def _forget_orphans(self, body: Body) -> Body:
        daemon = self._daemon
        known = {(type_, id_) for type_, id_ in body["known"]}
        missing = [f"{type_}|{id_}" for type_, id_ in known if _is_ours(type_) and daemon.world.get(type_, id_) is None]
        forgotten = daemon.clouds.forget_orphans(body["stack"], known) if daemon.clouds else []
        return {"forgotten": forgotten, "missing": sorted(missing)}

    def _set_speed(self, body: Body) -> Body:
        daemon, speed = self._daemon, int(body["speed"])
        daemon.route53.set_speed(speed)
        daemon.layout.save_instance(places.replace_speed(daemon.instance, speed))
        return {"speed": daemon.clock.speed}


def _is_ours(type_: str) -> bool:
    """Whether a type of Pulumi's state lives in the clouds; providers and stack references do not."""
    return type_.partition(":")[0] in plugins.PACKAGES


def _json(body: Any, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json")
