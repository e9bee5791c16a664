"""Asking one site everything that parity compares, as the public host. Changes nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence

import httpx

from failover.dial import authorise
from failover.drill.probes import ask_digest
from failover.parity.compare import SiteAnswers
from failover.parity.mistakes import Refusal, Row, WrongRequest, list_mistakes, read_refusal
from service.bundle.golden import Answer, Golden, read_answers, render_rows
from service.errors import InvalidInput, Unavailable

ROWS_A_REQUEST = 100


def ask_site(
    http: httpx.Client, host: str, site: str, *, golden: Golden, rows: Sequence[Row], api_key: str
) -> SiteAnswers:
    """What a site says to golden rows, drawn rows and wrong requests; never raises for what a network can do.

    `http` is dialled at the site's own address, whatever DNS says of `host`; from here on it carries the key.
    """
    http.headers.update(authorise(api_key))
    try:
        digest = ask_digest(http, host, golden)
        own, seen = _ask_rows(http, host, golden, [row.features for row in golden.rows])
        drawn, _ = _ask_rows(http, host, golden, rows)
        refusals = {wrong.name: _send_wrong(http, host, wrong) for wrong in list_mistakes(golden)}
    except (httpx.HTTPError, Unavailable, InvalidInput, OSError) as error:
        return SiteAnswers(site, error=f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}")
    return SiteAnswers(site, digest, tuple(own), tuple(drawn), seen, refusals)


def _ask_rows(
    http: httpx.Client, host: str, golden: Golden, rows: Sequence[Row]
) -> tuple[list[Answer], dict[str, str]]:
    """The answers in order, and the headers of the last one. Raises Unavailable for any status but 200."""
    answers: list[Answer] = []
    seen: dict[str, str] = {}
    for start in range(0, len(rows), ROWS_A_REQUEST):
        part = rows[start : start + ROWS_A_REQUEST]
        body = json.dumps({"inputs": render_rows(golden.input, part)}, separators=(",", ":")).encode()
        response = http.post(f"https://{host}{golden.path}", content=body, headers={"content-type": "application/json"})
        if response.status_code != 200:
            raise Unavailable(f"answers {response.status_code} to {len(part)} rows: {response.text[:120]}")
        answers += _expect(len(part), read_answers(response.content))
        seen = dict(response.headers)
    return answers, seen


def _expect(count: int, answers: list[Answer]) -> list[Answer]:
    if len(answers) != count:
        raise InvalidInput(f"{len(answers)} answers to {count} rows")
    return answers


def _send_wrong(http: httpx.Client, host: str, wrong: WrongRequest) -> Refusal:
    request = http.build_request(wrong.method, f"https://{host}{wrong.path}", content=wrong.body, headers=wrong.headers)
    if not wrong.keyed:
        request.headers.pop("authorization", None)
    response = http.send(request)
    return read_refusal(response.status_code, response.headers.get("content-type", ""), response.content)
