"""What a preview would lose is refused until it is named, each with what goes with it."""

from __future__ import annotations

import json

import pytest

from sandbox.command.losses import check_named, find_losses, refuse_losses
from service.errors import InvalidInput, Refused

ZONE = "urn:pulumi:zone::outlast::aws:route53/zone:Zone::zone"
LOGS = "urn:pulumi:aws::outlast::aws:cloudwatch/logGroup:LogGroup::logs"
TASK = "urn:pulumi:aws::outlast::aws:ecs/taskDefinition:TaskDefinition::task"


def step(op: str, urn: str) -> str:
    return json.dumps({"resourcePreEvent": {"metadata": {"op": op, "urn": urn, "type": urn.split("::")[2]}}})


REPLACED = "\n".join(
    [
        json.dumps({"preludeEvent": {}}),
        *(step(op, ZONE) for op in ("create-replacement", "replace", "delete-replaced")),
        step("delete", LOGS),
        step("replace", TASK),
        step("update", LOGS),
    ]
)


def test_a_replacement_in_three_steps_is_one_loss_and_what_holds_nothing_none() -> None:
    assert [(loss.urn, loss.fate) for loss in find_losses(REPLACED)] == [(ZONE, "replaced"), (LOGS, "deleted")]
    assert "name servers" in find_losses(REPLACED)[0].holds
    assert find_losses(step("same", ZONE) + "\n" + step("create", LOGS)) == []


def test_what_is_not_named_is_refused_with_how_to_name_it() -> None:
    with pytest.raises(Refused) as refused:
        refuse_losses({"zone": REPLACED}, [LOGS])
    (mistake,) = refused.value.mistakes
    assert mistake.place == ZONE and "would be replaced" in mistake.what
    assert refused.value.hint.endswith(f"--replace '{ZONE}'")


def test_what_is_named_may_go() -> None:
    refuse_losses({"zone": REPLACED}, [LOGS, ZONE])
    refuse_losses({}, [])


def test_a_name_that_is_no_urn_is_refused_at_once() -> None:
    with pytest.raises(InvalidInput, match="--replace zone is no URN"):
        check_named(["zone"])
    check_named([ZONE])
