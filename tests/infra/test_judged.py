"""The settings of the committed stacks, as this machine judges them today."""

from __future__ import annotations

import pytest

from infra.judged import judge
from service.errors import InvalidInput
from tests.infra.harness import STACKS, configuration


@pytest.mark.parametrize("stack", STACKS)
def test_the_committed_files_are_in_order(stack: str) -> None:
    assert judge(stack, configuration(stack), ()).name == stack


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"models": ["never-released"]}, "outlast:models"),
        ({"environment": {"OUTLAST_WORKERS": "many"}}, "OUTLAST_API_KEYS"),
        ({"exceptions": [{"rule": "auth-off", "reason": "no one", "until": "2001-01-01"}]}, "2001-01-01"),
    ],
)
def test_what_only_this_machine_knows_is_judged(changed: dict[str, object], told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        judge("aws", configuration("aws", **changed), ())
