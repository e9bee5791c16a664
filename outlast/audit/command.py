"""`outlast audit …`: verify and export audit logs, of files or of the write-once stores of every site."""

from __future__ import annotations

import datetime
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from failover.levers.clouds import Clouds
from failover.metrics.command import SECONDS, asker_of
from failover.metrics.exposition import Source
from failover.metrics.gather import gather
from infra.models import ROOT
from outlast.audit import export, feedback_export
from outlast.audit.counted import Counted, count
from outlast.audit.feedback_merged import count_feedback, merge_feedback
from outlast.audit.feedback_merged import describe as describe_feedback
from outlast.audit.merged import Chain, Merged, describe, merge, verify
from outlast.audit.reading import read_lines
from outlast.audit.stores import HeldBy, find_stores
from outlast.drill import find_host
from outlast.metrics import read_declared
from service.command_line import Command, Group, json_option, leave, print_json, say, say_error, working
from service.errors import InvalidInput, Mistake, OutlastError, Tampered, Unavailable
from service.server.commands import TAMPERED, verify_command
from service.server.commands import audit_command as of_files


@click.group("audit", cls=Group)
def audit() -> None:
    """The audit log: of files, or of the write-once store of every site."""


@dataclass(frozen=True)
class Read:
    """What a store holds, or why it could not be read."""

    held: HeldBy
    merged: Merged
    chains: list[Chain]
    unread: OutlastError | None = None

    @property
    def findings(self) -> list[str]:
        """What is wrong in it, by site and replica."""
        return [finding for chain in self.chains for finding in chain.findings]

    def document(self) -> dict[str, Any]:
        """As plain data."""
        store = self.held.store
        about = {"base": store.name, "cloud": store.cloud, "store": store.store, "sites": list(self.held.sites)}
        unread = {"unread": str(self.unread)} if self.unread else {}
        return {**about, "days": store.retention_days, **unread, "chains": [describe(chain) for chain in self.chains]}


@audit.command("verify", cls=Command)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--all-sites", is_flag=True, help="Read the write-once store of every site of the stack files.")
@click.option("--stacks", metavar="SET", help="Stack files of your own, `stacks/Pulumi.SET-*.yaml`.")
@click.option("--count", "counted", is_flag=True, help="Ask the replicas that run how many records they wrote.")
@json_option
@click.pass_context
def verify_sites(
    context: click.Context, paths: tuple[Path, ...], all_sites: bool, stacks: str | None, counted: bool, as_json: bool
) -> None:
    """Check audit logs: files, folders of *.jsonl files, - for standard input, or with --all-sites the sites' stores.

    Leaves with 7 when a record was changed, is missing or stands where it cannot, and names site and replica; with 4
    when a store cannot be read.
    """
    if all_sites == bool(paths):
        raise InvalidInput("say what to verify", hint="outlast audit verify FILE…, or outlast audit verify --all-sites")
    if paths:
        context.invoke(verify_command, paths=paths, as_json=as_json)
        return
    reads = list(_read_stores(find_stores(ROOT, stacks)))
    counts = _ask_replicas(reads, stacks) if counted else []
    findings = [finding for read in reads for finding in read.findings]
    findings += [one.finding for one in counts if one.finding]
    if as_json:
        replicas = [asdict(one) for one in counts]
        ok = not findings and not any(read.unread for read in reads)
        print_json({"ok": ok, "stores": [read.document() for read in reads], "replicas": replicas})
    else:
        for line in [*_tell(reads), *map(str, counts), *_conclude(reads, findings)]:
            click.echo(line)
    _leave(reads, findings)


