"""What replicas print arrives in each store in its form and after its time, once, also over a restart."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from failover.simulator.clock import ScaledClock
from sandbox.clouds.audit_routes import Route, has_field
from sandbox.clouds.object_store import ObjectStore
from sandbox.daemon.audit_shipping import AuditShipping
from sandbox.daemon.log_folder import LogFolder
from tests.sandbox.clouds.harness import Wall

NOW = datetime.datetime(2026, 11, 29, 13, 30, 5, tzinfo=datetime.UTC)
ENVIRONMENT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.App/managedEnvironments/e"
WANTS = has_field("chain")
ROUTES = {
    "aws": Route("aws", "aws", "records/audit/", "stream", 60.0, 200, WANTS),
    "azure": Route("azure", "azure", "account/logs/", ENVIRONMENT, 180.0, 1000, lambda line: True),
    "gcp": Route("gcp", "gcp", "logging.googleapis.com/p/l/b/", "service", 0.0, 1000, WANTS),
}


class Sandbox:
    """The parts around the shipping, on a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.wall, self.dark = folder, Wall(), set[str]()
        self.objects = ObjectStore(folder / "objects")
        self.shipping = self.restarted()

    def restarted(self) -> AuditShipping:
        clock = ScaledClock(1, wall=self.wall)
        where = self.objects, self.folder, self.folder / "audit.json"
        self.shipping = AuditShipping(clock, *where, self.dark.__contains__, lambda: NOW)
        return self.shipping

    def write(self, file: str, text: str) -> None:
        with (self.folder / file).open("a") as opened:
            opened.write(text)

    def stored(self, folder: str) -> dict[str, list[bytes]]:
        bucket = folder.partition("/")[0]
        names = [name for name in self.objects.names(bucket) if name.startswith(folder)]
        return {name: (self.objects.read(name) or b"").splitlines() for name in names}

    def lines(self, site: str) -> list[bytes]:
        return [line for lines in self.stored(ROUTES[site].folder).values() for line in lines]


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def record(seq: int, **more: Any) -> str:
    return json.dumps({"chain": "c", "seq": seq, **more}) + "\n"


def test_firehose_gathers_for_its_interval_and_names_objects_by_the_hour(sandbox: Sandbox) -> None:
    sandbox.shipping.follow([ROUTES["aws"]])
    sandbox.write("aws-3.log", record(0) + "a line of the log\n" + record(1)[:7])
    sandbox.shipping.ship()
    sandbox.wall.sleep(59)
    sandbox.shipping.ship()
    assert sandbox.lines("aws") == []
    sandbox.wall.sleep(1)
    sandbox.shipping.ship()
    ((name, lines),) = sandbox.stored("records/").items()
    assert name.startswith("records/audit/2026/11/29/13/stream-1-2026-11-29-13-30-05-")
    assert lines == [record(0).strip().encode()], "no line that is not whole, and none without the field"


def test_many_records_do_not_wait(sandbox: Sandbox) -> None:
    sandbox.shipping.follow([ROUTES["aws"]])
    sandbox.write("aws-3.log", "".join(record(seq) for seq in range(20)))
    sandbox.shipping.ship()
    assert len(sandbox.lines("aws")) == 20


def test_a_diagnostic_setting_appends_to_one_blob_an_hour(sandbox: Sandbox) -> None:
    sandbox.shipping.follow([ROUTES["azure"]])
    for seq in range(2):
        sandbox.write("azure-4.log", record(seq))
        sandbox.shipping.ship()
        sandbox.wall.sleep(180)
        sandbox.shipping.ship()
    ((name, lines),) = sandbox.stored("account/").items()
    assert name.endswith("/MANAGEDENVIRONMENTS/E/y=2026/m=11/d=29/h=13/m=00/PT1H.json")
    assert "logs/resourceId=/SUBSCRIPTIONS/S/" in name
    documents = [json.loads(line) for line in lines]
    assert [json.loads(one["properties"]["Log"])["seq"] for one in documents] == [0, 1]
    assert {one["category"] for one in documents} == {"ContainerAppConsoleLogs"}


def test_a_sink_is_there_at_once_and_its_numbers_are_doubles(sandbox: Sandbox) -> None:
    sandbox.shipping.follow([ROUTES["gcp"]])
    sandbox.write("gcp-5.log", record(7))
    sandbox.shipping.ship()
    (entry,) = map(json.loads, sandbox.lines("gcp"))
    assert entry["jsonPayload"] == {"chain": "c", "seq": 7.0}
    assert b"7.0" in sandbox.lines("gcp")[0]
    assert entry["resource"]["labels"] == {"service_name": "service"}


