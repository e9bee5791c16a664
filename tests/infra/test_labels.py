"""Labels: what a file may say, and that one value goes to all three clouds."""

from __future__ import annotations

import pytest

from infra.labels import SETTINGS
from infra.stack_file import KINDS, parse
from service.errors import InvalidInput
from tests.infra.harness import BASES, STACKS, configuration


@pytest.mark.parametrize("stack", [*STACKS, *BASES])
def test_every_kind_of_stack_carries_what_its_file_says(stack: str) -> None:
    said = {"owner": "ml-platform", "costCentre": "cc_7", "dataClass": "internal"}
    found = parse(stack, configuration(stack, **said))
    own = {"stack": stack} | ({"site": stack} if found.kind in ("aws", "azure", "gcp") else {})
    assert found.labels == own | {"owner": "ml-platform", "cost-centre": "cc_7", "data-class": "internal"}
    assert parse(stack, configuration(stack)).labels == own
    assert found.kind in KINDS


@pytest.mark.parametrize("key", SETTINGS)
@pytest.mark.parametrize("value", ["Ml", "ml@example.com", "a.b", "x" * 64, "größe", "a b", ""])
def test_a_value_that_one_cloud_would_refuse_is_refused_for_all(key: str, value: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse("zone", configuration("zone", **{key: value}))
    (mistake,) = caught.value.mistakes
    assert mistake.place.endswith(f"outlast:{key}") and "Google's labels" in mistake.hint
