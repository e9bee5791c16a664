"""Whose accounts the simulated clouds are, and what those have before the first `pulumi up`. Plain data.

The committed stack files pin accounts that nobody has. A set of one's own (`outlast up --stacks`) pins others, and a
file beside it may say what they lack: then the clouds refuse in their own words what they would refuse there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.clouds.values import ACCOUNT, PROJECT, PROJECT_NUMBER, SUBSCRIPTION, stable_hex

COMMITTED_VAULT = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/outlast-certificates/providers/Microsoft.KeyVault/vaults/"
    "outlast-sandbox"
)
"""The vault that the committed stack file of the Azure site names."""

BOOTSTRAP_APIS = ("cloudresourcemanager.googleapis.com", "serviceusage.googleapis.com")
"""By which the program switches on what else it needs: they have to be on before (docs/guides/deploy-for-real.md)."""


@dataclass(frozen=True)
class Vault:
    """A Key Vault that exists beforehand: its ARM id, and by the name of the secret what each certificate is for."""

    id: str
    certificates: Mapping[str, tuple[str, ...]]

    @property
    def name(self) -> str:
        return self.id.rpartition("/")[2].lower()

    @property
    def host(self) -> str:
        """Where its secrets are read."""
        return f"{self.name}.vault.azure.net"


@dataclass(frozen=True)
class Accounts:
    """One AWS account, any number of subscriptions and projects, and what they have.

    `apis` holds the APIs that are enabled in a project beforehand, `limits` by account, subscription or project how
    much of a quota there is where that was said, `undelegated` the domains whose delegation does not work yet.
    """

    aws: str = ACCOUNT
    subscriptions: tuple[str, ...] = (SUBSCRIPTION,)
    projects: tuple[str, ...] = (PROJECT,)
    vaults: tuple[Vault, ...] = ()
    apis: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    undelegated: tuple[str, ...] = ()

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Accounts:
        """What `document` wrote."""
        vaults = [Vault(one["id"], _tuples(one["certificates"])) for one in document["vaults"]]
        return cls(
            aws=document["aws"],
            subscriptions=tuple(document["subscriptions"]),
            projects=tuple(document["projects"]),
            vaults=tuple(vaults),
            apis=_tuples(document["apis"]),
            limits=document["limits"],
            undelegated=tuple(document["undelegated"]),
        )

    def document(self) -> dict[str, Any]:
        """The same as JSON has it."""
        vaults = [{"id": vault.id, "certificates": dict(vault.certificates)} for vault in self.vaults]
        return {**vars(self), "vaults": vaults}

    def apis_of(self, project: str) -> tuple[str, ...]:
        """What is enabled in a project before anything of ours is: by default the two that enable others."""
        return self.apis.get(project, BOOTSTRAP_APIS)

    def is_delegated(self, name: str) -> bool:
        """Whether resolvers elsewhere find the zone that answers for `name`."""
        return not any(name == domain or name.endswith(f".{domain}") for domain in self.undelegated)


def committed(host: str) -> Accounts:
    """Of the committed stack files: their vault holds a certificate for the public host."""
    return Accounts(vaults=(Vault(COMMITTED_VAULT, {host.replace(".", "-"): (host,)}),))


def project_number(project: str) -> str:
    """The number that Google gives a project: twelve digits."""
    return PROJECT_NUMBER if project == PROJECT else str(10**11 + int(stable_hex("project", project, length=9), 16))


def _tuples(lists: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(values) for name, values in lists.items()}
