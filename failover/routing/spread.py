"""Pure: how the answers for a name are spread over the records at the ends of its aliases.

    sight = Sight([zone], healthy={"check-aws": False}.get)
    spread(sight, zone.group("api.outlast.example", "CNAME"), country("DE"))  # {<azure>: 0.6, <gcp>: 0.4}

`failover.routing.answers.shares` is the same for one group alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from failover.routing.answers import MAX_HOPS, RecordSet, Sight, candidates, is_healthy, odds
from failover.routing.places import NOWHERE, Place


def spread(
    sight: Sight, group: Sequence[RecordSet], place: Place = NOWHERE, *, hops: int = MAX_HOPS
) -> dict[RecordSet, float]:
    """Each record with values that can be answered to a client at `place`, with its probability; none at 0."""
    able, _ = candidates(group, lambda record: is_healthy(record, sight), place)
    share_of = odds(group, able)
    found: dict[RecordSet, float] = {}
    for record in able:
        share = share_of[record.set_identifier or ""]
        for leaf, part in _below(sight, record, place, hops).items():
            found[leaf] = found.get(leaf, 0.0) + share * part
    return {leaf: share for leaf, share in found.items() if share}


def _below(sight: Sight, record: RecordSet, place: Place, hops: int) -> dict[RecordSet, float]:
    if record.alias is None:
        return {record: 1.0}
    return spread(sight, sight.group_of(record.alias, record.type), place, hops=hops - 1) if hops else {}


def list_ends(sight: Sight, group: Sequence[RecordSet], *, hops: int = MAX_HOPS) -> tuple[RecordSet, ...]:
    """Every record with values that the aliases of a group lead to, whatever is healthy and wherever the client is.

    Of failover records the primary comes first, so that the order is that of failover.
    """
    return tuple(dict.fromkeys(_ends(sight, group, hops)))


def _ends(sight: Sight, group: Sequence[RecordSet], hops: int) -> Iterator[RecordSet]:
    for record in sorted(group, key=lambda one: one.failover == "SECONDARY"):
        if record.alias is None:
            yield record
        elif hops:
            yield from _ends(sight, sight.group_of(record.alias, record.type), hops - 1)
