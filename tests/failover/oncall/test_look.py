"""Reading a host from Route 53, and asking real TLS servers for their health."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from failover.dial import Dial
from failover.drill.changes import plan_mark
from failover.drill.fleet import HealthCheck
from failover.drill.journal import LINES, Journal
from failover.drill.lock import hold_lock
from failover.oncall import look
from failover.oncall.look import look_at_site, read_standing
from failover.oncall.standing import Outage, SiteLook
from failover.oncall.switch_note import SwitchNote
from service.errors import InvalidInput
from tests.failover.drill.fake_route53 import FakeRoute53
from tests.failover.drill.fakes import EPOCH, FakeClock
from tests.failover.drill.three_sites import ADDRESSES, HOST, Site, free_offset, make_authority, serve_sites
from tests.failover.oncall.standings import RIGHT


@dataclass
class Asked(Site):
    """A site whose `/health` answers what the test says."""

    health: tuple[int, bytes] = (200, b'{"status":"ok","models":{"m":{"digest":"sha256:one"}}}')

    def answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        return self.health if path == "/health" else (404, b"")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Dial, Asked]]:
    offset = free_offset()
    ca_file, leaf = make_authority(tmp_path_factory.mktemp("look"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(leaf)
    site = Asked("aws", ADDRESSES["aws"], 443 + offset, context)
    with serve_sites([site]):
        yield Dial(port_offset=offset, ca_file=ca_file), site


def ask(dial: Dial, host: str = HOST, address: str = ADDRESSES["aws"]) -> SiteLook:
    return look_at_site(dial, host, "aws.example", address=address, deadline_seconds=5.0)


def test_a_site_that_answers_right(served: tuple[Dial, Asked]) -> None:
    found = ask(served[0])
    assert found.problem == ""
    assert found.digests == ("sha256:one",)
    assert found.certificate_ends is not None


def test_tells_the_reasons_of_an_unhealthy_site(served: tuple[Dial, Asked], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served[1], "health", (503, b'{"status":"unhealthy","reasons":["wrong answers"]}'))
    assert ask(served[0]).problem == "answers 503, wrong answers"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"models":{"m":1}}', b'{"reasons":3}'])
def test_a_page_that_is_none_of_ours_tells_nothing(
    served: tuple[Dial, Asked], monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    monkeypatch.setattr(served[1], "health", (200, body))
    found = ask(served[0])
    assert (found.problem, found.reasons, found.digests) == ("", (), ())


def test_a_certificate_for_another_name(served: tuple[Dial, Asked]) -> None:
    found = ask(served[0], host="other.example")
    assert found.bad_certificate
    assert found.problem.startswith("serves no valid certificate: Hostname mismatch")


def test_nobody_listens(served: tuple[Dial, Asked]) -> None:
    found = ask(served[0], address=ADDRESSES["gcp"])
    assert not found.bad_certificate
    assert found.problem.startswith("does not answer (ConnectionRefusedError")


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> dict[str, SiteLook]:
    """What each site says, instead of asking it."""
    said = dict.fromkeys(ADDRESSES, RIGHT)

    def answer(dial: Dial, host: str, origin: str, **_: Any) -> SiteLook:
        return said[origin.partition(".")[0]]

    monkeypatch.setattr(look, "look_at_site", answer)
    return said


def read(client: Any, drills: Path = Path("none")) -> Any:
    return read_standing(client, Dial(), HOST.upper() + ".", now=EPOCH, deadline_seconds=1.0, drills=drills)


@pytest.mark.usefixtures("looks")
def test_reads_records_checks_and_tags(fake_route53: FakeRoute53) -> None:
    fake_route53.checks["check-aws"] |= {"Disabled": True, "Inverted": True}
    fake_route53.tags["check-aws"] |= {"drain:by": "ann"}
    standing = read(fake_route53)
    assert [each.name for each in standing.sites] == ["aws", "azure", "gcp"]
    assert standing.ttl_seconds == 30
    assert standing.sites[0].find_outage().by == "ann"
    assert standing.shares() == {"aws": 0, "azure": 0.6, "gcp": 0.4}
    assert standing.sites[1].check.view.total == 3


@pytest.mark.usefixtures("looks")
def test_reads_what_a_calculated_check_is_made_of(fake_route53: FakeRoute53) -> None:
    inside = {"Type": "CALCULATED", "ChildHealthChecks": ["check-gcp"], "HealthThreshold": 1, "version": 1}
    fake_route53.checks["calculated"] = inside
    fake_route53.tags["calculated"] = {}
    fake_route53.records[0]["HealthCheckId"] = "calculated"
    check = read(fake_route53).sites[0].check
    assert (check.kind, check.view, check.children_needed) == ("CALCULATED", None, 1)
    assert [child.id for child in check.children] == ["check-gcp"]


@pytest.mark.usefixtures("looks")
def test_a_circle_of_calculated_checks_ends(fake_route53: FakeRoute53) -> None:
    for one, other in (("one", "two"), ("two", "one")):
        inside = {"Type": "CALCULATED", "ChildHealthChecks": [other], "HealthThreshold": 1, "version": 1}
        fake_route53.checks[one], fake_route53.tags[one] = inside, {}
    fake_route53.records[0]["HealthCheckId"] = "one"
    assert read(fake_route53).sites[0].check.children[0].children == ()


def test_a_host_without_records_is_named(fake_route53: FakeRoute53) -> None:
    fake_route53.records.clear()
    with pytest.raises(InvalidInput, match="has no records of which DNS could choose one"):
        read(fake_route53)


@pytest.mark.usefixtures("looks")
def test_names_the_journals_of_killed_drills_and_not_that_of_a_running_one(
    fake_route53: FakeRoute53, tmp_path: Path
) -> None:
    for name in ("2026-01-01", "2026-01-02"):
        (tmp_path / name).mkdir()
        (tmp_path / name / LINES).touch()
    assert [Path(path).parent.name for path in read(fake_route53, tmp_path).unfinished] == ["2026-01-01", "2026-01-02"]
    with hold_lock(tmp_path):
        assert [Path(path).parent.name for path in read(fake_route53, tmp_path).unfinished] == ["2026-01-01"]
    assert len(read(fake_route53, tmp_path).unfinished) == 2


def write_experiment(drills: Path, *, expires: timedelta, observers: dict[str, float] | None = None) -> None:
    """The journal of somebody who took aws out at EPOCH and has not given it back."""
    mark = plan_mark(HealthCheck("check-aws", 1, 10, 3), "a-drill", EPOCH + expires)
    with Journal(drills / "2026-01-01" / LINES, FakeClock()) as journal:
        journal.write_durably("init", drill_id="a-drill", observers=observers or {})
        journal.write_durably("change", **mark.to_entry())


@pytest.mark.usefixtures("looks")
@pytest.mark.parametrize(
    ("minutes", "observers", "killed"), [(5, {}, False), (-5, {}, True), (5, {"client-1": 0.1}, True)]
)
def test_a_running_experiment_is_no_killed_drill(
    fake_route53: FakeRoute53, tmp_path: Path, minutes: int, observers: dict[str, float], killed: bool
) -> None:
    """Between its two actions no process of ours runs: until its expiry it may live. A drill has observers."""
    write_experiment(tmp_path, expires=timedelta(minutes=minutes), observers=observers)
    assert bool(read(fake_route53, tmp_path).unfinished) is killed


@pytest.mark.usefixtures("looks")
def test_a_thrown_switch_tells_who_and_why(fake_route53: FakeRoute53, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def get(dial: Dial, url: str, **_: Any) -> httpx.Response:
        asked.append(url)
        return httpx.Response(200, content=SwitchNote("2026-11-23T11:00:00+00:00", "ann", "the disk").to_bytes())

    monkeypatch.setattr(Dial, "get", get)
    fake_route53.with_switch("aws").with_switch("azure").thrown.add("aws")
    outages = [each.find_outage() for each in read(fake_route53).sites]
    assert outages[0] == Outage("ann, with its drain switch", "2026-11-23T11:00:00+00:00", "the disk")
    assert outages[1:] == [None, None]
    assert asked == ["https://store.example/flags/aws.drain"]


@pytest.mark.usefixtures("looks")
def test_a_switch_that_cannot_be_read_is_one(fake_route53: FakeRoute53, monkeypatch: pytest.MonkeyPatch) -> None:
    def get(dial: Dial, url: str, **_: Any) -> httpx.Response:
        raise httpx.ConnectError("refused")

    monkeypatch.setattr(Dial, "get", get)
    fake_route53.with_switch("aws").thrown.add("aws")
    assert read(fake_route53).sites[0].find_outage() == Outage("its drain switch", "", "")
