"""The list of faults: every one can be made by a lever that is there."""

from __future__ import annotations

import pytest

from failover.levers.change import FAULT, FLAG
from sandbox.chaos.faults import FAULTS, ChaosFault, choose_faults
from sandbox.network.faults import parse_fault
from service.errors import InvalidInput
from service.server.faults import parse_fault as parse_flag

URL = "https://outlast-drills.s3.us-east-1.amazonaws.com/faults/aws.json"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_every_fault_is_one_of_the_sandbox_or_of_the_service(fault: ChaosFault) -> None:
    way = fault.way("aws", URL)
    if fault.by_flag:
        assert (way.action, way.target) == (FLAG, URL)
        assert parse_flag(f'{{"mode": "{fault.kind}", "expires_at": 60, "id": "d"}}'.encode(), 0.0) is not None
    else:
        site, _, kind = way.target.rpartition(" ")
        assert (way.action, kind) == (FAULT, fault.kind)
        assert parse_fault(site, kind, 60.0, 0.0, ["aws"]).kind == kind.partition("=")[0]
        assert (site == "") == fault.of_provider


def test_there_are_sixteen_with_sixteen_names() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) == 16


def test_some_are_chosen_by_name() -> None:
    assert [fault.name for fault in choose_faults("dark, resets")] == ["dark", "resets"]
    assert choose_faults("") == list(FAULTS)
    with pytest.raises(InvalidInput, match="'storm' is no fault"):
        choose_faults("dark storm")
