"""What the guide promises is what the code does: permissions, guards, options, exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from failover.commands import drill
from failover.dial import Dial, Resolution
from failover.drill.aborts import Stop
from failover.drill.chain import REOPENED
from failover.drill.guards import GUARDS
from failover.drill.journal import read_journal
from failover.drill.preflight import find_authorities
from failover.drill.restore import sweep
from failover.drill.run import run_drill
from failover.drill.timeline import STAMP_TEXTS
from tests.failover.drill.fakes import Stage

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
GUIDE = (DOCS / "guides" / "run-a-drill.md").read_text()
CONCEPT = (DOCS / "concepts" / "drills.md").read_text()
JOURNAL = (DOCS / "reference" / "journal.md").read_text()


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
    called.add("ecs:DescribeServices")  # by which the survivors' tasks are counted: test_replica_counter.py
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


def test_every_kind_of_entry_and_its_fields_are_in_the_journals_page(stage: Stage) -> None:
    source = "".join(path.read_text() for path in (ROOT / "failover").rglob("*.py"))
    kinds = set(re.findall(r"""(?:journal|recorder)\.(?:write|note|write_durably)\(\s*"([a-z-]+)\"""", source))
    assert len(kinds) > 8
    rows = [line for line in JOURNAL.splitlines() if line.startswith("| `")]
    assert [
        kind for kind in sorted({*kinds, REOPENED}) if not any(f"`{kind}`" in row.split("|")[1] for row in rows)
    ] == []
    journal = run_drill(stage.plan(), stage.context, say=lambda text: None, stop=Stop(), probes=stage.probes)
    fields = {name for entry in read_journal(journal) for name in entry}
    assert [name for name in sorted(fields) if f"`{name}`" not in JOURNAL] == []


def test_a_journal_is_verified_without_this_project(stage: Stage, tmp_path: Path) -> None:
    journal = run_drill(stage.plan(), stage.context, say=lambda text: None, stop=Stop(), probes=stage.probes)
    (recipe,) = re.findall(r"```python\n(.*?)```", JOURNAL, re.S)
    head = json.loads(journal.read_text())["head"]

    def verify(end: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-c", recipe, str(journal), end]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert verify(head).returncode == 0
    assert "the end is another one" in verify("0" * 64).stderr
    text = journal.read_text()
    journal.write_text(text.replace('"name":"moved"', '"name":"moves"', 1))
    assert re.search(r"entry \d+ is not as it was written", verify(head).stderr)


@pytest.mark.parametrize("text", [GUIDE, CONCEPT, JOURNAL], ids=["guide", "concept", "journal"])
def test_links_lead_somewhere(text: str) -> None:
    for target in re.findall(r"\]\((\.\./[^)#]+)", text):
        assert (DOCS / "guides" / target).resolve().is_file(), target
