"""`outlast certificate renew`: the certificate that a site on Azure has to bring along, renewed where it is due."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from failover.certificates.authority import PRODUCTION, STAGING, Binding
from failover.certificates.proofs import Proofs, find_zone
from failover.certificates.renew import LEAST_DAYS, Renewal, Wanted, find_reason, renew
from failover.certificates.served import SERVED_DAYS, describe, find_sites, look
from failover.certificates.vault import CertificateVault
from failover.dial import Dial
from failover.levers.clouds import Clouds
from infra.models import ROOT
from infra.routing import group_host
from infra.settings.reader import Reader, as_text
from sandbox import stack_files
from service.bundle.reading import read_file
from service.command_line import Group, json_option, print_json, say, working
from service.errors import InvalidInput, Mistake, Refused

_REGION = "us-east-1"  # Route 53 has one
_HMAC_KEY = "OUTLAST_EAB_HMAC_KEY"


@dataclass(frozen=True)
class Target:
    """Which certificate: the names that it has to be for, the public host first, and the address of its secret.

    That of a rehearsal is another one beside it. In its place nobody would trust the site, and as it is new and for the
    right names, it would not be renewed for weeks.
    """

    names: tuple[str, ...]
    secret: str
    rehearsed: bool = False

    def rehearse(self) -> Target:
        """The one that a rehearsal may write."""
        return replace(self, secret=f"{self.secret.rstrip('/')}-staging", rehearsed=True)


@click.group("certificate", cls=Group)
def certificate() -> None:
    """The certificate of a site whose cloud issues none behind a name that other clouds answer too."""


@certificate.command("check")
@click.option("--host", required=True, help="The public host.")
@click.option(
    "--site", "sites", multiple=True, metavar="NAME", help="A site's own name; without it those of the SRV record."
)
@click.option(
    "--days", type=click.IntRange(1, 365), default=SERVED_DAYS, show_default=True, help="As few are a mistake."
)
@json_option
def check_command(host: str, sites: tuple[str, ...], days: int, as_json: bool) -> None:
    """Ask each site for the host's certificate by TLS, and fail where one ends soon or is not valid.

    Needs no credentials. Made to be run every day by a scheduler: it sees what is served, not what should be.
    """
    dial = Dial.from_environment(os.environ)
    with working(f"asking the sites of {host}"):
        found = describe(look(dial, host, sites or find_sites(dial, host)), days)
    if as_json:
        print_json({"host": host, "sites": found})
    else:
        for one in found:
            click.echo(f"{one['site']}: {one['problem'] or 'ends in {} days'.format(one['days_left'])}")
    bad = [Mistake(one["site"], one["problem"]) for one in found if one["problem"]]
    if bad:
        raise Refused(f"{len(bad)} of {len(found)} sites of {host} serve no certificate that lasts", bad)


@certificate.command("renew")
@click.option("--stack", metavar="STACK", help="Of the site on Azure: host, names and vault are in its stack file.")
@click.option("--host", help="Without a stack file: the public host.")
@click.option("--secret", metavar="URL", help="Without a stack file: https://VAULT.vault.azure.net/secrets/NAME.")
@click.option("--name", "more", multiple=True, metavar="HOST", help="A further name on it; may be repeated.")
@click.option(
    "--directory",
    default=PRODUCTION,
    show_default=True,
    envvar="OUTLAST_ACME_DIRECTORY",
    show_envvar=True,
    help="Of the authority, which speaks ACME.",
)
@click.option("--staging", is_flag=True, help="Let's Encrypt's rehearsal, into NAME-staging: nobody trusts it.")
@click.option("--email", default="", help="Where the authority may write to.")
@click.option(
    "--account-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Of an account that you hold, PEM. Without it: one that is made once and lies in the vault as a secret.",
)
@click.option("--eab-kid", help=f"Key id of an external account; its HMAC key is in {_HMAC_KEY}.")
@click.option("--zone-id", help="Of the hosted zone that the proof is written into; otherwise found by its name.")
@click.option(
    "--days", type=click.IntRange(1, 365), default=LEAST_DAYS, show_default=True, help="Renew when fewer remain."
)
@click.option("--force", is_flag=True, help="Renew although nothing asks for it.")
@click.option("--dry-run", is_flag=True, help="Only say whether it would be renewed, and why.")
@json_option
def renew_command(
    stack: str | None,
    host: str | None,
    secret: str | None,
    more: tuple[str, ...],
    directory: str,
    staging: bool,
    email: str,
    account_key: Path | None,
    eab_kid: str | None,
    zone_id: str | None,
    days: int,
    force: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Renew the certificate in a Key Vault when fewer than --days remain, or when it is for other names than it should.

    One that no client trusts is renewed as well: by a test authority, or vouching for itself.

    The names are proven by DNS-01 in the hosted zone, with the AWS credentials of this shell; the result goes into the
    vault with those of Azure. Made to be run every day by a scheduler.
    """
    clouds = Clouds(os.environ)
    target = choose_target(ROOT, stack, host, secret, more)
    target = target.rehearse() if staging else target
    vault = CertificateVault.at(target.secret, clouds)
    asked = STAGING if staging else directory
    if dry_run:
        why = find_reason(vault.look(), target.names, _now(), days, directory=asked)
        _tell_reason(target, why or ("--force was given" if force else ""), as_json)
        return
    pem = read_file(account_key, hint="name a file that can be read") if account_key else b""
    wanted = Wanted(target.names, asked, pem, email, read_binding(eab_kid, os.environ))
    done = renew(
        vault,
        lambda: _open_proofs(clouds, zone_id, target.names[0]),
        wanted,
        now=_now(),
        agent="outlast",
        least_days=days,
        force=force,
    )
    _tell(done, target, as_json)


