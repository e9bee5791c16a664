"""What a drill and an experiment do alike."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from failover.drill.journal import LINES, Journal, read_journal
from failover.drill.making import expire, make_change, name_drill
from failover.drill.plan import Limits
from service.errors import Unavailable
from tests.failover.drill.fake_route53 import refuse
from tests.failover.drill.fakes import EPOCH, Refusing, Stage


def test_two_drills_of_one_second_have_two_names() -> None:
    names = {name_drill(EPOCH) for _ in range(100)}
    assert len(names) == 100 and all(name.startswith("2026-11-23T12-00-00Z-") for name in names)


def test_a_drill_expires_five_real_minutes_after_the_longest_that_it_may_take(stage: Stage) -> None:
    plan = stage.plan(limits=Limits(max_duration_seconds=1000.0))  # at ten times real time
    assert expire(plan, EPOCH) == EPOCH + timedelta(seconds=100 + 300)


def test_a_change_is_written_down_before_it_is_made_and_again_after(stage: Stage) -> None:
    with Journal(stage.drills / "drill" / LINES, stage.clock) as journal:
        make_change(stage.context, journal, stage.plan().change)
    assert [entry["kind"] for entry in read_journal(journal.path)] == ["change", "changed"]
    assert stage.client.checks["check-aws"]["Disabled"]


def test_a_change_that_is_refused_is_written_down_as_begun(stage: Stage) -> None:
    change = stage.plan().change

    def update(**_: Any) -> Any:
        raise refuse("Throttling", "UpdateHealthCheck")

    stage.client = Refusing(stage.client, update_health_check=update)
    with Journal(stage.drills / "drill" / LINES, stage.clock) as journal, pytest.raises(Unavailable):
        make_change(stage.context, journal, change)
    assert [entry["kind"] for entry in read_journal(journal.path)] == ["change"]
