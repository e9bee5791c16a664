"""The page over HTTP on loopback: its HTML, its data as server-sent events, and POSTs that only its reader can send.

Three things keep other pages of the same browser out: the `Host` asked for must be this server's (a name that is made
to point at 127.0.0.1 is not), a POST's `Origin` must be this page's, and it carries a token that is drawn at each
start. The token is in the fragment of the link that is printed, so no log and no `Referer` ever holds it; who has the
address alone can look, and change nothing.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from outlast.page.traffic import Traffic
from service.errors import InvalidInput, OutlastError

HTML = Path(__file__).parent.parent / "templates" / "live.html"
EVERY_SECONDS = 1.0
_MOST_BYTES = 100_000


class Source(Protocol):
    """What the page shows, and what its buttons do."""

    traffic: Traffic

    @property
    def is_used(self) -> bool: ...
    def view(self) -> dict[str, Any]: ...
    def act(self, what: str, site: str) -> str: ...
    def example(self) -> dict[str, Any]: ...
    def predict(self, row: list[Any]) -> dict[str, Any]: ...
    def find_record(self, site: str, request: str) -> dict[str, Any] | None: ...


@dataclass(frozen=True)
class Door:
    """Who is let in: `hosts` are this server's names with its port."""

    hosts: frozenset[str]
    token: str

    def refuse(self, request: Request) -> Response | None:
        """Why this request is not answered; None where it is."""
        host = request.headers.get("host", "")
        if host not in self.hosts:
            return _problem(421, f"this server is not {host!r}", "open the link that `outlast page` prints")
        if request.method != "POST":
            return None
        if request.headers.get("origin") != f"http://{host}":
            return _problem(403, "another page sent this", "press the button on the page itself")
        if not hmac.compare_digest(request.headers.get("x-token", "").encode(), self.token.encode()):
            return _problem(403, "the link's token is missing or old", "open the link that `outlast page` prints")
        return None


def make_app(source: Source, door: Door) -> Starlette:
    """The page's server."""
    html = HTML.read_text(encoding="utf-8")
    headers = {"content-security-policy": content_policy(html), "cache-control": "no-store"}
    headers |= {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}

    def show_page(_: Request) -> Response:
        return HTMLResponse(html, headers=headers)

    async def send_events(_: Request) -> Response:
        return StreamingResponse(_events(source), media_type="text/event-stream", headers={"cache-control": "no-store"})

    def give_example(_: Request) -> Response:
        return JSONResponse(source.example())

    def act(document: Mapping[str, Any]) -> dict[str, Any]:
        return {"said": source.act(str(document.get("what", "")), str(document.get("site", "")))}

    def predict(document: Mapping[str, Any]) -> dict[str, Any]:
        row = document.get("row")
        if not isinstance(row, list):
            raise InvalidInput("there is no row", hint='send {"row": [...]}')
        return source.predict(row)

    def find_record(document: Mapping[str, Any]) -> dict[str, Any]:
        return {"record": source.find_record(str(document.get("site", "")), str(document.get("request", "")))}

    return Starlette(
        routes=[
            Route("/", _guarded(door, show_page)),
            Route("/events", _guarded(door, send_events)),
            Route("/example", _guarded(door, give_example)),
            Route("/act", _guarded(door, _answering(act)), methods=["POST"]),
            Route("/predict", _guarded(door, _answering(predict)), methods=["POST"]),
            Route("/record", _guarded(door, _answering(find_record)), methods=["POST"]),
        ]
    )


def content_policy(html: str) -> str:
    """Only the script and the style that are in the page, and requests to where it came from."""

    def digest(tag: str) -> str:
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        return "'sha256-" + base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode() + "'"

    return (
        f"default-src 'none'; script-src {digest('script')}; style-src {digest('style')}; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _guarded(door: Door, handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
    async def guarded(request: Request) -> Response:
        refused = door.refuse(request)
        if refused is not None:
            return refused
        found = handler(request) if asyncio.iscoroutinefunction(handler) else run_in_threadpool(handler, request)
        response: Response = await found
        return response

    return guarded


def _answering(work: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Callable[[Request], Any]:
    """A POST of JSON; what the work raises is told as every command tells it."""

    async def answer(request: Request) -> Response:
        try:
            document = json.loads(await _read(request))
            if not isinstance(document, dict):
                raise ValueError
            return JSONResponse(await run_in_threadpool(work, document))
        except ValueError:
            return _problem(400, "the body is no JSON object", "press the button on the page itself")
        except OutlastError as error:
            return _problem(400 if isinstance(error, InvalidInput) else 409, error.what, error.hint)

    return answer


async def _read(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise InvalidInput(f"the body is over {_MOST_BYTES} bytes", hint="send one row")
    return body


async def _events(source: Source) -> AsyncGenerator[str, None]:
    """The view once a second while somebody listens; where the sandbox is away, that it is, until it is back."""
    await run_in_threadpool(source.traffic.enter)
    try:
        while True:
            try:
                view = await run_in_threadpool(source.view)
            except OutlastError as error:
                view = {"error": error.what, "hint": error.hint}
            yield f"data: {json.dumps(view)}\n\n"
            await asyncio.sleep(EVERY_SECONDS)
    finally:
        source.traffic.leave()


def _problem(status: int, what: str, hint: str) -> Response:
    return JSONResponse({"error": what, "hint": hint}, status_code=status)
