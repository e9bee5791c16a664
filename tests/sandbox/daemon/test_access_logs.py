"""Requests come to each store in its form and after its time, and no store grows without end."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from failover.logs.access_reading import _ENDED, read_end
from failover.simulator.clock import ScaledClock
from sandbox.clouds.access_routes import AccessRoute
from sandbox.clouds.object_store import ObjectStore
from sandbox.daemon import access_logs
from sandbox.daemon.access_logs import AccessLogs
from tests.sandbox.clouds.harness import Wall
from tests.sandbox.daemon.test_access_forms import ALB, GOOGLE, INGRESS, SERVED

NOW = datetime(2026, 11, 29, 20, 31, 30, tzinfo=UTC)
FOLDER = "site-alb-1/AWSLogs/0/elasticloadbalancing/us-east-1/"
PLACE = {**ALB, "account": "0", "region": "us-east-1", "address": "192.0.2.1"}
ROUTES = {
    "aws": AccessRoute("aws", "aws", FOLDER, 300.0, PLACE),
    "azure": AccessRoute("azure", "azure", "api.loganalytics.azure.com/outlast-azure/", 180.0, INGRESS),
    "gcp": AccessRoute("gcp", "gcp", "logging.googleapis.com/p/global/_Default/", 0.0, GOOGLE),
}


class Sandbox:
    """The parts around the logs, on a folder."""

    def __init__(self, folder: Path) -> None:
        self.wall, self.dark = Wall(), set[str]()
        self.objects = ObjectStore(folder)
        self.logs = AccessLogs(ScaledClock(1, wall=self.wall), self.objects, self.dark.__contains__, lambda: NOW)
        self.logs.follow(ROUTES.values())

    def take(self, entry: str, times: int = 1) -> None:
        for _ in range(times):
            self.logs.take(replace(SERVED, entry=entry))

    def after(self, seconds: float) -> dict[str, int]:
        """How many lines each store has some seconds later."""
        self.wall.sleep(seconds)
        self.logs.deliver()
        return {cloud: len(self.lines(cloud)) for cloud in ROUTES}

    def lines(self, cloud: str) -> list[bytes]:
        names = self.objects.names(ROUTES[cloud].folder.partition("/")[0])
        contents = [self.objects.read(name) or b"" for name in names]
        return [line for one in contents for line in (gzip.decompress(one) if cloud == "aws" else one).splitlines()]


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def test_each_store_has_a_request_after_its_own_time(sandbox: Sandbox) -> None:
    for entry in (*ROUTES, "nobody's"):
        sandbox.take(entry, 2)
    assert sandbox.after(0) == {"aws": 0, "azure": 0, "gcp": 4}
    assert sandbox.after(180) == {"aws": 0, "azure": 2, "gcp": 4}
    assert sandbox.after(119) == {"aws": 0, "azure": 2, "gcp": 4}
    assert sandbox.after(1) == {"aws": 2, "azure": 2, "gcp": 4}
    assert sandbox.after(900) == {"aws": 2, "azure": 2, "gcp": 4}, "and once"


def test_a_file_is_named_as_a_load_balancer_names_it(sandbox: Sandbox) -> None:
    sandbox.take("aws")
    sandbox.after(0), sandbox.after(300)
    (name,) = sandbox.objects.names("site-alb-1")
    assert name.startswith(f"{FOLDER}2026/11/29/0_elasticloadbalancing_us-east-1_app.outlast-aws.50dc6c495c0c9188_")
    ended = _ENDED.search(name)
    assert ended and read_end(ended[1]) == datetime(2026, 11, 29, 20, 32, tzinfo=UTC), "not before its last line"


def test_a_cloud_that_is_dark_takes_nothing_until_it_is_back(sandbox: Sandbox) -> None:
    sandbox.take("azure")
    sandbox.dark.add("azure")
    assert sandbox.after(0)["azure"] == sandbox.after(500)["azure"] == 0
    sandbox.dark.clear()
    assert sandbox.after(1)["azure"] == 1


def test_a_cloud_that_is_dark_for_long_loses_the_oldest_instead_of_growing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_logs, "_WAITING", 3)
    sandbox = Sandbox(tmp_path)
    sandbox.dark.add("azure")
    for _ in range(4):
        sandbox.take("azure", 2)
        sandbox.after(0)
    sandbox.dark.clear()
    assert sandbox.after(500)["azure"] == 3


def test_what_is_no_longer_switched_on_is_not_delivered(sandbox: Sandbox) -> None:
    sandbox.take("aws")
    sandbox.after(0)
    sandbox.logs.follow([ROUTES["gcp"]])
    assert sandbox.after(300)["aws"] == 0


def test_what_is_left_is_delivered_at_the_end(sandbox: Sandbox) -> None:
    sandbox.logs.start()
    for entry in ROUTES:
        sandbox.take(entry)
    sandbox.logs.stop()
    assert sandbox.after(0) == {"aws": 1, "azure": 1, "gcp": 2}


def test_a_store_keeps_the_newest(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_logs, "STORE_BYTES", 60_000)
    monkeypatch.setattr(access_logs, "_SEGMENT_BYTES", 20_000)
    for number in range(60):
        sandbox.logs.take(replace(SERVED, entry="gcp", user_agent=f"agent-{number}"))
        sandbox.after(0)
        time.sleep(0.001)  # files are told apart by when they were written
    kept = [json.loads(line)["httpRequest"]["userAgent"] for line in sandbox.lines("gcp")]
    assert "agent-59" in kept and "agent-0" not in kept
    assert sum(len(line) for line in sandbox.lines("gcp")) <= 60_000


def test_a_line_that_a_full_disk_cut_off_spoils_no_other(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut_off(store: ObjectStore, name: str, content: bytes) -> None:
        extend(store, name, content[:40])
        raise OSError(28, "No space left on device")

    extend = ObjectStore.extend
    sandbox.take("gcp")
    before = sandbox.after(1)["gcp"]
    monkeypatch.setattr(ObjectStore, "extend", cut_off)
    sandbox.take("gcp")
    with pytest.raises(OSError, match="No space"):
        sandbox.logs.deliver()
    monkeypatch.undo()
    sandbox.take("gcp")
    sandbox.logs.deliver()
    names = sandbox.objects.names("logging.googleapis.com")
    whole = [json.loads(line) for name in names for line in sandbox.objects.whole_lines(name)]
    assert len(whole) == 2 * before > 0
