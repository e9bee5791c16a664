"""Every type that a stack registers is in the estimate by a price, or says why it costs nothing there."""

from __future__ import annotations

from infra.cost.kinds import NOT_PRICED, PAID
from infra.cost.prices import PRICES
from infra.permissions.in_use import IN_USE, types_of

EVERY = {type_ for kind in IN_USE for type_ in types_of(kind)}
FREE = [type_ for row in NOT_PRICED for type_ in row.types]


def test_every_type_has_a_price_or_a_reason_and_no_type_has_both() -> None:
    assert {*PAID, *FREE} == EVERY
    assert len(FREE) == len({*FREE}) and not {*PAID} & {*FREE}


def test_every_price_that_a_type_names_is_in_the_table_and_every_price_of_a_site_is_named() -> None:
    named = {key for keys in PAID.values() for key in keys}
    assert named <= {*PRICES}
    variants = {key for key in PRICES if key.startswith(("fargate-arm", "fargate-spot", "check-option-aws"))}
    assert {*PRICES} - variants == named


def test_each_reason_says_where_it_is_from() -> None:
    assert all(row.why and row.source and row.types for row in NOT_PRICED)
