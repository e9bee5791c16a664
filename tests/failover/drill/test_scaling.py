"""The survivors' replicas are counted beside the drill, and what cannot be counted delays nothing."""

from __future__ import annotations

import threading
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from failover.drill import scaling
from failover.drill.aborts import Stop
from failover.drill.journal import read_journal
from failover.drill.run import run_drill
from failover.drill.scaling import GIVE_UP_AFTER, ScalingWatch, watch_scaling
from failover.levers.replicas import Replicas
from service.errors import Unavailable
from tests.failover.drill.fakes import Stage


class Notes:
    """Keeps what is written; `enough` is set with the entry of that number."""

    def __init__(self, enough: int = 1) -> None:
        self.entries: list[dict[str, Any]] = []
        self.enough, self._wanted = threading.Event(), enough

    def write(self, kind: str, **fields: Any) -> None:
        self.entries.append({"kind": kind, **fields})
        if len(self.entries) == self._wanted:
            self.enough.set()


def refuse(workload: str) -> Replicas:
    raise Unavailable(f"nobody counts {workload}", hint="none")


def test_each_look_is_written_with_what_is_asked_for() -> None:
    notes = Notes()
    watch = ScalingWatch(
        {"gcp": "run", "aws": "ecs"}, {"run": Replicas(2), "ecs": Replicas(2, 3)}.__getitem__, notes, 1
    )
    watch.look()
    assert notes.entries == [
        {"kind": "replicas", "site": "gcp", "ready": 2, "wanted": None},
        {"kind": "replicas", "site": "aws", "ready": 2, "wanted": 3},
    ]


def test_a_site_that_refuses_too_often_is_not_asked_again() -> None:
    notes = Notes()
    watch = ScalingWatch({"gcp": "run"}, refuse, notes, 1)
    for _ in range(GIVE_UP_AFTER + 2):
        watch.look()
    assert notes.entries == [{"kind": "replicas", "site": "gcp", "error": "nobody counts run"}] * GIVE_UP_AFTER


def test_it_looks_again_and_again_until_the_drill_is_over() -> None:
    notes = Notes(enough=3)
    with ScalingWatch({"gcp": "run"}, lambda workload: Replicas(2), notes, 0.001):
        assert notes.enough.wait(10)
    assert len(notes.entries) >= 3
    assert not [thread for thread in threading.enumerate() if thread.name == "replicas"]


def test_what_comes_after_the_drill_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scaling, "_JOIN_SECONDS", 0.0)
    notes, asked, answer = Notes(), threading.Event(), threading.Event()

    def count(workload: str) -> Replicas:
        asked.set()
        assert answer.wait(10)
        return Replicas(2)

    with ScalingWatch({"gcp": "run"}, count, notes, 1) as watch:
        assert asked.wait(10)
    answer.set()
    watch._thread.join(10)
    assert notes.entries == []


def test_nobody_counts_where_nobody_can(stage: Stage) -> None:
    facts = stage.preflight(stage.context, stage.plan())
    assert isinstance(watch_scaling(stage.context, facts, Notes()), nullcontext)


def test_a_drill_counts_the_survivors_and_not_the_lost_site(stage: Stage) -> None:
    context = replace(stage.context, count_replicas=lambda workload: Replicas(2, 2))
    path = run_drill(stage.plan(), context, say=stage.said.append, stop=Stop(), probes=stage.probes)
    found = {entry["site"] for entry in read_journal(path) if entry["kind"] == "replicas"}
    assert found == {"azure", "gcp"}
