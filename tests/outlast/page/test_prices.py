"""What a site costs an hour, of the committed stacks and of a set that is not there."""

from __future__ import annotations

from outlast.page.prices import usd_per_hour


def test_the_committed_stacks_have_a_price() -> None:
    found = usd_per_hour(None)
    assert {"aws", "azure", "gcp"} <= found.keys()
    assert all(0.01 < found[site] < 10.0 for site in ("aws", "azure", "gcp"))


def test_stacks_that_are_not_there_have_no_price() -> None:
    assert usd_per_hour("nobody") == {}
