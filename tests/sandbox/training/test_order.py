"""A record is read as it was kept."""

from __future__ import annotations

import json

from sandbox.training.order import Outcome, Phase, Record, read_record
from tests.sandbox.training.tiny_job import order


def test_a_record_is_read_as_it_was_kept() -> None:
    record = Record(order("done", spot=True), {"Tags": []}, 5.0, Phase.ENDED, Outcome.STOPPED, "why", starts=2)
    assert read_record(json.loads(json.dumps(record.to_document()))) == record


def test_a_job_that_lost_its_machine_is_told_from_one_that_never_had_one() -> None:
    record = Record(order("done"), {}, 5.0)
    assert not record.interrupted
    record.starts = 1
    assert record.interrupted
    assert order("done").folder != order("done", key="arn:two").folder
