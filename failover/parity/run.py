"""Parity of one host: its sites found, all of them asked at the same time, their answers compared."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from failover.dial import Dial
from failover.drill.fleet import TAG_DIGEST
from failover.oncall.look import read_standing
from failover.oncall.standing import SiteStanding
from failover.parity.asking import ask_site
from failover.parity.compare import Parity, SiteAnswers, compare
from failover.parity.mistakes import Row
from failover.parity.rows import draw_rows
from service.bundle.folder import load_golden, load_release
from service.bundle.golden import Golden
from service.errors import Unavailable

if TYPE_CHECKING:
    from mypy_boto3_route53 import Route53Client

# A site gets this many times what one request gets: it is asked about thirty, some of four megabytes.
_PATIENCE = 6


def compare_sites(
    route53: Route53Client, dial: Dial, host: str, folder: Path, *, count: int, seed: int, api_key: str
) -> Parity:
    """Ask every site of `host` the golden rows of the model in `folder`, `count` drawn ones, and wrong requests.

    Raises Unavailable for a host with one site: there is nothing to compare it with.
    """
    golden, manifest = load_golden(folder), load_release(folder).manifest
    deadline, now = dial.deadline_seconds, datetime.now(UTC)
    standing = read_standing(route53, dial, host, now=now, deadline_seconds=deadline, drills=Path("drills"))
    sites = standing.sites
    if len(sites) < 2:
        raise Unavailable(f"{host} has one site: nothing to compare it with", hint="outlast status --host …")
    rows = draw_rows(manifest.input, manifest.reference, count, seed=seed)
    answers = _ask_all(sites, dial, host, golden, rows, api_key)
    return compare(answers, golden, {site.name: _promised(site) for site in sites})


def _promised(site: SiteStanding) -> str:
    return site.endpoint.tags.get(TAG_DIGEST, "") if site.endpoint else ""


def _ask_all(
    sites: Sequence[SiteStanding], dial: Dial, host: str, golden: Golden, rows: Sequence[Row], api_key: str
) -> list[SiteAnswers]:
    patience = _PATIENCE * dial.deadline_seconds

    def ask(site: SiteStanding) -> SiteAnswers:
        if not site.look.address:
            return SiteAnswers(site.name, error=site.look.problem)
        with dial.client(address=site.look.address, fresh=False, deadline_seconds=patience) as http:
            return ask_site(http, host, site.name, golden=golden, rows=rows, api_key=api_key)

    with ThreadPoolExecutor(max_workers=len(sites)) as pool:
        return list(pool.map(ask, sites))
