"""Moves a site's images, log and secrets' names from the site's stack into a base stack: in Pulumi's state alone.

No cloud is asked, so nothing there is changed by it. The order makes every moment at which it can be killed a safe one:
the files say it first, so that from then on neither stack's program would make or delete what is on its way; the state
protects it next, then it moves. Run again, it goes on where it was.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.holdings import TYPES, title_of
from infra.secrets import SHORT_NAMES
from infra.settings.log_days import read_log_days
from infra.settings.reader import Reader, as_text
from infra.settings.regions import REGION_KEYS
from infra.stack_file import parse, read_profile
from outlast.rotate_stacks import Run
from outlast.stack_text import set_settings
from sandbox.stack_files import path_of, place_of, read_config
from service.bundle.writing import write_whole
from service.errors import InvalidInput, Mistake, Refused, Unavailable

Config = Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """One of a stack's state."""

    urn: str
    type: str
    name: str
    id: str


@dataclass(frozen=True)
class Move:
    """A holding in the site's state, what the base stack calls it, and its copy there that an interrupted move left."""

    resource: Resource
    title: str
    copy: Resource | None = None

    @property
    def urn(self) -> str:
        """In the site's state, once it is renamed."""
        return f"{self.resource.urn.rpartition('::')[0]}::{self.title}"


@dataclass(frozen=True)
class Plan:
    """What is left to do: texts of files that are to change, and moves. `moved` is what the base stack has already."""

    files: Mapping[Path, str]
    moves: Sequence[Move]
    moved: Sequence[Resource]


@dataclass(frozen=True)
class Adoption:
    """One site that goes to one base stack, by the `pulumi` that `run` reaches."""

    root: Path
    site: str
    base: str
    run: Run

    def plan(self) -> Plan:
        """What has to be done. Raises InvalidInput for files that do not fit together, and Refused by the states."""
        its, bases = read_config(self.root, self.site), read_config(self.root, self.base)
        cloud = str(its.get("outlast:kind", ""))
        refuse_strangers(self.site, its, self.base, bases)
        here, there = self._read_state(self.site), self._read_state(self.base)
        moves, moved = find_moves(self.site, cloud, here, there)
        names = {*(move.title for move in moves), *(one.name for one in moved)}
        secrets = [short for short in SHORT_NAMES.values() if title_of(self.site, short) in names]
        return Plan(self._files(its, bases, secrets), moves, moved)

    def carry_out(self, plan: Plan, report: Callable[[str], None]) -> None:
        """Write the files, then change the states."""
        for path, text in plan.files.items():
            write_whole(path, text)
            report(f"wrote {path.name}")
        moves = plan.moves
        if not moves:
            return
        self._state("protect", *(move.resource.urn for move in moves), "--stack", self.site)
        for move in moves:
            if move.resource.name != move.title:
                self._state("rename", move.resource.urn, move.title, "--stack", self.site)
        for move in reversed(moves):
            if move.copy:
                self._state("delete", move.copy.urn, "--force", "--stack", self.base)
        self._state("move", *(move.urn for move in moves), "--source", self.site, "--dest", self.base)
        report(f"moved {len(moves)} resources from {self.site} to {self.base}")

    def _state(self, verb: str, *words: str) -> None:
        self.run(["state", verb, *words, "--yes"], "")

    def _read_state(self, stack: str) -> dict[tuple[str, str], Resource]:
        deployment = json.loads(self.run(["stack", "export", "--stack", stack], ""))["deployment"]
        if deployment.get("pending_operations"):
            raise Refused(f"an update of {stack} was interrupted", hint=f"`pulumi refresh -s {stack}`, then repeat")
        rows = deployment.get("resources") or []
        if not rows:
            raise Unavailable(f"the stack '{stack}' is not up", hint=f"run `pulumi up -s {stack}` first")
        found = [Resource(r["urn"], r["type"], r["urn"].rpartition("::")[2], r.get("id", "")) for r in rows]
        return {(one.type, one.name): one for one in found}

    def _files(self, its: Config, bases: Config, secrets: Sequence[str]) -> dict[Path, str]:
        """The texts that differ from those that are there."""
        wanted = {
            self.base: _settings_of_base(self.site, self.base, its, bases, secrets),
            self.site: {"outlast:heldIn": self.base},
        }
        texts = {stack: self._text(stack, settings) for stack, settings in wanted.items()}
        return {path: new for path, old, new in texts.values() if new != old}

    def _text(self, stack: str, settings: Config) -> tuple[Path, str, str]:
        path = path_of(self.root, stack)
        text = path.read_text()
        try:
            return path, text, set_settings(text, settings)
        except ValueError as error:
            wanted = ", ".join(f"{key}: {json.dumps(value)}" for key, value in settings.items())
            raise InvalidInput(f"{path.name} cannot be written: {error}", hint=f"write {wanted} yourself") from error


