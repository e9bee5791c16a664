"""`stacks/accounts.<set>.yaml`: what the accounts of a set of stack files have before the first `pulumi up`.

Nobody has to write one: without it the sandbox takes for granted what the guide asks for. With it a rehearsal meets
what is missing where a real `pulumi up` would, in the cloud's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.routing import group_host
from infra.settings.kinds import AzureOptions, GcpOptions
from infra.settings.spelling import closest
from sandbox.agreement import Agreed
from sandbox.clouds.accounts import Accounts, Vault
from sandbox.clouds.quotas import NAMES
from sandbox.stack_files import GUIDE, place_of, read_yaml
from service.errors import InvalidInput, Mistake

_DELEGATED, _UNDELEGATED = "delegated", "not delegated"
_VAULT = re.compile(
    r"/subscriptions/[0-9a-f-]{36}/resourceGroups/[\w().-]+/providers/Microsoft\.KeyVault/vaults/[A-Za-z0-9-]{3,24}"
)
_SECTIONS = ("aws", "azure", "google", "domains")


@dataclass(frozen=True)
class Declared:
    """What the file says, by subscription and project; `places` are all that it names, each with its section."""

    vaults: tuple[Vault, ...] = ()
    apis: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    domains: Mapping[str, str] = field(default_factory=dict)
    subscriptions: tuple[str, ...] = ()
    projects: tuple[str, ...] = ()


def name_of(stacks: str) -> str:
    """How the file of a set is called."""
    return f"stacks/accounts.{stacks}.yaml"


def read(root: Path, stacks: str) -> Declared:
    """The file of a set; nothing is declared where there is none. Raises InvalidInput, all mistakes together."""
    path = root / name_of(stacks)
    if not path.exists():
        return Declared()
    reading = _Reading(name_of(stacks))
    declared = reading.declared(read_yaml(path))
    if reading.mistakes:
        raise InvalidInput(f"{name_of(stacks)} cannot be used", reading.mistakes, hint=f"see {GUIDE}")
    return declared


def accounts_of(agreed: Agreed, declared: Declared) -> Accounts:
    """Whose accounts the stack files name, and what they have: as declared, and else what the guide asks for.

    Raises InvalidInput where the file declares what no stack file of the set names.
    """
    azure = [site.options for site in agreed.sites.values() if isinstance(site.options, AzureOptions)]
    google = [site.options for site in agreed.sites.values() if isinstance(site.options, GcpOptions)]
    held = {cloud: [one.account for one in agreed.stores if one.cloud == cloud] for cloud in ("azure", "gcp")}
    subscriptions = tuple(dict.fromkeys([*(options.subscription_id for options in azure), *held["azure"]]))
    projects = tuple(dict.fromkeys([*(options.project for options in google), *held["gcp"]]))
    mistakes = list(_strangers(agreed, declared, subscriptions, projects))
    if mistakes:
        place = name_of(agreed.stacks.name)
        raise InvalidInput(f"{place} contradicts the stack files", mistakes, hint=f"see {GUIDE}")
    known = {vault.id.lower() for vault in declared.vaults}
    granted = [
        _granted(site.options, (agreed.host, *(group_host(one, agreed.host) for one in site.geographies)))
        for site in agreed.sites.values()
        if isinstance(site.options, AzureOptions) and site.options.certificate_vault.lower() not in known
    ]
    granted += [Vault(options.secrets_vault, {}) for options in azure if options.secrets_vault.lower() not in known]
    limits = {agreed.account if holder == "aws" else holder: found for holder, found in declared.limits.items()}
    return Accounts(
        aws=agreed.account,
        subscriptions=subscriptions,
        projects=projects,
        vaults=(*declared.vaults, *_merged(granted)),
        apis=declared.apis,
        limits=limits,
        undelegated=tuple(domain for domain, word in declared.domains.items() if word == _UNDELEGATED),
    )


def _granted(options: AzureOptions, hosts: tuple[str, ...]) -> Vault:
    """The vault that a stack file names, with a certificate for the site's names under the name that it asks for."""
    return Vault(options.certificate_vault, {options.certificate_secret.rpartition("/")[2]: hosts})


def _merged(vaults: list[Vault]) -> Iterator[Vault]:
    """Two sites may share a vault, and name two secrets in it."""
    for id_ in dict.fromkeys(vault.id.lower() for vault in vaults):
        same = [vault for vault in vaults if vault.id.lower() == id_]
        yield Vault(same[0].id, {name: hosts for vault in same for name, hosts in vault.certificates.items()})


