"""Whose protection a holding has, and how it is called."""

from __future__ import annotations

import pytest

from infra.holder import Holder


@pytest.mark.parametrize(
    ("holder", "title", "always", "in_base"),
    [
        (Holder(protect=True), "logs", True, False),
        (Holder(protect=True, site="prod-aws"), "prod-aws-logs", True, True),
        (Holder(protect=False, site="prod-aws"), "prod-aws-logs", False, False),
    ],
)
def test_a_base_stack_protects_also_what_goes_with_a_site(
    holder: Holder, title: str, always: bool, in_base: bool
) -> None:
    assert holder.title("logs") == title
    assert (holder.options().protect, holder.options(in_base=True).protect) == (always, in_base)
