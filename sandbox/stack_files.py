"""Which stack files a sandbox brings up: the five committed ones, or a set of one's own, `stacks/Pulumi.<set>-*.yaml`.

What was chosen is written down beside the sandbox's other state, so that every later command means the same stacks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from sandbox.clouds.accounts import Accounts, committed
from sandbox.layout import Layout
from service.bundle.writing import write_whole
from service.errors import InvalidInput, Mistake

SITE_KINDS = ("aws", "azure", "gcp")
PRIVATE = "private"
"""Of a site on a machine of one's own, which the sandbox does not run."""
GUIDE = "docs/guides/rehearse-your-stacks.md"
_SET = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_COMMITTED = "git checkout -- stacks"


@dataclass(frozen=True)
class StackSet:
    """The stacks that belong together: one zone, one traffic, and the sites between them. `name` "" is committed.

    `bases` hold what outlives the sites of a cloud; a set may have none. `training` are the stacks of training jobs,
    which nobody brings up who does not ask for them by name.
    """

    name: str
    zone: str
    sites: tuple[str, ...]
    traffic: str
    bases: tuple[str, ...] = ()
    training: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[tuple[str, ...], ...]:
        """What depends on what: the sites read the zone, traffic reads everything."""
        return ((self.zone, *self.bases), self.sites, (self.traffic,))

    @property
    def stacks(self) -> tuple[str, ...]:
        return tuple(stack for group in self.order for stack in group)

    def __str__(self) -> str:
        return f"the stacks of {self.name}" if self.name else "the committed stacks"


TRAINING = "training"
COMMITTED = StackSet("", "zone", SITE_KINDS, "traffic", training=tuple(f"{TRAINING}-{cloud}" for cloud in SITE_KINDS))


# -- one file ------------------------------------------------------------------------------------------------------


def path_of(root: Path, stack: str) -> Path:
    """Where the file of a stack lies."""
    return root / "stacks" / f"Pulumi.{stack}.yaml"


def place_of(stack: str, key: str = "") -> str:
    """How messages name the file of a stack, and a setting in it."""
    return f"stacks/Pulumi.{stack}.yaml" + (f": {key}" if key else "")