@audit.command("export", cls=Command)
@click.option("--all-sites", is_flag=True, help="Of every site of the stack files; there is no other choice yet.")
@click.option("--stacks", metavar="SET", help="Stack files of your own, `stacks/Pulumi.SET-*.yaml`.")
@click.option("--since", metavar="TIME", help="Records from then on: 2026-11-29T12:00 (UTC), or 90m, 2d ago.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A new file, .jsonl or .parquet.")
def export_sites(all_sites: bool, stacks: str | None, since: str | None, out: Path) -> None:
    """Write the audit records of all sites into one file, by time, each once.

    It does not verify: part of a chain cannot be. Nothing is written when a store cannot be read.
    """
    if not all_sites:
        raise InvalidInput("the export has no source", [Mistake("--all-sites", "is missing", "write it")])
    export.check_target(out)
    begin = export.parse_since(since, datetime.datetime.now(datetime.UTC)) if since else 0.0
    reads = list(_read_stores(find_stores(ROOT, stacks)))
    for read in reads:
        if read.unread:
            raise read.unread
    records = [r for read in reads for r in read.merged.records if float(r.get("time") or 0.0) >= begin]
    records.sort(key=lambda record: float(record.get("time") or 0.0))
    export.write_records(records, out)
    say(f"{len(records)} records of {', '.join(site for read in reads for site in read.held.sites)} are in {out}")


@audit.command("feedback", cls=Command)
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--all-sites", is_flag=True, help="Read the write-once store of every site of the stack files.")
@click.option("--stacks", metavar="SET", help="Stack files of your own, `stacks/Pulumi.SET-*.yaml`.")
@click.option("--since", metavar="TIME", help="Given from then on: 2026-11-29T12:00 (UTC), or 90m, 2d ago.")
@click.option("--count", "counted", is_flag=True, help="Ask the replicas that run how much feedback they accepted.")
@click.option("--unverified", is_flag=True, help="Also where a record of the chains was changed or is missing.")
@click.option("--out", type=click.Path(path_type=Path), help="A new file, .jsonl or .parquet; without it to stdout.")
@click.pass_context
def feedback_sites(
    context: click.Context,
    paths: tuple[Path, ...],
    all_sites: bool,
    stacks: str | None,
    since: str | None,
    counted: bool,
    unverified: bool,
    out: Path | None,
) -> None:
    """What was true, a line for each row, from the feedback in audit logs: of files, or with --all-sites of all stores.

    Where a receipt came back more than once, at whatever site, the last truth counts; `corrected` holds those before.
    Of all sites the chains are verified first: nothing is written where a record was changed or is missing (7), or a
    store cannot be read (4).
    """
    if all_sites == bool(paths):
        hint = "outlast audit feedback FILE…, or outlast audit feedback --all-sites"
        raise InvalidInput("say whose feedback", hint=hint)
    if paths:
        _refuse_of_stores({"--stacks": stacks, "--since": since, "--count": counted, "--out": out})
        context.invoke(of_files.commands["feedback"], paths=paths)
        return
    if out:
        export.check_target(out)
    begin = export.parse_since(since, datetime.datetime.now(datetime.UTC)) if since else 0.0
    reads = list(_read_stores(find_stores(ROOT, stacks)))
    chains = [chain for read in reads for chain in read.chains]
    counts = count_feedback(_ask_metrics(reads, stacks), chains) if counted else []
    for one in counts:
        say(str(one))
    _refuse_findings(reads, [one.finding for one in counts if one.finding], unverified)
    given = merge_feedback([record for read in reads for record in read.merged.records])
    for line in describe_feedback(given, sum(chain.repeated for chain in chains)):
        say(line)
    feedback_export.write(feedback_export.rows_since(given, begin), out)


def _refuse_of_stores(given: dict[str, Any]) -> None:
    """Raises InvalidInput for what is done to the feedback of all sites alone; files are printed as they are."""
    wrong = [option for option, value in given.items() if value]
    if wrong:
        mistakes = [Mistake(option, "is of --all-sites", "leave it out; lines go to stdout") for option in wrong]
        raise InvalidInput("these do not fit files", mistakes)


