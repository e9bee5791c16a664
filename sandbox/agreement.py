"""What is wrong with a set of stack files: in each by itself, and where they contradict each other. All of it together.

Each file is judged by the program's own reading of it (`infra.judged`); what only all of them show is judged
here, before anything is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.judged import judge
from infra.secrets import lay_over_keys
from infra.settings.kinds import (
    AzureOptions,
    BaseSettings,
    GcpOptions,
    Options,
    Settings,
    SiteSettings,
    TrafficSettings,
    TrainingSettings,
    ZoneSettings,
)
from infra.settings.reader import as_text
from sandbox.stack_files import GUIDE, StackSet, place_of, read_config
from service.errors import InvalidInput, Mistake

_ACCOUNTS = "aws:allowedAccountIds"
_VAULT = "outlast:certificateVault"
_ROLE = re.compile(r"arn:aws:iam::(\d{12}):role/.*")


@dataclass(frozen=True)
class Agreed:
    """What the files of a set say together: whose account it is on AWS, and the settings of each stack."""

    stacks: StackSet
    account: str
    settings: Mapping[str, Settings]

    @property
    def host(self) -> str:
        return _zone(self.stacks, self.settings).host

    @property
    def stores(self) -> tuple[BaseSettings | TrainingSettings, ...]:
        """Those of the stacks that hold stores beside the sites."""
        return tuple(found for found in self.settings.values() if isinstance(found, BaseSettings | TrainingSettings))

    @property
    def sites(self) -> Mapping[str, SiteSettings[Options]]:
        return _sites(self.stacks, self.settings)


def agree(
    root: Path,
    stacks: StackSet,
    declared_vaults: tuple[str, ...] = (),
    *,
    keys: Mapping[str, str],
) -> Agreed:
    """Read the files of a set. `declared_vaults` are the ARM ids of those that are known to exist, `keys` what the
    sandbox gives its sites in the place of theirs, which it cannot decrypt.

    Raises InvalidInput: what is wrong in single files, each mistake at its place; once that is mended, what contradicts
    between them.
    """
    configs = {stack: read_config(root, stack) for stack in (*stacks.stacks, *stacks.training)}
    settings = _parse_all(stacks, configs, keys)
    # A stack of stores outside of AWS pins no account of AWS: it has no records in the zone. And who trains may have an
    # account of their own, which the sandbox, having one, refuses when that stack is brought up.
    pinned = {stack: config for stack, config in configs.items() if stack not in stacks.training}
    allowed = {stack: set(map(str, config[_ACCOUNTS])) for stack, config in pinned.items() if _ACCOUNTS in config}
    mistakes = [mistake for check in _CHECKS for mistake in check(stacks, settings)]
    mistakes += _accounts(stacks, allowed)
    mistakes += _roles(stacks, settings, allowed)
    mistakes += _vaults(stacks, settings, {vault.lower() for vault in declared_vaults})
    _refuse(stacks, mistakes, "contradict each other")
    return Agreed(stacks, min(set.intersection(*allowed.values())), settings)


def _parse_all(
    stacks: StackSet, configs: Mapping[str, Mapping[str, Any]], keys: Mapping[str, str]
) -> dict[str, Settings]:
    settings, mistakes = {}, []
    for stack, config in configs.items():
        secret = [key for key, value in config.items() if isinstance(value, Mapping) and set(value) == {"secure"}]
        mistakes += [_encrypted(stack, key) for key in secret if not key.startswith("outlast:")]
        texts = lay_over_keys({key: as_text(value) for key, value in config.items()}, keys)
        try:
            settings[stack] = judge(stack, texts, [*secret, *(key for key in keys if key not in config)])
        except InvalidInput as error:
            mistakes += error.mistakes
    _refuse(stacks, mistakes, "cannot be brought up")
    return settings


def _encrypted(stack: str, key: str) -> Mistake:
    return Mistake(
        place_of(stack, key),
        "is encrypted, and the sandbox does not have the key",
        "leave credentials to the environment, where the clouds' own tools find them",
    )


def _refuse(stacks: StackSet, mistakes: list[Mistake], what: str) -> None:
    if mistakes:
        files = f"stacks/Pulumi.{stacks.name}-*.yaml"
        raise InvalidInput(f"{files} {what}; nothing was changed", mistakes, hint=f"see {GUIDE}")


# -- what only all of them show ------------------------------------------------------------------------------------


def _zone(stacks: StackSet, settings: Mapping[str, Settings]) -> ZoneSettings:
    found = settings[stacks.zone]
    assert isinstance(found, ZoneSettings)
    return found


def _traffic(stacks: StackSet, settings: Mapping[str, Settings]) -> TrafficSettings:
    found = settings[stacks.traffic]
    assert isinstance(found, TrafficSettings)
    return found


def _sites(stacks: StackSet, settings: Mapping[str, Settings]) -> dict[str, SiteSettings[Options]]:
    return {name: found for name, found in settings.items() if isinstance(found, SiteSettings)}


def _one_zone(stacks: StackSet, settings: Mapping[str, Settings]) -> Iterator[Mistake]:
    """Sites and traffic write into the zone of the set."""
    for stack in (*stacks.sites, stacks.traffic):
        named = getattr(settings[stack], "zone", stacks.zone)
        if named != stacks.zone:
            what = f"names the stack {named}, and the zone of this set is {stacks.zone}"
            yield Mistake(place_of(stack, "outlast:zone"), what, f"write {stacks.zone}")


def _sites_known(stacks: StackSet, settings: Mapping[str, Settings]) -> Iterator[Mistake]:
    """Traffic goes to sites of the set."""
    for site in _traffic(stacks, settings).weights:
        if site not in stacks.sites:
            what = f"{site} is no site of this set, which has {', '.join(stacks.sites)}"
            yield Mistake(place_of(stacks.traffic, "outlast:sites"), what, f"write {place_of(site)}, or leave it out")


def _models_accepted(stacks: StackSet, settings: Mapping[str, Settings]) -> Iterator[Mistake]:
    """A site of traffic serves models that traffic accepts: each site's own run would refuse the others as well."""
    traffic, sites = _traffic(stacks, settings), _sites(stacks, settings)
    for name in traffic.weights:
        for model, digest in sites[name].models.items() if name in sites else ():
            if digest not in traffic.accepted_models:
                what = f"does not hold {digest}, which is {model}, a model of {name}"
                hint = f"add {model}@{digest}, or let {name} serve models that are accepted"
                yield Mistake(place_of(stacks.traffic, "outlast:acceptedModels"), what, hint)


