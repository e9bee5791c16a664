"""The seven steps, and everything that may end them early, on fakes, and on time that passes when somebody waits."""

from __future__ import annotations

import errno
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from failover.drill.aborts import Stop
from failover.drill.discover import read_checks
from failover.drill.fleet import HealthCheck
from failover.drill.journal import Entry, Journal, read_journal
from failover.drill.lock import hold_lock
from failover.drill.measure import measure
from failover.drill.measurement import Measurement
from failover.drill.plan import Limits
from failover.drill.restore import restore_journal
from failover.drill.run import run_drill
from service.errors import OutlastError, Refused, Unavailable
from tests.failover.drill.fakes import Refusing, Stage, tag


def run(stage: Stage, stop: Stop | None = None, **options: Any) -> list[Entry]:
    """Run a drill on the stage and return its journal's entries."""
    journal = run_drill(
        stage.plan(**options), stage.context, say=stage.said.append, stop=stop or Stop(), probes=stage.probes
    )
    return read_journal(journal)


def check_of(stage: Stage, check_id: str) -> HealthCheck:
    return read_checks(stage.client, [check_id])[check_id]


def is_as_before(stage: Stage) -> bool:
    checks = [check_of(stage, check_id) for check_id in stage.client.checks]
    return not any(check.disabled or check.inverted or check.drill_id for check in checks)


def at_step(stage: Stage, step: str, do: Callable[[], None], after_ticks: int = 1) -> None:
    """Do something once, some ticks after the drill has said that it is at a step."""
    left = [after_ticks]

    def tick() -> None:
        if any(said.startswith(f"{step}:") for said in stage.said):
            left[0] -= 1
            if left[0] == 0:
                do()

    stage.clock.on_tick.append(tick)


def why(entries: list[Entry]) -> str:
    return str(next((entry["why"] for entry in entries if entry["kind"] == "abort"), ""))


def test_reads_like_seven_steps_and_leaves_everything_as_before(stage: Stage) -> None:
    entries = run(stage)
    steps = [entry["name"] for entry in entries if entry["kind"] == "step"]
    assert steps == ["init", "steady", "fail", "moved", "restore", "back", "steady again"]
    assert why(entries) == ""
    assert is_as_before(stage)
    assert measure(entries).deviations == ()


def test_writes_each_change_before_it_is_made(stage: Stage) -> None:
    seen: list[bool] = []

    def update(**wanted: Any) -> Any:
        text = next(stage.drills.glob("*/journal.jsonl")).read_text()
        seen.append('"action":"switch-off"' in text and text.count('"kind":"undo"') == len(seen))
        return client.update_health_check(**wanted)

    client = stage.client
    stage.client = Refusing(client, update_health_check=update)
    run(stage)
    assert seen == [True, True], "a line before the change, and one before its undo"


def test_marks_the_check_with_its_id_and_an_expiry(stage: Stage) -> None:
    found: list[HealthCheck] = []
    at_step(stage, "moved", lambda: found.append(check_of(stage, "check-aws")))
    entries = run(stage)
    assert found[0].drill_id == entries[0]["drill_id"]
    expires = datetime.fromisoformat(found[0].expires_at)
    longest = timedelta(seconds=600 / 10)  # ten simulated minutes at speed 10
    assert longest < expires - stage.clock.utc() + timedelta(seconds=60) < longest + timedelta(minutes=7)


@pytest.mark.parametrize("site", ["aws", "azure", "gcp"])
def test_measures_what_was_staged(stage: Stage, site: str) -> None:
    stage.lose, stage.moves_after = site, 2.0
    measured: Measurement = measure(run(stage))
    assert measured.recovery_simulated_seconds == pytest.approx(20.0, abs=1.5)
    assert measured.restored


def test_aborts_when_a_survivor_fails(stage: Stage) -> None:
    stage.moves_after = 100.0
    at_step(stage, "moved", lambda: stage.dead.add("azure"))
    entries = run(stage)
    assert why(entries) == "azure failed 5 times in a row, asked directly: refused"
    assert is_as_before(stage)
    assert measure(entries).deviations[0].startswith("aborted: azure failed")


def test_does_not_abort_when_the_lost_site_fails(stage: Stage) -> None:
    at_step(stage, "moved", lambda: stage.dead.add("aws"))
    at_step(stage, "restore", stage.dead.clear)
    assert why(run(stage)) == ""


