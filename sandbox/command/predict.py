"""One real prediction, as a user gets it: the public name, DNS, TLS, and whichever cloud answers."""

from __future__ import annotations

import random
import time
from dataclasses import asdict, dataclass
from typing import Any

import httpx

from failover.dial import Dial, authorise
from service.bundle.golden import Golden, read_answer
from service.errors import Deviated, InvalidInput, Unavailable

_DEADLINE_SECONDS = 5.0
_LOST_HINT = (
    "a site that was just lost stays in DNS until its health checks notice: `make status` shows when, then ask again"
)
_KEY_HINT = (
    "unset OUTLAST_API_KEY, and the sandbox's own key is sent; `outlast up` draws one and gives it to the sites. Sites "
    "whose files hold OUTLAST_API_KEYS want a key of theirs in OUTLAST_API_KEY"
)


@dataclass(frozen=True)
class Prediction:
    """What came back, beside what the released model answers to the same row."""

    row: str
    label: str
    probability: float
    expected: str
    mistake: str
    site: str
    origin: str
    address: str
    milliseconds: float

    @property
    def right(self) -> bool:
        return not self.mistake

    def document(self) -> dict[str, Any]:
        return {**asdict(self), "right": self.right}


def predict(dial: Dial, host: str, golden: Golden, row_id: str | None = None, *, api_key: str = "") -> Prediction:
    """Send one golden row (a real one, drawn at random unless named) to the public host.

    Raises InvalidInput for an unknown row, Unavailable where nobody answers, Deviated for an answer of another form.
    """
    row = golden.find(row_id) if row_id is not None else random.choice(golden.rows)
    began = time.perf_counter()
    resolution = dial.resolve(host)
    if not resolution.addresses:
        raise Unavailable(f"DNS has no address for {host} ({resolution.rcode})", hint="make status")
    response = _ask(dial, f"https://{host}{golden.path}", resolution.addresses[0], golden.render_request(row), api_key)
    milliseconds = (time.perf_counter() - began) * 1000
    if response.status_code in (401, 403):
        raise Deviated(f"{host} answered {response.status_code}: {response.text[:300]}", hint=_KEY_HINT)
    if response.status_code != 200:
        who = f"{host} ({resolution.origin_host}, {resolution.addresses[0]})"
        hint = _LOST_HINT if response.status_code >= 500 else "make status"
        raise Deviated(f"{who} answered {response.status_code}{_said(response)}", hint=hint)
    try:
        answer = read_answer(response.content)
    except InvalidInput as error:
        raise Deviated(f"{host}: {error.what}", hint="make status") from error
    return Prediction(
        row.id,
        answer.label,
        max(answer.probabilities, default=0.0),
        row.label,
        row.find_mistake(answer.label, answer.probabilities, golden.tolerance),
        response.headers.get("x-served-by", "?"),
        resolution.origin_host,
        resolution.addresses[0],
        milliseconds,
    )


def _said(response: httpx.Response) -> str:
    return f": {response.text[:300]}" if response.text else ""


def _ask(dial: Dial, url: str, address: str, body: bytes, api_key: str) -> httpx.Response:
    headers = {"content-type": "application/json"} | authorise(api_key)
    try:
        with dial.client(address=address, deadline_seconds=_DEADLINE_SECONDS) as http:
            return http.post(url, content=body, headers=headers)
    except httpx.HTTPError as error:
        raise Unavailable(f"{url} at {address} does not answer: {error}", hint=_LOST_HINT) from error
