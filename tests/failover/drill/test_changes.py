"""A change survives the journal, says what it will do, and is planned from what the check is now."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from failover.drill.changes import Change, describe_change, plan_mark, plan_switch_off, render_state
from failover.drill.fleet import TAG_EXPIRES, TAG_ID, HealthCheck

CHECK = HealthCheck("c1", 7, 10, 3, disabled=False, inverted=True)


def test_a_mark_tags_with_the_drill_and_its_end_and_remembers_nothing() -> None:
    change = plan_mark(CHECK, "d42", datetime(2026, 3, 1, 12, 0, 5, 999, tzinfo=UTC))
    assert change.name == "mark:c1"
    assert change.version == 7
    assert change.before == {}
    assert change.after == {TAG_ID: "d42", TAG_EXPIRES: "2026-03-01T12:00:05+00:00"}


def test_switching_off_remembers_how_the_check_was() -> None:
    change = plan_switch_off(CHECK)
    assert change.name == "switch-off:c1"
    assert change.before == {"Disabled": False, "Inverted": True}
    assert change.after == {"Disabled": True, "Inverted": True}, "a disabled check counts as healthy, unless inverted"


@pytest.mark.parametrize("change", [plan_switch_off(CHECK), plan_mark(CHECK, "d", datetime(2026, 3, 1, tzinfo=UTC))])
def test_a_change_comes_back_from_its_journal_entry(change: Change) -> None:
    entry = json.loads(json.dumps(change.to_entry()))
    assert entry["change"] == change.name
    assert Change.from_entry(entry) == change


def test_a_person_is_told_what_is_tagged_or_what_becomes_what() -> None:
    assert describe_change(plan_switch_off(CHECK)) == (
        "health check c1: Disabled=False, Inverted=True -> Disabled=True, Inverted=True"
    )
    marked = describe_change(plan_mark(CHECK, "d42", datetime(2026, 3, 1, tzinfo=UTC)))
    assert marked == f"tag health check c1: {TAG_ID}=d42, {TAG_EXPIRES}=2026-03-01T00:00:00+00:00"
    assert render_state({}) == ""