def test_aborts_when_clients_fail(stage: Stage) -> None:
    stage.moves_after = 100.0
    at_step(stage, "moved", lambda: setattr(stage, "failing_clients", True))
    entries = run(stage)
    assert "of the clients' last" in why(entries)
    assert measure(entries).clients.failed >= 3
    assert is_as_before(stage)


def test_aborts_after_the_longest_time(stage: Stage) -> None:
    stage.moves_after = 1e9
    entries = run(stage, limits=Limits(max_duration_seconds=100.0))
    assert why(entries) == "took longer than 100 s (simulated; --max-duration)"
    assert is_as_before(stage)


def test_gives_up_when_traffic_does_not_move(stage: Stage) -> None:
    stage.moves_after = 1e9
    entries = run(stage, limits=Limits(max_duration_seconds=1e9))
    assert why(entries).startswith("timed out after 157 s (simulated) waiting for traffic to leave aws: ")
    assert is_as_before(stage)


def test_stops_when_somebody_else_changes_the_check(stage: Stage) -> None:
    stage.moves_after = 100.0
    client = stage.client
    at_step(
        stage,
        "moved",
        lambda: client.update_health_check(HealthCheckId="check-aws", Disabled=False, Inverted=False),
    )
    entries = run(stage)
    assert why(entries) == "somebody else changed the health check during the drill"
    assert is_as_before(stage)


def test_leaves_a_check_alone_that_another_drill_took_over(stage: Stage) -> None:
    stage.moves_after = 100.0
    at_step(stage, "moved", lambda: tag(stage.client, "check-aws", id="other"))
    entries = run(stage)
    assert "somebody else" in why(entries)
    assert [e["found"] for e in entries if e["kind"] == "undone"] == ["left alone: drill other holds it now"] * 2
    assert check_of(stage, "check-aws").drill_id == "other"


@pytest.mark.parametrize("step", ["steady", "moved", "back"])
def test_a_signal_ends_it_at_any_step_and_undoes(stage: Stage, step: str) -> None:
    stop, stage.returns_after = Stop(), 5.0
    at_step(stage, step, lambda: stop.request("SIGTERM", 15))
    entries = run(stage, stop)
    assert why(entries) == "aborted by SIGTERM"
    measured = measure(entries)
    assert measured.faults[0] == "aborted by SIGTERM" and measured.unmeasured == "not measured"
    assert is_as_before(stage)
    changed = any(entry["kind"] == "change" for entry in entries)
    assert changed == (step != "steady"), "stopped while still steady, it changes nothing"


def test_a_second_signal_does_not_replace_the_first() -> None:
    stop = Stop()
    stop.request("SIGINT", 2)
    stop.request("SIGTERM", 15)
    assert (stop.reason, stop.signal) == ("SIGINT", 2)


def test_guards_judge_again_right_before_acting(stage: Stage) -> None:
    # Dead to the preflight only: the observers see nothing of it.
    looks = [0]
    plain = stage.preflight

    def preflight(*args: Any, **more: Any) -> Any:
        looks[0] += 1
        stage.dead = {"azure", "gcp"} if looks[0] == 2 else set()
        facts = plain(*args, **more)
        stage.dead = set()
        return facts

    stage.preflight = preflight  # type: ignore[method-assign]
    entries = run(stage)
    assert "refused at the last moment" in why(entries)
    assert not any(entry["kind"] == "change" for entry in entries)
    assert is_as_before(stage)


def test_refuses_before_anything_is_written(stage: Stage) -> None:
    stage.dead = {"azure", "gcp"}
    with pytest.raises(Refused, match="nobody would serve without aws"):
        run(stage)
    assert not list(stage.drills.glob("*/*"))


def test_steps_back_when_another_drill_began_at_the_same_moment(stage: Stage) -> None:
    client = stage.client

    def change_tags(**wanted: Any) -> Any:
        if "AddTags" in wanted:
            tag(client, "check-gcp", id="other")
        return client.change_tags_for_resource(**wanted)

    stage.client = Refusing(client, change_tags_for_resource=change_tags)
    entries = run(stage)
    assert why(entries) == "another drill began at the same moment: other"
    assert check_of(stage, "check-aws").drill_id is None
    assert not check_of(stage, "check-aws").disabled


def test_stops_at_a_stale_version_and_takes_its_mark_back(stage: Stage) -> None:
    def change_tags(**wanted: Any) -> Any:
        if "AddTags" in wanted:  # somebody writes the check after the guards looked, and before the drill acts
            client.update_health_check(HealthCheckId="check-aws", FailureThreshold=5)
        return client.change_tags_for_resource(**wanted)

    client = stage.client
    stage.client = Refusing(client, change_tags_for_resource=change_tags)
    entries = run(stage)
    assert "changed by someone else meanwhile" in why(entries)
    assert next(entry for entry in entries if entry["kind"] == "abort")["refused"]
    assert is_as_before(stage)


