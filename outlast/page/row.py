"""The box of the page: a row of the model's own features, sent as any client sends it, and what came back."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import httpx

from failover.dial import Dial, authorise
from failover.drill.probes import SERVED_BY
from service.bundle.golden import Golden, read_answer
from service.errors import Deviated, InvalidInput, Unavailable

_DEADLINE_SECONDS = 5.0


@dataclass(frozen=True)
class RowBox:
    """Sends rows to one host, with its key."""

    dial: Dial
    host: str
    golden: Golden
    api_key: str

    def example(self) -> dict[str, Any]:
        """A row of the model's own features, to be changed and sent."""
        return {"columns": [column.name for column in self.golden.input.columns], "row": self.golden.rows[0].features}

    def predict(self, row: list[Any]) -> dict[str, Any]:
        """Send one row through DNS and TLS. Raises Unavailable where nobody answers, Deviated for a refusal."""
        wanted = len(self.golden.rows[0].features)
        if len(row) != wanted:
            raise InvalidInput(f"the row has {len(row)} values, the model {wanted} columns", hint="reload the page")
        response = self._send(self.golden.render_request(replace(self.golden.rows[0], features=tuple(row))))
        if response.status_code != 200:
            raise Deviated(f"{self.host} answered {response.status_code}: {response.text[:300]}", hint="change the row")
        answer = read_answer(response.content)
        return {
            "label": answer.label,
            "probability": max(answer.probabilities, default=0.0),
            "site": response.headers.get(SERVED_BY, "?"),
            "request": response.headers.get("x-request-id", ""),
            "receipt": json.loads(response.content).get("parameters", {}).get("receipt", ""),
        }

    def _send(self, body: bytes) -> httpx.Response:
        headers = {"content-type": "application/json"} | authorise(self.api_key)
        url = f"https://{self.host}{self.golden.path}"
        try:
            with self.dial.client(deadline_seconds=_DEADLINE_SECONDS) as http:
                return http.post(url, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise Unavailable(f"{self.host} does not answer: {error}", hint="send it again") from error
