"""What a production site has otherwise by each choice that is left, as tests/golden/variants/<name>.json.

Only the difference is kept, so that a reader sees what the choice does: resources that are there as well, those that
are not, and of the others each input and option that has another value. Base stacks, which production has beside, are
kept whole. `python -m tests.infra.variants` accepts what is registered now.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from infra.settings.regions import CLOUDS
from service.command_line import say
from tests.infra.goldens import FOLDER, at_production, render_inventory, run_golden
from tests.infra.harness import Run, run_stack

Choice = tuple[str, Mapping[str, Any]]
RunOf = Callable[[str], Run]

VARIANTS: Mapping[str, Choice] = {
    "aws-endpoints": ("aws", {"egress": "endpoints"}),
    "aws-spot": ("aws", {"spotAbove": True}),
    "azure-one-zone": ("azure", {"network": "public", "zoneRedundant": False}),
    "gcp-closed": ("gcp", {"egress": "none"}),
    **{f"{cloud}-unprotected": (cloud, {"protect": False}) for cloud in CLOUDS},
}
"""Name -> the cloud, and what the file of its production site says beside."""

BASES: Mapping[str, str] = {f"base-{cloud}-production": cloud for cloud in CLOUDS}
"""Base stacks as `outlast init-deployment --size production` writes them."""


def variant_file(name: str) -> Path:
    """Where the variant of that name lies."""
    return FOLDER / "variants" / f"{name}.json"


def run_variant(name: str) -> Run:
    """The run that the variant of that name shows."""
    if cloud := BASES.get(name):
        secrets = {} if cloud == "azure" else {"holdsSecrets": ["api-keys", "receipt-keys"]}
        held = {"holdsFor": [cloud], "logRetentionDays": 365, "prefix": "outlast", **secrets}
        return run_stack(f"base-{cloud}", auditRetentionDays=30, **held, protect=True)
    cloud, chosen = VARIANTS[name]
    return run_stack(cloud, **at_production(**chosen))


def render_variant(name: str, run: Run, run_of: RunOf) -> str:
    """A base stack whole; of a site what it has otherwise than the production site of its cloud."""
    if name in BASES:
        return render_inventory(run)
    return render_difference(run_of(f"{VARIANTS[name][0]}-production"), run)


def render_difference(before: Run, after: Run) -> str:
    """The difference of two inventories as JSON; a value that one of them lacks is null there."""
    one, other = (_by_name(run) for run in (before, after))
    both = [key for key in one if key in other]
    changed = {key: found for key in both if (found := _changes(one[key], other[key]))}
    found = {
        "added": {key: resource for key, resource in other.items() if key not in one},
        "left out": [key for key in one if key not in other],
        "changed": changed,
    }
    return json.dumps(found, indent=1) + "\n"


def _by_name(run: Run) -> dict[str, dict[str, Any]]:
    resources = json.loads(render_inventory(run))["resources"]
    return {f"{one.pop('type')}::{one.pop('name')}": one for one in resources}


def _changes(one: Any, other: Any) -> dict[str, list[Any]]:
    before, after = dict(_leaves(one)), dict(_leaves(other))
    places = dict.fromkeys([*before, *after])
    return {place: [before.get(place), after.get(place)] for place in places if before.get(place) != after.get(place)}


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Each place in nested maps, and its value; a list is one value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{place}.{key}" if place else key)
    else:
        yield place, value


if __name__ == "__main__":
    for name in sys.argv[1:] or (*VARIANTS, *BASES):
        variant_file(name).parent.mkdir(exist_ok=True)
        variant_file(name).write_text(render_variant(name, run_variant(name), run_golden))
        say(f"accepted {variant_file(name).relative_to(FOLDER.parents[1])}")