def test_keeps_trying_to_undo_while_the_api_does_not_answer(stage: Stage) -> None:
    client, calls = stage.client, [0]

    def update(**wanted: Any) -> Any:
        calls[0] += 1
        if 2 <= calls[0] <= 4:
            raise EndpointConnectionError(endpoint_url="https://route53")
        return client.update_health_check(**wanted)

    stage.client = Refusing(client, update_health_check=update)
    assert why(run(stage)) == ""
    assert sum("is not undone yet, trying again" in said for said in stage.said) == 3
    assert is_as_before(stage)


def test_an_undo_that_never_succeeds_says_how_to_go_on(stage: Stage) -> None:
    client, calls = stage.client, [0]

    def update(**wanted: Any) -> Any:
        calls[0] += 1
        if calls[0] >= 2:
            raise EndpointConnectionError(endpoint_url="https://route53")
        return client.update_health_check(**wanted)

    stage.client = Refusing(client, update_health_check=update)
    with pytest.raises(Unavailable) as caught:
        run(stage)
    journal = next(stage.drills.glob("*/journal.jsonl"))
    assert f"drill restore --journal {journal.parent}" in caught.value.hint
    assert check_of(stage, "check-aws").disabled
    restore_journal(journal, client, stage.clock)
    assert is_as_before(stage)


def test_credentials_that_expire_are_tried_again_and_then_it_says_what_to_type(stage: Stage) -> None:
    client, calls = stage.client, [0]

    def update(**wanted: Any) -> Any:
        calls[0] += 1
        if calls[0] >= 2:
            raise ClientError({"Error": {"Code": "ExpiredToken", "Message": "expired"}}, "UpdateHealthCheck")
        return client.update_health_check(**wanted)

    stage.client = Refusing(client, update_health_check=update)
    with pytest.raises(Unavailable, match="the AWS credentials expired") as caught:
        run(stage)
    assert calls[0] > 20, "somebody may renew them meanwhile"
    journal = next(stage.drills.glob("*/journal.jsonl"))
    assert f"outlast drill restore --journal {journal.parent}" in caught.value.hint and "renew" in caught.value.hint
    command = "aws route53 update-health-check --health-check-id check-aws --no-disabled --no-inverted"
    assert any(said.endswith(command) for said in stage.said)
    restore_journal(journal, client, stage.clock)
    assert is_as_before(stage)