def _refuse_findings(reads: list[Read], counted: list[str], unverified: bool) -> None:
    """Raises Unavailable for a store that was not read, Tampered for what is wrong, unless it is to be passed over."""
    for read in reads:
        if read.unread:
            raise read.unread
    findings = [finding for read in reads for finding in read.findings] + counted
    for finding in findings:
        say(f"wrong: {finding}")
    if findings and not unverified:
        what = f"the audit log has {len(findings)} problems, and feedback that cannot be trusted teaches what is wrong"
        raise Tampered(what, hint="outlast audit verify --all-sites tells more; --unverified writes what is there")


def _read_stores(stores: list[HeldBy]) -> Iterator[Read]:
    """A store that does not answer is told, and the others are read."""
    clouds = Clouds(dict(os.environ))
    for held in stores:
        try:
            with working(f"reading the store of {', '.join(held.sites)}"):
                merged = merge(read_lines(held.store, clouds))
        except Unavailable as error:
            yield Read(held, Merged(), [], error)
        else:
            yield Read(held, merged, verify(merged))


def _ask_replicas(reads: list[Read], stacks: str | None) -> list[Counted]:
    """After the stores were read, so that nothing is counted as held which was written later."""
    return count(_ask_metrics(reads, stacks), [chain for read in reads for chain in read.chains])


def _ask_metrics(reads: list[Read], stacks: str | None) -> dict[Source, str]:
    declared = read_declared(stacks, ROOT)
    sites = {site: declared.get(site) for read in reads for site in read.held.sites}
    texts, coverage = gather(asker_of(os.environ.get("OUTLAST_HOST") or find_host(stacks, ROOT)), sites, SECONDS)
    for each in coverage:
        say(str(each))
    return texts


def _tell(reads: list[Read]) -> Iterator[str]:
    for read in reads:
        yield _describe_store(read)
        yield from (f"  {_describe_chain(chain)}" for chain in read.chains)


def _conclude(reads: list[Read], findings: list[str]) -> Iterator[str]:
    yield from (f"wrong: {finding}" for finding in findings)
    unread = sum(bool(read.unread) for read in reads)
    many = f"{sum(len(read.chains) for read in reads)} chains in {len(reads) - unread} stores"
    many += f"; {unread} not read" if unread else ""
    yield f"audit log verification failed: {len(findings)} problems in {many}" if findings else f"verified: {many}"


def _describe_store(read: Read) -> str:
    store, sites = read.held.store, ", ".join(read.held.sites)
    records = sum(chain.report.records for chain in read.chains)
    told = "not read" if read.unread else f"{records} records, {len(read.chains)} chains"
    lock = "" if store.locked else ", made unlocked"
    return f"{sites}: {store.store} on {store.cloud} ({store.retention_days} days{lock}): {told}"


def _describe_chain(chain: Chain) -> str:
    report = chain.report
    counted = {"predictions": report.predictions, "feedback": report.feedback, "lost": report.lost}
    counted |= {"shed": report.shed, "refused": report.refused, "delivered twice": chain.repeated}
    what = ", ".join(f"{number} {name}" for name, number in counted.items() if number)
    end = "closed" if report.closed else "open"
    if report.may_be_missing:
        end += f": at most {report.may_be_missing} records after {report.last_seq} are out"
    begun = " (it ran before its store)" if chain.first and not chain.findings else ""
    numbers = f"records {chain.first} to {report.last_seq}{begun}"
    return f"{report.site} {chain.replica}: {numbers}{', ' + what if what else ''}; {end}"


def _leave(reads: list[Read], findings: list[str]) -> None:
    unread = [read.unread for read in reads if read.unread]
    for error in unread:
        say_error(error)
    if findings:
        leave(TAMPERED, "leave the stores as they are; docs/guides/audit.md says what each finding can come from")
    if unread:
        sys.exit(unread[0].exit_code)
    if not any(read.chains for read in reads):
        raise Unavailable("the stores hold no audit record", hint="has a site answered yet? Carriers take minutes")


COMMANDS = {"audit": audit}
