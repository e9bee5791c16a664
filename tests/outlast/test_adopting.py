"""A base stack takes over a site's holdings: which commands Pulumi gets, killed before and after each of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.holdings import TYPES, title_of
from outlast.adopting import Adoption
from service.errors import InvalidInput, Refused, Unavailable
from tests.infra.harness import BASES
from tests.sandbox.own_set import ACCOUNT, own_set, write

SITE, BASE = "prod-aws", "prod-base"


class Killed(BaseException):
    """What `kill -9` is to the command: nothing of it runs any more."""


@dataclass
class Pulumi:
    """The states of some stacks, as Pulumi's own commands change them: `move` writes one state, then the other.

    It is killed before its `dies_at`th change of a state, counted from 0.
    """

    states: dict[str, list[dict[str, Any]]]
    dies_at: int = -1
    changes: int = 0
    pending: list[str] = field(default_factory=list)
    commands: list[list[str]] = field(default_factory=list)

    def run(self, arguments: Sequence[str], text: str) -> str:
        self.commands.append([*arguments])
        if arguments[0] == "stack":
            deployment = {"resources": self.states[arguments[-1]], "pending_operations": self.pending}
            return json.dumps({"version": 3, "deployment": deployment})
        assert arguments[-1] == "--yes"
        options = {
            key: arguments[at + 1] for at, key in enumerate(arguments) if key in ("--stack", "--source", "--dest")
        }
        words = [w for w in arguments[2:] if not w.startswith("--") and w not in options.values()]
        getattr(self, f"_{arguments[1]}")(words, options)
        return ""

    def _change(self, stack: str, rows: list[dict[str, Any]]) -> None:
        if self.changes == self.dies_at:
            raise Killed
        self.changes += 1
        self.states[stack] = rows

    def _protect(self, urns: list[str], options: dict[str, str]) -> None:
        rows = self.states[options["--stack"]]
        assert {*urns} <= {row["urn"] for row in rows}
        self._change(options["--stack"], [row | ({"protect": True} if row["urn"] in urns else {}) for row in rows])

    def _rename(self, words: list[str], options: dict[str, str]) -> None:
        urn, name = words
        rows = self.states[options["--stack"]]
        new = f"{urn.rpartition('::')[0]}::{name}"
        assert new not in {row["urn"] for row in rows}
        self._change(options["--stack"], [row | ({"urn": new} if row["urn"] == urn else {}) for row in rows])

    def _delete(self, urns: list[str], options: dict[str, str]) -> None:
        rows = self.states[options["--stack"]]
        self._change(options["--stack"], [row for row in rows if row["urn"] not in urns])

    def _move(self, urns: list[str], options: dict[str, str]) -> None:
        source, target = options["--source"], options["--dest"]
        moved = [row for row in self.states[source] if row["urn"] in urns]
        arriving = [row | {"urn": row["urn"].replace(source, target, 1)} for row in moved]
        assert not {row["urn"] for row in arriving} & {row["urn"] for row in self.states[target]}
        self._change(target, [*self.states[target], *arriving])
        self._change(source, [row for row in self.states[source] if row not in moved])


def resource(stack: str, type_: str, name: str) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:{stack}::outlast::{type_}::{name}", "type": type_, "id": f"{type_}/{name}"}


def states() -> dict[str, list[dict[str, Any]]]:
    others = (("pulumi:pulumi:Stack", "outlast"), ("aws:ecs/service:Service", "service"))
    return {
        SITE: [resource(SITE, *row) for row in (*others, *TYPES["aws"])],
        BASE: [resource(BASE, "pulumi:pulumi:Stack", "outlast"), resource(BASE, "aws:s3/bucket:Bucket", "store")],
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    base = dict(BASES["base-aws"]) | {"aws:allowedAccountIds": [ACCOUNT]}
    write(tmp_path, own_set() | {BASE: base})
    return tmp_path


def adopt(root: Path, pulumi: Pulumi) -> None:
    adoption = Adoption(root, SITE, BASE, pulumi.run)
    adoption.carry_out(adoption.plan(), lambda line: None)


def config(root: Path, stack: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((root / "stacks" / f"Pulumi.{stack}.yaml").read_text())["config"]
    return found


def assert_adopted(root: Path, pulumi: Pulumi) -> None:
    assert [row["type"] for row in pulumi.states[SITE]] == ["pulumi:pulumi:Stack", "aws:ecs/service:Service"]
    found = {row["urn"]: row for row in pulumi.states[BASE]}
    for type_, name in TYPES["aws"]:
        row = found.pop(f"urn:pulumi:{BASE}::outlast::{type_}::{title_of(SITE, name)}")
        assert row["protect"] and row["id"] == f"{type_}/{name}"
    assert len(found) == 2
    assert config(root, SITE)["outlast:heldIn"] == BASE
    said = config(root, BASE)
    assert said["outlast:holdsFor"] == [SITE]
    assert said["outlast:holdsSecrets"] == ["api-keys", "receipt-keys"]


def test_everything_moves_once_the_files_say_it(root: Path) -> None:
    pulumi = Pulumi(states())
    adopt(root, pulumi)
    assert_adopted(root, pulumi)
    verbs = [command[1] for command in pulumi.commands]
    assert verbs == ["export", "export", "protect", *["rename"] * len(TYPES["aws"]), "move"]


def changes() -> int:
    return 1 + len(TYPES["aws"]) + 2


@pytest.mark.parametrize("dies_at", range(changes()))
def test_killed_before_any_change_it_goes_on_when_it_is_given_again(root: Path, dies_at: int) -> None:
    pulumi = Pulumi(states(), dies_at)
    with pytest.raises(Killed):
        adopt(root, pulumi)
    # Nothing is on its way that a program of either file's would make or delete: both say already who holds it.
    assert config(root, SITE)["outlast:heldIn"] == BASE and config(root, BASE)["outlast:holdsFor"] == [SITE]
    pulumi.dies_at = -1
    adopt(root, pulumi)
    assert_adopted(root, pulumi)


def test_killed_before_the_second_file_it_goes_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_one(path: Path, text: str) -> None:
        if SITE in path.name:
            raise Killed
        path.write_text(text)

    pulumi = Pulumi(states())
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr("outlast.adopting.write_whole", write_one)
        adopt(root, pulumi)
    assert pulumi.states == states()
    adopt(root, pulumi)
    assert_adopted(root, pulumi)


def test_given_once_more_it_changes_nothing(root: Path) -> None:
    pulumi = Pulumi(states())
    adopt(root, pulumi)
    adoption = Adoption(root, SITE, BASE, pulumi.run)
    plan = adoption.plan()
    assert not plan.moves and not plan.files and len(plan.moved) == len(TYPES["aws"])


def test_a_plan_alone_changes_nothing(root: Path) -> None:
    pulumi, before = Pulumi(states(), dies_at=0), config(root, SITE)
    plan = Adoption(root, SITE, BASE, pulumi.run).plan()
    assert len(plan.moves) == len(TYPES["aws"]) and len(plan.files) == 2
    assert config(root, SITE) == before


# -- refused -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stack", "changed", "told"),
    [
        (SITE, {"outlast:kind": "zone"}, "name the stack of a site on a cloud"),
        (BASE, {"outlast:kind": "aws"}, "name a base stack on aws"),
        (BASE, {"outlast:cloud": "gcp"}, "name a base stack on aws"),
        (BASE, {"aws:region": "eu-west-1"}, "aws:region: is us-east-1, and in the base stack's file eu-west-1"),
        (BASE, {"aws:profile": "ops"}, "aws:profile: is None, and in the base stack's file ops"),
        (SITE, {"outlast:heldIn": "prod-other"}, "a site is moved once"),
        (
            BASE,
            {"outlast:holdsFor": ["prod-aws-2"], "outlast:prefix": "acme", "outlast:logRetentionDays": 90},
            "outlast:logRetentionDays: is 90 for the sites that it holds, and prod-aws has 30",
        ),
    ],
)
def test_files_that_do_not_fit_are_refused_before_a_state_is_read_or_changed(
    root: Path, stack: str, changed: dict[str, Any], told: str
) -> None:
    write(root, {stack: config(root, stack) | changed})
    pulumi = Pulumi(states(), dies_at=0)
    with pytest.raises(InvalidInput) as caught:
        adopt(root, pulumi)
    text = "\n".join(f"{m.place}: {m.what} {m.hint}" for m in caught.value.mistakes)
    assert told in text


def test_an_update_that_was_interrupted_is_ended_first(root: Path) -> None:
    with pytest.raises(Refused, match="was interrupted"):
        adopt(root, Pulumi(states(), pending=["creating"]))


@pytest.mark.parametrize("stack", [SITE, BASE])
def test_both_stacks_have_to_be_up(root: Path, stack: str) -> None:
    with pytest.raises(Unavailable, match=f"'{stack}' is not up"):
        adopt(root, Pulumi(states() | {stack: []}))


def test_another_one_in_the_base_stack_is_never_dropped(root: Path) -> None:
    mine = states()
    type_, name = TYPES["aws"][0]
    mine[BASE].append(resource(BASE, type_, title_of(SITE, name)) | {"id": "another"})
    with pytest.raises(Refused, match="of its own, another, and the site has"):
        adopt(root, Pulumi(mine, dies_at=0))


def test_a_site_without_a_registry_has_nothing_to_move(root: Path) -> None:
    mine = states()
    mine[SITE] = mine[SITE][:2]
    with pytest.raises(Unavailable, match="has no registry to move"):
        adopt(root, Pulumi(mine))
