"""What makes a revision, what a replica is told, and what it has to answer."""

from __future__ import annotations

from dataclasses import replace

from sandbox.replicas.workload import Probe, Workload

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
    assert asked.variables("127.0.0.1", 1)["PORT"] == "9000"
    assert replace(asked, tells_port=False).variables("127.0.0.1", 1)["PORT"] == "8080"
    assert "PORT" not in replace(ASKED, environment=(), tells_port=False).variables("127.0.0.1", 1)


def test_readiness_is_asked_at_the_probe_that_is_declared_and_a_startup_probe_before_it() -> None:
    assert ASKED.asked == ASKED.first_asked == Probe("/", 8080)
    probed = replace(ASKED, readiness=Probe("/ready", 81), startup=Probe("", 82, 2, 30))
    assert (probed.asked, probed.first_asked) == (Probe("/ready", 81), Probe("", 82, 2, 30))
    assert [str(one) for one in (probed.asked, probed.first_asked)] == ["/ready of port 81", "port 82"]
    assert Probe("", 82, 2, 30).seconds == 60