def choose_target(
    root: Path, stack: str | None, host: str | None, secret: str | None, more: Sequence[str] = ()
) -> Target:
    """From the stack file, or from --host and --secret. Raises InvalidInput for both, or for half of one."""
    if stack and not host and not secret:
        found = of_stack(root, stack)
    elif host and secret and not stack:
        found = Target((host,), secret)
    else:
        raise InvalidInput("say which certificate: --stack, or --host and --secret", hint="--stack prod-azure")
    return Target(tuple(dict.fromkeys([*found.names, *more])), found.secret)


def of_stack(root: Path, stack: str) -> Target:
    """What the files of a site on Azure and of its zone say. Raises InvalidInput, all that is missing together."""
    config = stack_files.read_config(root, stack)
    kind = config.get("outlast:kind")
    if kind != "azure":
        where = stack_files.place_of(stack, "outlast:kind")
        raise InvalidInput(f"{where} is {kind}: its cloud renews its own certificate", hint="name a site on Azure")
    needed = ("outlast:zone", "outlast:certificateSecret")
    missing = [Mistake(stack_files.place_of(stack, key), "is missing") for key in needed if not config.get(key)]
    if missing:
        raise InvalidInput("the stack file does not say which certificate", missing, hint="docs/reference/settings.md")
    host = _host_of(stack_files.read_config(root, str(config["outlast:zone"])), str(config["outlast:zone"]))
    reader = Reader(stack, {"outlast:geographies": as_text(config.get("outlast:geographies", []))})
    groups = [group_host(name, host) for name in reader.texts("geographies", ())]
    reader.finish()
    return Target((host, *groups), str(config["outlast:certificateSecret"]))


def _host_of(config: Mapping[str, Any], zone: str) -> str:
    host = str(config.get("outlast:host") or "")
    if not host:
        raise InvalidInput(f"{stack_files.place_of(zone, 'outlast:host')} is missing", hint="write the public host")
    return host


def read_binding(kid: str | None, environ: Mapping[str, str]) -> Binding | None:
    """The external account, whose HMAC key is no flag: flags are seen by every user of a machine."""
    key = environ.get(_HMAC_KEY, "")
    if bool(kid) != bool(key):
        what = f"--eab-kid and {_HMAC_KEY} belong together, and one of them is missing"
        raise InvalidInput(what, hint="the authority gives both when an external account is made")
    return Binding(kid, key) if kid else None


def _open_proofs(clouds: Clouds, zone_id: str | None, host: str) -> Proofs:
    route53 = clouds.aws("route53", _REGION)
    return Proofs(route53, zone_id or find_zone(route53, host), _now, time.sleep, say)


def _now() -> datetime:
    return datetime.now(UTC)


def _tell_reason(target: Target, why: str, as_json: bool) -> None:
    if as_json:
        print_json({"names": target.names, "would_renew": bool(why), "why": why})
    else:
        click.echo(f"  it would be renewed: {why}" if why else "  it would be left as it is")


def _tell(done: Renewal, target: Target, as_json: bool) -> None:
    ends = done.held.not_after
    if as_json:
        print_json(
            {"renewed": bool(done.why), "why": done.why, "names": done.held.names, "not_after": ends.isoformat()}
        )
        return
    names = ", ".join(done.held.names)
    if done.why:
        click.echo(f"  renewed, since {done.why}\n  {names}: until {ends:%Y-%m-%d}")
        reader = "nobody reads" if target.rehearsed else "within twelve hours the Container App reads"
        say(f"{reader} {target.secret}")
    else:
        click.echo(f"  {names}: until {ends:%Y-%m-%d}, nothing to do")


COMMANDS = {"certificate": certificate}
