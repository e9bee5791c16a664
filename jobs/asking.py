"""Ask a cloud's API over HTTP; an answer that is no success is raised in our words, the service's own beside them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx

from jobs.reasons import explain, shorten
from service.errors import OutlastError, Refused, Unavailable


class NoAnswer(Unavailable):
    """A request was sent and no answer came: whether it took effect nobody knows. To ask again is safe."""


def ask(
    client: httpx.Client, method: str, path: str, doing: str, *, takes_quota: bool = False, **request: Any
) -> dict[str, Any] | None:
    """One call's JSON document; None where there is no such thing.

    HTTP 429 is a call too many, or where the call `takes_quota`, a machine too many.

    Raises:
        NoAnswer: no answer, or one that says that it may have worked.
        Refused: the service will not do it; nothing was done.
        Unavailable: these credentials may not ask, or not any more.
    """
    try:
        response = client.request(method, path, **request)
    except httpx.HTTPError as error:
        what = f"could not {doing}: {str(error) or type(error).__name__}"
        raise NoAnswer(what, hint="check the network, then type the same again: nothing is started twice") from error
    if response.status_code == 404:
        return None
    if response.status_code >= 500 or (response.status_code == 429 and not takes_quota):
        what = f"could not {doing}: HTTP {response.status_code} {shorten(response.text, 200)}"
        raise NoAnswer(what, hint="type the same again in a minute: nothing is started twice")
    if not response.is_success:
        raise refusal(doing, _said(response), denied=response.status_code in (401, 403))
    document: dict[str, Any] = response.json() if response.content else {}
    return document


def ask_for(client: httpx.Client, method: str, path: str, doing: str, **request: Any) -> dict[str, Any]:
    """`ask` for what has to be there."""
    document = ask(client, method, path, doing, **request)
    if document is None:
        raise Unavailable(f"could not {doing}: there is no such thing", hint="`pulumi up` of the training stack")
    return document


def pages(client: httpx.Client, path: str, doing: str, items: str, **query: str) -> Iterator[dict[str, Any]]:
    """Every item of a list: Azure names the next page by its address (`nextLink`), Google by a token."""
    document = ask_for(client, "GET", path, doing, params=query)
    while True:
        yield from document.get(items, [])
        if link := document.get("nextLink"):
            parts = urlsplit(str(link))  # what leads to the API is the client's to say
            document = ask_for(client, "GET", f"{parts.path}?{parts.query}", doing)
        elif token := document.get("nextPageToken"):
            document = ask_for(client, "GET", path, doing, params={**query, "pageToken": str(token)})
        else:
            return


def refusal(doing: str, said: str, *, denied: bool = False) -> OutlastError:
    """The error for what a service said: its sentence, why in ours, and what to do."""
    reason = explain(said)
    why = f": {reason.why}" if reason else ""
    what = f"could not {doing}{why} ({shorten(said)})"
    hint = reason.hint if reason else "the service's sentence says more than we know"
    kind = (
        Unavailable if denied or (reason and reason.name in ("credentials ended", "clock", "not allowed")) else Refused
    )
    return kind(what, hint=hint)


def _said(response: httpx.Response) -> str:
    """The sentence of an error's document: both clouds write `{"error": {"code", "message"}}`."""
    try:
        error = response.json()["error"]
        code = error.get("status") or error.get("code", "")
        return f"{code}: {error['message']}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"HTTP {response.status_code} {response.text}"
