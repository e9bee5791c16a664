"""Requests of one connection are counted as its client and its replica take turns."""

from __future__ import annotations

from sandbox.network.turns import Turns
from sandbox.replicas.scaling import Meter


def test_a_request_is_one_however_many_pieces_it_and_its_answer_come_in() -> None:
    meter = Meter()
    turns = Turns(meter)
    turns.asked()
    turns.asked()
    turns.answered()
    turns.answered()
    assert meter.requests == 1
    turns.asked()
    turns.asked()
    assert meter.requests == 2
