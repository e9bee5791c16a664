"""A change as data: to a journal and back, to a tag and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from failover.levers.change import CONTAINER_APP, ECS, FLAG, LOCK, MARK, SWITCH_OFF, Change, pack, sign, unpack

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)
# docs.aws.amazon.com/Route53/latest/APIReference/API_Tag.html, and the tag rules of AWS: what every service takes.
TAG_VALUE = re.compile(r"[\w .:/=+@-]{0,256}")


@pytest.mark.parametrize("target", ["", "arn:aws:ecs:us-east-1:1:service/a/b"])
def test_a_journal_retells_it(target: str) -> None:
    change = Change(ECS, "check", 3, {"desired": 2}, {"desired": 0}, target)
    assert Change.from_entry(change.to_entry()) == change


def test_an_entry_of_an_older_release_names_no_target() -> None:
    entry = Change(SWITCH_OFF, "check", 3, {}, {}).to_entry()
    del entry["target"]
    assert Change.from_entry(entry).target == ""


@pytest.mark.parametrize(
    "before",
    [
        {"desired": 2, "scale-in": False, "scale-out": True, "scheduled": False},
        {"running": True},
        {"ingress": "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER"},
    ],
)
def test_a_tag_holds_what_undoes_it(before: dict[str, object]) -> None:
    text = pack(Change(ECS, "check", 1, before, {}))
    assert TAG_VALUE.fullmatch(text)
    assert unpack(text) == (ECS, before)


def test_what_ends_by_itself_says_whose_it_is_and_when() -> None:
    flag = sign(Change(FLAG, "check", 1, {}, {"mode": "fail-health"}), "d", NOON)
    assert flag.after == {"mode": "fail-health", "id": "d", "expires_at": "2026-11-29T12:00:00+00:00"}
    stop = Change(CONTAINER_APP, "check", 1, {"running": True}, {"running": False})
    assert sign(stop, "d", NOON) == stop


def test_only_the_loss_takes_the_site() -> None:
    taking = {action: Change(action, "check", 1, {}, {}).takes_site for action in (MARK, LOCK, SWITCH_OFF, ECS, FLAG)}
    assert taking == {MARK: False, LOCK: False, SWITCH_OFF: True, ECS: True, FLAG: True}
