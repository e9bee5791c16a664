"""What makes a revision, what a replica is told, and what it has to answer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from sandbox.replicas.workload import Probe, Workload
from service.server.settings.table import SETTINGS

ASKED = Workload("key", "aws", "sha256:1", 8080, (), 1, 3, 10, "/")


def test_scaling_is_no_new_revision_and_everything_else_is() -> None:
    assert replace(ASKED, min_replicas=2, max_replicas=9, concurrency=1).revision == ASKED.revision
    changes = ({"image": "sha256:2"}, {"port": 1}, {"environment": (("A", "1"),)}, {"probe_path": "/x"})
    probes = [{name: Probe("/x", 8080)} for name in ("startup", "readiness", "liveness")]
    assert len({ASKED.revision, *(replace(ASKED, **change).revision for change in (*changes, *probes))}) == 8
    balanced = replace(ASKED, probed_by_balancer=True)
    assert replace(balanced, probe_path="/x").revision == balanced.revision


def test_the_port_is_told_where_the_cloud_does_so() -> None:
    asked = replace(ASKED, port=9000, environment=(("PORT", "8080"),))
    assert asked.variables("127.0.0.1", float)["PORT"] == "9000"
    assert replace(asked, tells_port=False).variables("127.0.0.1", float)["PORT"] == "8080"
    assert "PORT" not in replace(ASKED, environment=(), tells_port=False).variables("127.0.0.1", float)


def test_durations_run_on_the_sandboxs_clock_those_of_the_stack_file_too() -> None:
    told = ASKED.variables("127.0.0.1", lambda seconds: seconds / 10)
    assert (told["OUTLAST_CONNECTION_SECONDS"], told["OUTLAST_DRAIN_SECONDS"]) == ("12", "0.5")
    assert told["OUTLAST_HEALTH_SECONDS"] == "0.25", "no more often than a laptop bears"
    assert (told["OUTLAST_HEALTH_WINDOW_SECONDS"], told["OUTLAST_HEALTH_MIN_REQUESTS"]) == ("6", "5")
    own = replace(ASKED, environment=(("OUTLAST_CONNECTION_SECONDS", "7"),))
    assert own.variables("127.0.0.1", lambda seconds: seconds / 10)["OUTLAST_CONNECTION_SECONDS"] == "0.7"
    assert own.variables("127.0.0.1", float)["OUTLAST_CONNECTION_SECONDS"] == "7"
    wrong = replace(ASKED, environment=(("OUTLAST_CONNECTION_SECONDS", "soon"),))
    assert wrong.variables("127.0.0.1", float)["OUTLAST_CONNECTION_SECONDS"] == "soon", "the server says what is wrong"


def test_the_durations_are_the_servers_own_defaults() -> None:
    defaults = {setting.name: setting.default for setting in SETTINGS.values()}
    told = ASKED.variables("127.0.0.1", float)
    assert told["OUTLAST_HEALTH_MIN_REQUESTS"] == defaults["OUTLAST_HEALTH_MIN_REQUESTS"]
    durations = [name for name in told if name.endswith("_SECONDS")]
    assert len(durations) == 6
    assert {name: float(told[name]) for name in durations} == {name: float(defaults[name]) for name in durations}


def test_what_lies_in_a_bucket_is_a_file_here() -> None:
    asked = replace(ASKED, environment=(("OUTLAST_FAULTS", "https://b/a.json"), ("OTHER", "https://b/b.json")))
    found = asked.variables("127.0.0.1", float, {"https://b/a.json": Path("/objects/a.json")}.get)
    assert (found["OUTLAST_FAULTS"], found["OTHER"]) == ("/objects/a.json", "https://b/b.json")


def test_readiness_is_asked_at_the_probe_that_is_declared_and_a_startup_probe_before_it() -> None:
    assert ASKED.asked == ASKED.first_asked == Probe("/", 8080)
    probed = replace(ASKED, readiness=Probe("/ready", 81), startup=Probe("", 82, 2, 30))
    assert (probed.asked, probed.first_asked) == (Probe("/ready", 81), Probe("", 82, 2, 30))
    assert [str(one) for one in (probed.asked, probed.first_asked)] == ["/ready of port 81", "port 82"]
    assert Probe("", 82, 2, 30).seconds == 60


def test_a_limit_by_the_minute_is_by_the_minute_of_the_clock() -> None:
    name = "OUTLAST_REQUESTS_PER_MINUTE_PER_ADDRESS"
    limited = replace(ASKED, environment=((name, "300"),))
    assert limited.variables("127.0.0.1", lambda seconds: seconds / 10)[name] == "3000"
    assert limited.variables("127.0.0.1", float)[name] == "300"
    assert name not in ASKED.variables("127.0.0.1", float)
    wrong = replace(ASKED, environment=((name, "many"),))
    assert wrong.variables("127.0.0.1", float)[name] == "many", "the server says what is wrong"