def _strangers(
    agreed: Agreed, declared: Declared, subscriptions: tuple[str, ...], projects: tuple[str, ...]
) -> Iterator[Mistake]:
    """What no stack file of the set names, so that it would have no effect: misspelt, most likely."""
    zone = agreed.host.partition(".")[2]
    vaults = {vault.id.split("/")[2] for vault in declared.vaults}
    for section, given, known in (
        ("azure", declared.subscriptions, (*subscriptions, *vaults)),
        ("google", declared.projects, projects),
    ):
        for one in given:
            if one not in known:
                place = f"{name_of(agreed.stacks.name)}: {section}.{one}"
                yield Mistake(place, "no stack file of the set names it", f"they name {', '.join(known) or 'none'}")
    for domain in declared.domains:
        if not f".{zone}".endswith(f".{domain}"):
            place = f"{name_of(agreed.stacks.name)}: domains.{domain}"
            yield Mistake(place, f"{agreed.host} is not in it", f"write the domain of {place_of(agreed.stacks.zone)}")


class _Reading:
    """Reads the document and gathers every mistake in it."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.mistakes: list[Mistake] = []

    def declared(self, document: Any) -> Declared:
        sections = self._map(document or {}, "", _SECTIONS)
        aws = self._map(sections.get("aws") or {}, "aws", ("quotas",))
        azure = self._each(sections, "azure", ("vaults", "quotas"))
        google = self._each(sections, "google", ("apis", "quotas"))
        limits = {"aws": self._quotas(aws, "aws", "aws")}
        for section, holders in (("azure", azure), ("google", google)):
            limits |= {name: self._quotas(had, section, f"{section}.{name}") for name, had in holders.items()}
        return Declared(
            vaults=tuple(vault for name, had in azure.items() for vault in self._vaults(name, had)),
            apis={name: self._apis(name, had["apis"]) for name, had in google.items() if "apis" in had},
            limits=limits,
            domains=self._domains(sections.get("domains") or {}),
            subscriptions=tuple(azure),
            projects=tuple(google),
        )

    def _wrong(self, place: str, what: str, hint: str) -> None:
        self.mistakes.append(Mistake(f"{self._file}{': ' + place if place else ''}", what, hint))

    def _map(self, found: Any, place: str, known: tuple[str, ...] = ()) -> dict[str, Any]:
        """A map, of whose keys all are known where they are listed."""
        if not isinstance(found, dict):
            self._wrong(place, f"is {found!r}", "write a map, `name: value` on lines of their own")
            return {}
        for key in [key for key in found if known and key not in known]:
            near = closest(str(key), known)
            hint = f"did you mean '{near}'?" if near else f"known here: {', '.join(known)}"
            self._wrong(f"{place}.{key}".lstrip("."), "is not known here", hint)
        return {str(key): value for key, value in found.items()}

    def _each(self, sections: Mapping[str, Any], section: str, known: tuple[str, ...]) -> dict[str, dict[str, Any]]:
        """What is said of each subscription or project."""
        holders = self._map(sections.get(section) or {}, section)
        return {name: self._map(had or {}, f"{section}.{name}", known) for name, had in holders.items()}

    def _quotas(self, had: Mapping[str, Any], section: str, place: str) -> dict[str, float]:
        quotas = self._map(had.get("quotas") or {}, f"{place}.quotas", NAMES[section])
        for name, value in quotas.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                self._wrong(f"{place}.quotas.{name}", f"is {value!r}", "write how many there may be, 0 or more")
        return {name: value for name, value in quotas.items() if isinstance(value, int | float)}

    def _vaults(self, subscription: str, had: Mapping[str, Any]) -> Iterator[Vault]:
        place = f"azure.{subscription}.vaults"
        for id_, secrets in self._map(had.get("vaults") or {}, place).items():
            if not _VAULT.fullmatch(id_) or id_.split("/")[2] != subscription:
                what = f"{id_!r} is not the resource id of a vault of this subscription"
                self._wrong(place, what, "write what `az keyvault show --query id` gives, under its subscription")
                continue
            named = self._map(secrets or {}, f"{place}.{id_}")
            yield Vault(id_, {name: self._hosts(hosts, f"{place}.{id_}.{name}") for name, hosts in named.items()})

    def _hosts(self, found: Any, place: str) -> tuple[str, ...]:
        return self._texts(found, place, "write a list of the host names that the certificate is for")

    def _apis(self, project: str, found: Any) -> tuple[str, ...]:
        hint = "write a list of APIs, such as [cloudresourcemanager.googleapis.com]; [] for none"
        apis = self._texts(found, f"google.{project}.apis", hint, empty=True)
        return tuple(api if "." in api else f"{api}.googleapis.com" for api in apis)

    def _texts(self, found: Any, place: str, hint: str, *, empty: bool = False) -> tuple[str, ...]:
        if isinstance(found, list) and all(isinstance(one, str) for one in found) and (found or empty):
            return tuple(found)
        self._wrong(place, f"is {found!r}", hint)
        return ()

    def _domains(self, found: Any) -> dict[str, str]:
        domains = self._map(found, "domains")
        for domain, word in domains.items():
            if word not in (_DELEGATED, _UNDELEGATED):
                self._wrong(f"domains.{domain}", f"is {word!r}", f"write `{_DELEGATED}` or `{_UNDELEGATED}`")
        return domains
