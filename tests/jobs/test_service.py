"""The states of a job: which of them are the last."""

from __future__ import annotations

from jobs.service import State


def test_three_states_are_the_last() -> None:
    assert {state for state in State if state.final} == {State.SUCCEEDED, State.FAILED, State.STOPPED}


def test_a_state_is_written_as_a_word() -> None:
    assert f"{State.INTERRUPTED}" == "Interrupted"
