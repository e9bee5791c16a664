"""Looking at one site, once: a pinned HTTPS request with a golden row, and the certificate that the site serves.

*Pinned* means dialled at one site's address, whatever DNS says, while SNI and Host are the public host: ground truth.
Route 53's own HTTPS checks do not verify certificates, so an expired one is seen here or nowhere.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

import httpx

from failover.dial import Dial
from failover.drill.facts import Answer, SiteProbe
from service.bundle.golden import Golden, GoldenRow
from service.errors import Unavailable

SERVED_BY = "x-served-by"


def ask_golden(http: httpx.Client, host: str, golden: Golden, row: GoldenRow) -> Answer:
    """Send one golden row to `host` by this client and judge the answer; never raises for what a network can do."""
    began = time.monotonic()
    try:
        response = http.post(
            f"https://{host}{golden.path}",
            content=golden.render_request(row),
            headers={"content-type": "application/json"},
        )
    except (httpx.HTTPError, Unavailable, OSError) as error:
        return Answer(None, time.monotonic() - began, error=f"{type(error).__name__}: {_first_line(error)}")
    seconds = time.monotonic() - began
    served_by = response.headers.get(SERVED_BY)
    if response.status_code != 200:
        return Answer(served_by, seconds, error=f"HTTP {response.status_code}")
    return Answer(served_by, seconds, wrong=golden.find_mistake(row, response.content))


def ask_digest(http: httpx.Client, host: str, golden: Golden) -> str:
    """The digest of the model behind this client's address, by its metadata; empty where it does not say."""
    try:
        response = http.get(f"https://{host}{golden.path.removesuffix('/infer')}")
        return str(json.loads(response.content)["parameters"]["digest"])
    except (httpx.HTTPError, Unavailable, OSError, ValueError, LookupError, TypeError):
        return ""


def probe_site(
    dial: Dial,
    host: str,
    site: str,
    origin_host: str,
    *,
    golden: Golden,
    headers: Mapping[str, str],
    deadline_seconds: float,
) -> SiteProbe:
    """Resolve the site's own origin, then ask it for a golden row as `host`, and look at its certificate."""
    try:
        addresses = dial.resolve(origin_host, timeout_seconds=deadline_seconds).addresses
    except Unavailable as error:
        return _unreachable(site, error.what)
    if not addresses:
        return _unreachable(site, f"{origin_host} has no address")
    address = addresses[0]
    with dial.client(address=address, deadline_seconds=deadline_seconds) as http:
        http.headers.update(headers)
        answer = ask_golden(http, host, golden, golden.rows[0])
        digest = "" if answer.error else ask_digest(http, host, golden)
    if not answer.error and answer.served_by != site:
        answer = Answer(answer.served_by, answer.seconds, error=f"{SERVED_BY} says {answer.served_by}, not {site}")
    try:
        ends, problem = dial.certificate(host, address=address, deadline_seconds=deadline_seconds).not_after, ""
    except Unavailable as error:
        ends, problem = None, error.what
    return SiteProbe(site, address, answer, ends, problem, digest)


def _unreachable(site: str, why: str) -> SiteProbe:
    return SiteProbe(site, None, Answer(None, 0.0, error=why), None, why)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")
