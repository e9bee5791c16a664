"""`outlast preview`: one CLI's event stream, told to people and to programs."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sandbox.command import preview
from sandbox.command.preview import Previewed, preview_stacks, read_preview, render, to_data
from sandbox.layout import Layout
from service.errors import InvalidInput, Unavailable

EVENTS = "\n".join(
    json.dumps(event)
    for event in (
        {"preludeEvent": {}},
        {"diagnosticEvent": {"severity": "debug", "message": "not this"}},
        {"diagnosticEvent": {"severity": "info", "prefix": "info: ", "message": "info: cost a month\n  in all 3\n"}},
        {"policyEvent": {"resourceUrn": "urn:pulumi:s::p::t::front", "message": "why\nrule: wrong (excused)\n"}},
        {"policyEvent": {"resourceUrn": "urn:pulumi:s::p::t::front", "message": "why\nrule: wrong (excused)\n"}},
        {"policyEvent": {"resourceUrn": "", "message": "can't run policy 'x' during preview"}},
        {"summaryEvent": {"resourceChanges": {"same": 2, "create": 3, "update": 1}}},
    )
)


def test_changes_words_of_the_program_and_advice_are_told_once_each() -> None:
    found = read_preview("aws", EVENTS)
    assert found == Previewed(
        "aws",
        {"same": 2, "create": 3, "update": 1},
        ("cost a month\n  in all 3",),
        ("front: rule: wrong (excused)", "can't run policy 'x' during preview"),
    )
    assert render(found).splitlines() == [
        "aws: 3 to create, 1 to update",
        "  cost a month",
        "    in all 3",
        "  policy: front: rule: wrong (excused)",
        "  policy: can't run policy 'x' during preview",
    ]
    assert json.loads(json.dumps(to_data(found)))["changes"]["create"] == 3


def test_nothing_to_change_is_said() -> None:
    assert render(Previewed("zone", {"same": 3}, (), ())) == "zone: nothing to change"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.of(tmp_path)


def test_a_stack_that_is_not_there_is_refused_with_those_that_are(layout: Layout) -> None:
    with pytest.raises(InvalidInput, match="no stack here is called nowhere") as refused:
        list(preview_stacks(layout, ["nowhere"], lambda line: None))
    assert "zone, aws, azure, gcp, traffic" in refused.value.hint


def test_without_a_sandbox_there_is_nothing_to_preview(layout: Layout) -> None:
    with pytest.raises(Unavailable, match="no sandbox yet"):
        list(preview_stacks(layout, [], lambda line: None))


def test_every_stack_is_previewed_in_order_by_the_pack(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[str, list[str]]] = []

    def run(pulumi: object, arguments: list[str], *, stack: str, **given: Any) -> str:
        ran.append((stack, arguments))
        assert given["environ"]["PULUMI_ENABLE_STREAMING_JSON_PREVIEW"] == "true"
        return EVENTS

    monkeypatch.setattr(preview.commands, "run", run)
    monkeypatch.setattr(Layout, "load_instance", lambda layout: SimpleNamespace())
    monkeypatch.setattr(preview, "load_cli", lambda layout: SimpleNamespace())
    monkeypatch.setattr(preview, "sandbox_environment", lambda *given: {})
    found = list(preview_stacks(layout, [], lambda line: None))
    assert [each.stack for each in found] == ["zone", "aws", "azure", "gcp", "traffic"]
    assert [stack for stack, _ in ran] == [each.stack for each in found]
    assert all("--policy-pack" in arguments for _, arguments in ran)