@pytest.mark.parametrize("step", ["steady", "moved", "restore", "back"])
def test_a_disk_that_fills_up_ends_the_drill_and_not_its_undo(
    stage: Stage, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.moves_after = 3.0

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    at_step(stage, step, lambda: monkeypatch.setattr(Journal, "_append", refuse))
    with pytest.raises(Unavailable, match="No space left on device") as caught:
        run(stage)
    assert is_as_before(stage)
    journal = next(stage.drills.glob("*/journal.jsonl"))
    assert f"outlast drill restore --journal {journal.parent}" in caught.value.hint
    monkeypatch.undo()
    restore_journal(journal, stage.client, stage.clock)
    assert is_as_before(stage) and measure(read_journal(journal.with_name("journal.json"))).restored


@pytest.mark.parametrize("hours", [-2, 2])
def test_a_clock_that_jumps_in_the_middle_changes_no_time_and_is_named(stage: Stage, hours: int) -> None:
    clock = stage.clock
    straight = clock.utc
    at_step(stage, "moved", lambda: setattr(clock, "utc", lambda: straight() + timedelta(hours=hours)))
    measured = measure(run(stage))
    assert measured.deviations == () and is_as_before(stage)
    (jump,) = measured.account.clock_jumps
    assert f"jumped by {hours * 3600:+.1f} s before undo" in jump


def test_a_bug_in_the_middle_is_undone_too(stage: Stage) -> None:
    def crash() -> None:
        raise ZeroDivisionError

    at_step(stage, "moved", crash)
    with pytest.raises(ZeroDivisionError):
        run(stage)
    assert is_as_before(stage)


def test_only_one_drill_at_a_time(stage: Stage, tmp_path: Path) -> None:
    with hold_lock(stage.drills), pytest.raises(Refused, match="a drill is running already"):
        run(stage)
    run(stage)


def test_two_drills_in_one_second_keep_two_journals(stage: Stage) -> None:
    run(stage)
    stage.clock.seconds = 1000.0
    run(stage)
    assert len(list(stage.drills.glob("*/journal.json"))) == 2


def test_every_error_has_a_hint(stage: Stage) -> None:
    stage.dead = {"azure"}
    with pytest.raises(OutlastError) as caught:
        run(stage)
    assert caught.value.hint == "mend it, or accept it by name: --override steady-state"


def test_a_site_that_died_while_it_was_out_is_given_back_last(stage: Stage) -> None:
    at_step(stage, "moved", lambda: stage.dead.add("aws"))
    at_step(stage, "aws DIED while it was out (refused)", stage.dead.clear, after_ticks=20)
    at_step(stage, "restore", lambda: switched.append(check_of(stage, "check-aws").inverted), after_ticks=15)
    switched: list[bool] = []
    entries = run(stage)
    assert switched == [True], "it is still out while it does not answer"
    held = next(entry for entry in entries if entry["kind"] == "held-back")
    given = next(entry for entry in entries if entry["kind"] == "given-back")
    assert (held["why"], given["answers"]) == ("refused", True)
    assert is_as_before(stage)
    assert "aws died while it was out, and was given back last: refused" in measure(entries).deviations


def test_a_site_that_stays_dead_is_given_back_when_the_drill_expires(stage: Stage) -> None:
    at_step(stage, "moved", lambda: stage.dead.add("aws"))
    entries = run(stage)
    given = next(entry for entry in entries if entry["kind"] == "given-back")
    assert given["answers"] is False
    assert given["at"] > 300, "the expiry's margin alone is five minutes"
    assert is_as_before(stage)


def test_a_signal_gives_a_dead_site_back_at_once(stage: Stage) -> None:
    stop = Stop()
    at_step(stage, "moved", lambda: stage.dead.add("aws"))
    at_step(stage, "aws DIED while it was out (refused)", lambda: stop.request("SIGINT", 2))
    entries = run(stage, stop)
    given = next(entry for entry in entries if entry["kind"] == "given-back")
    assert given["at"] < 60
    assert is_as_before(stage)


def test_the_site_stays_away_until_the_declared_kinds_of_clients_have_left(stage: Stage) -> None:
    stage.client.tags["check-aws"]["outlast:client-kinds"] = "jvm"
    entries = run(stage)
    steps = {entry["name"]: entry["at"] for entry in entries if entry["kind"] == "step"}
    assert (steps["restore"] - steps["moved"]) * 10 > 30, "Java keeps an answer for 30 s (simulated)"
    assert "moved: waits 30 s (simulated) after its own clients have left, for jvm" in stage.said
    assert measure(entries).waits[1].startswith("may give the site back while there are still clients at it: pool")


def drain_azure(stage: Stage) -> None:
    stage.client.tags["check-azure"] = {"drain:by": "ann"}
    stage.client.update_health_check(HealthCheckId="check-azure", Disabled=True, Inverted=True)


@pytest.mark.parametrize("step", ["fail", "moved"])
def test_ends_when_a_survivor_is_drained_by_its_check(stage: Stage, step: str) -> None:
    """What the checkers report does not change by it."""
    stage.moves_after = 100.0
    at_step(stage, step, lambda: drain_azure(stage))
    entries = run(stage)
    assert why(entries) == "azure was drained during the drill: aws is needed"
    assert check_of(stage, "check-aws").drill_id is None and not check_of(stage, "check-aws").disabled
    assert check_of(stage, "check-azure").disabled, "that is somebody's own decision"


def test_ends_when_the_switch_of_a_survivor_is_thrown(stage: Stage) -> None:
    """The switch's check is beside the site's own, which shows nothing of it."""
    stage.moves_after = 100.0
    client = stage.client.with_switch("azure")
    at_step(stage, "moved", lambda: client.thrown.add("azure"))
    entries = run(stage)
    assert why(entries) == "azure was drained during the drill: aws is needed"
    assert not check_of(stage, "check-aws").disabled


def test_changes_nothing_when_a_switch_was_thrown_after_the_plan(stage: Stage) -> None:
    client = stage.client.with_switch("gcp")
    at_step(stage, "steady", lambda: client.thrown.add("gcp"))
    entries = run(stage)
    assert why(entries) == "gcp was drained during the drill: aws is needed"
    assert stage.client.checks["check-aws"]["version"] == 1
