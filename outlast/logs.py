"""`outlast logs`: what all sites wrote, in one order; in the sandbox, and on real accounts.

Two sources: the replicas, and what lets requests in (load balancers, Azure's ingress), which has a line for each.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from failover.levers.clouds import Clouds
from failover.logs.access_reading import AccessReader
from failover.logs.clouds import Asked, LogPlace, read_log
from failover.logs.lines import REQUEST_ID, LogLine, merge, own_replica, own_time, own_trace, read_span
from infra.models import ROOT
from infra.plan import name_site
from infra.settings.regions import CLOUDS, REGION_KEYS
from outlast.train.places import enter_sandbox
from sandbox import stack_files
from sandbox.layout import Layout
from service.command_line import Command, json_option, say, working
from service.errors import InvalidInput, OutlastError, Unavailable

_POLL_SECONDS = 2.0
_LATE = timedelta(minutes=15)  # by which a line may come later than it was written: Log Analytics takes minutes
_ACCOUNTS = {"azure": "azure-native:subscriptionId", "gcp": "gcp:project"}

REPLICAS, ACCESS, ALL = "replicas", "access", "all"

Read = Callable[[str, Asked], list[LogLine]]
"""The lines of one site from one source, the oldest first."""


@click.command("logs", cls=Command)
@click.option("--site", "only", multiple=True, metavar="SITE", help="Only of this site; may be repeated.")
@click.option("--since", default="10m", show_default=True, metavar="SPAN", help="How far back: 30s, 10m, 2h, 1d.")
@click.option("--request", default="", metavar="ID", help="Only lines that name this request (x-request-id).")
@click.option(
    "--source",
    type=click.Choice([REPLICAS, ACCESS, ALL]),
    default=REPLICAS,
    show_default=True,
    help="What replicas print, or the access logs of what lets requests in.",
)
@click.option("--follow", is_flag=True, help="Go on with what is written from now on, until Ctrl-C.")
@click.option("--stacks", metavar="SET", help="Of real accounts: the stack files of your own.")
@json_option
def logs(
    only: tuple[str, ...], since: str, request: str, source: str, follow: bool, stacks: str | None, as_json: bool
) -> None:
    """Print what all sites wrote, merged by time: log lines and audit records, or a line for each request.

    The sites are the sandbox's, or with --stacks those of real accounts.
    """
    asked = Asked(datetime.now(UTC) - read_span(since), check_request(request))
    layout = Layout.of(ROOT)
    sites = choose_sites(layout, stacks, only)
    told: dict[str, str] = {}
    reads = open_sources(layout, stacks, source, lambda text: _tell(text, text, told))
    show = _print_data if as_json else _print_text
    seen: set[LogLine] = set()
    with working(f"reading the logs of {', '.join(sites)}"):
        found = _read_each(sites, asked, reads, told)
    while True:
        seen |= _print_new(show, merge(found), seen)
        if not follow:
            return
        time.sleep(_POLL_SECONDS)
        asked, seen = move_on(asked, seen, datetime.now(UTC))
        found = _read_each(sites, asked, reads, told)


def open_sources(layout: Layout, stacks: str | None, source: str, tell: Callable[[str], None]) -> list[Read]:
    """How each source that is asked for is read."""
    if source != REPLICAS:
        enter_sandbox(stacks)
    clouds = Clouds(os.environ)
    replicas = read_real(layout.root, clouds) if stacks else read_sandbox(layout)
    access = follow_traces(replicas, read_access(layout.root, clouds, tell))
    return {REPLICAS: [replicas], ACCESS: [access], ALL: [replicas, access]}[source]


def follow_traces(replicas: Read, access: Read) -> Read:
    """Access lines of a request by its id, and by the traces that replicas wrote down beside it: some load balancers
    know a request by nothing else."""

    def read(site: str, asked: Asked) -> list[LogLine]:
        names = dict.fromkeys([asked.request, *(_list_traces(replicas, site, asked) if asked.request else [])])
        return sorted({line for name in names for line in access(site, replace(asked, request=name))})

    return read


def check_request(request: str) -> str:
    """The id, which goes into the clouds' queries as it is. Raises InvalidInput."""
    if request and not REQUEST_ID.fullmatch(request):
        raise InvalidInput(f"{request!r} is no id of a request", hint="as the header x-request-id has it")
    return request