class _Loader(yaml.SafeLoader):
    """Reads dates as the text that they are, as Pulumi does."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_yaml(path: Path) -> Any:
    """The document in a file. Raises InvalidInput naming the file and what is wrong with it."""
    try:
        return yaml.load(path.read_text(), _Loader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        told = " ".join(str(error).split())
        raise InvalidInput(f"{path} cannot be read ({told})", hint="mend the line that is named") from error


def read_config(root: Path, stack: str) -> Mapping[str, Any]:
    """The settings in the file of a stack, `namespace:key` -> value. Raises InvalidInput for what is no stack file."""
    path = path_of(root, stack)
    document = read_yaml(path)
    config = document.get("config") if isinstance(document, dict) else None
    if not isinstance(config, dict):
        raise InvalidInput(f"{path} is no stack file: it has no map called config", hint=f"see {GUIDE}")
    return config


# -- a set ---------------------------------------------------------------------------------------------------------


def find(root: Path, name: str) -> StackSet:
    """The set of that name, from the files that are there. Raises InvalidInput, all that is wrong with it together."""
    if not _SET.fullmatch(name):
        raise InvalidInput(f"STACKS={name!r} cannot be the name of a set", hint="letters a-z, digits and hyphens")
    prefix = f"Pulumi.{name}-"
    names = sorted(path.name[len("Pulumi.") : -len(".yaml")] for path in (root / "stacks").glob(f"{prefix}*.yaml"))
    if not names:
        raise InvalidInput(f"no stack file is called stacks/{prefix}*.yaml", hint=_known_sets(root))
    kinds = {stack: kind_of(root, stack) for stack in names}
    mistakes = list(filter(None, [_one(name, kinds, "zone"), _one(name, kinds, "traffic"), _any_site(name, kinds)]))
    if mistakes:
        raise InvalidInput(f"stacks/{prefix}*.yaml are not a set that can be brought up", mistakes, hint=f"see {GUIDE}")
    by_kind = {kind: stack for stack, kind in kinds.items()}
    sites = tuple(stack for stack, kind in kinds.items() if kind not in ("zone", "traffic", "base", TRAINING))
    bases, training = (tuple(stack for stack, its in kinds.items() if its == kind) for kind in ("base", TRAINING))
    return StackSet(name, by_kind["zone"], sites, by_kind["traffic"], bases, training)


def kind_of(root: Path, stack: str) -> str:
    """What a stack file says that its stack is; "" where it says nothing."""
    return str(read_config(root, stack).get("outlast:kind", ""))


def _one(name: str, kinds: Mapping[str, str], kind: str) -> Mistake | None:
    found = [stack for stack, its in kinds.items() if its == kind]
    if len(found) == 1:
        return None
    if found:
        hint = "a set has one; if they are of two sets, let neither name begin with the other"
        return Mistake("outlast:kind", f"{kind} is the kind of {' and of '.join(found)}", hint)
    return Mistake("outlast:kind", f"no file of the set is of the kind {kind}", f"write {place_of(f'{name}-{kind}')}")


def _any_site(name: str, kinds: Mapping[str, str]) -> Mistake | None:
    if any(kind in (*SITE_KINDS, PRIVATE) for kind in kinds.values()):
        return None
    return Mistake("outlast:kind", "no file of the set is a site's", f"write one, such as {place_of(f'{name}-aws')}")


def _known_sets(root: Path) -> str:
    """The names before `-zone`, by which somebody may have misspelt the one that was meant."""
    zones = sorted((root / "stacks").glob("Pulumi.*-zone.yaml"))
    known = [path.name.removeprefix("Pulumi.").removesuffix("-zone.yaml") for path in zones]
    return f"the sets here are {', '.join(known)}" if known else f"write them, as {GUIDE} tells"


# -- what a sandbox was brought up with --------------------------------------------------------------------------


def load(layout: Layout) -> StackSet:
    """The set that this sandbox was brought up with; the committed one where nothing else was asked for."""
    kept = _kept(layout)
    if not kept:
        return COMMITTED
    lists = {key: tuple(kept["stacks"].get(key, ())) for key in ("sites", "bases", "training")}
    return StackSet(**{**kept["stacks"], **lists})


def load_accounts(layout: Layout) -> Accounts:
    """Whose accounts the clouds of this sandbox are."""
    kept = _kept(layout)
    return Accounts.of_document(kept["accounts"]) if kept else committed(public_host(layout))


def save(layout: Layout, stacks: StackSet, accounts: Accounts) -> None:
    """Write down what the sandbox is brought up with. Of the committed stacks there is nothing to write."""
    if stacks == COMMITTED:
        _file(layout).unlink(missing_ok=True)
        return
    document = {"stacks": asdict(stacks), "accounts": accounts.document()}
    write_whole(_file(layout), json.dumps(document, indent=1) + "\n")


def _file(layout: Layout) -> Path:
    return layout.state / "stacks.json"


def _kept(layout: Layout) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(_file(layout).read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise InvalidInput(f"{_file(layout)} is damaged: {error}", hint="`make clean`, then `make up`") from error
    return found


def public_host(layout: Layout) -> str:
    """The public host, from the zone's stack file."""
    stack = load(layout).zone
    try:
        return str(read_config(layout.root, stack)["outlast:host"])
    except (KeyError, InvalidInput) as error:
        reason = error.what if isinstance(error, InvalidInput) else f"there is no {error}"
        hint = _COMMITTED if stack in COMMITTED.stacks else "put the file back; or `make clean` forgets the stacks"
        raise InvalidInput(f"{path_of(layout.root, stack)} names no outlast:host ({reason})", hint=hint) from error


def default_model(layout: Layout) -> str | None:
    """The model that is asked where none is named: the first that a site's stack file names. None where none does."""
    for site in load(layout).sites:
        if path_of(layout.root, site).exists():
            named = read_config(layout.root, site).get("outlast:models")
            if isinstance(named, list) and named:
                return str(named[0]).partition("@")[0]
    return None
