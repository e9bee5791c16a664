"""What the guide promises is what the code does: permissions, guards, options, exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from failover.commands import drill
from failover.dial import Dial, Resolution
from failover.drill.aborts import Stop
from failover.drill.guards import GUARDS
from failover.drill.preflight import find_authorities
from failover.drill.restore import sweep
from failover.drill.run import run_drill
from failover.drill.timeline import STAMP_TEXTS
from tests.failover.drill.fakes import Stage

DOCS = Path(__file__).parents[3] / "docs"
GUIDE = (DOCS / "guides" / "run-a-drill.md").read_text()
CONCEPT = (DOCS / "concepts" / "drills.md").read_text()


class Noting:
    """A client that writes down which operations are called."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.called: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        if name in ("checks", "on_update", "records", "tags"):
            return getattr(self._client, name)
        if name != "get_paginator":
            self.called.add(name)
        return getattr(self._client, name)

    def get_paginator(self, name: str) -> Any:
        self.called.add(name)
        return self._client.get_paginator(name)


class NameServers(Dial):
    """Every name server has an address."""

    def resolve(self, host: str, rdtype: str = "A", *, timeout_seconds: float = 2.0) -> Resolution:
        return Resolution(host, rdtype, ("192.0.2.1",), (), 60, "NOERROR", True, 0.0)


def test_the_policy_is_exactly_what_is_called(stage: Stage) -> None:
    noting = Noting(stage.client)
    stage.client = noting
    plan = stage.plan()
    # The longest wait polls Route 53 as well, which a quick drill never does.
    stage.moves_after = 5.0
    run_drill(plan, stage.context, say=lambda text: None, stop=Stop(), probes=stage.probes)
    sweep(noting, stage.clock, lambda text: None)  # type: ignore[arg-type]
    assert len(find_authorities(noting, NameServers(), plan.zone_id)) == 4  # type: ignore[arg-type]
    called = {"route53:" + "".join(word.title() for word in name.split("_")) for name in noting.called}
    policy = json.loads(re.findall(r"```json\n(.*?)```", GUIDE, re.S)[0])
    assert {action for statement in policy["Statement"] for action in statement["Action"]} == called


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.name)
def test_every_guard_is_in_the_guide(guard: Any) -> None:
    row = next(line for line in GUIDE.splitlines() if line.startswith(f"| `{guard.name}` |"))
    assert row.endswith("| yes |" if guard.overridable else "| no |")


def test_every_option_is_in_the_guide() -> None:
    options = {name for command in drill.commands.values() for p in command.params for name in p.opts if "--" in name}
    assert [name for name in sorted(options) if f"{name} " not in GUIDE and f"{name}`" not in GUIDE] == []


def test_every_command_and_stamp_is_explained() -> None:
    assert [name for name in drill.commands if name != "now" and f"drill {name}" not in GUIDE] == []
    assert [name for name in STAMP_TEXTS if f"| {name} |" not in CONCEPT] == []


def test_exit_codes_are_those_of_the_errors() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d) \|", GUIDE, re.M)}
    assert codes == {0, 2, 3, 4, 5, 6, 7}  # those of service.errors, which test_commands compares


@pytest.mark.parametrize("text", [GUIDE, CONCEPT], ids=["guide", "concept"])
def test_links_lead_somewhere(text: str) -> None:
    for target in re.findall(r"\]\((\.\./[^)#]+)", text):
        assert (DOCS / "guides" / target).resolve().is_file(), target