def find_moves(
    site: str, cloud: str, here: Mapping[tuple[str, str], Resource], there: Mapping[tuple[str, str], Resource]
) -> tuple[list[Move], list[Resource]]:
    """What is in the site's state, renamed already or not, and what only the base stack's has. Raises Refused."""
    moves, moved = list[Move](), list[Resource]()
    for type_, name in TYPES[cloud]:
        title = title_of(site, name)
        found, copy = here.get((type_, name)) or here.get((type_, title)), there.get((type_, title))
        if found and copy and found.id != copy.id:
            what = f"the base stack has a {type_} called {title} of its own, {copy.id}, and the site has {found.id}"
            raise Refused(what, hint="destroy the one that is not in use, or take the site out of outlast:holdsFor")
        if found:
            moves.append(Move(found, title, copy))
        elif copy:
            moved.append(copy)
    if not moves and not moved:
        raise Unavailable(f"the state of '{site}' has no registry to move", hint=f"run `pulumi up -s {site}` first")
    return moves, moved


def refuse_strangers(site: str, its: Config, base: str, bases: Config) -> None:
    """Raises InvalidInput where the two files are not of one cloud, place and account: all that differs together."""
    mistakes = []
    cloud = its.get("outlast:kind", "")
    if cloud not in TYPES:
        mistakes.append(Mistake(place_of(site, "outlast:kind"), f"is {cloud}", "name the stack of a site on a cloud"))
    elif bases.get("outlast:kind") != "base" or bases.get("outlast:cloud") != cloud:
        mistakes.append(Mistake(place_of(base, "outlast:cloud"), "is not the site's", f"name a base stack on {cloud}"))
    else:
        mistakes += _different_pins(REGION_KEYS[cloud].partition(":")[0], (site, its), (base, bases))
    held = its.get("outlast:heldIn", base)
    if held != base:
        mistakes.append(Mistake(place_of(site, "outlast:heldIn"), f"is {held}", "a site is moved once"))
    if mistakes:
        raise InvalidInput(f"'{base}' cannot hold what '{site}' has; nothing was changed", mistakes)


def _different_pins(namespace: str, site: tuple[str, Config], base: tuple[str, Config]) -> list[Mistake]:
    """They make the engine's provider, which has to be one and the same for a resource that changes its stack."""
    (name, its), (other, bases) = site, base
    keys = sorted(key for key in {*its, *bases} if key.startswith(f"{namespace}:"))
    what = "is {}, and in the base stack's file {}"
    return [
        Mistake(place_of(name, key), what.format(its.get(key), bases.get(key)), f"let {place_of(other)} say the same")
        for key in keys
        if its.get(key) != bases.get(key)
    ]


def _settings_of_base(site: str, base: str, its: Config, bases: Config, secrets: Sequence[str]) -> dict[str, Any]:
    """What the base stack's file has to say. Raises InvalidInput where it says otherwise, for other sites' sake."""
    reader = Reader(site, {key: as_text(value) for key, value in its.items()})
    days = read_log_days(reader, read_profile(reader, str(its["outlast:kind"])))
    others = [one for one in bases.get("outlast:holdsFor", ()) if one != site]
    wanted: dict[str, Any] = {"outlast:holdsFor": [*others, site]}
    wanted |= {"outlast:prefix": str(its.get("outlast:prefix", "outlast")), "outlast:logRetentionDays": days}
    held = [*bases.get("outlast:holdsSecrets", ())]
    wanted |= {"outlast:holdsSecrets": sorted({*held, *secrets})} if held or secrets else {}
    if others:
        _refuse_for_others(base, site, bases, wanted)
    parse(base, {key: as_text(value) for key, value in {**bases, **wanted}.items()})
    return wanted


def _refuse_for_others(base: str, site: str, bases: Config, wanted: Config) -> None:
    mistakes = [
        Mistake(place_of(base, key), f"is {bases.get(key)} for the sites that it holds, and {site} has {wanted[key]}")
        for key in ("outlast:prefix", "outlast:logRetentionDays")
        if bases.get(key) != wanted[key]
    ]
    if mistakes:
        hint = "let the site's file say the same and `pulumi up` it first, or move it into a base stack of its own"
        raise InvalidInput(f"'{base}' holds other sites, otherwise named or kept", mistakes, hint=hint)
