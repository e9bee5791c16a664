"""Our journal in the Chaos Toolkit's words: complete for its reports, and true."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from failover.chaostoolkit.journal import convert_journal
from failover.drill.measure import measure
from tests.failover.drill.retold import Story
from tests.failover.drill.test_account import entries_of

STEADY = {"kind": "steady", "at": 8.95, "problems": {}, "switched": [], "digests": {}}
STEPS = [
    {"kind": "step", "at": at, "name": name}
    for at, name in ((1.9, "fail"), (2.1, "moved"), (5.9, "restore"), (6.1, "back"), (8.9, "steady again"))
]


def convert(*more: dict[str, Any]) -> dict[str, Any]:
    entries = entries_of(Story(more=[*STEPS, STEADY, *more]))
    return convert_journal(measure(entries), entries)


def test_it_has_what_chaos_report_reads() -> None:
    journal = convert()
    assert {"chaoslib-version", "platform", "node", "start", "end", "duration", "status", "deviated"} <= journal.keys()
    assert (journal["status"], journal["deviated"]) == ("completed", False)
    experiment = journal["experiment"]
    assert experiment["title"] and experiment["description"] and experiment["steady-state-hypothesis"]["title"]
    assert [run["activity"] for run in journal["run"]] == experiment["method"]
    for run in (*journal["run"], *journal["rollbacks"]):
        assert {"activity", "status", "start", "end", "duration", "output"} <= run.keys()
        assert datetime.fromisoformat(run["start"]) <= datetime.fromisoformat(run["end"])
        assert datetime.fromisoformat(run["start"]).utcoffset() is not None, "as the toolkit writes it"


def test_steps_that_change_something_are_actions() -> None:
    kinds = {run["activity"]["name"]: run["activity"]["type"] for run in convert()["run"]}
    assert [name for name, kind in kinds.items() if kind == "action"] == ["fail", "restore"]


def test_measured_terms_are_the_output_of_the_steps_that_watched() -> None:
    runs = {run["activity"]["name"]: run["output"] for run in convert()["run"]}
    measured = measure(entries_of())
    assert runs["moved"]["total"] == measured.failover[-1].measured != runs["back"]["total"]
    assert runs["back"]["total"] == measured.failback[-1].measured


def test_the_steady_state_is_met_before_and_after() -> None:
    states = convert()["steady_states"]
    assert states["before"]["steady_state_met"] and states["after"]["steady_state_met"]


@pytest.mark.parametrize(("signal", "status"), [(0, "aborted"), (2, "interrupted")])
def test_an_abort_is_told_in_their_words(signal: int, status: str) -> None:
    journal = convert({"kind": "abort", "at": 8.0, "why": "no", "refused": False, "signal": signal})
    assert (journal["status"], journal["deviated"]) == (status, True)
