"""The policy pack, as the CLI takes it: every command that changes something holds each resource to its rules."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

PACK = Path("infra/policy")
_SDK = "pulumi_policy"
MISSING = (
    "the policy pack is not run, for pulumi-policy is not installed; `pip install --no-deps pulumi-policy==1.21.0` "
    "adds it beside a protobuf that its own pin does not allow, and that it works with"
)


def policy_flags(
    root: Path, report: Callable[[str], None], *, find: Callable[[str], object] | None = None
) -> list[str]:
    """What makes `pulumi up` and `preview` run the pack of the project in `root`; without its SDK a word of that."""
    if (find or importlib.util.find_spec)(_SDK) is None:
        report(MISSING)
        return []
    return ["--policy-pack", str(root / PACK)]
