"""Whole drills, as separate processes, against real sockets: Route 53 that moves, and three tiny sites behind TLS."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from failover.__main__ import main
from tests.failover.drill.fakes import tag
from tests.failover.drill.three_sites import Behaviour, ThreeSites, run_three_sites

pytestmark = pytest.mark.slow

SPEED = 15


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ThreeSites]:
    with run_three_sites(tmp_path_factory.mktemp("three-sites"), speed=SPEED) as three_sites:
        yield three_sites


@pytest.fixture
def three(started: ThreeSites, tmp_path: Path) -> ThreeSites:
    """The same three sites for every test, behaving well; journals go to the test's own folder."""
    for site in started.sites.values():
        site.behaviour = Behaviour()
        started.switch_on(site.name)
    started.folder = tmp_path
    wait_until(lambda: all(started.is_seen_well(site) for site in started.sites), "all checkers see all sites well")
    return started


def options(three: ThreeSites, command: str, lose: str, *more: str) -> list[str]:
    drills = ("--golden", str(three.golden), "--drills", str(three.folder / "drills"))
    return ["drill", command, "--lose", lose, *drills, *more]


def call(three: ThreeSites, command: str, lose: str, *more: str) -> Result:
    """In this process: for what ends at once."""
    return CliRunner().invoke(main, options(three, command, lose, *more), env=three.environment)


@contextmanager
def started_drill(three: ThreeSites, command: str, lose: str, *more: str) -> Iterator[subprocess.Popen[str]]:
    """In a process of its own, which can be killed, and is in the end."""
    with run_typed(three, options(three, command, lose, *more)) as running:
        yield running


@contextmanager
def run_typed(three: ThreeSites, words: list[str]) -> Iterator[subprocess.Popen[str]]:
    """The same for words as they are typed after `outlast`."""
    arguments = [sys.executable, "-m", "failover", *words]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(arguments, env=three.environment, text=True, **pipes) as running:
        try:
            yield running
        finally:
            running.kill()


