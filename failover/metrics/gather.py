"""Asking each site for its metrics until every replica was seen: a load balancer answers with one or another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from failover.metrics.exposition import Coverage, Source, find_replica
from service.command_line import set_at_end
from service.errors import OutlastError

# A replica renders its metrics once a second at most, so that whoever asks more often gets the same.
INTERVAL_SECONDS = 1.0
Ask = Callable[[str], str]


def gather(
    ask: Ask,
    declared: Mapping[str, int | None],
    seconds: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[dict[Source, str], list[Coverage]]:
    """The latest metrics of each replica, and what was seen of each site.

    Args:
        ask: a site -> the metrics of whichever of its replicas answers. Raises OutlastError when none does.
        declared: site -> how many replicas it has; None: nobody says, so it is asked until the time is up.
        seconds: how long at most.
    """

    over = threading.Event()

    def watch(site: str) -> tuple[dict[Source, str], Coverage]:
        return _watch(lambda: ask(site), site, declared[site], seconds, clock, sleep, over)

    texts: dict[Source, str] = {}
    coverage = []
    with ThreadPoolExecutor(max_workers=max(1, len(declared))) as pool, set_at_end(over):
        for found, each in pool.map(watch, declared):
            texts |= found
            coverage.append(each)
    return texts, coverage


def _watch(
    ask: Callable[[], str],
    site: str,
    declared: int | None,
    seconds: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
    over: threading.Event,
) -> tuple[dict[Source, str], Coverage]:
    found: dict[Source, str] = {}
    ends, error = clock() + seconds, ""
    while True:
        try:
            text = ask()
            found[Source(site, find_replica(text))] = text
            error = ""
        except OutlastError as failed:
            error = failed.what
        if len(found) == declared or clock() + INTERVAL_SECONDS > ends or over.is_set():
            break
        sleep(INTERVAL_SECONDS)
    return found, Coverage(site, tuple(sorted(source.replica for source in found)), declared, error)