def _switches_known(stacks: StackSet, settings: Mapping[str, Settings]) -> Iterator[Mistake]:
    """A drain switch lies in a base stack of the set."""
    for site, base in _traffic(stacks, settings).drain_switches.items():
        if base not in stacks.bases:
            what = f"{base} is no base stack of this set, which has {', '.join(stacks.bases) or 'none'}"
            yield Mistake(place_of(stacks.traffic, f"outlast:drainSwitches.{site}"), what, f"write {place_of(base)}")


def _audit_stores_known(stacks: StackSet, settings: Mapping[str, Settings]) -> Iterator[Mistake]:
    """A site's audit records go to a base stack of this set that takes some."""
    for site, its in settings.items():
        base = its.base if isinstance(its, SiteSettings) else ""
        held = settings.get(base)
        if base and base not in stacks.bases:
            what = f"{base} is no base stack of this set, which has {', '.join(stacks.bases) or 'none'}"
            yield Mistake(place_of(site, "outlast:base"), what, f"write {place_of(base)}")
        elif isinstance(held, BaseSettings) and not held.audit_days:
            hint = f"write outlast:auditRetentionDays into {place_of(base)}"
            yield Mistake(place_of(site, "outlast:base"), f"{base} has no audit store", hint)


def _holders_known(stacks: StackSet, settings: Mapping[str, Settings]) -> Iterator[Mistake]:
    """What a site has in a base stack is held there for it."""
    for site, its in _sites(stacks, settings).items():
        held = settings.get(its.held_in)
        if its.held_in and its.held_in not in stacks.bases:
            what = f"{its.held_in} is no base stack of this set, which has {', '.join(stacks.bases) or 'none'}"
            yield Mistake(place_of(site, "outlast:heldIn"), what, f"write {place_of(its.held_in)}")
        elif isinstance(held, BaseSettings) and site not in held.holds_for:
            hint = f"write {site} into outlast:holdsFor of {place_of(its.held_in)}"
            yield Mistake(place_of(site, "outlast:heldIn"), f"{its.held_in} holds nothing for it", hint)


_CHECKS: tuple[Callable[[StackSet, Mapping[str, Settings]], Iterator[Mistake]], ...] = (
    _one_zone,
    _sites_known,
    _models_accepted,
    _switches_known,
    _audit_stores_known,
    _holders_known,
)


def _accounts(stacks: StackSet, allowed: Mapping[str, set[str]]) -> Iterator[Mistake]:
    """Zone, traffic and the records of all sites are in one AWS account, and so are the sites on AWS."""
    if set.intersection(*allowed.values()):
        return
    wanted = allowed[stacks.zone]
    different = [stack for stack in stacks.stacks if stack in allowed and not allowed[stack] & wanted]
    for stack in different:
        what = f"is {_listed(allowed[stack])}, and the zone is in {_listed(wanted)}"
        yield Mistake(place_of(stack, _ACCOUNTS), what, f"write the zone's, or put that into {place_of(stacks.zone)}")
    if not different:
        hint = "let every file of the set name the account of the zone, and that alone"
        yield Mistake(place_of(stacks.zone, _ACCOUNTS), "no account is in the lists of all the files", hint)


def _roles(stacks: StackSet, settings: Mapping[str, Settings], allowed: Mapping[str, set[str]]) -> Iterator[Mistake]:
    """The role by which a site elsewhere writes its records is one of the account that it is pinned to."""
    for name, site in _sites(stacks, settings).items():
        dns = site.options.dns if isinstance(site.options, AzureOptions | GcpOptions) else None
        found = _ROLE.fullmatch(dns.role) if dns else None
        if found and found[1] not in allowed[name]:
            what = f"is a role of {found[1]}, and the file pins {_listed(allowed[name])}"
            yield Mistake(place_of(name, "outlast:dnsRole"), what, "name a role in the account of the zone")


def _vaults(stacks: StackSet, settings: Mapping[str, Settings], declared: set[str]) -> Iterator[Mistake]:
    """A vault is in its site's subscription, unless somebody says that one elsewhere is there."""
    for name, site in _sites(stacks, settings).items():
        if isinstance(site.options, AzureOptions) and site.options.certificate_vault.lower() not in declared:
            there, own = site.options.certificate_vault.split("/")[2], site.options.subscription_id
            if there != own:
                hint = f"name the vault's own, or declare the vault in stacks/accounts.{stacks.name}.yaml"
                yield Mistake(place_of(name, _VAULT), f"is in the subscription {there}, and the site in {own}", hint)


def _listed(accounts: set[str]) -> str:
    return " or ".join(sorted(accounts)) or "none"
