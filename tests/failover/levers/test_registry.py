"""Every action that a level can choose has its lever."""

from __future__ import annotations

from collections.abc import Mapping

from failover.drill.actions import ACTIONS
from failover.levers.change import LOCK
from failover.levers.levels import EFFECT, RETURN
from failover.levers.lever import Lever


def test_every_action_has_a_lever(levers: Mapping[str, Lever]) -> None:
    known = {*levers, *ACTIONS}
    assert {*EFFECT, *RETURN} - {"errors"} <= known
    assert LOCK in known
