from __future__ import annotations

from failover.levers.replicas import Replicas


def test_how_many_are_asked_for_is_said_where_it_is_known() -> None:
    assert [str(Replicas(2, 3)), str(Replicas(0, 0)), str(Replicas(2))] == ["2 of 3", "0 of 0", "2"]
