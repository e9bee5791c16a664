"""Who registers a site's holdings, and how a site that another stack holds them for reads where they are."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.applied import apply
from infra.holdings import Found, title_of
from infra.secrets import SHORT_NAMES
from service.errors import Unavailable


@dataclass(frozen=True)
class Holder:
    """Whose stack registers holdings: the site's own, or a base stack, which holds those of several by their names."""

    protect: bool
    site: str = ""

    def title(self, name: str) -> str:
        """What the engine calls a resource."""
        return title_of(self.site, name) if self.site else name

    def options(self, opts: pulumi.ResourceOptions | None = None, *, in_base: bool = False) -> pulumi.ResourceOptions:
        """With `in_base` it is protected in a base stack alone: a site's own goes with the site."""
        protect = self.protect and (bool(self.site) or not in_base)
        return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=protect))


def take(found: pulumi.Output[Found], key: str) -> pulumi.Output[str]:
    """One holding."""
    return apply(found, lambda known: str(known[key]))


def take_secret(found: pulumi.Output[Found], base: str, variable: str) -> pulumi.Output[str]:
    """The id of the secret that holds a variable's value; said at once where the base stack has none of that name."""
    short = SHORT_NAMES[variable]

    def find(known: Found) -> str:
        if short not in known["secrets"]:
            hint = f"write {short} into outlast:holdsSecrets of stacks/Pulumi.{base}.yaml, then `pulumi up -s {base}`"
            raise Unavailable(f"the base stack '{base}' holds no secret {short} for this site", hint=hint)
        return str(known["secrets"][short])

    return apply(found, find)