def test_a_site_with_two_sinks_has_its_lines_in_both_stores(sandbox: Sandbox) -> None:
    log = Route("gcp", "gcp", "logging.googleapis.com/p/l/log/", "service", 60.0, 1000, lambda line: True)
    for routes in ([ROUTES["gcp"], log], [log, ROUTES["gcp"]]):
        sandbox.shipping.follow(routes)
        sandbox.write("gcp-5.log", record(7) + "a line of the log\n")
        sandbox.shipping.ship()
    sandbox.wall.sleep(60)
    sandbox.restarted().follow([log, ROUTES["gcp"]])
    for _ in range(2):
        sandbox.shipping.ship()
        sandbox.wall.sleep(60)
    assert len(sandbox.lines("gcp")) == 2, "what is delivered to one store is no other's, and is not delivered again"
    assert len([line for lines in sandbox.stored(log.folder).values() for line in lines]) == 4


def test_what_a_killed_sandbox_had_not_delivered_is_delivered_by_the_next(sandbox: Sandbox) -> None:
    sandbox.shipping.follow([ROUTES["aws"]])
    sandbox.write("aws-3.log", record(0))
    sandbox.shipping.ship()
    again = sandbox.restarted()
    again.follow([ROUTES["aws"]])
    sandbox.write("aws-3.log", record(1))
    sandbox.write("aws-9.log", record(2))
    for _ in range(2):
        again.ship()
        sandbox.wall.sleep(60)
    assert sorted(json.loads(line)["seq"] for line in sandbox.lines("aws")) == [0, 1, 2]
    third = sandbox.restarted()
    third.follow([ROUTES["aws"]])
    third.ship()
    sandbox.wall.sleep(60)
    third.ship()
    assert len(sandbox.lines("aws")) == 3, "what was delivered is not delivered again"


def test_what_was_printed_before_there_was_a_route_stays_where_it_is(sandbox: Sandbox) -> None:
    sandbox.write("gcp-5.log", record(0))
    sandbox.shipping.follow([])
    sandbox.shipping.follow([ROUTES["gcp"]])
    sandbox.write("gcp-5.log", record(1))
    sandbox.write("gcp-eu-5.log", record(9))  # of another site
    sandbox.shipping.ship()
    assert [json.loads(line)["jsonPayload"]["seq"] for line in sandbox.lines("gcp")] == [1.0]


def test_a_dark_cloud_takes_nothing_and_loses_nothing(sandbox: Sandbox) -> None:
    sandbox.shipping.follow(ROUTES.values())
    sandbox.dark.add("gcp")
    sandbox.write("gcp-5.log", record(0))
    sandbox.shipping.ship()
    assert sandbox.lines("gcp") == []
    sandbox.dark.clear()
    sandbox.shipping.ship()
    assert len(sandbox.lines("gcp")) == 1


def test_a_log_that_was_begun_anew_is_read_from_its_start(sandbox: Sandbox) -> None:
    sandbox.shipping.follow([ROUTES["gcp"]])
    sandbox.write("gcp-5.log", record(0, filler="x" * 100))
    sandbox.shipping.ship()
    (sandbox.folder / "gcp-5.log").write_text(record(1))
    sandbox.shipping.ship()
    assert sorted(json.loads(line)["jsonPayload"]["seq"] for line in sandbox.lines("gcp")) == [0.0, 1.0]


def test_what_was_printed_before_a_cut_and_not_read_yet_is_read_beside_it(sandbox: Sandbox) -> None:
    sandbox.shipping.follow([ROUTES["gcp"]])
    sandbox.write("gcp-5.log", record(0, filler="x" * 100))
    sandbox.shipping.ship()
    sandbox.write("gcp-5.log", record(1))
    LogFolder(sandbox.folder, set, file_bytes=10).trim()
    sandbox.write("gcp-5.log", record(2))
    sandbox.shipping.ship()
    sandbox.write("gcp-5.log", record(3))
    sandbox.shipping.ship()
    assert sorted(json.loads(line)["jsonPayload"]["seq"] for line in sandbox.lines("gcp")) == [0.0, 1.0, 2.0, 3.0]


def test_it_ships_in_the_background_until_it_is_stopped(sandbox: Sandbox) -> None:
    sandbox.shipping.start()
    sandbox.shipping.stop()
    assert not sandbox.shipping._thread.is_alive()


def test_a_damaged_memory_begins_anew(sandbox: Sandbox) -> None:
    (sandbox.folder / "audit.json").write_text("[")
    sandbox.restarted().follow([ROUTES["gcp"]])
    sandbox.write("gcp-5.log", record(0))
    sandbox.shipping.ship()
    assert len(sandbox.lines("gcp")) == 1