def choose_sites(layout: Layout, stacks: str | None, only: Sequence[str]) -> tuple[str, ...]:
    """The sites of a set, or those of it that are named. Raises InvalidInput for one that it does not have."""
    chosen = stack_files.find(layout.root, stacks) if stacks else stack_files.load(layout)
    unknown = [site for site in only if site not in chosen.sites]
    if unknown:
        raise InvalidInput(f"{', '.join(unknown)} is no site of {chosen}", hint=f"one of: {', '.join(chosen.sites)}")
    return tuple(dict.fromkeys(only)) or chosen.sites


def move_on(asked: Asked, seen: set[LogLine], now: datetime) -> tuple[Asked, set[LogLine]]:
    """What to ask for next: lines that may still come late; and what of those was seen."""
    since = max(asked.since, now - _LATE)
    return replace(asked, since=since), {line for line in seen if line.time >= since}


def _list_traces(replicas: Read, site: str, asked: Asked) -> list[str]:
    """None where the replicas' log cannot be read: the access log still can."""
    try:
        return sorted({trace for line in replicas(site, asked) if (trace := own_trace(line.text))})
    except OutlastError:
        return []


def _read_each(sites: Sequence[str], asked: Asked, reads: Sequence[Read], told: dict[str, str]) -> list[list[LogLine]]:
    """What cannot be read is said, once for each reason, and keeps nobody from the other sites and sources."""
    found = []
    for number, read in enumerate(reads):
        for site in sites:
            try:
                found.append(read(site, asked))
                told.pop(f"{site} {number}", None)
            except OutlastError as error:
                if len(sites) == len(reads) == 1:
                    raise
                _tell(f"{site} {number}", f"{site}: {error}", told)
    return found


def _tell(about: str, text: str, told: dict[str, str]) -> None:
    """Say something about a site unless it was the last that was said of it."""
    if told.get(about) != text:
        told[about] = text
        say(text)


def _print_new(show: Callable[[LogLine], None], lines: Iterator[LogLine], seen: set[LogLine]) -> set[LogLine]:
    """Print what was not seen before; all that is there now."""
    found = list(lines)
    for line in found:
        if line not in seen:
            show(line)
    return set(found)


def _print_text(line: LogLine) -> None:
    click.echo(line.render())


def _print_data(line: LogLine) -> None:
    click.echo(json.dumps(line.to_data(), ensure_ascii=False))


# -- the sandbox -------------------------------------------------------------------------------------------------------


def read_sandbox(layout: Layout) -> Read:
    """From the files in which the sandbox has what its replicas print. Raises Unavailable before the first `up`."""
    if layout.load_instance() is None:
        raise Unavailable("this folder has no sandbox yet", hint="make up; of real accounts: --stacks SET")
    return lambda site, asked: read_files(layout.logs, site, asked)


def read_files(folder: Path, site: str, asked: Asked) -> list[LogLine]:
    """The lines of a site's replicas, the oldest first. What no line of the server is (a crash) has the time before."""
    found = []
    for path in sorted([*folder.glob(f"{site}-*.log.1"), *folder.glob(f"{site}-*.log")]):
        name = path.name.partition(".log")[0]
        if name.rpartition("-")[0] != site:
            continue
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        for text in path.read_text(errors="replace").splitlines():
            at = own_time(text) or at
            if at >= asked.since and asked.request in text:
                found.append(LogLine(at, site, own_replica(text) or name, text))
    return sorted(found)


# -- real accounts -----------------------------------------------------------------------------------------------------


def read_real(root: Path, clouds: Clouds) -> Read:
    """Through the API of each site's cloud."""
    return lambda site, asked: read_log(place_of(site, stack_files.read_config(root, site)), asked, clouds)


def read_access(root: Path, clouds: Clouds, tell: Callable[[str], None]) -> Read:
    """Through the same APIs, on real accounts and in the sandbox, which has them too."""
    reader = AccessReader(clouds, tell)
    return lambda site, asked: reader.read(place_of(site, stack_files.read_config(root, site)), asked)


def place_of(site: str, config: Mapping[str, Any]) -> LogPlace:
    """Where a site's log is, as its stack file says. Raises InvalidInput for a site whose log is its owner's."""
    cloud = str(config.get("outlast:kind", ""))
    if cloud not in CLOUDS:
        what = f"{site} is of the kind {cloud or '(none)'}: no cloud has its log"
        where = f"on its machine read what `outlast serve --site {site}` prints (journalctl, docker logs, a file)"
        raise InvalidInput(what, hint=f"{where}; name sites on clouds with --site")
    name = name_site(str(config.get("outlast:prefix", "outlast")), site)
    region, account = (str(config.get(key, "")) for key in (REGION_KEYS[cloud], _ACCOUNTS.get(cloud, "")))
    return LogPlace(site, cloud, name, region, account)


COMMANDS = {"logs": logs}
