"""What holds where a cloud says nothing else."""

from __future__ import annotations

from pathlib import Path

from sandbox.training.surroundings import Surroundings, Verdict


def test_a_job_may_run_and_there_are_machines_where_nothing_else_is_said() -> None:
    verdict = Verdict()
    assert not (verdict.fails or verdict.log or verdict.hidden or verdict.readonly or verdict.unsaved)
    around = Surroundings(lambda record: verdict, lambda order: (("true",), {}, Path()))
    assert not around.no_spot("training-aws")