def wait_until(holds: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"{what} within {seconds:g} s"
        time.sleep(0.02)


def is_too_busy(data: dict[str, Any]) -> bool:
    """Whether this machine was starved, so that terms of fractions of a second mean nothing."""
    slowest = max(each["during_p95"] for each in data["latencies"])
    return bool(data["lag"]["simulated_seconds"] > 1.0 or slowest > 250.0)


def is_as_before(three: ThreeSites, site: str) -> bool:
    return three.switched(site) == (False, False) and "drill:id" not in three.tags(site)


def test_a_drill_from_plan_to_report(three: ThreeSites) -> None:
    planned = call(three, "plan", "gcp", "--json")
    assert planned.exit_code == 0, planned.stderr
    plan: dict[str, Any] = json.loads(planned.stdout)["plan"]
    assert is_as_before(three, "gcp"), "a plan changes nothing"

    pasted = shlex.split(planned.stderr.rpartition("to run it: outlast ")[2])
    assert pasted[-2:] == ["--plan", plan["hash"]], "what a plan prints to type runs as pasted"
    with run_typed(three, [*pasted, "--json"]) as running:
        wait_until(lambda: three.switched("gcp") == (True, True), "the check is switched")
        second = call(three, "now", "aws")
        assert second.exit_code == 3
        assert "a drill is running already" in second.stderr
        out, err = running.communicate(timeout=60)
    data = json.loads(out)
    assert data["restored"] and is_as_before(three, "gcp"), err
    for kind in ("clients", "answers", "pinned"):
        assert (data[kind]["failed"], data[kind]["wrong"]) == (0, 0), data[kind]
    assert data["clients"]["total"] > 50
    assert data["failover"][-1]["best"] <= data["recovery_simulated_seconds"] <= data["failover"][-1]["worst"]
    # The oldest answer had a fresh TTL when the check was switched, so nearly all of the TTL has to pass.
    assert data["recovery_simulated_seconds"] > 25
    if not is_too_busy(data):
        assert (data["verdict"], running.returncode) == ("passed", 0), data["deviations"]
        assert all(term["holds"] for term in (*data["failover"], *data["failback"]))
    assert all(Path(name).stat().st_size > 1000 for name in data["files"])

    stale = call(three, "run", "gcp", "--plan", plan["hash"])
    assert stale.exit_code == 3, "the drill itself made new versions: an approval holds once"
    assert f"{plan['hash']} was approved" in stale.stderr


def test_kill_9_in_the_middle_and_restore(three: ThreeSites) -> None:
    with started_drill(three, "now", "aws", "--clients", "2") as running:
        wait_until(lambda: three.switched("aws") == (True, True), "the check is switched")
        running.kill()
        running.communicate()
    assert three.switched("aws") == (True, True), "nobody undid it"
    assert "drill:id" in three.tags("aws")
    another = call(three, "now", "azure")
    assert another.exit_code == 3 and "drill restore" in another.stderr, "a dead drill is not run over"

    # Only the journal and boto3: no host, no golden rows, no name server.
    needed = {key: value for key, value in three.environment.items() if not key.startswith("OUTLAST_")}
    unset = {key: None for key in three.environment if key.startswith("OUTLAST_")}
    arguments = ["drill", "restore", "--drills", str(three.folder / "drills")]
    restored = CliRunner().invoke(main, arguments, env={**needed, **unset})
    assert restored.exit_code == 0, restored.stderr
    assert is_as_before(three, "aws")
    again = CliRunner().invoke(main, arguments, env={**needed, **unset})
    assert "nothing to restore" in again.stdout
    page = next((three.folder / "drills").glob("*/journal.json"))
    assert CliRunner().invoke(main, ["drill", "report", str(page)]).exit_code == 5, "a half drill deviates"


def test_ctrl_c_in_the_middle_takes_the_change_back(three: ThreeSites) -> None:
    with started_drill(three, "now", "azure", "--clients", "2", "--json") as running:
        wait_until(lambda: three.switched("azure") == (True, True), "the check is switched")
        running.send_signal(signal.SIGINT)
        running.send_signal(signal.SIGINT)  # an impatient second one cuts nothing short
        out, err = running.communicate(timeout=30)
    assert running.returncode == 128 + signal.SIGINT, err
    assert "error: aborted by SIGINT" in err
    assert json.loads(out)["abort"] == "aborted by SIGINT"
    assert is_as_before(three, "azure")
    assert [path.name for path in (three.folder / "drills").glob("*/journal*")] == ["journal.json"]


def assert_refused(three: ThreeSites, lose: str, *parts: str) -> None:
    result = call(three, "now", lose)
    assert result.exit_code == 3, result.output
    assert result.stdout == ""
    for part in (*parts, "nothing was changed", "hint: "):
        assert part in result.stderr
    assert not list((three.folder / "drills").glob("*/*"))
    assert all(is_as_before(three, site) for site in ("aws", "azure", "gcp"))


def test_the_last_healthy_site_is_refused(three: ThreeSites) -> None:
    three.sites["azure"].behaviour.flip = True
    three.sites["gcp"].behaviour.status = 503
    assert_refused(three, "aws", "last-healthy-site", "label", "HTTP 503")


def test_an_impostor_is_seen(three: ThreeSites) -> None:
    three.sites["azure"].behaviour.says = "aws"
    assert_refused(three, "gcp", "azure does not answer right: x-served-by says aws, not azure")


def test_two_sites_are_refused(three: ThreeSites) -> None:
    assert_refused(three, "aws,azure", "a drill loses one site at a time")


def test_a_wrong_speed_is_refused(three: ThreeSites) -> None:
    three.environment = {**three.environment, "OUTLAST_SPEED": "10"}
    try:
        assert_refused(three, "aws", "speed: DNS gives a TTL of 2 s, the record says 30 s")
    finally:
        three.environment["OUTLAST_SPEED"] = str(SPEED)


def test_an_untrusted_certificate_is_refused(three: ThreeSites) -> None:
    trusted = three.environment.pop("OUTLAST_CA_FILE")
    try:
        assert_refused(three, "aws", "last-healthy-site", "certificate verify failed")
    finally:
        three.environment["OUTLAST_CA_FILE"] = trusted


def test_an_expired_drill_is_swept(three: ThreeSites) -> None:
    three.client.update_health_check(HealthCheckId=three.check_ids["gcp"], Disabled=True, Inverted=True)
    tag(three.client, three.check_ids["gcp"], id="dead", expires_at="2026-01-01T00:00:00+00:00")
    assert call(three, "now", "aws").exit_code == 3
    swept = CliRunner().invoke(main, ["drill", "sweep", "--json"], env=three.environment)
    assert [each["found"] for each in json.loads(swept.stdout)] == ["restored", "tags removed"]
    assert is_as_before(three, "gcp")
