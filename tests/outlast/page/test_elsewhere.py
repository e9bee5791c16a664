"""A drill of another machine: who holds the lock, or whose tags a site carries."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import httpx
import pytest

from failover.levers.clouds import Clouds
from outlast.page.elsewhere import SharedLock, tell_tagged
from service.errors import InvalidInput
from tests.failover.oncall.standings import host, site

ADDRESS = "https://storage.googleapis.com/a-bucket/drill-lock"
NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
HELD = {"mode": "drill", "id": "2026-11-29T11-59-00Z-abc", "expires_at": "2026-11-29T12:02:00+00:00"}


def _lock(status: int, content: object) -> SharedLock:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json=content, headers={"x-goog-generation": "1", "etag": '"1"'})

    clouds = Clouds({"OUTLAST_GOOGLE_TOKEN": "t"}, httpx.MockTransport(answer))
    lock = SharedLock(ADDRESS, clouds, now=lambda: NOW)
    lock.tell()  # which begins to look, and waits for nobody
    for thread in threading.enumerate():
        if thread.name == "page-refresh":
            thread.join()
    return lock


def test_the_holder_of_the_lock_is_told() -> None:
    held, why_not = _lock(200, HELD).tell()
    assert held.startswith(f"drill {HELD['id']} runs on another machine: it holds {ADDRESS}, until 2026-11-29T12:02")
    assert why_not == ""


def test_a_lock_that_has_run_out_or_is_not_there_is_nobodys() -> None:
    assert _lock(200, {**HELD, "expires_at": "2026-11-29T11:59:59+00:00"}).tell() == ("", "")
    assert _lock(404, {}).tell() == ("", "")


def test_a_lock_that_cannot_be_read_is_told() -> None:
    held, why_not = _lock(403, "no role").tell()
    assert held == "" and why_not.startswith("the drills' lock: the cloud refused to read")


def test_without_an_address_nobody_is_asked_and_a_wrong_one_is_refused_at_once() -> None:
    assert SharedLock("", Clouds()).tell() == ("", "")
    with pytest.raises(InvalidInput, match="cannot be reached"):
        SharedLock("https://example.com/lock", Clouds())


def test_a_site_that_a_drill_has_tagged_tells_of_it_until_its_end() -> None:
    tags = {"drill:id": HELD["id"], "drill:expires-at": "2099-01-01T00:00:00+00:00"}
    told = tell_tagged(host(site("aws"), site("gcp", tags=tags)))
    assert told == f"drill {HELD['id']} holds gcp until 2099-01-01T00:00:00+00:00; its journal is not here"
    past = {**tags, "drill:expires-at": "2020-01-01T00:00:00+00:00"}
    assert tell_tagged(host(site("gcp", tags=past))) == "" == tell_tagged(host())
