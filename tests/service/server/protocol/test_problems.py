"""A refusal is RFC 9457 problem+json: what, why, what to do, each mistake, and which request it was."""

from __future__ import annotations

import orjson
import pytest

from service.errors import Mistake
from service.server.protocol.problems import INVALID_REQUEST, KINDS, Kind, Problem, overloaded


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.slug)
def test_every_kind_renders_its_own_type_status_and_title(kind: Kind) -> None:
    said = orjson.loads(Problem(kind, "it is wrong").render())
    assert said == {
        "type": f"urn:outlast:problem:{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": "it is wrong",
        "error": f"{kind.title}: it is wrong",
    }


def test_kinds_are_told_apart_by_their_type() -> None:
    assert len({kind.slug for kind in KINDS}) == len(KINDS) > 10
    assert all(400 <= kind.status < 600 for kind in KINDS)


def test_hint_mistakes_and_request_are_there_when_they_are_known() -> None:
    problem = Problem(INVALID_REQUEST, "wrong", hint="do this", mistakes=[Mistake("inputs[0]", "is 3", "write 4")])
    said = orjson.loads(problem.render("r-1"))
    assert said["hint"] == "do this"
    assert said["errors"] == [{"place": "inputs[0]", "what": "is 3", "hint": "write 4"}]
    assert said["instance"] == "urn:outlast:request:r-1"


def test_an_overloaded_server_says_when_to_come_back() -> None:
    problem = overloaded("the queue is full", 3)
    assert (problem.status, problem.detail) == (503, "the queue is full")
    assert problem.headers == ((b"retry-after", b"3"),)
    assert "3 s" in problem.hint
