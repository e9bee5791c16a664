"""Undoing what a dead drill left: from its journal, from its tags, and never somebody else's work."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from failover.drill.actions import apply_change
from failover.drill.changes import plan_mark, plan_switch_off
from failover.drill.discover import read_checks
from failover.drill.fleet import HealthCheck
from failover.drill.journal import DOCUMENT, LINES, Journal, read_journal
from failover.drill.lock import hold_lock
from failover.drill.restore import restore_all, restore_journal, sweep
from service.errors import Deviated, InvalidInput, Refused, Unavailable
from tests.failover.drill.fake_route53 import FakeRoute53
from tests.failover.drill.fakes import EPOCH, FakeClock, tag

CHECK = "check-aws"


class Killed(Exception):
    """Stands for kill -9: nothing after it runs."""


def leave(fake: Any, path: Path, *, killed_before: str) -> Path:
    """A journal as a drill leaves it that is killed right before one of its steps."""
    check = read_checks(fake, [CHECK])[CHECK]
    mark, switch = plan_mark(check, "d", EPOCH), plan_switch_off(check)

    def at(moment: str) -> None:
        if moment == killed_before:
            raise Killed

    with Journal(path / "drills" / "one" / LINES, FakeClock()) as journal:
        try:
            journal.write("init", drill_id="d")
            for change in (mark, switch):
                at(f"{change.action} written")
                journal.write_durably("change", **change.to_entry())
                at(f"{change.action} made")
                apply_change(fake, change)
                at(f"{change.action} noted")
                journal.write("changed", change=change.name)
            at("end")
        except Killed:
            pass
    return journal.path


def as_before(fake: Any) -> bool:
    check: HealthCheck = read_checks(fake, [CHECK])[CHECK]
    return not check.disabled and not check.inverted and check.drill_id is None


@pytest.mark.parametrize("doing", ["written", "made", "noted"])
@pytest.mark.parametrize("action", ["mark", "switch-off"])
def test_kill_9_at_any_step_is_restored(fake_route53: FakeRoute53, tmp_path: Path, action: str, doing: str) -> None:
    fake: Any = fake_route53
    journal = leave(fake, tmp_path, killed_before=f"{action} {doing}")
    restore_journal(journal, fake, FakeClock())
    assert as_before(fake)
    assert fake.tags[CHECK] == {
        "outlast:site": "aws",
        "outlast:host": "api.outlast.example",
        "outlast:capacity-rps": "100",
    }


def test_says_what_it_found_and_seals_the_journal(fake_route53: FakeRoute53, tmp_path: Path) -> None:
    fake: Any = fake_route53
    journal = leave(fake, tmp_path, killed_before="end")
    undone = restore_journal(journal, fake, FakeClock())
    assert [(each.drill_id, each.change, each.found) for each in undone] == [
        ("d", "switch-off:check-aws", "restored"),
        ("d", "mark:check-aws", "tags removed"),
    ]
    assert [path.name for path in journal.parent.iterdir()] == [DOCUMENT]
    assert [entry["kind"] for entry in read_journal(journal.with_name(DOCUMENT))][-4:] == ["undo", "undone"] * 2


def test_restoring_again_changes_nothing(fake_route53: FakeRoute53, tmp_path: Path) -> None:
    fake: Any = fake_route53
    journal = leave(fake, tmp_path, killed_before="end")
    restore_journal(journal, fake, FakeClock())
    version = fake.checks[CHECK]["version"]
    assert restore_journal(journal.with_name(DOCUMENT), fake, FakeClock()) == []
    assert fake.checks[CHECK]["version"] == version


def test_needs_only_the_journal(fake_route53: FakeRoute53, tmp_path: Path) -> None:
    fake: Any = fake_route53
    elsewhere = tmp_path / "a" / "b" / "copied.jsonl"
    elsewhere.parent.mkdir(parents=True)
    elsewhere.write_bytes(leave(fake, tmp_path, killed_before="end").read_bytes())
    restore_journal(elsewhere, fake, FakeClock())
    assert as_before(fake)
    assert not (tmp_path / "a" / ".lock").exists(), "no lock is made beside a copied journal"


def test_refuses_while_the_drill_runs(fake_route53: FakeRoute53, tmp_path: Path) -> None:
    fake: Any = fake_route53
    journal = leave(fake, tmp_path, killed_before="end")
    with hold_lock(tmp_path / "drills"), pytest.raises(Refused, match="a drill is running already"):
        restore_journal(journal, fake, FakeClock())
    assert not as_before(fake)


def test_stops_at_somebody_elses_change_and_can_go_on_later(fake_route53: FakeRoute53, tmp_path: Path) -> None:
    fake: Any = fake_route53
    journal = leave(fake, tmp_path, killed_before="end")
    fake.update_health_check(HealthCheckId=CHECK, Inverted=False)
    with pytest.raises(Deviated, match="Disabled=True, Inverted=False"):
        restore_journal(journal, fake, FakeClock())
    assert journal.exists(), "still unfinished"
    fake.update_health_check(HealthCheckId=CHECK, Disabled=False)
    restore_journal(journal, fake, FakeClock())
    assert as_before(fake)


def test_sweeps_what_has_expired_without_any_journal(fake_route53: FakeRoute53, tmp_path: Path) -> None:
    fake: Any = fake_route53
    leave(fake, tmp_path, killed_before="end")  # its tag says EPOCH, which is now
    undone = sweep(fake, FakeClock(), lambda text: None)
    assert {each.found for each in undone} == {"restored", "tags removed"}
    assert as_before(fake)
    assert sweep(fake, FakeClock(), lambda text: None) == []


def test_a_check_that_somebody_else_changed_does_not_keep_the_others_out(
    fake_route53: FakeRoute53, tmp_path: Path
) -> None:
    fake: Any = fake_route53
    leave(fake, tmp_path, killed_before="end")
    for other in ("check-azure", "check-gcp"):
        tag(fake, other, id="e", expires_at="2026-11-23T11:00:00+00:00")
    fake.update_health_check(HealthCheckId=CHECK, Inverted=False)
    said: list[str] = []
    with pytest.raises(Deviated, match="health check check-aws is Disabled=True, Inverted=False"):
        sweep(fake, FakeClock(), said.append)
    assert [line for line in said if line.endswith("tags removed")] == [
        "e: mark:check-azure: tags removed",
        "e: mark:check-gcp: tags removed",
    ]
    assert "drill:id" in fake.tags[CHECK], "the next sweep finds it again"


def test_a_tag_that_does_not_say_what_to_undo_keeps_nothing_else_out(fake_route53: FakeRoute53, tmp_path: Path) -> None:
    fake: Any = fake_route53
    leave(fake, tmp_path, killed_before="end")
    tag(fake, "check-gcp", id="e", expires_at="2026-11-23T11:00:00+00:00", undo="somersault x=1")
    with pytest.raises(InvalidInput, match="tag drill:undo of health check check-gcp does not say what to undo"):
        sweep(fake, FakeClock(), lambda text: None)
    assert as_before(fake)


@pytest.mark.parametrize("by_journal", [True, False])
def test_a_drain_of_a_site_that_a_dead_drill_left_stays(
    fake_route53: FakeRoute53, tmp_path: Path, by_journal: bool
) -> None:
    fake: Any = fake_route53
    journal = leave(fake, tmp_path, killed_before="end")
    fake.tags[CHECK]["drain:by"] = "ann@laptop"
    undone = restore_journal(journal, fake, FakeClock()) if by_journal else sweep(fake, FakeClock(), lambda text: None)
    assert [each.found for each in undone] == ["left alone: drained by ann@laptop", "tags removed"]
    check = read_checks(fake, [CHECK])[CHECK]
    assert check.disabled and check.inverted and check.drill_id is None


def test_leaves_running_drills_alone(fake_route53: FakeRoute53) -> None:
    fake: Any = fake_route53
    tag(fake, CHECK, id="d", expires_at="2026-11-23T12:00:01+00:00")
    said: list[str] = []
    assert sweep(fake, FakeClock(), said.append) == []
    assert said == ["drill d holds health check check-aws until 2026-11-23T12:00:01+00:00: left alone"]
    assert fake.tags[CHECK]["drill:id"] == "d"


def test_journal_and_sweep_together_are_no_trouble(fake_route53: FakeRoute53, tmp_path: Path) -> None:
    fake: Any = fake_route53
    journal = leave(fake, tmp_path, killed_before="end")
    sweep(fake, FakeClock(), lambda text: None)
    found = [each.found for each in restore_journal(journal, fake, FakeClock())]
    assert found == ["was as before already", "the tags were gone already"]


# -- a damaged journal -------------------------------------------------------------------------------------------------


def flip(journal: Path, old: str, new: str) -> None:
    text = journal.read_text()
    assert old in text
    journal.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"before":{"Disabled":false', '"before":{"Disabled":true'),
        ('"action":"switch-off"', '"action":"mark"'),
        ('"change":"switch-off:check-aws","action"', '"change":"switch-off:check-aws,"action"'),
    ],
)
def test_what_a_damaged_entry_says_is_not_done(fake_route53: FakeRoute53, tmp_path: Path, old: str, new: str) -> None:
    fake: Any = fake_route53
    journal = leave(fake, tmp_path, killed_before="end")
    flip(journal, old, new)
    with pytest.raises(Deviated, match="is damaged") as caught:
        restore_journal(journal, fake, FakeClock())
    assert "drill sweep" in caught.value.hint
    check = read_checks(fake, [CHECK])[CHECK]
    assert (check.disabled, check.inverted) == (True, True), "nobody knows what it was: it is left, and said"


def test_damage_elsewhere_keeps_nothing_from_being_undone(fake_route53: FakeRoute53, tmp_path: Path) -> None:
    fake: Any = fake_route53
    journal = leave(fake, tmp_path, killed_before="end")
    flip(journal, '"drill_id":"d"', '"drill_id":"e"')
    with pytest.raises(Deviated, match="entry 1 was changed after it was written"):
        restore_journal(journal, fake, FakeClock())
    assert as_before(fake), "whose drill it was is known from its tag as well"


def test_a_journal_cut_in_half_undoes_what_is_left_of_it(fake_route53: FakeRoute53, tmp_path: Path) -> None:
    fake: Any = fake_route53
    journal = leave(fake, tmp_path, killed_before="end")
    text = journal.read_text()
    journal.write_text(text[: text.index('"kind":"changed","change":"switch-off')])
    restore_journal(journal, fake, FakeClock())
    assert as_before(fake)
    assert read_journal(journal.with_name(DOCUMENT))[-1]["kind"] == "undone"


def test_one_damaged_journal_does_not_keep_another_from_being_undone(fake_route53: FakeRoute53, tmp_path: Path) -> None:
    fake: Any = fake_route53
    journal = leave(fake, tmp_path, killed_before="end")
    damaged = tmp_path / "drills" / "damaged" / LINES
    damaged.parent.mkdir()
    damaged.write_text("{\n" + journal.read_text().splitlines()[0] + "\n")
    undone, failed = restore_all([damaged, journal], fake, FakeClock())
    assert [each.found for each in undone] == ["restored", "tags removed"]
    assert [type(error) for error in failed] == [Deviated]
    assert as_before(fake)


def test_a_full_disk_does_not_keep_a_site_out(
    fake_route53: FakeRoute53, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake: Any = fake_route53
    journal = leave(fake, tmp_path, killed_before="end")

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(Journal, "_append", refuse)
        full.setattr("failover.drill.journal.write_whole", refuse)
        with pytest.raises(Unavailable, match="everything is undone"):
            restore_journal(journal, fake, FakeClock())
    assert as_before(fake) and journal.exists()
    restore_journal(journal, fake, FakeClock())
    assert [path.name for path in journal.parent.iterdir()] == [DOCUMENT]
