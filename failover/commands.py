"""`drill …`: the commands that run drills and those that read what they left, in one group."""

from __future__ import annotations

from failover.drill.commands import drill as running
from failover.evidence.commands import COMMANDS as READING
from service.command_line import Group

drill = Group("drill", commands={**running.commands, **READING}, help=running.help)

COMMANDS = {"drill": drill}
