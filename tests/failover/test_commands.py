"""The group `drill`: what runs drills and what reads them are one group, and no name hides another."""

from __future__ import annotations

from failover.commands import drill
from failover.drill.commands import drill as running
from failover.evidence.commands import COMMANDS


def test_both_kinds_of_commands_are_there_and_none_hides_another() -> None:
    assert set(drill.commands) == {*running.commands, *COMMANDS}
    assert not running.commands.keys() & COMMANDS.keys()
    assert drill.help == running.help
